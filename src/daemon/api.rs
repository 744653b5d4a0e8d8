//! The JSON of `/api/v1/objects`, and of `plan -o json`: an interface, documented in
//! `docs/reference/api.md`.

use serde_json::{Value, json};

use super::board::{Shown, SourceState};
use crate::{engine::kind::Kind as _, kinds::image::Image};

/// Everything on the board. Images are left out: they are only a means.
pub fn objects(shown: &Shown) -> Value {
    let rows = shown.rows.values().filter(|it| it.key.kind != Image::NAME);
    let targets = shown.targets.iter().map(|(name, paused)| {
        json!({
            "name": name.as_str(),
            "paused": paused.as_ref().map(|it| json!({ "reason": it.reason, "message": it.message })),
        })
    });
    json!({
        "apiVersion": "evenkeel.dev/v1",
        "objects": rows.map(|it| json!(**it)).collect::<Vec<_>>(),
        "targets": targets.collect::<Vec<_>>(),
        "source": source(&shown.source),
    })
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
