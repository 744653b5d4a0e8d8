//! Resource policies: statements in AWS's own form, by qualifier.

use serde_json::{Map, Value, json};

use super::{Ctx, Lambda};
use crate::call::{Answer, Refusal, Reply};

fn gone() -> Refusal {
    Refusal::missing("The resource you requested does not exist.")
}

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let qualifier = ctx.call.qualifier.clone().unwrap_or_default();
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    if qualifier == "$LATEST" && ctx.call.writes() {
        return Err(Refusal::invalid("We currently do not support adding policies for $LATEST."));
    }
    if found.version(ctx.call.qualifier.as_deref()).is_none() {
        return Err(ctx.missing());
    }
    let kept = found.policies.get(&qualifier);
    if ctx.call.writes() {
        // Where there is no policy yet, an alias's own revision will do.
        let alias = found.aliases.get(&qualifier).map_or("", |it| it.revision.as_str());
        let present = kept.map_or(alias, |(_, revision)| revision.as_str());
        ctx.guard(present, "GetPolicy")?;
    }
    let arn =
        if qualifier.is_empty() { found.arn.clone() } else { format!("{}:{qualifier}", found.arn) };
    let mut statements = kept.map(|(it, _)| it.clone()).unwrap_or_default();
    let reply = match ctx.call.operation {
        "GetPolicy" | "GetResourcePolicy" => {
            let (statements, revision) = kept.ok_or_else(gone)?;
            let body = json!({ "Policy": text(statements), "RevisionId": revision });
            return Ok(Reply::new(200, body));
        }
        "AddPermission" => {
            check(&ctx.call.body)?;
            let made = made(ctx, &arn);
            let sid = made["Sid"].as_str().unwrap_or_default();
            if statements.iter().any(|it| it["Sid"] == *sid) {
                let text = format!(
                    "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement."
                );
                return Err(Refusal::conflict(text));
            }
            let body = json!({ "Statement": made.to_string() });
            statements.push(made);
            Reply::new(201, body)
        }
        "RemovePermission" => {
            let sid = ctx.call.part(0);
            let before = statements.len();
            statements.retain(|it| it["Sid"] != *sid);
            if before == 0 {
                return Err(Refusal::missing("No policy is associated with the given resource."));
            }
            if statements.len() == before {
                let text = format!("Statement {sid} is not found in resource policy.");
                return Err(Refusal::missing(text));
            }
            Reply::empty(204)
        }
        "PutResourcePolicy" => {
            statements = whole(ctx.call.text("Policy").unwrap_or_default())?;
            Reply::new(200, json!({ "Policy": text(&statements), "RevisionId": revision }))
        }
        _ => {
            kept.ok_or_else(gone)?;
            statements.clear();
            Reply::empty(204)
        }
    };
    if statements.is_empty() {
        found.policies.remove(&qualifier);
    } else {
        found.policies.insert(qualifier, (statements, revision));
    }
    Ok(reply)
}

/// The statements of a whole policy. IAM takes one without a list.
fn whole(policy: &str) -> Result<Vec<Value>, Refusal> {
    let parsed: Value =
        serde_json::from_str(policy).map_err(|_| Refusal::invalid("The policy is not JSON."))?;
    Ok(match &parsed["Statement"] {
        Value::Array(all) => all.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    })
}

fn text(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
}

/// The id of a statement and who it lets in.
fn check(body: &Value) -> Result<(), Refusal> {
    let sid = body["StatementId"].as_str().unwrap_or_default();
    if !sid.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_') {
        let text = "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
        return Err(Refusal::constraint("statementId", sid, text));
    }
    let principal = body["Principal"].as_str().unwrap_or_default();
    let account = principal.chars().all(|it| it.is_ascii_digit());
    let service = principal.ends_with(".amazonaws.com") || principal.ends_with(".amazon.com");
    if !(account || service || principal == "*" || principal.starts_with("arn:")) {
        let text = "The provided principal was invalid. Please check the principal and try again.";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

/// A new statement, as the policy shows it.
fn made(ctx: &Ctx<'_>, arn: &str) -> Value {
    let mut made = statement(&ctx.call.body, arn);
    if let Some(other) = &ctx.play.rewrite {
        made["Principal"] = json!({ "AWS": other });
    }
    made
}

/// AddPermission's request in the words of IAM.
fn statement(body: &Value, arn: &str) -> Value {
    let field = |name: &str| body[name].as_str();
    let principal = field("Principal").unwrap_or_default();
    let account = principal.len() == 12 && principal.chars().all(|it| it.is_ascii_digit());
    let principal = match principal {
        "*" => json!("*"),
        it if account => json!({ "AWS": format!("arn:aws:iam::{it}:root") }),
        it if it.starts_with("arn:") => json!({ "AWS": it }),
        it => json!({ "Service": it }),
    };
    let mut condition = Map::new();
    let mut add = |operator: &str, key: &str, value: Option<&str>| {
        let Some(value) = value else { return };
        let entry = condition.entry(operator).or_insert_with(|| json!({}));
        entry[key] = value.into();
    };
    add("StringEquals", "AWS:SourceAccount", field("SourceAccount"));
    add("StringEquals", "aws:PrincipalOrgID", field("PrincipalOrgID"));
    add("StringEquals", "lambda:FunctionUrlAuthType", field("FunctionUrlAuthType"));
    add("StringEquals", "lambda:EventSourceToken", field("EventSourceToken"));
    add("ArnLike", "AWS:SourceArn", field("SourceArn"));
    let through = body["InvokedViaFunctionUrl"].as_bool() == Some(true);
    add("Bool", "lambda:InvokedViaFunctionUrl", through.then_some("true"));
    let mut made = json!({
        "Sid": field("StatementId"),
        "Effect": "Allow",
        "Principal": principal,
        "Action": field("Action"),
        "Resource": arn,
    });
    if !condition.is_empty() {
        made["Condition"] = Value::Object(condition);
    }
    made
}
