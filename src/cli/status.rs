//! `evenkeel status`: the rows of a running Evenkeel, over its API.

use std::{io::IsTerminal as _, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{CliError, Outcome, Output, StatusArgs, print, table};
use crate::{daemon::clock::SystemClock, engine::time::Clock as _};

/// The pause of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);
/// How long the daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Prints the rows once, or again and again.
pub(super) fn status(args: &StatusArgs) -> Result<Outcome, CliError> {
    let url = format!("{}/api/v1/objects", args.url.trim_end_matches('/'));
    loop {
        let mut answer = fetch(&url)?;
        narrow(&mut answer, args)?;
        let text = match args.output {
            Output::Json => format!("{answer:#}"),
            Output::Text => text(&answer, SystemClock::start().now().wall),
        };
        if !args.watch {
            print(&text)?;
            return Ok(outcome(&answer));
        }
        let clear = if std::io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
        print(&format!("{clear}{text}"))?;
        #[expect(clippy::disallowed_methods, reason = "this command has no runtime to block")]
        std::thread::sleep(PAUSE);
    }
}

fn fetch(url: &str) -> Result<Value, CliError> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(ANSWER_MAX)).build().into();
    let mut answer = agent.get(url).call().map_err(|error| {
        CliError(format!(
            "no Evenkeel answers at {url}: {error}; is it running, and is --url right?"
        ))
    })?;
    answer.body_mut().read_json().map_err(|error| CliError(format!("{url}: {error}")))
}

/// Leaves only what is meant.
fn narrow(answer: &mut Value, args: &StatusArgs) -> Result<(), CliError> {
    let called = |row: &Value, name: &str| {
        let key = word(row, "key");
        key == name
            || word(row, "name") == name
            || key.split_once('/').is_some_and(|(_, rest)| rest == name)
    };
    let Some(Value::Array(rows)) = answer.get_mut("objects") else { return Ok(()) };
    let unknown = args.names.iter().find(|name| !rows.iter().any(|row| called(row, name)));
    if let Some(name) = unknown {
        return Err(CliError(format!("there is no object `{name}`")));
    }
    rows.retain(|row| {
        let labels = member(row, "labels");
        let named = args.names.is_empty() || args.names.iter().any(|name| called(row, name));
        named && args.label.iter().all(|(key, value)| word(labels, key) == value)
    });
    Ok(())
}

fn text(answer: &Value, now: Timestamp) -> String {
    let mut lines = Vec::new();
    let source = member(answer, "source");
    if let Some(error) = source.get("error").and_then(Value::as_str) {
        lines.push(format!("source: {error}"));
    }
    for target in items(answer, "targets").filter(|it| !member(it, "paused").is_null()) {
        let message = word(member(target, "paused"), "message");
        lines.push(format!("target {} is on hold: {message}", word(target, "name")));
    }
    lines.extend(items(answer, "targets").flat_map(rails));
    let head = ["STATUS", "OBJECT", "IMAGE", "DRIFT", "SINCE", "OBSERVED", "AUDITED", "REASON"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(items(answer, "objects").map(|it| row(it, now)));
    lines.push(table::columns(&rows));
    lines.join("\n")
}

/// What keeps things from being written or deleted in a target, one line each.
fn rails(target: &Value) -> Vec<String> {
    let name = word(target, "name");
    let mut lines = Vec::new();
    let held = member(target, "held");
    if !held.is_null() {
        lines.push(format!("target {name}: nothing is written: {}", word(held, "message")));
    }
    let prune = member(target, "prune");
    let blocked = member(prune, "blocked");
    if !blocked.is_null() {
        let (count, hash) = (member(prune, "candidates"), word(prune, "hash"));
        let why = word(blocked, "message");
        lines.push(format!("target {name}: {count} to delete (hash {hash}): {why}"));
    }
    for rollout in items(target, "rollouts") {
        let number = |name| member(rollout, name).to_string();
        let halted = member(rollout, "halted").as_bool() == Some(true);
        lines.push(format!(
            "target {name}: an update of {} objects is in wave {}, {} released{}",
            number("members"),
            number("wave"),
            number("released"),
            if halted { "; it has stopped at a failure" } else { "" },
        ));
    }
    lines
}

fn row(row: &Value, now: Timestamp) -> Vec<String> {
    let digests = member(row, "digests");
    let image = match (word(digests, "desired"), word(digests, "live")) {
        (desired, live) if desired == live || desired.is_empty() => live.to_owned(),
        (desired, live) => format!("{live} → {desired}"),
    };
    let causes: Vec<&str> = items(row, "causes").filter_map(Value::as_str).collect();
    let reason = match (word(row, "status"), word(row, "message")) {
        ("synced", _) => String::new(),
        (_, message) => format!("{}: {message}", word(row, "reason")),
    };
    vec![
        word(row, "status").to_owned(),
        word(row, "key").to_owned(),
        image,
        causes.join(","),
        age(row, "since", now),
        age(row, "observed", now),
        age(row, "audited", now),
        reason,
    ]
}

/// How long ago something was, in the one unit that says it best.
fn age(row: &Value, name: &str, now: Timestamp) -> String {
    let Ok(at) = word(row, name).parse::<Timestamp>() else { return "never".into() };
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn outcome(answer: &Value) -> Outcome {
    let orphan = |it: &&Value| member(it, "orphan").as_bool() == Some(true);
    let mut wanted = items(answer, "objects").filter(|it| !orphan(it));
    let synced = wanted.all(|it| word(it, "status") == "synced");
    if synced { Outcome::Good } else { Outcome::Differs }
}

fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    member(value, name).as_str().unwrap_or_default()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    member(value, name).as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ages_are_told_in_one_unit() {
        let now: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
        let age = |at: &str| age(&json!({ "at": at }), "at", now);
        assert_eq!(age("2026-11-01T23:59:30Z"), "30s");
        assert_eq!(age("2026-11-01T23:50:00Z"), "10m");
        assert_eq!(age("2026-11-01T00:00:00Z"), "24h");
        assert_eq!(age("2026-10-01T00:00:00Z"), "32d");
        assert_eq!(age("2026-11-02T00:00:09Z"), "0s");
        assert_eq!(age(""), "never");
    }
}
