//! What is wrong besides the objects.

use std::collections::BTreeMap;

use super::reasons::SharedReason;
use crate::{
    daemon::{board::BoardState, objects::BoardObject},
    engine::{breaker::Broken, count::count, name::Name},
};

/// How many objects something is about, behind it. While the account is not known, nobody can say which there are.
pub(crate) fn number_of(number: usize) -> String {
    if number == 0 { String::new() } else { format!(" ({})", count(number, "object")) }
}

/// Why objects cannot be read, and how many each time, where that are several.
fn unread<'a>(objects: impl Iterator<Item = &'a &'a BoardObject>) -> BTreeMap<&'a str, usize> {
    let mut alike = BTreeMap::new();
    for it in objects {
        let reason = &it.base.reason;
        let reason = SharedReason::of(reason.code, &reason.message);
        if reason.is_failed_read() {
            *alike.entry(reason.message).or_default() += 1;
        }
    }
    alike.retain(|_, number| *number >= ALIKE_MIN);
    alike
}

/// The open mass-drift breakers, by target and kind.
pub(super) fn breakers(shown: &BoardState) -> impl Iterator<Item = (&Name, &'static str, &Broken)> {
    let facets = shown.facets.iter();
    facets.filter_map(|((target, kind), it)| Some((target, *kind, it.summary.broken.as_ref()?)))
}

/// From how many objects on that cannot be read for one reason this is told once for all.
const ALIKE_MIN: usize = 2;

/// Returns what is wrong besides the objects, one line each, and how many of these `objects` a target that is not read
/// has.
pub(crate) fn problems(shown: &BoardState, objects: &[&BoardObject]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(shown.source.error.iter().map(|it| format!("error: {}", it.text())));
    let diagnostics = shown.source.snapshot.iter().flat_map(|it| &it.diagnostics);
    lines.extend(diagnostics.map(|it| format!("error: {it}")));
    let strays = shown.source.strays.iter();
    lines.extend(
        strays.map(|it| format!("error: manifests name the target `{it}`, which is not declared")),
    );
    for (target, paused) in &shown.targets {
        let own = objects.iter().filter(|it| it.key().target == *target);
        match paused {
            Some(why) => {
                let count = number_of(own.count());
                lines.push(format!("error: target {target} is on hold{count}: {}", why.message));
            }
            None => lines.extend(unread(own).into_iter().map(|(why, number)| {
                format!("error: target {target}: {number} objects cannot be read: {why}")
            })),
        }
    }
    lines.extend(breakers(shown).map(|(target, kind, it)| {
        let Broken { drifted, of, hash } = it;
        format!(
            "target {target}: {drifted} of {of} objects of kind {kind} have drifted at once (hash {hash}), so nothing is \
             written: find out who changed them, then `--confirm {hash}`"
        )
    }));
    lines.extend(shown.held.iter().map(|it| format!("nothing is written: {}", it.message)));
    for (target, decision) in &shown.prune_decisions {
        if let Some((_, why)) = &decision.blocked {
            let (count, hash) = (decision.candidates, &decision.hash);
            lines.push(format!("target {target}: {count} to delete (hash {hash}): {why}"));
        }
    }
    // A fault has an excerpt below it, for people who read the file.
    lines.iter().map(|it| it.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")).collect()
}
