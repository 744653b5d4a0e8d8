//! What the API of a running Evenkeel answers: its rows, and the words in them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::error::DaemonError;
use crate::{
    aws::proxies::Proxies,
    daemon::view::{age::age, plan::PlanOutcome, reasons::SharedReason},
};

/// How long the daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Reads what the daemon's API answers at `url`.
pub(super) fn fetch(url: &str) -> Result<Value, DaemonError> {
    let at = url.to_owned();
    let answer = agent(url).get(url).call();
    let mut answer =
        answer.map_err(|it| DaemonError::NoAnswer { url: at.clone(), source: Box::new(it) })?;
    let read = answer.body_mut().read_json();
    read.map_err(|it| DaemonError::BadAnswer { url: at, source: Box::new(it) })
}

/// What speaks to a daemon at this URL: on this machine directly, elsewhere by the proxy of the environment.
pub(super) fn agent(url: &str) -> ureq::Agent {
    let proxy = Proxies::from_env().address(url).and_then(|it| ureq::Proxy::new(&it).ok());
    let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_MAX)).proxy(proxy);
    config.build().into()
}

/// Whether an object is called so: by its name, with its kind, or by its whole key.
pub(super) fn is_called(object: &Value, name: &str) -> bool {
    let key = word(object, "key");
    key == name
        || word(object, "name") == name
        || key.split_once('/').is_some_and(|(_, rest)| rest == name)
}

/// Where an object is written, as `team/resize.yaml:3`; empty if nowhere.
pub(super) fn place(row: &Value) -> String {
    let place = member(row, "manifest");
    if place.is_null() {
        String::new()
    } else {
        format!("{}:{}", word(place, "file"), member(place, "line"))
    }
}

/// How a facet is called, as `url` or `eventSources[ARN]`.
pub(super) fn facet_name(facet: &Value) -> String {
    match member(facet, "item").as_str() {
        Some(item) => format!("{}[{item}]", word(facet, "name")),
        None => word(facet, "name").to_owned(),
    }
}

/// What becomes of an object that no manifest asks for, in the word of a plan; `None`: one does.
pub(super) fn orphan(object: &Value) -> Option<PlanOutcome> {
    let orphan = member(object, "orphan").as_bool() == Some(true);
    orphan.then(|| PlanOutcome::of_orphan(word(object, "reason")))
}

/// The status of an object for people: of what no manifest asks for, what becomes of it.
pub(super) fn status_word(object: &Value) -> &str {
    orphan(object).map_or_else(|| word(object, "status"), |it| it.as_str())
}

/// The same of one of its facets.
pub(super) fn facet_status<'a>(object: &Value, facet: &'a Value) -> &'a str {
    orphan(object).map_or_else(|| word(facet, "status"), |it| it.as_str())
}

/// Why something is not in sync, as others may have it too.
pub(super) fn shared_reason(row: &Value) -> SharedReason<'_> {
    SharedReason::of(word(row, "reason"), word(row, "message"))
}

/// Whether a facet is as badly off as another one and for the same reason, and nothing of it is known to differ: then
/// one line says all of both.
pub(super) fn repeats(facet: &Value, other: &Value) -> bool {
    word(facet, "status") != "synced"
        && word(facet, "status") == word(other, "status")
        && shared_reason(facet) == shared_reason(other)
        && items(facet, "changes").next().is_none()
}

/// How long ago something was.
pub(super) fn ago(row: &Value, name: &str, now: Timestamp) -> String {
    word(row, name).parse().map_or_else(|_| "never".into(), |at| age(at, now))
}

/// When an object was last read exactly, how old that may get, and when it is read next, as `read 24s ago (at most
/// 90s), next in 61s`.
pub(super) fn read_times(row: &Value, now: Timestamp) -> String {
    let read = match word(row, "audited").parse::<Timestamp>() {
        Ok(at) => format!("read {} ago", age(at, now)),
        Err(_) => "not read since the start".to_owned(),
    };
    let limit = member(row, "maxAgeSeconds").as_f64().unwrap_or_default();
    let limit = Duration::try_from_secs_f64(limit).unwrap_or_default();
    let limit = age(now, now.checked_add(limit).unwrap_or(now));
    let next = match word(row, "nextCheck").parse::<Timestamp>() {
        Ok(at) if at > now => format!("next in {}", age(now, at)),
        Ok(_) => "next at once".to_owned(),
        Err(_) => "next with a list".to_owned(),
    };
    format!("{read} (at most {limit}), {next}")
}

pub(super) fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

pub(super) fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).as_str().unwrap_or_default()
}

/// The objects of an answer that a manifest asks for.
pub(super) fn wanted_objects(answer: &Value) -> impl Iterator<Item = &Value> {
    items(answer, "objects").filter(|it| member(it, "orphan").as_bool() != Some(true))
}

pub(super) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(value, name).as_array().into_iter().flatten()
}
