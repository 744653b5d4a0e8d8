//! Each rule sees what it is for, and nothing else: a small source that breaks it, and one that does not.

use super::{
    documents, figures,
    graph::Graph,
    limits::{KindUse, SharedName},
    read::Source,
    rules,
    tree::{Text, Tree},
};

fn file(path: &str, text: &str) -> Text {
    Text { path: path.to_owned(), text: text.to_owned() }
}

fn source(path: &str, text: &str) -> Source {
    Source::read(file(path, text))
}

/// The files of a library that has rooms.
fn tree(files: &[(&str, &str)]) -> Tree {
    let library = file("lib.rs", "mod cli; mod engine; mod kinds;");
    let files = files.iter().map(|(path, text)| file(path, text));
    Tree::read(&[library].into_iter().chain(files).collect::<Vec<_>>())
}

/// What a figure counts in a tree.
fn count(files: &[(&str, &str)], figure: &str) -> usize {
    let figures = figures::all(&tree(files));
    figures.iter().find(|it| it.name == figure).unwrap().places.len()
}

#[test]
fn imports_between_rooms() {
    let bad = |path: &str, text: &str| !rules::bad_imports(&source(path, text)).is_empty();
    assert!(bad("engine/x.rs", "use crate::kinds::function::Function;"));
    assert!(bad("engine/x.rs", "use crate::{\n    engine::name::Name,\n    aws::op::Op,\n};"));
    assert!(bad("engine/x.rs", "use super::super::aws::op::Op;"));
    assert!(bad("engine/x.rs", "use super::{super::{aws as cloud}};"));
    assert!(bad("engine/x.rs", "fn f() { crate::aws::start(); }"));
    assert!(bad("engine/x.rs", "fn f() { format!(\"{}\", crate::aws::NAME); }"));
    assert!(bad("engine/x.rs", "macro_rules! m { () => { $crate::aws::NAME }; }"));
    assert!(bad("engine/x.rs", "#[serde(with = \"crate::aws::wire\")] struct X;"));
    assert!(bad("kinds/function/diff.rs", "use crate::aws::calls::Calls;"));
    assert!(bad("aws/x.rs", "use crate::daemon::board::Board;"));
    assert!(bad("manifest/x.rs", "use crate::kinds::function::aws::FunctionCloud;"));
    assert!(bad("manifest/x.rs", "use crate::kinds::function;\nfn f() { function::aws::go(); }"));
    assert!(bad("import/x.rs", "use crate::aws::calls::Calls;"));
    assert!(bad("manifest/x.rs", "use crate::import::Found;"));
    assert!(bad("main.rs", "use evenkeel::daemon::run;"));
    assert!(bad("elsewhere/x.rs", ""));
    let own = "use crate::{aws::calls::Calls, engine::name::Name};";
    assert!(!bad("kinds/function/aws/mod.rs", own));
    assert!(!bad(
        "engine/x.rs",
        "// crate::kinds is not known here\nuse crate::engine::name::Name;"
    ));
    assert!(!bad("engine/x.rs", "/// As `crate::aws::op::Op`.\nstruct X;"));
    assert!(!bad("engine/x.rs", "#[cfg(test)]\nmod tests { use crate::kinds::image::Image; }"));
    assert!(!bad("main.rs", "use evenkeel::cli::Cli;"));
}

#[test]
fn crates() {
    let bad = |path: &str, text: &str| !rules::bad_crates(&source(path, text)).is_empty();
    assert!(bad("engine/x.rs", "use tokio::time;"));
    assert!(bad("engine/x.rs", "#[tokio::main]\nasync fn main() {}"));
    assert!(bad("engine/x.rs", "use std::{fs, io};"));
    assert!(bad("engine/x.rs", "fn f() { std::fs::read(\"x\"); }"));
    assert!(bad("engine/x.rs", "#[derive(Debug, clap::Args)]\nstruct X;"));
    assert!(bad("daemon/run.rs", "fn f() { let x = aws_sdk_ecr::Client::new(); }"));
    assert!(bad("kinds/function/live.rs", "use aws_sdk_lambda::types::State;"));
    assert!(!bad("kinds/function/aws/read.rs", "use aws_sdk_lambda::types::State;"));
    assert!(!bad("engine/x.rs", "struct Tokio; fn notify() { notify() }"));
    assert!(!bad("engine/mod.rs", "mod notify;\nfn f() { notify::all(); }"));
    assert!(!bad("engine/x.rs", "use std::io;"));
}

