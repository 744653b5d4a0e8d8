//! GetFunction, GetFunctionConfiguration and ListFunctions.

use serde_json::{Map, Value, json};

use super::{
    Ctx, Lambda,
    function::{Function, Shown, Version, code},
};
use crate::{
    call::{Answer, Refusal, Reply},
    chance,
};

/// AWS's page, however many are asked for.
const PAGE: usize = 50;
/// What only an exact read shows.
const STATES: [&str; 6] = [
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
];

pub(super) fn get(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    if let Some(qualifier) = ctx.call.qualifier.as_deref() {
        let found = lambda.function(ctx)?;
        let version = found.version(Some(qualifier)).ok_or_else(|| ctx.missing())?;
        let config = qualified(found, version, qualifier);
        let mut body = json!({ "Configuration": config, "Code": code(&version.code) });
        if !found.tags.is_empty() {
            body["Tags"] = json!(found.tags);
        }
        return Ok(Reply::new(200, blind(body, ctx)));
    }
    let moment = ctx.now.saturating_sub(ctx.play.lag);
    let shown = lambda.past.at(&ctx.call.resource, moment).ok_or_else(|| ctx.missing())?;
    let mut body = json!({ "Configuration": shown.config, "Code": shown.code });
    if !shown.tags.is_empty() {
        body["Tags"] = json!(shown.tags);
    }
    if let Some(reserved) = shown.reserved {
        body["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    Ok(Reply::new(200, blind(body, ctx)))
}

/// Hides the environment as AWS does from those who may not use its key.
fn blind(mut body: Value, ctx: &Ctx<'_>) -> Value {
    if ctx.play.blind && !body["Configuration"]["Environment"].is_null() {
        body["Configuration"]["Environment"] = hidden();
    }
    body
}

fn hidden() -> Value {
    json!({ "Error": {
        "ErrorCode": "AccessDeniedException",
        "Message": "Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions.",
    } })
}

pub(super) fn configuration(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    let qualifier = ctx.call.qualifier.as_deref();
    let version = found.version(qualifier).ok_or_else(|| ctx.missing())?;
    let config = match qualifier {
        Some(qualifier) => qualified(found, version, qualifier),
        None => version.shown(),
    };
    Ok(Reply::new(200, Value::Object(config)))
}

/// A version's configuration under the name that it was asked by.
fn qualified(found: &Function, version: &Version, qualifier: &str) -> Map<String, Value> {
    let mut config = version.shown();
    config.insert("FunctionArn".into(), format!("{}:{qualifier}", found.arn).into());
    config
}

pub(super) fn list(lambda: &Lambda, ctx: &Ctx<'_>) -> Answer {
    if let Some(other) = ctx.call.param("FunctionVersion").filter(|it| *it != "ALL") {
        let text = "Member must satisfy enum value set: [ALL]";
        return Err(Refusal::constraint("functionVersion", other, text));
    }
    let moment = ctx.now.saturating_sub(ctx.play.lag);
    let asked = ctx.call.param("MaxItems").and_then(|it| it.parse().ok());
    let size = asked.unwrap_or(PAGE).clamp(1, PAGE);
    let after = ctx.call.param("Marker").unwrap_or_default();
    let all = ctx.call.param("FunctionVersion") == Some("ALL");
    let mut rows = Vec::new();
    let (mut last, mut more) = (String::new(), false);
    for (name, shown) in lambda.past.all_at(after, moment) {
        if rows.len() >= size {
            more = true;
            break;
        }
        name.clone_into(&mut last);
        if ctx.play.omit > 0.0 && left_out(name, ctx) {
            continue;
        }
        rows.push(row(shown, ctx, all));
        if all && let Some(found) = lambda.functions.get(name) {
            rows.extend(found.versions.values().map(|it| without_states(it.shown())));
        }
    }
    let mut body = json!({ "Functions": rows });
    if more {
        body["NextMarker"] = last.into();
    }
    Ok(Reply::new(200, body))
}

fn left_out(name: &str, ctx: &Ctx<'_>) -> bool {
    let time = ctx.now.as_millis().to_string();
    chance::share(0, &[name, &time]) < ctx.play.omit
}

fn row(shown: &Shown, ctx: &Ctx<'_>, all: bool) -> Value {
    let mut config = shown.config.clone();
    if all {
        let arn = shown.config.get("FunctionArn").and_then(Value::as_str).unwrap_or_default();
        config.insert("FunctionArn".into(), format!("{arn}:$LATEST").into());
    }
    if ctx.play.blind && config.contains_key("Environment") {
        config.insert("Environment".into(), hidden());
    }
    without_states(config)
}

pub(super) fn without_states(mut config: Map<String, Value>) -> Value {
    for name in STATES {
        config.remove(name);
    }
    Value::Object(config)
}
