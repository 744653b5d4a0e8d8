//! The permissions that operators grant: the policies in `deploy/iam/` and the reference page name one for every call.

use std::{collections::BTreeSet, fs};

use evenkeel::aws::op::Op;

use crate::common::root;

/// The action that a call needs; `None`: AWS lets anybody make it.
fn action(op: Op) -> Option<String> {
    let name = match (op.service(), op.name()) {
        ("sts", "GetCallerIdentity") => return None,
        ("lambda", "Invoke") => "InvokeFunction",
        (_, name) => name,
    };
    Some(format!("{}:{name}", op.service()))
}

/// Which actions of calls a text does not name.
fn missing(text: &str) -> BTreeSet<String> {
    let quoted =
        |it: &String| ['"', '`'].iter().any(|sign| text.contains(&format!("{sign}{it}{sign}")));
    Op::ALL.iter().filter_map(|it| action(*it)).filter(|it| !quoted(it)).collect()
}

#[test]
fn every_call_has_its_permission() {
    let policies = ["observe", "enforce", "prune", "develop"];
    let text = policies
        .map(|it| fs::read_to_string(root().join(format!("deploy/iam/{it}.json"))).unwrap());
    assert_eq!(missing(&text.concat()), BTreeSet::new(), "deploy/iam");
    let page = fs::read_to_string(root().join("docs/reference/aws.md")).unwrap();
    assert_eq!(missing(&page), BTreeSet::new(), "docs/reference/aws.md");
    assert!(missing("").len() > 50, "it sees no call");
}
