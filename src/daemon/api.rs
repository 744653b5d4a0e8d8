//! The JSON of `/api/v1/objects`, and of `plan -o json`: an interface, documented in
//! `docs/reference/api.md`.

use serde_json::{Value, json};

use super::board::{Shown, SourceState};
use crate::{
    engine::{diff::Said, kind::Kind as _, name::Name, prune::Ruling},
    kinds::image::Image,
};

/// Everything on the board. Images are left out: they are only a means.
pub fn objects(shown: &Shown) -> Value {
    let rows = shown.rows.values().filter(|it| it.key.kind != Image::NAME);
    let targets = shown.targets.iter().map(|(name, paused)| {
        json!({
            "name": name.as_str(),
            "paused": paused.as_ref().map(said),
            "held": shown.held.as_ref().map(said),
            "prune": shown.rulings.get(name).map(|it| prune(it)),
            "rollouts": rollouts(shown, name),
        })
    });
    json!({
        "apiVersion": "evenkeel.dev/v1",
        "objects": rows.map(|it| json!(**it)).collect::<Vec<_>>(),
        "targets": targets.collect::<Vec<_>>(),
        "source": source(&shown.source),
    })
}

fn said(said: &Said) -> Value {
    json!({ "reason": said.reason, "message": said.message })
}

fn prune(ruling: &Ruling) -> Value {
    json!({
        "candidates": ruling.candidates,
        "hash": ruling.hash,
        "blocked": ruling.blocked.as_ref().map(|(block, message)| {
            json!({ "reason": block.as_str(), "message": message })
        }),
    })
}

/// Updates of many objects that are under way in a target.
fn rollouts(shown: &Shown, target: &Name) -> Vec<Value> {
    let engines = shown.engines.iter().filter(|((name, _), _)| name == target);
    let waves = engines.filter_map(|((_, kind), pulse)| {
        let it = pulse.summary.waves.as_ref()?;
        Some(json!({
            "kind": kind,
            "members": it.members,
            "released": it.released,
            "wave": it.wave,
            "halted": it.halted,
        }))
    });
    waves.collect()
}

fn source(source: &SourceState) -> Value {
    let snapshot = source.snapshot.as_deref();
    json!({
        "path": source.path,
        "revision": snapshot.and_then(|it| it.revision.clone()),
        "snapshot": snapshot.map(|it| it.id.clone()),
        "readAt": source.good_at,
        "error": source.error,
        "valid": snapshot.map_or(0, |it| it.valid),
        "invalid": snapshot.map_or(0, |it| it.invalid),
        "ignored": snapshot.map_or(0, |it| it.ignored),
        "notes": snapshot.map(|it| it.notes.clone()).unwrap_or_default(),
        "strays": source.strays,
    })
}
