//! What must hold, whatever the weather: read off the stand-in's journal.

use std::{collections::BTreeMap, time::Duration};

use evenkeel_sim::journal::Entry;
use serde_json::Value;

use crate::scene::FOREIGN;

/// How long a manifest must have been gone before its function is.
const GRACE: f64 = 60.0;
/// Writes that one reason to write may take: code, configuration, tags, the record; and the blocks, each with a
/// note of it, and six for permissions that all change; a version, the alias, its tag and a version that failed; and
/// three for each block that moves to the alias or from it.
const STEPS: usize = 4 + 4 * 2 + 6 + 4 + 3 * 3;

/// Calls that take the revision that was seen.
const GUARDED: [&str; 4] =
    ["UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"];

/// What people did.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// How often each function was changed, or asked to change.
    touched: BTreeMap<String, usize>,
    /// Since when manifests are gone.
    pub(crate) gone: BTreeMap<String, Duration>,
    pub(crate) restarts: usize,
}

impl Told {
    pub(crate) fn touch<S: ToString>(&mut self, names: impl IntoIterator<Item = S>) {
        for name in names {
            *self.touched.entry(name.to_string()).or_default() += 1;
        }
    }
}

/// What a scene came to, in numbers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) calls: usize,
    pub(crate) writes: usize,
    pub(crate) faults: usize,
    pub(crate) calm: Duration,
}

impl Sum {
    pub(crate) fn of(journal: &[Entry], calm: Duration) -> Self {
        let ours = || journal.iter().filter(|it| is_ours(it));
        Self {
            calls: ours().count(),
            writes: ours().filter(|it| it.effect).count(),
            faults: ours().filter(|it| it.fault.is_some()).count(),
            calm,
        }
    }
}

fn is_ours(entry: &Entry) -> bool {
    entry.caller.starts_with("AKIARUN")
}

/// All laws; the first that is broken is the error. `before` is where the journal stood when all was well.
pub(crate) fn hold(
    journal: &[Entry],
    observe: bool,
    (told, before): (&Told, usize),
) -> Result<(), String> {
    let writes: Vec<&Entry> = journal.iter().filter(|it| is_ours(it) && it.write).collect();
    if observe {
        return none(writes.first(), "a write in mode observe");
    }
    // A read that comes too late may not show a name that is taken: then AWS refuses to make it twice.
    let refused = |it: &&&Entry| it.operation == "CreateFunction" && !it.effect;
    let foreign = |it: &&&Entry| FOREIGN.contains(&it.resource.as_str()) && !refused(it);
    let foreign = writes.iter().find(foreign);
    none(foreign, "a write to what is not ours")?;
    let late = |it: &&&Entry| usize::try_from(it.number).is_ok_and(|it| it >= before);
    let late = writes.iter().filter(late).find(|it| !is_record(it));
    none(late, "a write though nothing differs")?;
    let blind =
        writes.iter().find(|it| GUARDED.contains(&it.operation.as_str()) && it.revision.is_none());
    none(blind, "an update without a revision")?;
    one_at_a_time(&writes)?;
    only_usable(&writes)?;
    deletions(&writes, told)?;
    no_more_than_needed(journal, &writes, told)
}

/// Whether it only writes down what was applied last, or what is no more: that may come with the slow rotation.
fn is_record(entry: &Entry) -> bool {
    let ours = |key: &str| key == "evenkeel.dev/applied" || key.starts_with("evenkeel.dev/block/");
    let bare = |picture: &Value| {
        let mut picture = picture.clone();
        if let Some(tags) = picture["tags"].as_object_mut() {
            tags.retain(|key, _| !ours(key));
        }
        picture
    };
    let tags = ["TagResource", "UntagResource"].contains(&entry.operation.as_str());
    tags && entry.before["tags"].is_object() && bare(&entry.before) == bare(&entry.after)
}

fn none(found: Option<&&Entry>, what: &str) -> Result<(), String> {
    match found {
        None => Ok(()),
        Some(entry) => Err(format!("{what}: {entry:?}")),
    }
}

/// Never two writes to one function at once. Of two processes, one of them killed, that cannot be asked.
fn one_at_a_time(writes: &[&Entry]) -> Result<(), String> {
    let mut last: BTreeMap<(&str, &str), &Entry> = BTreeMap::new();
    // A call about a mapping does not say which function it is for.
    for entry in writes.iter().filter(|it| !it.resource.is_empty()) {
        let key = (entry.caller.as_str(), entry.resource.as_str());
        let before = last.insert(key, entry);
        if let Some(before) = before
            && before.ended.is_none_or(|it| it > entry.began)
        {
            return Err(format!("two writes at once: {before:?} and {entry:?}"));
        }
    }
    Ok(())
}

/// An alias is never led to a version that is not Active.
fn only_usable(writes: &[&Entry]) -> Result<(), String> {
    let moves = ["CreateAlias", "UpdateAlias"];
    let moves = writes.iter().filter(|it| moves.contains(&it.operation.as_str()) && it.effect);
    let usable = |entry: &Entry| {
        let all = entry.after["aliases"].as_object().into_iter().flatten();
        let mut states = all.flat_map(|(_, it)| it.as_object().into_iter().flatten());
        states.all(|(_, state)| state == "Active")
    };
    match moves.into_iter().find(|it| it.after.is_object() && !usable(it)) {
        Some(entry) => Err(format!("an alias that leads nowhere good: {entry:?}")),
        None => Ok(()),
    }
}

/// A deletion rests on a manifest that has long been gone, and on the live tag; or the function failed at
/// its creation.
fn deletions(writes: &[&Entry], told: &Told) -> Result<(), String> {
    let deletions = writes.iter().filter(|it| it.operation == "DeleteFunction" && it.effect);
    for entry in deletions {
        let config = &entry.before["configuration"];
        // With a version alone nothing changes that is kept here.
        if config["State"] == "Failed" || !config.is_object() {
            continue;
        }
        let gone = told.gone.get(&entry.resource).map(Duration::as_secs_f64);
        let allowed = entry.before["tags"]["evenkeel.dev/deletion"] == "delete";
        if gone.is_none_or(|it| entry.began < it + GRACE) || !allowed {
            return Err(format!("a deletion outside its gate: {entry:?}"));
        }
    }
    Ok(())
}

/// Each reason to write costs a few writes, and each failure one more try.
fn no_more_than_needed(journal: &[Entry], writes: &[&Entry], told: &Told) -> Result<(), String> {
    let mut effects: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in writes {
        let failed = entry.status >= 300 || entry.status == 0 || entry.fault.is_some();
        *effects.entry(&entry.resource).or_default() += usize::from(entry.effect);
        *reasons.entry(&entry.resource).or_default() += usize::from(failed);
    }
    for entry in journal.iter().filter(|it| it.caller == "rival") {
        *reasons.entry(&entry.resource).or_default() += 1;
    }
    for (name, effects) in effects {
        let touched = told.touched.get(name).copied().unwrap_or_default();
        let reasons = reasons.get(name).copied().unwrap_or_default();
        let most = STEPS * (1 + touched + reasons + told.restarts);
        if effects > most {
            return Err(format!("{effects} writes to {name}, for {reasons} reasons"));
        }
    }
    Ok(())
}
