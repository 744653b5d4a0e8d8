//! What is wrong besides the objects.

use crate::daemon::board::BoardState;

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
