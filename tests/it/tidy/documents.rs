//! What must exist: an example, a reference and plans of each kind, and a line in a list for each decision and each
//! end-to-end test. Links in the docs lead somewhere.

use super::{
    assert_none,
    read::Source,
    tree::{TREE, files, text},
};
use crate::common::root;

fn source(path: &str) -> Option<&'static Source> {
    TREE.code.iter().find(|it| it.path == path)
}

#[test]
fn every_kind_of_document_has_an_example_a_reference_and_plans() {
    let mut seen = 0;
    for kind in &source("kinds/mod.rs").unwrap().children {
        let module = source(&format!("kinds/{kind}/mod.rs")).filter(|it| it.is_part);
        if let Some(field) = module.and_then(|it| it.field.as_deref()) {
            seen += 1;
            assert_part(kind, field);
            continue;
        }
        // A kind without a shape has no documents: it is only read.
        if source(&format!("kinds/{kind}/shape.rs")).is_none() {
            continue;
        }
        seen += 1;
        let name = kind[..1].to_uppercase() + &kind[1..];
        let examples = files("manifests", "yaml");
        let line = format!("kind: {name}");
        assert!(examples.iter().any(|it| it.text.contains(&line)), "no example of {name}");
        let reference = text("docs/reference/manifests.md");
        assert!(reference.contains(&format!("## {name}")), "no reference of {name}");
        assert!(!files("tests/it/plan", "txt").is_empty(), "no plans of {name}");
    }
    assert!(seen > 0, "no kinds found in src/kinds/mod.rs");
}

/// A part has an example, a reference, a golden plan, and a row that changes it in `tests/it/blocks/`.
fn assert_part(kind: &str, field: &str) {
    // What stands in another part's member has that one's example: it may need more than an example has.
    let top = field.split('/').next().unwrap();
    let member = format!("\n  {top}:");
    let field = field.replace('/', ".");
    let examples = files("manifests/examples", "yaml");
    assert!(examples.iter().any(|it| it.text.contains(&member)), "no example of {kind}");
    let reference = text("docs/reference/manifests.md");
    assert!(reference.contains(&format!("| `{field}` |")), "no reference of {kind}");
    let shows = |text: &str| {
        let (_, plan) = text.split_once("== plan\n").unwrap();
        plan.contains(&format!("/{top}"))
    };
    let plans = files("tests/it/plan/parts", "txt");
    assert!(plans.iter().any(|it| shows(&it.text)), "no golden plan of {kind}");
    let changes = text("tests/it/blocks/hands.yaml");
    assert!(changes.contains(&format!("field: {field},")), "nothing changes {kind}");
}

#[test]
fn every_decision_is_listed() {
    let list = text("docs/adr/README.md");
    for it in files("docs/adr", "md") {
        let name = it.path.strip_prefix("docs/adr/").unwrap();
        assert!(name == "README.md" || list.contains(name), "{name} is not listed");
        let status = name == "README.md" || it.text.contains("\n## Status\n");
        assert!(status && it.text.starts_with("# "), "{name} has no title or status");
    }
}

#[test]
fn every_end_to_end_test_is_listed() {
    let list = text("tests/e2e/README.md");
    let tests = files("tests/e2e", "py").into_iter();
    let names = tests.map(|it| it.path.strip_prefix("tests/e2e/").unwrap().to_owned());
    let wrong: Vec<String> = names.filter(|it| !list.contains(&format!("`{it}`"))).collect();
    assert_none(&wrong);
}

#[test]
fn links_in_the_docs_lead_somewhere() {
    let tops = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    let docs = files("docs", "md").into_iter().map(|it| (it.path, it.text));
    let tops = tops.map(|it| (it.to_owned(), text(it)));
    let wrong = docs.chain(tops).flat_map(|(path, text)| dead_links(&path, &text));
    assert_none(&wrong.collect::<Vec<_>>());
}

/// The links of a page of Markdown that lead to no file.
pub(crate) fn dead_links(path: &str, text: &str) -> Vec<String> {
    let folder = root().join(path).parent().unwrap().to_path_buf();
    let links = text.split("](").skip(1).map(|it| it.split(')').next().unwrap_or_default());
    let dead = links.filter(|link| {
        let file = link.split('#').next().unwrap_or_default();
        !link.contains("://") && !file.is_empty() && !folder.join(file).exists()
    });
    dead.map(|it| format!("{path}: {it}")).collect()
}
