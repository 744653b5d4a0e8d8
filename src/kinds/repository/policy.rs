//! Policies by their meaning: AWS gives them back in another order, with lists where one value stood, with
//! accounts written out, and with a statement that Lambda added itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::kinds::principal;

/// The statement that Lambda adds to the policy of a repository that it pulls from (Lambda developer
/// guide, "Amazon ECR permissions"). It is nobody's drift, and it must survive a new policy.
pub const LAMBDA_SID: &str = "LambdaECRImageRetrievalPolicy";
/// What IAM takes a policy without a version for.
const VERSION: &str = "2008-10-17";

/// A value with the members of every object in the order of their names.
fn ordered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, value)| (name, ordered(value))).collect();
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        plain => plain,
    }
}

/// A lifecycle policy in the one form that all of equal meaning have.
pub fn lifecycle(policy: &Value) -> Value {
    let rules = policy.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut rules: Vec<Value> = rules.into_iter().map(rule).map(ordered).collect();
    let priority = |rule: &Value| rule.get("rulePriority").and_then(Value::as_i64);
    rules.sort_by_key(priority);
    json!({ "rules": rules })
}

/// A rule of a lifecycle policy in one form: no empty description, and its two lists of tags as
/// sets.
fn rule(mut rule: Value) -> Value {
    if let Some(members) = rule.as_object_mut() {
        members.retain(|name, value| !(name == "description" && *value == json!("")));
    }
    for list in ["tagPrefixList", "tagPatternList"] {
        let items = rule.pointer_mut(&format!("/selection/{list}")).and_then(Value::as_array_mut);
        if let Some(items) = items {
            items.sort_by_key(ToString::to_string);
            items.dedup();
        }
    }
    rule
}

/// A repository policy in the one form that all of equal meaning have; `None` if it has no statement.
pub fn access(policy: &Value) -> Option<Value> {
    let mut all: Vec<Value> = statements(policy).map(statement).map(ordered).collect();
    all.sort_by_key(ToString::to_string);
    all.dedup();
    let version = policy.get("Version").and_then(Value::as_str).unwrap_or(VERSION);
    (!all.is_empty()).then(|| json!({ "Version": version, "Statement": all }))
}

/// What a live policy says, as far as the manifest is about it: Lambda's own statement belongs to Lambda unless the
/// manifest has a statement under that Sid. `None` if nothing is left.
pub fn concern(live: &Value, desired: Option<&Value>) -> Option<Value> {
    if desired.is_some_and(names_lambdas) {
        return Some(live.clone());
    }
    let rest: Vec<Value> = statements(live).filter(|it| !is_lambdas(it)).cloned().collect();
    (!rest.is_empty()).then(|| with(live, rest))
}

/// The policy to send, so that Lambda's own statement is not lost; where the manifest has a statement under that Sid,
/// that one is sent. `None`: there is nothing to say.
pub fn with_lambdas(desired: Option<&Value>, live: Option<&Value>) -> Option<Value> {
    let kept = live.filter(|_| !desired.is_some_and(names_lambdas));
    let own = kept.into_iter().flat_map(statements).filter(|it| is_lambdas(it)).cloned();
    let all: Vec<Value> = desired.into_iter().flat_map(statements).cloned().chain(own).collect();
    (!all.is_empty()).then(|| with(desired.or(live).unwrap_or(&Value::Null), all))
}

/// A policy with these statements instead of its own.
fn with(policy: &Value, statements: Vec<Value>) -> Value {
    let mut policy = policy.as_object().cloned().unwrap_or_default();
    policy.insert("Statement".into(), Value::Array(statements));
    Value::Object(policy)
}

fn names_lambdas(policy: &Value) -> bool {
    statements(policy).any(is_lambdas)
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    match policy.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
    .iter()
}

fn is_lambdas(statement: &Value) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(LAMBDA_SID)
}

/// A statement of a policy in one form: lists sorted, actions in lower case, since IAM does not
/// tell cases apart there, and no empty `Sid`.
fn statement(statement: &Value) -> Value {
    let Some(members) = statement.as_object() else { return statement.clone() };
    let members = members.iter().filter_map(|(name, value)| {
        let value = match name.as_str() {
            "Sid" if *value == json!("") => return None,
            "Action" | "NotAction" => list(value, str::to_ascii_lowercase),
            "Resource" | "NotResource" => list(value, ToOwned::to_owned),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    Value::Object(members.collect())
}

/// A value or a list of values, as a sorted list of texts.
fn list(value: &Value, form: impl Fn(&str) -> String) -> Value {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut texts: Vec<String> = items
        .iter()
        .map(|it| it.as_str().map_or_else(|| it.to_string(), ToOwned::to_owned))
        .map(|it| form(&it))
        .collect();
    texts.sort();
    texts.dedup();
    json!(texts)
}

/// `"*"` is everybody, as is `{ "AWS": "*" }`; a bare account is its root.
fn principal(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), list(value, who)));
            Value::Object(members.collect())
        }
        other => json!({ "AWS": list(other, who) }),
    }
}

