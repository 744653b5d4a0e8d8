//! What is wrong besides the objects.

use crate::{
    daemon::board::BoardState,
    engine::{breaker::Broken, name::Name},
};

/// The open mass-drift breakers, by target and kind.
pub(super) fn breakers(shown: &BoardState) -> impl Iterator<Item = (&Name, &'static str, &Broken)> {
    let engines = shown.engines.iter();
    engines.filter_map(|((target, kind), it)| Some((target, *kind, it.summary.broken.as_ref()?)))
}

/// Returns what is wrong besides the objects, one line each.
pub(crate) fn problems(shown: &BoardState) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(shown.source.error.iter().map(|it| format!("error: {}", it.text())));
    let diagnostics = shown.source.snapshot.iter().flat_map(|it| &it.diagnostics);
    lines.extend(diagnostics.map(|it| format!("error: {it}")));
    let strays = shown.source.strays.iter();
    lines.extend(
        strays.map(|it| format!("error: manifests name the target `{it}`, which is not declared")),
    );
    for (target, paused) in &shown.targets {
        let paused = paused.iter();
        lines.extend(paused.map(|it| format!("error: target {target} is on hold: {}", it.message)));
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
