//! A block that the document leaves to others once it has been made (`policy.ignore`).

use std::collections::BTreeSet;

use super::{Block, Fields, Live, Spec, Step};
use crate::engine::diff::{Diff, Reason, Shown};

/// Whether a block that we made is left to others from then on.
pub(super) fn is_left<B: Block>(spec: &Spec<B>, live: &Live<B>) -> bool {
    spec.ignored && live.host.claim(B::FIELD).is_some()
}

/// Says how what is left to others differs from the document; nothing if it does not.
pub(super) fn tell_left<B: Block>(
    wanted: &B::Config,
    found: Option<&B::Config>,
    diff: &mut Diff<Step<B>>,
) {
    if found.is_some_and(|it| B::is_as_asked(it, wanted)) {
        return;
    }
    let (wanted, found) = (B::fields(wanted), found.map(B::fields).unwrap_or_default());
    let shown = |fields: &Fields, path: &String| {
        Shown::open(fields.get(path).map_or("(unset)", String::as_str))
    };
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differing = paths.into_iter().filter(|path| wanted.get(*path) != found.get(*path));
    let lines = differing.map(|path| {
        let field = format!("{}/{path}", B::FIELD).replace('/', ".");
        let field = field.trim_end_matches('.');
        format!("{field} {} → {}", shown(&found, path), shown(&wanted, path))
    });
    let text = lines.collect::<Vec<_>>().join(", ");
    let message = format!("left to others, though it differs: {text}");
    diff.conditions.insert("Ignored", Reason::new("LeftToOthers", message));
}
