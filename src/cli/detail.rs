//! One object in detail: `evenkeel status NAME`.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    error::DaemonError,
    rows::{ago, fetch, items, member, place, read_times, word},
};

/// Returns in words what is known of one document: the rows of `answer`, and the history, which is
/// read from the daemon at `url`.
pub(super) fn detail(
    url: &str,
    answer: &Value,
    document: &str,
    now: Timestamp,
) -> Result<String, DaemonError> {
    let mut lines = Vec::new();
    for row in items(answer, "objects") {
        lines.extend(object(row, now));
    }
    let base = url.trim_end_matches('/');
    let history = fetch(&format!("{base}/api/v1/history/{document}"))?;
    let mut turns = items(&history, "changes").peekable();
    if turns.peek().is_some() {
        lines.push("HISTORY".into());
    }
    for turn in turns {
        lines.extend(change(turn, now));
    }
    Ok(lines.join("\n"))
}

/// Returns the lines of one object: status and times, details, fields that differ, steps, and the
/// conditions that hold.
fn object(row: &Value, now: Timestamp) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", word(row, "key"), word(row, "status"))];
    if word(row, "status") != "synced" {
        lines.push(format!("  {}: {}", word(row, "reason"), word(row, "message")));
    }
    let mut facts = vec![format!("since {}", ago(row, "since", now)), read_times(row, now)];
    facts.push(format!("observed {}", ago(row, "observed", now)));
    let manifest = place(row);
    if !manifest.is_empty() {
        facts.push(format!("manifest {manifest}"));
    }
    lines.push(format!("  {}", facts.join(", ")));
    for detail in items(row, "details") {
        lines.push(format!("  {}: {}", word(detail, "name"), word(detail, "text")));
    }
    for change in items(row, "changes") {
        let (live, desired) = (word(change, "live"), word(change, "desired"));
        let (path, origin) = (word(change, "path"), word(change, "origin"));
        lines.push(format!("  {path}: {live} → {desired}  ({origin})"));
    }
    let steps = member(row, "steps").as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.extend(steps.map(|step| format!("  step: {step}")));
    let holds = items(row, "conditions").filter(|it| word(it, "status") == "True");
    let holds = holds.filter(|it| !["Ready", "Audited", "Verified"].contains(&word(it, "type")));
    lines.extend(holds.map(|it| {
        let (kind, reason) = (word(it, "type"), word(it, "reason"));
        format!("  {kind} ({reason}): {}", word(it, "message"))
    }));
    lines
}

/// Returns the lines of one entry of the history: what happened, and each field before and after.
fn change(turn: &Value, now: Timestamp) -> Vec<String> {
    let words = [word(turn, "step"), word(turn, "message")];
    let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
    let (at, what) = (ago(turn, "at", now), word(turn, "what"));
    let mut lines =
        vec![format!("  {at} ago  {what}  {}  {}", word(turn, "key"), words.join(": "))];
    for field in items(turn, "fields") {
        let (before, after) = (word(field, "before"), word(field, "after"));
        lines.push(format!("      {}: {before} → {after}", word(field, "path")));
    }
    lines
}
