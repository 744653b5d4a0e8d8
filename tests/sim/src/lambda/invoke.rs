//! Invocations: each function, and each version of it, answers what it was told to answer.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ctx, Lambda, function::Function};
use crate::{
    call::{Answer, Refusal, Reply},
    chance,
    time::Moment,
};

/// What a function answers. The first script that fits is played.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Script {
    /// The function.
    pub function: String,
    /// The version's number or `$LATEST`; none: each.
    #[serde(default)]
    pub version: Option<String>,
    /// The answer; none: the event comes back.
    #[serde(default)]
    pub payload: Option<Value>,
    /// `Unhandled` or `Handled`, if it is to fail.
    #[serde(default)]
    pub function_error: Option<String>,
    /// What it writes to its log.
    #[serde(default)]
    pub log: Vec<String>,
    /// How long it says that it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: f64,
}

/// One run, as CloudWatch counts it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) at: Moment,
    /// The function with the alias or version that was called, as in the dimension `Resource`.
    pub(crate) resource: String,
    pub(crate) version: String,
    pub(crate) failed: bool,
}

pub(super) fn invoke(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let id = lambda.id();
    let scripts = lambda.scripts.clone();
    let found = lambda.function(ctx)?;
    let version = number(found, ctx)?;
    let script =
        scripts.into_iter().find(|it| fits(it, &found.name, &version)).unwrap_or_else(|| Script {
            function: found.name.clone(),
            version: None,
            payload: None,
            function_error: None,
            log: Vec::new(),
            duration_ms: 1.0,
        });
    match ctx.call.header("x-amz-invocation-type") {
        Some("DryRun") => return Ok(Reply::empty(204)),
        Some("Event") => return Ok(Reply::empty(202)),
        _ => {}
    }
    let resource = match ctx.call.qualifier.as_deref() {
        Some(qualifier) => format!("{}:{qualifier}", found.name),
        None => found.name.clone(),
    };
    let failed = script.function_error.is_some();
    let run = Run { at: ctx.now, resource, version: version.clone(), failed };
    let event = ctx.call.body.as_str().unwrap_or_default();
    let event = BASE64_STANDARD.decode(event).unwrap_or_default();
    let answer = script.payload.as_ref().map_or(event, |it| it.to_string().into_bytes());
    let mut headers = vec![("x-amz-executed-version", version.clone())];
    if let Some(error) = &script.function_error {
        headers.push(("x-amz-function-error", error.clone()));
    }
    if ctx.call.header("x-amz-log-type") == Some("Tail") {
        let log = log(&script, (&id, &version), found);
        headers.push(("x-amz-log-result", BASE64_STANDARD.encode(log)));
    }
    lambda.runs.push(run);
    Ok(Reply { status: 200, raw: Some(answer.into()), headers, ..Reply::default() })
}

fn fits(script: &Script, name: &str, version: &str) -> bool {
    script.function == name && script.version.as_ref().is_none_or(|it| it == version)
}

/// The version that runs. An alias with weights chooses by the event's content, so that a test can tell.
fn number(found: &Function, ctx: &Ctx<'_>) -> Result<String, Refusal> {
    let qualifier = ctx.call.qualifier.as_deref();
    let version = found.version(qualifier).ok_or_else(|| ctx.missing())?;
    if !matches!(version.state.name, "Active" | "Inactive") {
        let text = format!(
            "The operation cannot be performed at this time. The function is currently in the following state: {}",
            version.state.name
        );
        return Err(Refusal::conflict(text));
    }
    let number = version.config.get("Version").and_then(Value::as_str).unwrap_or_default();
    let alias = qualifier.and_then(|it| found.aliases.get(it));
    let Some((other, weight)) = alias.and_then(|it| it.weights.first_key_value()) else {
        return Ok(number.to_owned());
    };
    let time = ctx.now.as_nanos().to_string();
    let body = ctx.call.body.to_string();
    let chosen = chance::share(0, &[&body, &time]) < *weight;
    Ok(if chosen { other.clone() } else { number.to_owned() })
}

/// At most the last 4 kB, as AWS sends them.
fn log(script: &Script, (id, version): (&str, &str), found: &Function) -> String {
    let memory = &found.latest.config.get("MemorySize").cloned().unwrap_or_default();
    let lines = script.log.iter().fold(String::new(), |all, it| all + it + "\n");
    let took = script.duration_ms;
    let text = format!(
        "START RequestId: {id} Version: {version}\n{lines}END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory} MB\tMax Memory Used: 64 MB\t\n",
        took.ceil()
    );
    let from = text.len().saturating_sub(4096);
    let from = (from..text.len()).find(|it| text.is_char_boundary(*it)).unwrap_or(from);
    text.get(from..).unwrap_or_default().to_owned()
}
