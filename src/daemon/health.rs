//! Whether the daemon makes progress, and whether it knows enough to be relied upon: for probes and for systemd.

use std::time::Duration;

use super::board::BoardState;
use crate::engine::time::Mono;

/// A driver whose loop has not gone round for this long hangs: it does so every ten seconds.
const BEAT_MAX: Duration = Duration::from_mins(1);

/// The engines that have stopped going round; empty: all is well.
pub(super) fn stuck(shown: &BoardState, now: Mono) -> Vec<String> {
    let late = shown.engines.iter().filter(|(_, it)| now.since(it.beat) > BEAT_MAX);
    late.map(|((target, kind), _)| format!("{target}/{kind} has stopped going round\n")).collect()
}

/// What keeps the daemon from being ready, a line each; empty: it is ready. It must have read the
/// manifests, and listed AWS once for every target that is not on hold. `engines` is how many there
/// should be.
pub(super) fn missing(shown: &BoardState, engines: usize) -> Vec<String> {
    let mut missing = Vec::new();
    if shown.source.snapshot.is_none() {
        missing.push("the manifests have not been read\n".to_owned());
    }
    missing.extend(shown.source.error.iter().map(|it| format!("source: {}\n", it.text())));
    let paused = |target| shown.targets.get(target).is_none_or(Option::is_some);
    let late =
        shown.facets.iter().filter(|((target, _), it)| !it.summary.listed && !paused(target));
    missing.extend(late.map(|((target, kind), _)| format!("{target}/{kind} is not listed yet\n")));
    if shown.targets.is_empty() || shown.targets.values().all(Option::is_some) {
        missing.push("every target is on hold\n".to_owned());
    }
    if shown.engines.len() < engines {
        missing.push("not every engine has started\n".to_owned());
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{daemon::board::EngineStatus, engine::name::Name};

    #[test]
    fn an_engine_that_stands_still_is_told_and_the_others_are_not() {
        let mut shown = BoardState::default();
        for (kind, second) in [("Function", 100), ("Repository", 39)] {
            let beat = Mono(Duration::from_secs(second));
            let engine = EngineStatus { beat, ..EngineStatus::default() };
            shown.engines.insert((Name::new("default"), kind), engine);
        }
        let at = |second| stuck(&shown, Mono(Duration::from_secs(second)));
        assert_eq!(at(99), Vec::<String>::new());
        assert_eq!(at(100), ["default/Repository has stopped going round\n"]);
    }

    #[test]
    fn what_has_not_started_is_not_ready() {
        let missing = missing(&BoardState::default(), 3);
        for what in ["not every engine has started", "every target is on hold"] {
            assert!(missing.iter().any(|it| it.contains(what)), "{missing:?}");
        }
    }
}
