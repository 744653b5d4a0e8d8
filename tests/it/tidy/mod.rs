//! The architecture as a test: who may use what, how long a file may be, what must exist, and what there may not be
//! more of. `limits.rs` has the tables. `cargo test --test it -- --nocapture tidy::counts` prints the figures and what
//! each of them counts.

mod documents;
mod figures;
mod graph;
mod limits;
mod read;
mod rules;
mod shape;
mod syntax;
mod the_rules_can_fail;
mod tree;

use self::{
    read::Source,
    tree::{TREE, files},
};

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_uses_only_what_it_may() {
    let all = TREE.code.iter().chain(&TREE.tests);
    let wrong = all.flat_map(|it| [rules::bad_imports(it), rules::bad_crates(it)].concat());
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn kinds_use_no_other_kinds() {
    assert_none(&rules::bad_kinds(&TREE, limits::KINDS));
}

#[test]
fn no_file_is_too_long_or_unfinished() {
    let example = "manifests/examples/count-bases/src";
    let others = [files("crates", "rs"), files(example, "rs")].concat();
    let others: Vec<Source> = others.into_iter().map(Source::read).collect();
    let code = TREE.code.iter().chain(&TREE.tests).chain(&others);
    let wrong = code.flat_map(|it| rules::bad_text(&it.text, Some(it.lines)));
    // Tests are data more than code.
    let tests = [files("tests", "rs"), files("tests/e2e", "py")].concat();
    let wrong = wrong.chain(tests.iter().flat_map(|it| rules::bad_text(it, None)));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_type_name_that_is_shared_has_a_reason() {
    assert_none(&rules::bad_exceptions(&TREE, limits::SHARED_NAMES));
}

/// Prints what there is of each figure, then the figures.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are for people who ask for them")]
fn counts() {
    let figures = figures::all(&TREE);
    for it in &figures {
        println!("\n== {}: {}\n{}", it.name, it.places.len(), it.places.join("\n"));
    }
    println!();
    for it in &figures {
        println!("tidy: {} {}", it.name, it.places.len());
    }
    assert_none(&figures::bad(&figures, limits::FIGURES));
}
