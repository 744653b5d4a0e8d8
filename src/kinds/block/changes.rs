//! What differs of a block, field by field or as a whole, as people and the engine read it.

use std::collections::BTreeSet;

use super::{Block, place::Fields};
use crate::engine::{
    diff::{Change, Fingerprint, Origin, Shown},
    preview::Preview,
};

/// The sort of the steps that end these changes, by which they refer to each other.
pub(super) const BLOCK: &str = "block";

/// Lists each field that differs.
pub(super) fn changes<B: Block>(wanted: &Fields, found: &Fields, origin: Origin) -> Vec<Change> {
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let shown = |fields: &Fields, path: &String| {
        fields.get(path).map_or_else(|| Shown::open("(unset)"), Shown::open)
    };
    let differing = paths.into_iter().filter(|path| wanted.get(*path) != found.get(*path));
    let change = |path: &String| Change {
        path: pointer::<B>(path),
        desired: shown(wanted, path),
        live: shown(found, path),
        cause: B::CAUSE,
        origin,
        step: BLOCK,
    };
    differing.map(change).collect()
}

/// Mixes which thing of the block the changes are about into their fingerprints, so that a step
/// which repairs one version does not seem to have failed when another version shows the same
/// difference.
pub(super) fn told_apart<B: Block>(found: &B::Config, mut changes: Vec<Change>) -> Vec<Change> {
    if let Some(which) = B::which(found) {
        for live in changes.iter_mut().map(|it| &mut it.live) {
            live.fingerprint = Fingerprint::of(format!("{which} {}", live.text).as_bytes());
        }
    }
    changes
}

pub(super) fn pointer<B: Block>(path: &str) -> String {
    if path.is_empty() { format!("/{}", B::FIELD) } else { format!("/{}/{path}", B::FIELD) }
}

/// The whole block, in a word; its print is of all that it says.
pub(super) fn entire(word: impl Into<String>, fields: &Fields) -> Shown {
    Shown { text: word.into(), fingerprint: Fingerprint::of(format!("{fields:?}").as_bytes()) }
}

/// The fields of a block that will be made, as far as AWS would not choose them by itself.
pub(super) fn preview<B: Block>(fields: &Fields) -> Preview {
    let (mut preview, defaults) = (Preview::default(), B::defaults());
    for (path, value) in fields.iter().filter(|(path, value)| defaults.get(*path) != Some(value)) {
        preview.push(pointer::<B>(path), value);
    }
    preview
}

/// Returns the change that makes a block as a whole (`wanted` is `Some`), or takes it away.
pub(super) fn presence_change<B: Block>(wanted: Option<&Fields>, origin: Origin) -> Change {
    let absent = Shown::open("absent");
    let (desired, live) = match wanted {
        Some(fields) => (entire("present", fields), absent),
        None => (absent, Shown::open("present")),
    };
    Change { path: pointer::<B>(""), desired, live, cause: B::CAUSE, origin, step: BLOCK }
}
