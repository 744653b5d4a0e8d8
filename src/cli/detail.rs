//! One object in detail: `evenkeel status NAME`.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    error::DaemonError,
    out::clean,
    rows::{
        ago, facet_name, facet_status, fetch, items, place, read_times, repeats, status_word, word,
    },
};

/// Returns in words what is known of one object, facet by facet, and its history, which is read from the daemon at
/// `url`.
pub(super) fn detail(url: &str, object: &Value, now: Timestamp) -> Result<String, DaemonError> {
    let key = word(object, "key");
    let mut head = vec![format!("mode {}", word(object, "mode"))];
    let manifest = place(object);
    if !manifest.is_empty() {
        head.push(format!("manifest {manifest}"));
    }
    let mut lines =
        vec![format!("{key}  {}", status_word(object)), format!("  {}", head.join(", "))];
    let base = items(object, "facets").next();
    for (index, it) in items(object, "facets").enumerate() {
        let told = index > 0 && base.is_some_and(|base| repeats(it, base));
        let status = facet_status(object, it);
        lines.extend(facet(it, FacetStatus { status, told }, now));
    }
    let base = url.trim_end_matches('/');
    let history = fetch(&format!("{base}/api/v1/history/{key}"))?;
    let mut turns = items(&history, "changes").peekable();
    if turns.peek().is_some() {
        lines.push("HISTORY".into());
    }
    for turn in turns {
        lines.extend(change(turn, now));
    }
    Ok(lines.iter().map(|it| clean(it)).collect::<Vec<_>>().join("\n"))
}

/// How a facet is.
#[derive(Clone, Copy)]
struct FacetStatus<'a> {
    /// In one word.
    status: &'a str,
    /// Whether the object itself says why it is not in sync.
    told: bool,
}

/// Returns the lines of one facet: status and times, details, fields that differ, steps, and the
/// conditions that hold.
fn facet(it: &Value, shown: FacetStatus<'_>, now: Timestamp) -> Vec<String> {
    let FacetStatus { status, told } = shown;
    let mut lines = vec![format!("  {}  {status}", facet_name(it))];
    if word(it, "status") != "synced" && !told {
        lines.push(format!("    {}: {}", word(it, "reason"), word(it, "message")));
    }
    let mut facts = vec![format!("since {}", ago(it, "since", now)), read_times(it, now)];
    facts.push(format!("observed {}", ago(it, "observed", now)));
    lines.push(format!("    {}", facts.join(", ")));
    for detail in items(it, "details") {
        lines.push(format!("    {}: {}", word(detail, "name"), word(detail, "text")));
    }
    for change in items(it, "changes") {
        let (live, desired) = (word(change, "live"), word(change, "desired"));
        let (path, origin) = (word(change, "path"), word(change, "origin"));
        lines.push(format!("    {path}: {live} → {desired}  ({origin})"));
    }
    let steps = items(it, "steps").filter_map(Value::as_str);
    lines.extend(steps.map(|step| format!("    step: {step}")));
    let holds = items(it, "conditions").filter(|it| word(it, "status") == "True");
    let holds = holds.filter(|it| !["Ready", "Audited", "Verified"].contains(&word(it, "type")));
    lines.extend(holds.map(|it| {
        let (kind, reason) = (word(it, "type"), word(it, "reason"));
        format!("    {kind} ({reason}): {}", word(it, "message"))
    }));
    lines
}

/// Returns the lines of one entry of the history: what happened, and each field before and after.
fn change(turn: &Value, now: Timestamp) -> Vec<String> {
    let words = [word(turn, "step"), word(turn, "message")];
    let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
    let (at, what) = (ago(turn, "at", now), word(turn, "what"));
    let mut lines =
        vec![format!("  {at} ago  {what}  {}  {}", word(turn, "facet"), words.join(": "))];
    for field in items(turn, "fields") {
        let (before, after) = (word(field, "before"), word(field, "after"));
        lines.push(format!("      {}: {before} → {after}", word(field, "path")));
    }
    lines
}
