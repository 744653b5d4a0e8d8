//! What follows for callers once there is something new to publish, in words.

use std::time::Duration;

use super::spec::{DesiredRelease, Gradual, Strategy};
use crate::engine::name::Name;

/// What follows the publication of a version. `from`: where the alias leads; `None`: there is none yet.
pub(super) fn after_publishing(
    wanted: &DesiredRelease,
    function: &Name,
    from: Option<&str>,
) -> Vec<String> {
    let tests = wanted.tests.iter();
    let tests = tests.map(|it| format!("smoke test {} of the new version", it.name));
    let alias = &wanted.alias;
    let mut text = match from {
        Some(from) => format!("move alias {function}:{alias} from {from} to the new version"),
        None => format!("create alias {function}:{alias}: the new version"),
    };
    // Whoever has no callers yet gets all of them.
    if let (Strategy::Gradual(it), Some(from)) = (&wanted.strategy, from) {
        text += &gradual(it, from);
    }
    if !wanted.alarms.is_empty() {
        text += "; not while an alarm is on: ";
        text += &wanted.alarms.join(", ");
    }
    tests.chain([text]).collect()
}

/// The same with the publication itself.
pub(super) fn release(wanted: &DesiredRelease, function: &Name, from: Option<&str>) -> Vec<String> {
    // A repair may lead back to what a version has already.
    let same = if from.is_some() { ", unless one is the same" } else { "" };
    let mut steps = vec![format!("publish a version of function {function}{same}")];
    steps.extend(after_publishing(wanted, function, from));
    steps
}

/// The steps by which callers move, and what takes them back.
fn gradual(it: &Gradual, from: &str) -> String {
    let steps: Vec<String> = it.steps.iter().map(|percent| format!("{percent} %")).collect();
    let Gradual { every, errors_max, .. } = it;
    format!(
        ": {} of the calls, each step for {}, then all; back to {from} when more than {errors_max} % of the new \
         version's calls fail",
        steps.join(", "),
        span(*every)
    )
}

/// A span of time as manifests write it.
fn span(time: Duration) -> String {
    match time.as_secs() {
        it if it > 0 && it.is_multiple_of(3_600) => format!("{}h", it / 3_600),
        it if it > 0 && it.is_multiple_of(60) => format!("{}m", it / 60),
        it => format!("{it}s"),
    }
}
