//! Who is let in by what a document says, and what an import makes of a URL that is open.

use serde_json::json;

use super::*;

fn docs(all: Value) -> Vec<PermissionDoc> {
    serde_json::from_value(all).unwrap()
}

/// The statements of a policy bear these: another one would take them away and add new ones.
#[test]
fn the_permissions_are_known_by_their_names() {
    let sids = permissions().map(|it| it.sid);
    assert_eq!(sids, ["public-url", "public-invoke"]);
    assert_eq!(grants(&permissions()), UrlGrants { url: true, invoke: true });
}

#[test]
fn callers_need_both_permissions_and_neither_may_be_bound() {
    let url = json!({ "sid": "u", "principal": "*", "action": INVOKE_URL });
    let invoke = json!({ "sid": "i", "principal": "*" });
    let grants = |all: Value| {
        let UrlGrants { url, invoke } = grants(&docs(all));
        [url, invoke]
    };
    assert_eq!(grants(json!([])), [false, false]);
    assert_eq!(grants(json!([url])), [true, false]);
    assert_eq!(grants(json!([invoke])), [false, true]);
    assert_eq!(grants(json!([url, invoke])), [true, true]);
    let all = json!({ "sid": "a", "principal": "*", "action": "lambda:*" });
    assert_eq!(grants(json!([all])), [true, true]);
    for (name, value) in [
        ("principal", "123456789012"),
        ("principalOrgId", "o-0123456789"),
        ("sourceArn", "arn:aws:s3:::a"),
        ("sourceAccount", "123456789012"),
        ("eventSourceToken", "t"),
        ("functionUrlAuthType", "AWS_IAM"),
    ] {
        let mut bound = all.clone();
        bound[name] = json!(value);
        assert_eq!(grants(json!([bound])), [false, false], "{name}");
    }
}

#[test]
fn an_open_url_is_folded_only_where_nothing_is_lost_or_renamed() {
    let url = |sid: &str| json!({ "sid": sid, "principal": "*", "action": INVOKE_URL, "functionUrlAuthType": "NONE" });
    let invoke = |sid: &str| json!({ "sid": sid, "principal": "*", "action": INVOKE, "invokedViaFunctionUrl": true });
    let folded = |sids, permissions: Value, others: Value| {
        let spec = json!({ "url": { "authType": "NONE" }, "permissions": permissions });
        let mut spec = spec.as_object().unwrap().clone();
        let same = fold(&mut spec, sids, &docs(others));
        let rest = spec.get("permissions").and_then(Value::as_array).map_or(0, Vec::len);
        (spec["url"].get("public").is_some(), rest, same)
    };
    let own = json!([url("public-url"), invoke("public-invoke")]);
    assert_eq!(folded(ImportedSids::Ours, own, json!([])), (true, 0, vec![]));
    let named = json!([url("a"), invoke("b"), { "sid": "c", "principal": "1" }]);
    assert_eq!(folded(ImportedSids::Foreign, named.clone(), json!([])), (true, 1, vec![]));
    // Another `sid` is another statement of ours.
    assert_eq!(folded(ImportedSids::Ours, named, json!([])), (false, 3, vec![]));
    let half = json!([url("public-url")]);
    assert_eq!(folded(ImportedSids::Ours, half.clone(), json!([])), (false, 1, vec![]));
    let theirs = json!([invoke("theirs")]);
    assert_eq!(folded(ImportedSids::Ours, half, theirs), (true, 0, vec!["theirs".to_owned()]));
    // The name is taken.
    let taken = json!([url("a"), invoke("b"), { "sid": "public-url", "principal": "1" }]);
    assert_eq!(folded(ImportedSids::Foreign, taken, json!([])), (false, 3, vec![]));
    // A permission without the condition gives more.
    let wider = json!([url("a"), { "sid": "b", "principal": "*" }]);
    assert_eq!(folded(ImportedSids::Foreign, wider, json!([])), (false, 2, vec![]));
}
