//! Two documents, what was changed, and the edits that follow.

use serde_json::json;

use super::*;

struct CaptureCase {
    have: Value,
    want: Value,
    unread: &'static [&'static str],
}

/// Each edit as its path and what is put there; `(gone)`, or `(left)` for what cannot be said.
fn check(case: &CaptureCase, changed: &[&str], expected: &[(&str, Value)]) {
    let spec = |it: &Value| it.as_object().unwrap().clone();
    let (have, want) = (spec(&case.have), spec(&case.want));
    let changed: Vec<ChangedField<'_>> = changed
        .iter()
        .map(|it| match it.split_once(" of ") {
            Some((path, source)) => ChangedField { path, source: Some(source) },
            None => ChangedField { path: it, source: None },
        })
        .collect();
    let unread = case.unread.iter();
    let unread: Vec<Omission> =
        unread.map(|it| Omission { path: (*it).into(), why: "denied".into() }).collect();
    let fill_in = |text: &str| text.replace("${target.region}", "eu-central-1");
    let input =
        CaptureInput { written: &have, imported: &want, unread: &unread, fill_in: &fill_in };
    let (target, left) = capture_spec(input, &changed);
    let mut found: Vec<(String, Value)> = edits(&[], &have, &target)
        .into_iter()
        .map(|it| (it.path.join("."), it.value.unwrap_or_else(|| json!("(gone)"))))
        .collect();
    found.extend(left.into_iter().map(|it| (it.path, json!("(left)"))));
    let expected: Vec<(String, Value)> =
        expected.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
    assert_eq!(found, expected);
}

fn case(have: Value, want: Value) -> CaptureCase {
    CaptureCase { have, want, unread: &[] }
}

fn gone() -> Value {
    json!("(gone)")
}

fn left() -> Value {
    json!("(left)")
}

#[test]
fn a_field_is_named_by_its_path_or_one_above() {
    let check = |given: &str, (path, source): (&str, Option<&str>), expected: bool| {
        assert_eq!(ChangedField { path, source }.is_named(given), expected, "{given} {path}");
    };
    check("/tags", ("/tags/team", None), true);
    check("/tags/team", ("/tags/team", None), true);
    check("/tag", ("/tags/team", None), false);
    check("/tags/team", ("/tags", None), false);
    check("/concurrency", ("/concurrency/reserved", None), true);
    check("/concurrency", ("/concurrency/provisioned/min", None), false);
    check("/concurrency/provisioned", ("/concurrency/provisioned/min", None), true);
    check("/eventSources", ("/eventSources/batchSize", Some("arn:a/t")), true);
    check("/eventSources@arn:a/t", ("/eventSources/batchSize", Some("arn:a/t")), true);
    check("/eventSources@arn:a", ("/eventSources/batchSize", Some("arn:a/t")), false);
    check("/tags@arn:a", ("/tags", None), false);
}

#[test]
fn only_what_was_changed_is_edited() {
    let it = case(
        json!({
            "memorySize": 512, "timeout": 30, "role": "mine",
            "environment": { "variables": { "A": "1", "B": "2", "MINE": "3" } },
            "tags": { "team": "x" },
        }),
        json!({
            "memorySize": 1024, "role": "mine", "description": "by hand",
            "environment": { "variables": { "A": { "keep": true }, "C": { "keep": true } } },
            "tags": { "others": "y" },
        }),
    );
    check(&it, &["/memorySize"], &[("memorySize", json!(1024))]);
    check(&it, &["/timeout"], &[("timeout", gone())]);
    check(&it, &["/description"], &[("description", json!("by hand"))]);
    let keep = || json!({ "keep": true });
    check(
        &it,
        &["/environment/variables/A", "/environment/variables/B", "/environment/variables/C"],
        &[
            ("environment.variables.A", keep()),
            ("environment.variables.C", keep()),
            ("environment.variables.B", gone()),
        ],
    );
    // A tag that nobody asked for is not written with it, and what holds nothing any more goes.
    check(&it, &["/tags/team"], &[("tags", json!({}))]);
    for path in ["/state", "/role", "/release", "/lastUpdateStatus", "/memorySize/x"] {
        check(&it, &[path], &[(path, left())]);
    }
}

#[test]
fn what_the_manifest_changed_itself_is_left_alone_beside_it() {
    let it = case(
        json!({ "environment": { "variables": { "A": "1", "MINE": "2" } }, "concurrency": { "reserved": 1, "provisioned": 4 } }),
        json!({ "concurrency": { "provisioned": 2 } }),
    );
    check(&it, &["/environment/variables/A"], &[("environment.variables.A", gone())]);
    check(&it, &["/concurrency"], &[("concurrency.reserved", gone())]);
    check(&it, &["/concurrency/provisioned"], &[("concurrency.provisioned", json!(2))]);
    // The only member becomes another one.
    let it = case(
        json!({ "imageConfig": { "command": ["a"] } }),
        json!({ "imageConfig": { "entryPoint": ["b"] } }),
    );
    check(
        &it,
        &["/imageConfig/command", "/imageConfig/entryPoint"],
        &[("imageConfig.entryPoint", json!(["b"])), ("imageConfig.command", gone())],
    );
    let it = case(
        json!({ "memorySize": 1 }),
        json!({ "vpcConfig": { "subnetIds": ["a"], "securityGroupIds": ["b"] } }),
    );
    check(&it, &["/vpcConfig/subnetIds"], &[("vpcConfig", json!({ "subnetIds": ["a"] }))]);
}

