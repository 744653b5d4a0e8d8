//! `evenkeel explain NAME`: why an object is not as its manifest asks, and what to do next, in short lines.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    args::ExplainArgs,
    error::{CliError, DaemonError},
    out::{clean, print},
    outcome::CommandOutcome,
    rows::{
        ago, facet_name, facet_status, fetch, is_called, items, member, orphan, place, read_times,
        repeats, status_word, word,
    },
};
use crate::{daemon::clock::SystemClock, engine::time::Clock as _};

/// Prints some lines on each object of this name; the outcome is good if all of these are in sync, or
/// asked for by no manifest.
pub(super) fn explain(args: &ExplainArgs) -> Result<CommandOutcome, CliError> {
    let answer = fetch(&format!("{}/api/v1/objects", args.url.trim_end_matches('/')))?;
    let now = SystemClock::start().now().wall;
    let meant: Vec<&Value> =
        items(&answer, "objects").filter(|it| is_called(it, &args.name)).collect();
    if meant.is_empty() {
        return Err(DaemonError::Inexplicable { name: args.name.clone() }.into());
    }
    let blocks: Vec<String> = meant.iter().map(|it| block(&answer, it, now)).collect();
    print(&blocks.join("\n\n"))?;
    // What no manifest asks for differs from none.
    let synced = meant.iter().all(|it| orphan(it).is_some() || word(it, "status") == "synced");
    Ok(if synced { CommandOutcome::Good } else { CommandOutcome::Differs })
}

/// Says of one object which facets are not in sync and what to do, what holds back writes to its
/// target, where its manifest is, and what that rests on.
fn block(answer: &Value, object: &Value, now: Timestamp) -> String {
    let mut lines = vec![format!("{} is {}", word(object, "key"), status_word(object))];
    let wrong: Vec<&Value> =
        items(object, "facets").filter(|it| word(it, "status") != "synced").collect();
    for (index, facet) in wrong.iter().enumerate() {
        let earlier = wrong.iter().take(index);
        // What fails for one reason is told once, with the names of all.
        if earlier.clone().any(|it| repeats(facet, it)) {
            continue;
        }
        let others = wrong.iter().skip(index + 1).filter(|it| repeats(it, facet));
        let names: Vec<String> =
            [*facet].into_iter().chain(others.copied()).map(facet_name).collect();
        let status = facet_status(object, facet);
        lines.extend(facet_lines(facet, &Told { names: names.join(", "), status }, now));
    }
    let target = word(object, "target");
    let target = items(answer, "targets").find(|it| word(it, "name") == target);
    for why in ["paused", "held"] {
        let reason = target.map_or(&Value::Null, |it| member(it, why));
        let told = wrong.iter().any(|it| word(it, "message") == word(reason, "message"));
        if !reason.is_null() && !told {
            let message = word(reason, "message");
            lines.push(format!("  Nothing is written to its target: {message}"));
        }
    }
    let place = place(object);
    if !place.is_empty() {
        lines.push(format!("  Manifest: {place}"));
    }
    for facet in items(object, "facets") {
        lines.push(format!("  {}: {}", facet_name(facet), read_times(facet, now)));
    }
    lines.iter().map(|it| clean(it)).collect::<Vec<_>>().join("\n")
}

/// What a paragraph is about.
struct Told<'a> {
    /// A facet, and others of which the same is true.
    names: String,
    /// How they are, in one word.
    status: &'a str,
}

/// Says since when and why a facet is not in sync, which fields differ, and what to do.
fn facet_lines(facet: &Value, told: &Told<'_>, now: Timestamp) -> Vec<String> {
    let (Told { names, status }, since) = (told, ago(facet, "since", now));
    let (reason, message) = (word(facet, "reason"), word(facet, "message"));
    let mut lines = vec![format!("  {names}: {status} for {since}: {reason}")];
    let advice = member(facet, "advice");
    let said = [word(advice, "meaning"), message];
    lines.extend(said.into_iter().filter(|it| !it.is_empty()).map(|it| format!("    {it}")));
    for change in items(facet, "changes") {
        let who = match word(change, "origin") {
            "drift" => "another party changed it in AWS",
            "both" => "the manifest and AWS both moved",
            _ => "the manifest moved",
        };
        let (live, desired) = (word(change, "live"), word(change, "desired"));
        lines.push(format!("    {}: {live} → {desired} ({who})", word(change, "path")));
    }
    let todo = word(advice, "todo");
    let mut conditions = items(facet, "conditions");
    if !todo.is_empty() {
        lines.push(format!("    What to do: {todo}."));
    } else if conditions.any(|it| word(it, "type") == "Reconciling" && word(it, "status") == "True")
    {
        lines.push("    Nothing needs to be done: Evenkeel is at work on it.".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Where AWS does not answer, one paragraph is about all that is not known for it.
    #[test]
    fn what_fails_for_one_reason_is_told_once() {
        let facet = |name: &str, call: &str, why: &str| {
            let message = format!("{call} failed: {why}");
            json!({ "name": name, "item": null, "status": "unknown", "reason": "ReadFailed", "message": message })
        };
        let down = "no connection";
        let facets = [
            facet("function", "GetFunction", down),
            facet("url", "GetFunctionUrlConfig", "AccessDeniedException"),
            facet("release", "ListAliases", down),
        ];
        let object = json!({
            "key": "default/Function/a", "target": "default", "status": "unknown", "facets": facets,
        });
        let paused = json!({ "name": "default", "paused": { "message": "GetFunction failed: no connection" } });
        let text = block(&json!({ "targets": [paused] }), &object, Timestamp::UNIX_EPOCH);
        let lines: Vec<&str> = text.lines().take(5).collect();
        let expected = [
            "default/Function/a is unknown",
            "  function, release: unknown for never: ReadFailed",
            "    GetFunction failed: no connection",
            "  url: unknown for never: ReadFailed",
            "    GetFunctionUrlConfig failed: AccessDeniedException",
        ];
        assert_eq!(lines, expected);
        assert!(
            !text.contains("Nothing is written"),
            "the target is on hold for the same reason: {text}"
        );
    }
}
