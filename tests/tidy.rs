//! The architecture as a test: who may import whom, how long a file may be, what must exist.

#![allow(
    clippy::allow_attributes,
    clippy::cloned_ref_to_slice_refs,
    clippy::default_trait_access,
    clippy::format_push_string,
    clippy::large_futures,
    clippy::excessive_nesting,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_enum_variant,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests and their helpers fail loudly"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A room and what it may use of ours. A path belongs to the first room that it begins with.
const ROOMS: &[(&str, &[&str])] = &[
    ("main.rs", &["cli"]),
    ("lib.rs", &[]),
    ("cli/", &["cli", "daemon", "import", "engine", "manifest", "kinds", "aws", "registry"]),
    ("daemon/", &["daemon", "engine", "manifest", "kinds", "aws"]),
    ("aws/", &["aws", "engine"]),
    ("registry/", &["registry", "engine", "kinds"]),
    ("import/", &["import", "manifest", "engine", "kinds", "shape"]),
    ("manifest/", &["manifest", "engine", "kinds", "shape"]),
    ("kinds/", &["kinds", "engine", "shape"]),
    ("shape/", &["shape"]),
    ("engine/", &["engine"]),
];

/// What may be used only in some places.
const CRATES: &[(&str, &[&str])] = &[
    ("aws_sdk_", &["aws/", "KIND_AWS"]),
    ("aws_config", &["aws/"]),
    ("aws_smithy_", &["aws/"]),
    ("saphyr_parser", &["manifest/"]),
    ("tokio", &["daemon/", "aws/", "KIND_AWS", "cli/"]),
    ("axum", &["daemon/http/"]),
    ("hyper", &["daemon/http/"]),
    ("futures_util", &["daemon/http/"]),
    ("askama", &["daemon/http/"]),
    ("utoipa", &["daemon/"]),
    ("sd_notify", &["daemon/systemd.rs"]),
    ("prometheus", &["daemon/"]),
    ("notify", &["daemon/source/watch.rs"]),
    ("clap", &["cli/", "main.rs"]),
    ("std::fs", &["daemon/source/", "daemon/pause.rs", "cli/", "registry/"]),
    ("ureq", &["registry/client.rs", "cli/"]),
    ("tar", &["registry/archive.rs"]),
    ("flate2", &["registry/archive.rs"]),
    ("tempfile", &["registry/archive.rs", "cli/"]),
];

/// Lines of code in a file, tests at its end not counted.
const LINES_MAX: usize = 400;
/// Lines of a whole file.
const FILE_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text files below a folder, by their path from the root.
fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The code without its tests and comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A kind's own side of AWS: `kinds/<kind>/aws.rs` or `kinds/<kind>/aws/…`.
fn is_kind_aws(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.next() == Some("kinds")
        && parts.next().is_some()
        && parts.next().is_some_and(|it| it == "aws.rs" || it == "aws")
}

/// The rooms that a file imports: `crate::engine…`, also within `use crate::{ … }`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 1 && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if !word.is_empty() {
                    // Only the first word after `{` or `,` names a room.
                    found.push(std::mem::take(&mut word));
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let rooms =
        ["cli", "daemon", "import", "engine", "manifest", "kinds", "aws", "registry", "shape"];
    found.retain(|it| rooms.contains(&it.as_str()));
    found
}

/// What is wrong with a file's imports.
fn bad_imports(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let Some((room, allowed)) = ROOMS.iter().find(|(room, _)| path.starts_with(room)) else {
        return vec![format!("{path}: belongs to no room")];
    };
    let mut wrong: Vec<String> = imports(&code)
        .into_iter()
        .filter(|it| !(allowed.contains(&it.as_str()) || it == "aws" && is_kind_aws(path)))
        .map(|it| format!("{path}: {room} may not use {it}"))
        .collect();
    if let Some(kind) = path.strip_prefix("kinds/").and_then(|it| it.split('/').next()) {
        let other = |it: &str| {
            code.contains(&format!("kinds::{it}")) && it != kind && path != "kinds/mod.rs"
        };
        let kinds = ["function", "image", "repository", "event_source"];
        wrong.extend(
            kinds.iter().filter(|it| other(it)).map(|it| format!("{path}: uses the kind {it}")),
        );
    }
    let pure = ["manifest/", "import/"].iter().any(|it| path.starts_with(it));
    if pure && code.contains("::aws") {
        wrong.push(format!("{path}: manifests know no AWS"));
    }
    wrong
}