#[test]
fn kinds() {
    const ALLOWED: &[KindUse] = &[KindUse { from: "url", to: "image", reason: "for once" }];
    let bad = |text: &str, allowed: &[KindUse]| {
        let files = [
            ("kinds/mod.rs", "mod block; mod image; mod url;\nuse self::image::Image;"),
            ("kinds/image/mod.rs", "pub struct Image;"),
            ("kinds/block/mod.rs", "pub struct Block;"),
            ("kinds/url/mod.rs", text),
        ];
        !rules::bad_kinds(&tree(&files), allowed).is_empty()
    };
    assert!(bad("use crate::kinds::image::Image;", &[]));
    assert!(bad("use crate::{engine::X, kinds::{block::Block, image::{self, Image}}};", &[]));
    assert!(bad("use super::image::Image;", &[]));
    assert!(bad("use super::super::kinds::image::Image;", &[]));
    assert!(bad("fn f() { crate::kinds::image::all(); }", &[]));
    assert!(!bad("use super::block::Block; use crate::kinds::url::aws;", &[]));
    assert!(!bad("use super::image::Image;", ALLOWED));
    assert!(bad("", ALLOWED));
}

#[test]
fn lengths_and_leftovers() {
    let bad = |text: &str| {
        let source = source("src/x.rs", text);
        !rules::bad_text(&source.text, Some(source.lines)).is_empty()
    };
    let lines = |it: usize| "\n".repeat(it);
    assert!(bad("fn main() {}"));
    assert!(bad(&format!("//! x\n{}", lines(401))));
    assert!(bad(&format!("//! x\n#[cfg(test)]\nuse x::y;\n{}fn f() {{}}", lines(401))));
    assert!(bad(&format!("//! x\n#[cfg(test)]\nmod tests {{{}}}", lines(500))));
    assert!(bad("//! x\nfn main() { tod\u{6f}!() }"));
    assert!(bad("//! x\n// X\u{58}X\n"));
    assert!(!bad(&format!("//! x\n{}#[cfg(test)]\nmod tests {{{}}}", lines(398), lines(90))));
    assert!(!bad("//! x\nfn main() {}"));
    assert!(
        !rules::bad_text(&file("tests/x.rs", &format!("//! x\n{}", lines(500))), None).is_empty()
    );
    assert!(
        rules::bad_text(&file("tests/x.rs", &format!("//! x\n{}", lines(450))), None).is_empty()
    );
}

#[test]
fn type_names() {
    let both = |a: &str, b: &str| {
        let files = [("kinds/a.rs", a), ("kinds/b.rs", b), ("kinds/mod.rs", "mod a; mod b;")];
        count(&files, "type names declared more than once")
    };
    assert_eq!(1, both("struct X;", "type X = u8;"));
    assert_eq!(1, both("enum X {}", "m! { pub struct X { y: u8 } }"));
    assert_eq!(0, both("struct X;", "impl Y for Z { type X = u8; }"));
    assert_eq!(0, both("struct X;", "#[cfg(test)] struct X;"));
    assert_eq!(0, both("struct Spec;", "struct Spec;"));
    let beside = |text| {
        let kinds = ("kinds/mod.rs", "struct Spec; mod a { struct Spec; }");
        count(&[kinds, ("cli/mod.rs", text)], "type names declared more than once")
    };
    assert_eq!(1, beside("struct Spec;"));
    assert_eq!(0, beside(""));
}

#[test]
fn exceptions() {
    const X: SharedName = SharedName { name: "X", folder: "kinds/", reason: "for once" };
    let bad = |text: &str, shared: &[SharedName]| {
        !rules::bad_exceptions(&tree(&[("kinds/mod.rs", text)]), shared).is_empty()
    };
    assert!(bad("struct X;", &[X]));
    assert!(bad("struct X; mod y { struct X; }", &[const { X }; 16]));
    assert!(!bad("struct X; mod y { struct X; }", &[X]));
}

#[test]
fn circles() {
    let circles = |files: &[(&str, &str)]| {
        let tree = tree(files);
        Graph::new(&tree.code).circles().concat().join(" ")
    };
    let list = ("cli/mod.rs", "mod b; mod c;\npub use self::b::B;");
    let both = |b, c| circles(&[list, ("cli/b.rs", b), ("cli/c.rs", c)]);
    assert_eq!("cli/b.rs cli/c.rs", both("use super::c::C;", "fn f() { crate::cli::b::f(); }"));
    // By way of the re-export, which itself makes no circle.
    assert_eq!("cli/b.rs cli/c.rs", both("use super::c::C; struct B;", "use super::B;"));
    assert_eq!("", both("use super::c::C; struct B;", ""));
    assert_eq!("", both("use super::c::C; struct B;", "use super::b;"));
    let up = |module| circles(&[("cli/mod.rs", module), ("cli/b.rs", "use super::A; struct B;")]);
    assert_eq!("cli/b.rs cli/mod.rs", up("mod b; use self::b::B; struct A;"));
    assert_eq!("", up("mod b; pub use self::b::B; struct A;"));
}

