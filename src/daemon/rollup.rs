//! Documents as they stand: an object that a manifest describes, and everything that is a part of it, as one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::board::BoardState;
use crate::{
    engine::{
        diff::Cause,
        kind::Kind as _,
        name::Key,
        status::{Condition, Row, Status, Truth},
    },
    kinds::{DOCUMENTS, document_of, release::Release},
};

/// One document.
#[derive(Clone)]
pub(super) struct DocumentRollup {
    /// The object that it is named after.
    pub(super) row: Arc<Row>,
    /// The worst of all its objects' statuses.
    pub(super) status: Status,
    /// Under which causes any of them drifted.
    pub(super) causes: BTreeSet<Cause>,
    /// How many fields of them drifted.
    pub(super) fields: usize,
    /// Since when the first of them has.
    pub(super) drift_since: Option<Timestamp>,
    /// The row of its release, if it has one.
    pub(super) release: Option<Arc<Row>>,
    /// All its objects, itself first.
    pub(super) rows: Vec<Arc<Row>>,
    /// Steps that AWS accepted and refused.
    pub(super) steps: (u64, u64),
}

/// All documents, each with its parts as one, in the order of their keys. Orphans are left out, and
/// so are images.
pub(super) fn documents(shown: &BoardState) -> Vec<DocumentRollup> {
    let mut parts: BTreeMap<Key, Vec<&Arc<Row>>> = BTreeMap::new();
    let mut heads = Vec::new();
    for row in shown.rows.values().filter(|it| !it.orphan) {
        let (kind, name) = document_of(row.key.kind, &row.key.name);
        if kind != row.key.kind {
            let key = Key { target: row.key.target.clone(), kind, name };
            parts.entry(key).or_default().push(row);
        } else if DOCUMENTS.contains(&kind) {
            // Images are only a means.
            heads.push(row);
        }
    }
    let none = Vec::new();
    heads.into_iter().map(|row| sum(row, parts.get(&row.key).unwrap_or(&none))).collect()
}

/// Puts an object and its parts together: the worst status, every cause, the earliest drift.
fn sum(row: &Arc<Row>, parts: &[&Arc<Row>]) -> DocumentRollup {
    let all = || std::iter::once(row).chain(parts.iter().copied());
    let drifted = |row: &Arc<Row>| row.changes.iter().filter(|it| it.origin.is_drift()).count();
    DocumentRollup {
        row: Arc::clone(row),
        status: all().map(|it| it.status).max_by_key(|it| it.display_rank()).unwrap_or(row.status),
        causes: all().flat_map(|it| it.causes.iter().copied()).collect(),
        fields: all().map(drifted).sum(),
        drift_since: all().filter_map(|it| it.drift_since).min(),
        release: all().find(|it| it.key.kind == Release::NAME).cloned(),
        rows: all().cloned().collect(),
        steps: all().fold((0, 0), |(success, error), it| {
            (success + it.steps_done.success, error + it.steps_done.error)
        }),
    }
}

impl DocumentRollup {
    /// The first of its objects that is as badly off as the whole: what it says is said of the whole.
    pub(super) fn worst(&self) -> &Arc<Row> {
        self.rows.iter().find(|it| it.status == self.status).unwrap_or(&self.row)
    }

    /// Since when the first of its objects has not counted as verified.
    pub(super) fn unverified_since(&self) -> Option<Timestamp> {
        let not = |it: &&Condition| it.kind == "Verified" && it.status == Truth::False;
        let all = self.rows.iter().filter(|it| it.status == Status::Unverified);
        all.flat_map(|it| it.conditions.iter().filter(not)).map(|it| it.since).min()
    }

    /// Whether a condition of this kind holds for any of its objects.
    pub(super) fn has(&self, kind: &str) -> bool {
        self.rows.iter().any(|it| it.holds(kind))
    }
}

/// Each part of a document by itself. None has a release, not even the release: its series are the
/// document's.
pub(super) fn parts(shown: &BoardState) -> Vec<DocumentRollup> {
    let part =
        |row: &&Arc<Row>| !row.orphan && document_of(row.key.kind, &row.key.name).0 != row.key.kind;
    shown
        .rows
        .values()
        .filter(part)
        .map(|row| DocumentRollup { release: None, ..sum(row, &[]) })
        .collect()
}
