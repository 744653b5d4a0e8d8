//! Invocations: each function, and each version of it, answers what it was told to answer.
//!
//! A call has a beginning, which finds what is to run and where, and an end, which writes the log and makes the answer;
//! between them a script is read, or an image runs.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Ctx, Lambda, environment::Environment, function::Function, log};
use crate::{
    call::{Answer, Call, Refusal, Reply},
    chance,
    time::{self, Moment},
};

/// What a script takes to start, in milliseconds.
const INIT_MS: f64 = 120.0;
/// What a script uses, in megabytes.
const MEMORY_MB: u64 = 64;

/// What a function answers. The first script that fits is played.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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

/// A call that has a place to run.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    /// The request's id.
    pub(crate) id: String,
    pub(crate) function: String,
    pub(crate) version: String,
    pub(crate) environment: Environment,
    /// The configuration of the version.
    pub(crate) config: Map<String, Value>,
    pub(crate) at: Moment,
    pub(crate) start: Timestamp,
    resource: String,
}

/// A line that was printed.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Moment,
    pub(crate) text: String,
    /// Whether it came before the function was asked.
    pub(crate) early: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Success,
    /// With the type of the error.
    Failure(String),
    Timeout,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) payload: Vec<u8>,
    /// `Handled` or `Unhandled`.
    pub(crate) error: Option<String>,
    pub(crate) ending: Ending,
    pub(crate) lines: Vec<Line>,
    pub(crate) took_ms: f64,
    /// How long the start took, of a cold one.
    pub(crate) init_ms: Option<f64>,
    pub(crate) memory_mb: u64,
    pub(crate) ended: Moment,
    /// Whether the environment is no more.
    pub(crate) gone: bool,
}

pub(super) fn invoke(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let Some(begun) = begin(lambda, ctx)? else { return Ok(Reply::empty(204)) };
    let script = lambda.scripts.iter().find(|it| fits(it, &begun)).cloned();
    let script = script.unwrap_or_else(|| Script { duration_ms: 1.0, ..Script::default() });
    let outcome = played(&script, &begun, event(ctx.call));
    Ok(finish(lambda, (&begun, outcome), ctx.call))
}

/// The event, as it was sent.
pub(crate) fn event(call: &Call) -> Vec<u8> {
    BASE64_STANDARD.decode(call.body.as_str().unwrap_or_default()).unwrap_or_default()
}

/// Finds what is to run, and a place for it; none for a dry run.
pub(crate) fn begin(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Result<Option<Begun>, Refusal> {
    let id = lambda.id();
    let found = lambda.function(ctx)?;
    let version = number(found, ctx)?;
    if ctx.call.header("x-amz-invocation-type") == Some("DryRun") {
        return Ok(None);
    }
    let runs = found.version(Some(&version)).ok_or_else(|| ctx.missing())?.clone();
    let function = found.name.clone();
    let resource = match ctx.call.qualifier.as_deref() {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function.clone(),
    };
    let day = time::date(ctx.start, ctx.now).strftime("%Y/%m/%d").to_string();
    let environment = lambda.environments.take(&function, &runs, &day);
    let (config, at, start) = (runs.config, ctx.now, ctx.start);
    Ok(Some(Begun { id, function, version, environment, config, at, start, resource }))
}

/// Writes down what came of a run, and answers. Whoever does not wait for it is told only that it was taken.
pub(crate) fn finish(
    lambda: &mut Lambda,
    (begun, outcome): (&Begun, Outcome),
    call: &Call,
) -> Reply {
    let written = log::written(begun, &outcome);
    let Begun { resource, version, at, .. } = begun.clone();
    // The log knows the run by the id that its caller is told.
    let told = ("x-amzn-requestid", begun.id.clone());
    let mut headers = vec![("x-amz-executed-version", version.clone()), told.clone()];
    if let Some(error) = &outcome.error {
        headers.push(("x-amz-function-error", error.clone()));
    }
    if call.header("x-amz-log-type") == Some("Tail") {
        headers.push(("x-amz-log-result", BASE64_STANDARD.encode(log::tail(&written))));
    }
    lambda.runs.push(Run { at, resource, version, failed: outcome.error.is_some() });
    lambda.written.push(written);
    lambda.environments.leave(begun.environment.number, outcome.gone);
    match call.header("x-amz-invocation-type") {
        Some("Event") => Reply { headers: vec![told], ..Reply::empty(202) },
        _ => Reply { raw: Some(outcome.payload.into()), headers, ..Reply::empty(200) },
    }
}

fn fits(script: &Script, begun: &Begun) -> bool {
    script.function == begun.function
        && script.version.as_ref().is_none_or(|it| *it == begun.version)
}

fn played(script: &Script, begun: &Begun, event: Vec<u8>) -> Outcome {
    let error = script.function_error.clone();
    let kind = |payload: &Value| payload["errorType"].as_str().unwrap_or("Error").to_owned();
    let line = |text: &String| Line { at: begun.at, text: text.clone(), early: false };
    let payload = script.payload.as_ref();
    Outcome {
        ending: match &error {
            Some(_) => Ending::Failure(payload.map(kind).unwrap_or_default()),
            None => Ending::Success,
        },
        payload: payload.map_or(event, |it| it.to_string().into_bytes()),
        error,
        lines: script.log.iter().map(line).collect(),
        took_ms: script.duration_ms,
        init_ms: begun.environment.cold.then_some(INIT_MS),
        memory_mb: MEMORY_MB,
        ended: begun.at,
        gone: false,
    }
}

/// The version that runs. An alias with weights chooses by the event's content, so that a test can tell.
pub(crate) fn number(found: &Function, ctx: &Ctx<'_>) -> Result<String, Refusal> {
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