/// What is wrong with the crates that a file uses.
fn bad_crates(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let allowed = |places: &[&str]| {
        places.iter().any(|it| path.starts_with(it) || (*it == "KIND_AWS" && is_kind_aws(path)))
    };
    let uses = |name: &str| {
        code.match_indices(name).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = &code[at + name.len()..];
            let whole = name.ends_with('_') || after.starts_with("::");
            whole && !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
        })
    };
    let bad = CRATES.iter().filter(|(name, places)| uses(name) && !allowed(places));
    bad.map(|(name, _)| format!("{path}: may not use {name}")).collect()
}

/// What is wrong with a file's length and leftovers.
fn bad_text(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let all = text.lines().count();
    let lines = text.split("#[cfg(test)]").next().unwrap_or(text).lines().count();
    // Tests are data more than code.
    let budget = if path.starts_with("tests/") { FILE_MAX } else { LINES_MAX };
    if lines > budget || all > FILE_MAX {
        wrong.push(format!("{path}: {lines} lines of code, {all} in all"));
    }
    for leftover in ["todo!(", "unimplemented!(", "#[ignore", "FIX\u{4d}E", "X\u{58}X", "dbg!("] {
        if text.contains(leftover) {
            wrong.push(format!("{path}: {leftover}"));
        }
    }
    if Path::new(path).extension().is_some_and(|it| it == "rs") && !text.starts_with("//!") {
        wrong.push(format!("{path}: does not begin by saying what it owns"));
    }
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_uses_only_what_it_may() {
    let wrong = files("src", "rs").into_iter().flat_map(|(path, text)| {
        let path = path.strip_prefix("src/").unwrap().to_owned();
        let mut wrong = bad_imports(&path, &text);
        wrong.extend(bad_crates(&path, &text));
        wrong
    });
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn no_file_is_too_long_or_unfinished() {
    let example = "manifests/examples/count-bases/src";
    let folders =
        [("src", "rs"), ("crates", "rs"), ("tests", "rs"), ("tests/e2e", "py"), (example, "rs")];
    let all = folders.map(|(folder, extension)| files(folder, extension)).concat();
    let this = |path: &str| path == "tests/tidy.rs";
    let wrong =
        all.iter().filter(|(path, _)| !this(path)).flat_map(|(path, text)| bad_text(path, text));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_kind_of_document_has_an_example_a_reference_and_plans() {
    let list = fs::read_to_string(root().join("src/kinds/mod.rs")).unwrap();
    let kinds = list.lines().filter_map(|it| it.strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut seen = 0;
    for kind in kinds {
        let module = fs::read_to_string(root().join(format!("src/kinds/{kind}/mod.rs")));
        if let Some(field) = module.ok().and_then(|it| part_field(&it)) {
            seen += 1;
            assert_part(kind, &field);
            continue;
        }
        // A kind without a shape has no documents: it is only read.
        if !root().join(format!("src/kinds/{kind}/shape.rs")).exists() {
            continue;
        }
        seen += 1;
        let name = kind[..1].to_uppercase() + &kind[1..];
        let examples = files("manifests", "yaml");
        let line = format!("kind: {name}");
        assert!(examples.iter().any(|(_, text)| text.contains(&line)), "no example of {name}");
        let reference = fs::read_to_string(root().join("docs/reference/manifests.md")).unwrap();
        assert!(reference.contains(&format!("## {name}")), "no reference of {name}");
        assert!(!files("tests/plan", "txt").is_empty(), "no plans of {name}");
    }
    assert!(seen > 0, "no kinds found in src/kinds/mod.rs");
}

/// The member of `spec` that describes a part of a function, if this is the module of one.
fn part_field(module: &str) -> Option<String> {
    let part = ["\nimpl Block for ", "\nimpl Part for "];
    part.iter().find(|it| module.contains(**it))?;
    let field = ["const FIELD: &'static str = \"", "const FIELD: &str = \""];
    let (_, rest) = field.iter().find_map(|it| module.split_once(it))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// A part has an example, a reference, a golden plan, and a hand that changes it in `tests/blocks/`.
fn assert_part(kind: &str, field: &str) {
    // What stands in another part's member has that one's example: it may need more than an example has.
    let written = format!("\n  {}:", field.split('/').next().unwrap());
    let field = field.replace('/', ".");
    let examples = files("manifests/examples", "yaml");
    assert!(examples.iter().any(|(_, text)| text.contains(&written)), "no example of {kind}");
    let reference = fs::read_to_string(root().join("docs/reference/manifests.md")).unwrap();
    assert!(reference.contains(&format!("| `{field}` |")), "no reference of {kind}");
    let plans = files("tests/plan/parts", "txt");
    let shown = |text: &str| {
        let (_, plan) = text.split_once("== plan\n").unwrap();
        let top = format!("/{}", field.split('.').next().unwrap());
        plan.contains(&top)
    };
    assert!(plans.iter().any(|(_, text)| shown(text)), "no golden plan of {kind}");
    let hands = fs::read_to_string(root().join("tests/blocks/hands.yaml")).unwrap();
    assert!(hands.contains(&format!("field: {field},")), "nobody changes {kind}");
}

#[test]
fn every_decision_is_listed() {
    let list = fs::read_to_string(root().join("docs/adr/README.md")).unwrap();
    for (path, text) in files("docs/adr", "md") {
        let name = path.strip_prefix("docs/adr/").unwrap();
        assert!(name == "README.md" || list.contains(name), "{name} is not listed");
        let status = name == "README.md" || text.contains("\n## Status\n");
        assert!(status && text.starts_with("# "), "{name} has no title or status");
    }
}

#[test]
fn every_end_to_end_test_is_listed() {
    let list = fs::read_to_string(root().join("tests/e2e/README.md")).unwrap();
    let names = files("tests/e2e", "py").into_iter();
    let names = names.map(|(path, _)| path.strip_prefix("tests/e2e/").unwrap().to_owned());
    let wrong: Vec<String> = names.filter(|it| !list.contains(&format!("`{it}`"))).collect();
    assert_none(&wrong);
}

#[test]
fn links_in_the_docs_lead_somewhere() {
    let tops = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let mut all = files("docs", "md");
    all.extend(tops.map(|it| (it.to_owned(), fs::read_to_string(root().join(it)).unwrap())));
    let mut wrong = Vec::new();
    for (path, text) in all {
        let folder = root().join(&path).parent().unwrap().to_path_buf();
        for part in text.split("](").skip(1) {
            let link = part.split(')').next().unwrap_or_default();
            let file = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !file.is_empty() && !folder.join(file).exists() {
                wrong.push(format!("{path}: {link}"));
            }
        }
    }
    assert_none(&wrong);
}

/// The rules see what they are for.
#[test]
fn the_rules_can_fail() {
    let bad = |path: &str, text: &str| !bad_imports(path, text).is_empty();
    assert!(bad("engine/x.rs", "use crate::kinds::function::Function;"));
    assert!(bad("engine/x.rs", "use crate::{\n    engine::name::Name,\n    aws::op::Op,\n};"));
    assert!(bad("kinds/function/diff.rs", "use crate::aws::calls::Calls;"));
    assert!(bad("kinds/function/aws.rs", "use crate::kinds::image::Image;"));
    assert!(bad("aws/x.rs", "use crate::daemon::board::Board;"));
    assert!(bad("manifest/x.rs", "use crate::kinds::function::aws::FunctionCloud;"));
    assert!(bad("import/x.rs", "use crate::aws::calls::Calls;"));
    assert!(bad("manifest/x.rs", "use crate::import::Found;"));
    assert!(bad("elsewhere/x.rs", ""));
    assert!(!bad(
        "kinds/function/aws/mod.rs",
        "use crate::{aws::calls::Calls, engine::name::Name};"
    ));
    assert!(!bad(
        "engine/x.rs",
        "// crate::kinds is not known here\nuse crate::engine::name::Name;"
    ));
    let bad = |path: &str, text: &str| !bad_crates(path, text).is_empty();
    assert!(bad("engine/x.rs", "use tokio::time;"));
    assert!(bad("daemon/run.rs", "let x = aws_sdk_ecr::Client::new();"));
    assert!(bad("kinds/function/live.rs", "use aws_sdk_lambda::types::State;"));
    assert!(!bad("kinds/function/aws/read.rs", "use aws_sdk_lambda::types::State;"));
    assert!(!bad("engine/x.rs", "struct Tokio; fn notify() {}"));
    assert!(!bad_text("x.rs", "fn main() {}").is_empty());
    assert!(!bad_text("x.rs", &format!("//! x\n{}", "\n".repeat(401))).is_empty());
    assert!(bad_text("x.rs", "//! x\nfn main() {}").is_empty());
}
