//! `evenkeel explain NAME`: one paragraph on why it is not as its manifest asks, and what to do next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    args::ExplainArgs,
    error::{CliError, DaemonError},
    out::print,
    outcome::CommandOutcome,
    rows::{ago, fetch, is_called, items, member, place, read_times, word},
};
use crate::{daemon::clock::SystemClock, engine::time::Clock as _};

/// Prints a paragraph on each document of this name; the outcome is good if all objects of these
/// documents are in sync.
pub(super) fn explain(args: &ExplainArgs) -> Result<CommandOutcome, CliError> {
    let answer = fetch(&format!("{}/api/v1/objects", args.url.trim_end_matches('/')))?;
    let now = SystemClock::start().now().wall;
    let meant = items(&answer, "objects").filter(|it| is_called(it, &args.name));
    let documents: BTreeSet<&str> = meant.map(|it| word(it, "document")).collect();
    if documents.is_empty() {
        return Err(DaemonError::Inexplicable { name: args.name.clone() }.into());
    }
    let rows =
        |document| items(&answer, "objects").filter(move |it| word(it, "document") == document);
    let paragraphs: Vec<String> = documents
        .iter()
        .map(|document| paragraph(&answer, document, &rows(*document).collect::<Vec<_>>(), now))
        .collect();
    print(&paragraphs.join("\n\n"))?;
    let synced = documents.iter().flat_map(|it| rows(it)).all(|it| word(it, "status") == "synced");
    Ok(if synced { CommandOutcome::Good } else { CommandOutcome::Differs })
}

/// Says of one document which objects are not in sync and what to do, what holds back writes to its
/// target, and where its manifest is.
fn paragraph(answer: &Value, document: &str, rows: &[&Value], now: Timestamp) -> String {
    let mut text = Vec::new();
    let wrong: Vec<&&Value> = rows.iter().filter(|it| word(it, "status") != "synced").collect();
    if wrong.is_empty() {
        return format!("{document} is as its manifest asks: {}.", reads(rows, now));
    }
    for row in wrong {
        text.push(sentence(document, row, now));
        let advice = member(row, "advice");
        let todo = word(advice, "todo");
        if !todo.is_empty() {
            text.push(format!("What to do: {todo}."));
        } else if items(row, "conditions")
            .any(|it| word(it, "type") == "Reconciling" && word(it, "status") == "True")
        {
            text.push("Nothing needs to be done: Evenkeel is at it.".into());
        }
    }
    let target = rows.first().map(|it| word(it, "target")).unwrap_or_default();
    let target = items(answer, "targets").find(|it| word(it, "name") == target);
    for why in ["paused", "held"] {
        let reason = target.map_or(&Value::Null, |it| member(it, why));
        if !reason.is_null() {
            text.push(format!(
                "Besides, nothing is written to its target: {}.",
                word(reason, "message")
            ));
        }
    }
    let place = rows.iter().map(|it| place(it)).find(|it| !it.is_empty());
    if let Some(place) = place {
        text.push(format!("Its manifest is {place}."));
    }
    text.push(format!("What this rests on: {}.", reads(rows, now)));
    text.join(" ")
}

/// Says of each part when it was last read, how old that may get, and when it is read next.
fn reads(rows: &[&Value], now: Timestamp) -> String {
    let one = |row: &&Value| format!("{} {}", word(row, "kind"), read_times(row, now));
    rows.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Says since when and why one object is not in sync, and which fields differ.
fn sentence(document: &str, row: &Value, now: Timestamp) -> String {
    let key = word(row, "key");
    let who =
        if key == document { key.to_owned() } else { format!("Its {} ({key})", word(row, "kind")) };
    let (status, since) = (word(row, "status"), ago(row, "since", now));
    let (reason, message) = (word(row, "reason"), word(row, "message"));
    let mut text = format!("{who} has been {status} for {since}: {reason}");
    let meaning = word(member(row, "advice"), "meaning");
    for more in [meaning, message] {
        if !more.is_empty() {
            text = format!("{text}; {more}");
        }
    }
    text.push('.');
    let fields: Vec<String> = items(row, "changes")
        .map(|it| {
            let who = match word(it, "origin") {
                "drift" => "somebody changed it in AWS",
                "both" => "both moved",
                _ => "the manifest moved",
            };
            let (path, live) = (word(it, "path"), word(it, "live"));
            let path = if path.is_empty() { "it" } else { path };
            format!("{path} is {live} and should be {} ({who})", word(it, "desired"))
        })
        .collect();
    if !fields.is_empty() {
        text = format!("{text} {}.", fields.join("; "));
    }
    text
}
