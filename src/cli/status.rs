//! `evenkeel status`: the rows of a running Evenkeel, over its API.

use std::{io::IsTerminal as _, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    args::{StatusArgs, StatusOutput},
    detail,
    error::{CliError, DaemonError},
    out::print,
    outcome::CommandOutcome,
    rows::{ago, fetch, is_called, items, member, place, word},
    table,
};
use crate::{daemon::clock::SystemClock, engine::time::Clock as _};

/// The pause of `--watch`.
const PAUSE: Duration = Duration::from_secs(2);

/// Prints the daemon's rows once, or with `--watch` again and again. If one name is given and it is
/// that of one document, its details are printed instead.
pub(super) fn status(args: &StatusArgs) -> Result<CommandOutcome, CliError> {
    let url = format!("{}/api/v1/objects", args.url.trim_end_matches('/'));
    loop {
        let mut answer = fetch(&url)?;
        narrow(&mut answer, args)?;
        let now = SystemClock::start().now().wall;
        let text = match args.output {
            StatusOutput::Json => format!("{answer:#}"),
            StatusOutput::Wide => text(&answer, true, now),
            StatusOutput::Text => match (args.names.as_slice(), one(&answer)) {
                ([_], Some(document)) => detail::detail(&args.url, &answer, document, now)?,
                _ => text(&answer, false, now),
            },
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

/// The key of the only document that the rows are of.
fn one(answer: &Value) -> Option<&str> {
    let mut documents = items(answer, "objects").map(|it| word(it, "document"));
    let first = documents.next()?;
    documents.all(|it| it == first).then_some(first)
}

/// Removes the rows that the names and labels do not select; fails if a name is no object's, or no
/// row is left.
fn narrow(answer: &mut Value, args: &StatusArgs) -> Result<(), DaemonError> {
    let Some(Value::Array(rows)) = answer.get_mut("objects") else { return Ok(()) };
    let unknown = args.names.iter().find(|name| !rows.iter().any(|row| is_called(row, name)));
    if let Some(name) = unknown {
        return Err(DaemonError::NoObject { name: name.clone() });
    }
    let any = !rows.is_empty();
    rows.retain(|row| {
        let labels = member(row, "labels");
        let named = args.names.is_empty() || args.names.iter().any(|name| is_called(row, name));
        named && args.label.iter().all(|(key, value)| word(labels, key) == value)
    });
    if any && rows.is_empty() {
        return Err(DaemonError::NoSuchLabels);
    }
    Ok(())
}

/// Returns the table of all rows, below what holds back writes. `wide`: with more columns.
fn text(answer: &Value, wide: bool, now: Timestamp) -> String {
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
    lines.extend(unsettled(answer));
    let head = ["STATUS", "OBJECT", "IMAGE", "DRIFT", "SINCE", "OBSERVED", "AUDITED"];
    let more = if wide { &["MODE", "MANIFEST", "LABELS", "REASON"][..] } else { &["REASON"] };
    let head = head.iter().chain(more).map(|it| (*it).to_owned());
    let mut rows = vec![head.collect()];
    rows.extend(items(answer, "objects").map(|it| row(it, wide, now)));
    lines.push(table::columns(&rows));
    lines.join("\n")
}

/// Returns what keeps things from being written or deleted in a target, one line each.
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

/// Returns the cells of one row, in the order of the table's head.
fn row(row: &Value, wide: bool, now: Timestamp) -> Vec<String> {
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
    let mut cells = vec![
        word(row, "status").to_owned(),
        word(row, "key").to_owned(),
        image,
        causes.join(","),
        ago(row, "since", now),
        ago(row, "observed", now),
        ago(row, "audited", now),
    ];
    if wide {
        let labels = member(row, "labels").as_object().into_iter().flatten();
        let labels: Vec<String> = labels
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        cells.extend([word(row, "mode").to_owned(), place(row), labels.join(",")]);
    }
    cells.push(reason);
    cells
}

/// Returns `Good` if every object that a manifest asks for is in sync, and so is the whole.
fn outcome(answer: &Value) -> CommandOutcome {
    let orphan = |it: &&Value| member(it, "orphan").as_bool() == Some(true);
    let mut wanted = items(answer, "objects").filter(|it| !orphan(it));
    let synced = wanted.all(|it| word(it, "status") == "synced");
    if synced && unsettled(answer).is_empty() {
        CommandOutcome::Good
    } else {
        CommandOutcome::Differs
    }
}

/// Returns what keeps the whole from being in sync besides the rows: a start whose first read is
/// not done, and manifests that do not count. One line each.
fn unsettled(answer: &Value) -> Vec<String> {
    let source = member(answer, "source");
    let count = |name: &str| member(source, name).as_u64().unwrap_or_default();
    let mut lines = Vec::new();
    let unread = member(source, "snapshot").is_null() || count("documents") > 0;
    let strays: Vec<&str> = items(source, "strays").filter_map(Value::as_str).collect();
    if items(answer, "objects").next().is_none() && unread && strays.is_empty() {
        lines.push("nothing has been looked at yet".to_owned());
    }
    if count("invalid") > 0 {
        lines.push(format!("files with faults: {}; `evenkeel check` names them", count("invalid")));
    }
    lines.extend(
        strays.iter().map(|it| format!("manifests name the target `{it}`, which is not declared")),
    );
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_not_been_looked_at_is_not_in_sync() {
        let check = |source: Value, objects: Value, expected: CommandOutcome| {
            let answer = json!({ "source": source, "objects": objects });
            assert_eq!(outcome(&answer), expected, "{answer}");
        };
        let read = |documents: u64| json!({ "snapshot": "a1", "documents": documents });
        check(json!({ "snapshot": null }), json!([]), CommandOutcome::Differs);
        check(read(2), json!([]), CommandOutcome::Differs);
        check(read(0), json!([]), CommandOutcome::Good);
        check(read(1), json!([{ "status": "synced" }]), CommandOutcome::Good);
        check(read(1), json!([{ "status": "unknown" }]), CommandOutcome::Differs);
        check(read(1), json!([{ "status": "unverified" }]), CommandOutcome::Differs);
        check(read(0), json!([{ "status": "orphan", "orphan": true }]), CommandOutcome::Good);
        let faulty = json!({ "snapshot": "a1", "invalid": 1 });
        check(faulty, json!([{ "status": "synced" }]), CommandOutcome::Differs);
        let strays = json!({ "snapshot": "a1", "documents": 1, "strays": ["away"] });
        check(strays, json!([]), CommandOutcome::Differs);
    }
}