fn who(text: &str) -> String {
    principal::account(text).map_or_else(|| text.to_owned(), |it| format!("account {it}"))
}

/// A condition in one form: keys in lower case, values as sorted lists.
fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let operators = operators.iter().map(|(operator, keys)| {
        let keys: Map<String, Value> = keys
            .as_object()
            .into_iter()
            .flatten()
            // Condition keys are not case-sensitive.
            .map(|(key, value)| (key.to_ascii_lowercase(), list(value, ToOwned::to_owned)))
            .collect();
        (operator.clone(), Value::Object(keys))
    });
    Value::Object(operators.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(desired: &Value, live: &Value) -> bool {
        access(desired) == concern(live, Some(desired)).as_ref().and_then(access)
    }

    #[test]
    fn policies_of_one_meaning_are_one() {
        let written = json!({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": { "AWS": "111122223333" },
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                "Condition": { "Bool": { "aws:SecureTransport": true } },
            },
        });
        let shown = json!({
            "Version": "2012-10-17",
            "Id": "x",
            "Statement": [
                { "Sid": LAMBDA_SID, "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" } },
                {
                    "Sid": "",
                    "Effect": "Allow",
                    "Principal": { "AWS": ["arn:aws:iam::111122223333:root"] },
                    "Action": ["ecr:GetDownloadUrlForLayer", "ecr:batchGetImage"],
                    "Condition": { "Bool": { "aws:securetransport": ["true"] } },
                },
            ],
        });
        assert!(same(&written, &shown), "{:?}\n{:?}", access(&written), access(&shown));
        // The order of members means nothing, in one statement or in several.
        let text = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one =
            r#"{"Statement":[{"Effect":"Allow","Action":"a:b"},{"Effect":"Deny","Action":"c:d"}]}"#;
        let two =
            r#"{"Statement":[{"Action":"c:d","Effect":"Deny"},{"Action":"a:b","Effect":"Allow"}]}"#;
        assert_eq!(
            access(&text(one)).unwrap().to_string(),
            access(&text(two)).unwrap().to_string()
        );
        let mut other = shown.clone();
        *other.pointer_mut("/Statement/1/Effect").unwrap() = json!("Deny");
        assert!(!same(&written, &other));
        let mut third = shown.clone();
        *third.pointer_mut("/Statement/1/Principal/AWS/0").unwrap() =
            json!("arn:aws:iam::111122223333:user/x");
        assert!(!same(&written, &third));
        assert!(same(
            &json!({ "Statement": [{ "Principal": "*" }] }),
            &json!({ "Version": "2008-10-17", "Statement": [{ "Principal": { "AWS": "*" } }] }),
        ));
    }

    #[test]
    fn lambdas_own_statement_survives() {
        let own = json!({ "Sid": LAMBDA_SID, "Effect": "Allow" });
        let live = json!({ "Version": "2012-10-17", "Statement": [own.clone(), { "Sid": "old" }] });
        let new = json!({ "Version": "2012-10-17", "Statement": { "Sid": "new" } });
        let sent = with_lambdas(Some(&new), Some(&live)).unwrap();
        assert_eq!(sent["Statement"], json!([{ "Sid": "new" }, own.clone()]));
        assert_eq!(with_lambdas(None, Some(&live)).unwrap()["Statement"], json!([own]));
        assert_eq!(with_lambdas(None, Some(&new)), None);
        assert_eq!(concern(&json!({ "Statement": [own] }), Some(&new)), None);
    }

    #[test]
    fn a_statement_that_the_manifest_names_is_the_manifests() {
        let ours = json!({ "Sid": LAMBDA_SID, "Effect": "Allow", "Action": "a:b" });
        let desired = json!({ "Statement": [ours] });
        let theirs = json!({ "Sid": LAMBDA_SID, "Effect": "Allow", "Action": "c:d" });
        let live = json!({ "Statement": [theirs] });
        assert!(access(&desired).is_some());
        assert!(!same(&desired, &live));
        assert_eq!(with_lambdas(Some(&desired), Some(&live)).unwrap(), desired);
        assert!(same(&desired, &desired));
    }

    #[test]
    fn the_order_of_rules_and_lists_means_nothing() {
        let rule = |priority: i64, tags: &[&str]| json!({ "rulePriority": priority, "description": "", "selection": { "tagPatternList": tags } });
        let one = json!({ "rules": [rule(2, &["b*", "a*"]), rule(1, &[])] });
        let two = json!({ "rules": [rule(1, &[]), rule(2, &["a*", "b*"])] });
        assert_eq!(lifecycle(&one), lifecycle(&two));
        let three = json!({ "rules": [rule(1, &[]), rule(2, &["a*", "c*"])] });
        assert_ne!(lifecycle(&one), lifecycle(&three));
    }
}
