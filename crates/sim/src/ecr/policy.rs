//! The policies of a repository. ECR keeps what they mean, not how they were written.

use serde_json::{Value, json};

use super::{Asked, Repository, ok, parameter};
use crate::call::{Answer, Refusal, Reply};

fn parsed(text: &str, what: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).ok().filter(Value::is_object).ok_or_else(|| {
        parameter(format!(
            "Invalid parameter at '{what}' failed to satisfy constraint: 'it is not a JSON object'"
        ))
    })
}

fn absent(asked: &Asked<'_>, code: &'static str, what: &str) -> Refusal {
    let (name, account) = (asked.name(), asked.account());
    let text = format!(
        "{what} does not exist for the repository with name '{name}' in the registry with id '{account}'"
    );
    Refusal::new(400, code, text)
}

fn body(asked: &Asked<'_>, member: &str, text: String) -> Reply {
    let mut body = json!({ "registryId": asked.account(), "repositoryName": asked.name() });
    body[member] = text.into();
    ok(body)
}

pub(super) fn put_lifecycle(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let text = asked.call.text("lifecyclePolicyText").unwrap_or_default();
    let mut policy = parsed(text, "LifecyclePolicyText")?;
    let Some(rules) = policy["rules"].as_array_mut().filter(|it| !it.is_empty()) else {
        return Err(parameter(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: there are no rules'",
        ));
    };
    // ECR puts the rules in the order of their priority.
    rules.sort_by_key(|it| it["rulePriority"].as_i64());
    let text = policy.to_string();
    found.lifecycle = Some(policy);
    Ok(body(asked, "lifecyclePolicyText", text))
}

pub(super) fn get_lifecycle(found: &Repository, asked: &Asked<'_>) -> Answer {
    let policy = found.lifecycle.as_ref();
    let policy = policy
        .ok_or_else(|| absent(asked, "LifecyclePolicyNotFoundException", "Lifecycle policy"))?;
    Ok(body(asked, "lifecyclePolicyText", policy.to_string()))
}

pub(super) fn delete_lifecycle(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let answer = get_lifecycle(found, asked)?;
    found.lifecycle = None;
    Ok(answer)
}

pub(super) fn set(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let mut policy = parsed(asked.call.text("policyText").unwrap_or_default(), "PolicyText")?;
    let statements = policy["Statement"].as_array_mut();
    let Some(statements) = statements.filter(|it| !it.is_empty()) else {
        return Err(parameter(
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
        ));
    };
    for statement in statements {
        if let Some(accounts) = statement.get_mut("Principal").and_then(|it| it.get_mut("AWS")) {
            expand(accounts);
        }
    }
    found.policy = Some(policy);
    get(found, asked)
}

/// IAM shows an account's number as the ARN of its root.
fn expand(principal: &mut Value) {
    match principal {
        Value::String(text) if text.len() == 12 && text.chars().all(|it| it.is_ascii_digit()) => {
            *text = format!("arn:aws:iam::{text}:root");
        }
        Value::Array(all) => all.iter_mut().for_each(expand),
        _ => {}
    }
}

pub(super) fn get(found: &Repository, asked: &Asked<'_>) -> Answer {
    let policy = found.policy.as_ref();
    let policy = policy
        .ok_or_else(|| absent(asked, "RepositoryPolicyNotFoundException", "Repository policy"))?;
    // ECR prints it anew.
    let text = serde_json::to_string_pretty(policy).unwrap_or_default();
    Ok(body(asked, "policyText", text))
}

pub(super) fn delete(found: &mut Repository, asked: &Asked<'_>) -> Answer {
    let answer = get(found, asked)?;
    found.policy = None;
    Ok(answer)
}
