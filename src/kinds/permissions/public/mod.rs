//! A URL that anybody may call. Since October 2025 Lambda asks two permissions for that (Lambda developer guide,
//! "Control access to Lambda function URLs"): with one of them, or none, callers get 403. `public: true` stands for
//! the URL of type `NONE` and both.

use serde_json::{Map, Value, json};

use super::{doc::PermissionDoc, statement::INVOKE};
use crate::kinds::{document::Violation, part::UrlGrants};

/// The action that a call of a URL needs besides [`INVOKE`].
const INVOKE_URL: &str = "lambda:InvokeFunctionUrl";
const EVERYBODY: &str = "*";
/// The type of a URL that asks nobody who they are.
const PUBLIC: &str = "NONE";

/// The permissions that `public: true` stands for. AWS shows their `sid`, so it says what they are; it never changes.
pub(crate) fn permissions() -> [PermissionDoc; 2] {
    let everybody = |sid: &str, action: &str| PermissionDoc {
        sid: sid.to_owned(),
        principal: EVERYBODY.to_owned(),
        action: Some(action.to_owned()),
        source_arn: None,
        source_account: None,
        principal_org_id: None,
        function_url_auth_type: None,
        invoked_via_function_url: None,
        event_source_token: None,
    };
    [
        PermissionDoc {
            function_url_auth_type: Some(PUBLIC.to_owned()),
            ..everybody("public-url", INVOKE_URL)
        },
        PermissionDoc {
            invoked_via_function_url: Some(true),
            ..everybody("public-invoke", INVOKE)
        },
    ]
}

/// Whether a `sid` is one of those that `public: true` takes.
pub(crate) fn is_sid(sid: &str) -> bool {
    permissions().iter().any(|it| it.sid == sid)
}

/// The permissions of a document that have a `sid` which its `public: true` takes; paths begin below `spec`.
pub(crate) fn check_sids(permissions: &[PermissionDoc]) -> Vec<Violation> {
    let taken = permissions.iter().enumerate().filter(|(_, it)| is_sid(&it.sid));
    let violation = |(index, it): (usize, &PermissionDoc)| {
        let message = format!("`{}` is the `sid` of a permission that `url.public` adds", it.sid);
        let path = ["permissions", &index.to_string(), "sid"];
        Violation::new(&path, message, "take the permission out, or give it another `sid`")
    };
    taken.map(violation).collect()
}

/// What the permissions of a document give to callers of a URL of type `NONE`.
pub(crate) fn grants(permissions: &[PermissionDoc]) -> UrlGrants {
    let gives = |action, url: bool| permissions.iter().any(|it| gives(it, action, url));
    UrlGrants { url: gives(INVOKE_URL, true), invoke: gives(INVOKE, false) }
}

/// Whether a permission lets everybody do this through a URL of type `NONE`. Nobody who is not known has an
/// organization, and a call of a URL has no source.
fn gives(it: &PermissionDoc, action: &str, url: bool) -> bool {
    let free = [&it.source_arn, &it.source_account, &it.principal_org_id, &it.event_source_token];
    let own = it.action.as_deref().unwrap_or(INVOKE);
    // Each condition is about one of the two actions only, and never met by the other.
    let met = if url {
        it.function_url_auth_type.as_deref().is_none_or(|it| it == PUBLIC)
            && it.invoked_via_function_url != Some(true)
    } else {
        it.function_url_auth_type.is_none()
    };
    let all = own == action || own == "lambda:*";
    it.principal == EVERYBODY && all && met && free.iter().all(|it| it.is_none())
}

/// Whether two permissions say the same, whatever they are called.
fn is_same(one: &PermissionDoc, other: &PermissionDoc) -> bool {
    let bare = |it: &PermissionDoc| PermissionDoc {
        sid: String::new(),
        action: Some(it.action.clone().unwrap_or_else(|| INVOKE.to_owned())),
        invoked_via_function_url: it.invoked_via_function_url.filter(|it| *it),
        ..it.clone()
    };
    bare(one) == bare(other)
}

/// What the permissions of an imported function are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImportedSids {
    /// As statements of ours: another `sid` would be another statement.
    Ours,
    /// As another tool called them: any name will do.
    Foreign,
}

/// Whether an imported function has a URL of type `NONE`.
pub(crate) fn is_open(spec: &Map<String, Value>) -> bool {
    spec.get("url").and_then(|it| it.get("authType")).is_some_and(|it| it == PUBLIC)
}

/// Writes a URL of type `NONE` as `public: true` where both permissions are there, and takes them out of
/// `permissions`. `others`: statements of AWS that are not ours. Returns the ids of those that say the same as one of
/// the two.
pub(crate) fn fold(
    spec: &mut Map<String, Value>,
    sids: ImportedSids,
    others: &[PermissionDoc],
) -> Vec<String> {
    if !is_open(spec) {
        return Vec::new();
    }
    let wanted = permissions();
    let read = |it: &Value| serde_json::from_value::<PermissionDoc>(it.clone()).ok();
    let counts = |it: &PermissionDoc, wanted: &PermissionDoc| {
        is_same(it, wanted) && (sids == ImportedSids::Foreign || it.sid == wanted.sid)
    };
    let items = spec.get("permissions").and_then(Value::as_array).cloned().unwrap_or_default();
    let (own, rest): (Vec<Value>, Vec<Value>) = items.into_iter().partition(|item| {
        read(item).is_some_and(|it| wanted.iter().any(|wanted| counts(&it, wanted)))
    });
    let own: Vec<PermissionDoc> = own.iter().filter_map(read).collect();
    let there = |wanted: &PermissionDoc| own.iter().chain(others).any(|it| is_same(it, wanted));
    let taken = rest.iter().filter_map(read).any(|it| is_sid(&it.sid));
    if taken || !wanted.iter().all(there) {
        return Vec::new();
    }
    open(spec);
    if rest.is_empty() {
        spec.remove("permissions");
    } else {
        spec.insert("permissions".to_owned(), Value::Array(rest));
    }
    let same = others.iter().filter(|it| wanted.iter().any(|wanted| is_same(it, wanted)));
    same.map(|it| it.sid.clone()).collect()
}

/// Writes `public: true` in the place of `authType: NONE`.
fn open(spec: &mut Map<String, Value>) {
    if let Some(url) = spec.get_mut("url").and_then(Value::as_object_mut) {
        url.remove("authType");
        url.insert("public".to_owned(), json!(true));
    }
}

#[cfg(test)]
mod tests;
