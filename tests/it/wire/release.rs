//! What a release sends: nothing is published or moved but what was seen.

use evenkeel::{
    aws::cloud::Cloud,
    engine::name::Name,
    kinds::release::{
        Release, ReleaseCloud,
        note::ReleaseNote,
        step::{Publish, Route, Step},
    },
};
use serde_json::{Value, json};

use crate::common::replay::{self, ok};

/// Makes a call; its path and body.
fn sent(step: &Step) -> (String, Value) {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({ "Version": "3" })));
    let cloud = ReleaseCloud::new(&clients, calls);
    replay::run(Cloud::<Release>::apply(&cloud, step)).unwrap();
    let asked = tape.asked.lock().unwrap();
    let first = asked.first().unwrap();
    (format!("{} {}", first.method, first.path), serde_json::from_str(&first.body).unwrap())
}

/// AWS refuses it if another party has changed the code or anything else since.
#[test]
fn a_version_is_published_of_exactly_what_was_seen() {
    let publish = Publish {
        function: Name::new("resize"),
        owner: "team".into(),
        digest: "d".repeat(64),
        revision: "r-1".into(),
    };
    let body = json!({
        "CodeSha256": "d".repeat(64), "RevisionId": "r-1", "Description": "evenkeel team",
    });
    let (path, sent) = sent(&Step::Publish(publish));
    assert_eq!((path.as_str(), sent), ("POST /2015-03-31/functions/resize/versions", body));
}

#[test]
fn an_alias_is_moved_from_where_it_was_seen() {
    let route = Route {
        function: Name::new("resize"),
        alias: "live".into(),
        revision: Some("r-2".into()),
        version: 1,
        weight: Some((2, 10)),
        note: ReleaseNote { current: Some(1), ..ReleaseNote::default() },
        why: String::new(),
        ending: None,
    };
    let (path, sent) = sent(&Step::Route(route));
    assert_eq!(path, "PUT /2015-03-31/functions/resize/aliases/live");
    assert_eq!((&sent["RevisionId"], &sent["FunctionVersion"]), (&json!("r-2"), &json!("1")));
    assert_eq!(sent["RoutingConfig"], json!({ "AdditionalVersionWeights": { "2": 0.1 } }));
}
