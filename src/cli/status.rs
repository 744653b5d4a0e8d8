//! `evenkeel status`: the rows of a running Evenkeel, over its API.

use std::{io::IsTerminal as _, time::Duration};

use serde_json::Value;

use super::{CliError, Outcome, Output, StatusArgs, print, table};

/// The pause of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);
/// How long the daemon may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Prints the rows once, or again and again.
pub(super) fn status(args: &StatusArgs) -> Result<Outcome, CliError> {
    let url = format!("{}/api/v1/objects", args.url.trim_end_matches('/'));
    loop {
        let answer = fetch(&url)?;
        let text = match args.output {
            Output::Json => format!("{answer:#}"),
            Output::Text => text(&answer),
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

fn text(answer: &Value) -> String {
    let mut lines = Vec::new();
    let source = member(answer, "source");
    if let Some(error) = source.get("error").and_then(Value::as_str) {
        lines.push(format!("source: {error}"));
    }
    for target in items(answer, "targets").filter(|it| !member(it, "paused").is_null()) {
        let message = word(member(target, "paused"), "message");
        lines.push(format!("target {} is on hold: {message}", word(target, "name")));
    }
    let head = ["STATUS", "OBJECT", "IMAGE", "DRIFT", "SINCE", "OBSERVED", "AUDITED", "REASON"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(items(answer, "objects").map(row));
    lines.push(table::columns(&rows));
    lines.join("\n")
}

fn row(row: &Value) -> Vec<String> {
    let digests = member(row, "digests");
    let image = match (word(digests, "desired"), word(digests, "live")) {
        (desired, live) if desired == live => live.to_owned(),
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
        time(row, "since"),
        time(row, "observed"),
        time(row, "audited"),
        reason,
    ]
}

/// A time of day is what people compare with the clock on the wall.
fn time(row: &Value, name: &str) -> String {
    let text = word(row, name);
    text.split_once('T').map_or(text, |(_, time)| time.get(..8).unwrap_or(time)).to_owned()
}

fn outcome(answer: &Value) -> Outcome {
    let synced = items(answer, "objects").all(|it| word(it, "status") == "synced");
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