#[test]
fn what_could_not_be_read_is_not_gone() {
    let it = CaptureCase {
        have: json!({ "url": { "authType": "NONE" }, "concurrency": { "provisioned": 1 }, "eventSources": [{ "eventSourceArn": "a" }] }),
        want: json!({}),
        unread: &["url", "concurrency/provisioned", "eventSources"],
    };
    let all = ["/url", "/url/authType", "/concurrency/provisioned", "/eventSources of a"];
    // As they are named.
    let expected: Vec<String> = all.iter().map(|it| it.replace(" of ", "@")).collect();
    let expected: Vec<(&str, Value)> = expected.iter().map(|it| (it.as_str(), left())).collect();
    check(&it, &all, &expected);
}

#[test]
fn statements_are_told_apart_by_their_ids() {
    let it = case(
        json!({ "permissions": [{ "sid": "a" }, { "sid": "a-b", "sourceArn": "x:${target.region}" }] }),
        json!({ "permissions": [{ "sid": "c" }, { "sid": "a-b", "sourceArn": "other" }] }),
    );
    check(&it, &["/permissions/a-0a1b2c"], &[("permissions.0", gone())]);
    check(&it, &["/permissions/c-0a1b2c"], &[("permissions.2", json!({ "sid": "c" }))]);
    for other in [
        "/permissions/a-b-0a1b2c",
        "/permissions/a-b",
        "/permissions/a-public1",
        "/permissions/d-0a1b2c",
    ] {
        check(&it, &[other], &[(other, left())]);
    }
    check(
        &case(json!({ "permissions": [{ "sid": "a" }, { "sid": "b" }] }), json!({})),
        &["/permissions/b-0a1b2c", "/permissions/a-0a1b2c"],
        &[("permissions", json!([]))],
    );
}

#[test]
fn event_sources_are_told_apart_by_what_they_read_from() {
    let one = |name: &str| format!("arn:aws:sqs:${{target.region}}:1:{name}");
    let arn = |name: &str| format!("arn:aws:sqs:eu-central-1:1:{name}");
    let it = case(
        json!({ "eventSources": [
            { "eventSourceArn": one("a"), "batchSize": 1 },
            { "eventSourceArn": one("b") },
            { "eventSourceArn": one("c"), "topics": ["t"], "enabled": false },
        ] }),
        json!({ "eventSources": [
            { "eventSourceArn": arn("c"), "topics": ["t"] },
            { "eventSourceArn": arn("a"), "batchSize": 5 },
        ] }),
    );
    check(
        &it,
        &[
            "/eventSources/batchSize of arn:aws:sqs:eu-central-1:1:a",
            "/eventSources/enabled of arn:aws:sqs:eu-central-1:1:c/t",
        ],
        &[("eventSources.0.batchSize", json!(5)), ("eventSources.2.enabled", gone())],
    );
    check(&it, &["/eventSources of arn:aws:sqs:eu-central-1:1:b"], &[("eventSources.1", gone())]);
    check(
        &it,
        &["/eventSources of arn:aws:sqs:eu-central-1:1:c"],
        &[("/eventSources@arn:aws:sqs:eu-central-1:1:c", left())],
    );
    let it = case(json!({ "eventSources": [{ "eventSourceArn": one("a") }] }), json!({}));
    check(&it, &["/eventSources of arn:aws:sqs:eu-central-1:1:a"], &[("eventSources", json!([]))]);
}

#[test]
fn items_that_stay_keep_their_place_and_their_words() {
    let vpc = |all: Value| json!({ "vpcConfig": { "subnetIds": all } });
    let it = case(vpc(json!(["s-2", "s-1"])), vpc(json!(["s-1", "s-2", "s-3"])));
    check(&it, &["/vpcConfig/subnetIds"], &[("vpcConfig.subnetIds.2", json!("s-3"))]);
    let it = case(vpc(json!(["s-2", "s-1"])), vpc(json!(["s-1"])));
    check(&it, &["/vpcConfig/subnetIds"], &[("vpcConfig.subnetIds.0", gone())]);
    let rule = |count: u32| json!({ "rules": [{ "key": "k:${target.region}", "count": count }] });
    let it = case(
        json!({ "lifecyclePolicy": rule(1) }),
        json!({ "lifecyclePolicy": { "rules": [{ "key": "k:eu-central-1", "count": 9 }] } }),
    );
    check(&it, &["/lifecyclePolicy"], &[("lifecyclePolicy.rules.0.count", json!(9))]);
    let it = case(json!({ "x": ["a", "b", "c"] }), json!({ "x": ["a", "d", "c"] }));
    check(&it, &["/x"], &[("x.1", json!("d"))]);
    let it = case(json!({ "x": ["a", "b", "c"] }), json!({ "x": ["b", "c", "d"] }));
    check(&it, &["/x"], &[("x.3", json!("d")), ("x.0", gone())]);
    let it = case(json!({ "x": ["a", "b"] }), json!({ "x": ["c"] }));
    check(&it, &["/x"], &[("x", json!(["c"]))]);
}

/// Its parts in AWS are no fields of the manifest: another value of one would contradict it.
#[test]
fn what_a_public_url_stands_for_is_not_captured() {
    let it = case(
        json!({ "url": { "public": true } }),
        json!({ "url": { "authType": "AWS_IAM", "invokeMode": "RESPONSE_STREAM" } }),
    );
    check(&it, &["/url/authType"], &[("/url/authType", left())]);
    check(&it, &["/permissions/public-url-0a1b2c"], &[("/permissions/public-url-0a1b2c", left())]);
    check(&it, &["/url/invokeMode"], &[("url.invokeMode", json!("RESPONSE_STREAM"))]);
}