#[test]
fn upward_imports() {
    let count = |text| {
        let module = "mod b; mod c;\npub use self::c::C; struct A; fn f() {}";
        let files = [("cli/mod.rs", module), ("cli/b.rs", text), ("cli/c.rs", "struct C;")];
        count(&files, "upward imports in cli/")
    };
    assert_eq!(1, count("use super::A;"));
    assert_eq!(2, count("use crate::cli::{A, C, f};"));
    assert_eq!(1, count("fn g() { super::f(); }"));
    assert_eq!(0, count("use super::C;"));
    assert_eq!(0, count("use super::c;"));
    assert_eq!(0, count("#[cfg(test)] mod tests { use super::super::A; }"));
}

#[test]
fn tuples() {
    let mixed = |text: &str| source("engine/x.rs", text).mixed_tuples.len();
    assert_eq!(1, mixed("fn f(a: u8, (b, c): (u8, Name)) {}"));
    assert_eq!(1, mixed("fn f(it: &(u8, Name)) {}"));
    assert_eq!(1, mixed("fn f((registry, repository): (&str, &str)) {}"));
    assert_eq!(1, mixed("fn f((a, b): Pair) {}"));
    assert_eq!(1, mixed("trait T { fn f(it: (u8, Name)); }"));
    assert_eq!(1, mixed("use crate::engine::T; impl T for X { fn f(it: (u8, Name)) {} }"));
    assert_eq!(0, mixed("impl From<(u8, Name)> for X { fn from(it: (u8, Name)) -> X { X } }"));
    assert_eq!(0, mixed("fn f(a: u8, b: Name) -> (u8, Name) { (a, b) }"));
    assert_eq!(0, mixed("fn f() { let g = |(a, b): (u8, Name)| a; }"));
    assert_eq!(0, mixed("#[cfg(test)] mod tests { fn f(it: (u8, Name)) {} }"));
    let row_and_column = source("engine/x.rs", "fn f((row, column): (usize, usize)) {}");
    assert_eq!((0, 1), (row_and_column.mixed_tuples.len(), row_and_column.plain_tuples.len()));
    let aliases = |text: &str| source("engine/x.rs", text).tuple_aliases.len();
    assert_eq!(1, aliases("type Pair<'a> = &'a (u8, Name);"));
    assert_eq!(0, aliases("type Names = Vec<(u8, Name)>;"));
}

#[test]
fn nested_options() {
    let count = |text: &str| source("engine/x.rs", text).nested.len();
    assert_eq!(1, count("struct X { a: Option<Result<u8, Failure>> }"));
    assert_eq!(1, count("enum X { A(Vec<Option<Option<u8>>>) }"));
    assert_eq!(1, count("fn f() -> std::io::Result<Result<u8, Failure>> { x }"));
    assert_eq!(0, count("fn f(it: Option<u8>) -> Result<Option<u8>, Failure> { x }"));
}

#[test]
fn string_errors() {
    let count = |text: &str| {
        let error = "#[derive(thiserror::Error)] #[error(\"{0}\")] struct CliError(String);
            enum Other { #[error(\"{text}\")] Text { text: String }, #[error(\"{0}\")] Io(Io) }";
        let errors = ("cli/error.rs", error);
        let list = ("cli/mod.rs", "mod error; mod x;");
        count(&[list, errors, ("cli/x.rs", text)], "string errors above daemon/")
    };
    assert_eq!(1, count("fn f() { Err(CliError(\"no\".to_owned())) }"));
    assert_eq!(1, count("fn f() { g().map_err(super::error::CliError) }"));
    assert_eq!(1, count("fn f() { Err(Other::Text { text }) }"));
    assert_eq!(1, count("macro_rules! m { () => { CliError(x) }; }"));
    assert_eq!(0, count("fn f() -> Result<(), CliError> { Err(Other::Io(x)) }"));
    assert_eq!(0, count("fn f(it: CliError) { let CliError(text) = it; }"));
}

#[test]
fn limits() {
    let figures = figures::all(&tree(&[("engine/mod.rs", "fn f(it: (u8, Name)) {}")]));
    let table = |tuples| {
        let limit = |name: &str| if name == "tuple parameters" { tuples } else { 0 };
        figures.iter().map(|it| (&*it.name, limit(&it.name))).collect::<Vec<_>>()
    };
    assert!(figures::bad(&figures, &table(1)).is_empty());
    assert_eq!(figures::bad(&figures, &table(0)), ["tuple parameters: 1, more than 0"]);
    let lower = "tuple parameters: 1, fewer than 2: lower the limit";
    assert_eq!(figures::bad(&figures, &table(2)), [lower]);
    assert!(!figures::bad(&figures, &[&table(1)[..], &[("unknown", 1)]].concat()).is_empty());
    assert!(!figures::bad(&figures, &[]).is_empty());
}

#[test]
fn links() {
    assert_eq!(1, documents::dead_links("docs/x.md", "[x](nowhere.md#top)").len());
    assert!(documents::dead_links("docs/x.md", "[x](rails.md) [y](https://z)").is_empty());
}
