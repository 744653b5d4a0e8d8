//! Objects as people see them: what a document describes, with its facets inside. Each facet is a row of an engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use jiff::Timestamp;

use super::board::BoardState;
use crate::{
    engine::{
        diff::Cause,
        kind::Kind as _,
        name::Key,
        status::{Condition, ShownRow, Status, Truth},
    },
    kinds::{DOCUMENTS, document_of, facet_of, image::Image, item_of, release::Release},
};

/// One object: of a document, or one of ours that no document asks for any more (an orphan).
#[derive(Clone)]
pub(crate) struct BoardObject {
    /// The row of the object itself, without its facets.
    pub(crate) base: ShownRow,
    /// The worst status of all facets.
    pub(crate) status: Status,
    /// Under which causes any of them drifted.
    pub(crate) causes: BTreeSet<Cause>,
    /// How many fields of them drifted.
    pub(crate) fields: usize,
    /// Since when the first of them has.
    pub(crate) drift_since: Option<Timestamp>,
    /// All its facets, the base first.
    pub(crate) facets: Vec<ShownRow>,
    /// Steps that AWS accepted and refused.
    pub(crate) steps: (u64, u64),
}

/// Which part of an object something is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FacetName {
    /// The member of the manifest's `spec` that describes it, as `url` or `concurrency.provisioned`; of the object
    /// itself its kind, as `function`.
    pub(crate) name: String,
    /// Which one of a member that is a list: of an event source what it reads from.
    pub(crate) item: Option<String>,
}

impl FacetName {
    /// The facet that an engine's key stands for.
    pub(crate) fn of(key: &Key) -> Self {
        let item = item_of(key.kind, &key.name).map(ToOwned::to_owned);
        match facet_of(key.kind) {
            Some(field) => Self { name: field.replace('/', "."), item },
            None => Self { name: lower_first(key.kind), item: None },
        }
    }
}

impl std::fmt::Display for FacetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.item {
            Some(item) => write!(f, "{}[{item}]", self.name),
            None => f.write_str(&self.name),
        }
    }
}

fn lower_first(kind: &str) -> String {
    let mut letters = kind.chars();
    letters.next().map(|it| it.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// What an engine's key stands for, as people see it: an object, and which facet of it. The log, events and histories
/// all name both.
pub(crate) struct FacetPath {
    /// The object.
    pub(crate) object: Key,
    /// The facet.
    pub(crate) facet: FacetName,
}

impl FacetPath {
    /// The object and the facet that an engine's key stands for.
    pub(crate) fn of(key: &Key) -> Self {
        Self { object: object_key(key), facet: FacetName::of(key) }
    }
}

/// The key of the object that an engine's key belongs to.
pub(crate) fn object_key(key: &Key) -> Key {
    let (kind, name) = document_of(key.kind, &key.name);
    Key { target: key.target.clone(), kind, name }
}

/// All objects in the order of their keys: documents with their facets, and orphans. A facet whose object has no row
/// stands for itself, so that nothing goes unsaid. Images are left out: they are only a means.
pub(super) fn objects(shown: &BoardState) -> Vec<BoardObject> {
    let mut facets: BTreeMap<Key, Vec<&ShownRow>> = BTreeMap::new();
    let mut bases = Vec::new();
    for row in shown.rows.values().filter(|it| it.key.kind != Image::NAME) {
        let object = object_key(&row.key);
        if row.orphan || object == row.key && DOCUMENTS.contains(&object.kind) {
            bases.push(row);
        } else {
            facets.entry(object).or_default().push(row);
        }
    }
    let mut all: Vec<BoardObject> = Vec::new();
    for row in bases {
        let own = if row.orphan { Vec::new() } else { facets.remove(&row.key).unwrap_or_default() };
        all.push(BoardObject::new(row, &own));
    }
    let alone: Vec<&ShownRow> = facets.into_values().flatten().collect();
    all.extend(alone.into_iter().map(|row| BoardObject::new(row, &[])));
    all.sort_by(|a, b| a.key().cmp(b.key()));
    all
}

/// The objects that documents ask for.
pub(super) fn documents(shown: &BoardState) -> Vec<BoardObject> {
    let mut all = objects(shown);
    all.retain(BoardObject::is_document);
    all
}

impl BoardObject {
    /// Puts an object and its facets together: the worst status, every cause, the earliest drift.
    fn new(base: &ShownRow, facets: &[&ShownRow]) -> Self {
        let all = || iter::once(base).chain(facets.iter().copied());
        let drifted = |row: &ShownRow| row.changes.iter().filter(|it| it.origin.is_drift()).count();
        let status = all().map(|it| it.status).max_by_key(|it| it.display_rank());
        Self {
            base: base.clone(),
            status: status.unwrap_or(base.status),
            causes: all().flat_map(|it| it.causes.iter().copied()).collect(),
            fields: all().map(drifted).sum(),
            drift_since: all().filter_map(|it| it.drift_since).min(),
            facets: all().cloned().collect(),
            steps: all().fold((0, 0), |(success, error), it| {
                (success + it.steps_done.success, error + it.steps_done.error)
            }),
        }
    }

    /// Each facet but the base as an object by itself, for series of its own. None has a release: its series are the
    /// object's.
    pub(super) fn split(&self) -> impl Iterator<Item = Self> {
        self.facets.iter().skip(1).map(|it| Self::new(it, &[]))
    }

    /// Whether a document asks for it.
    pub(crate) fn is_document(&self) -> bool {
        !self.base.orphan && DOCUMENTS.contains(&self.base.key.kind)
    }

    /// Its key.
    pub(crate) fn key(&self) -> &Key {
        &self.base.key
    }

    /// The first of its facets that is as badly off as the whole: what it says is said of the whole.
    pub(crate) fn worst(&self) -> &ShownRow {
        self.facets.iter().find(|it| it.status == self.status).unwrap_or(&self.base)
    }

    /// The row of its release, if it has one.
    pub(super) fn release(&self) -> Option<&ShownRow> {
        self.facets.iter().skip(1).find(|it| it.key.kind == Release::NAME)
    }

    /// When AWS last confirmed the facet that was confirmed longest ago; `None`: one never was.
    pub(crate) fn observed(&self) -> Option<Timestamp> {
        oldest(self.facets.iter().map(|it| it.times.observed))
    }

    /// When the last exact read of the facet began that was read longest ago; `None`: one never was.
    pub(crate) fn audited(&self) -> Option<Timestamp> {
        oldest(self.facets.iter().map(|it| it.times.audited))
    }

    /// When the next of its facets is read, if nothing happens before.
    pub(crate) fn next_check(&self) -> Option<Timestamp> {
        self.facets.iter().filter_map(|it| it.times.next_check).min()
    }

    /// Since when the first of its facets has not counted as verified.
    pub(super) fn unverified_since(&self) -> Option<Timestamp> {
        let not = |it: &&Condition| it.kind == "Verified" && it.status == Truth::False;
        let all = self.facets.iter().filter(|it| it.status == Status::Unverified);
        all.flat_map(|it| it.conditions.iter().filter(not)).map(|it| it.since).min()
    }

    /// Whether a condition of this kind holds for any of its facets.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.facets.iter().any(|it| it.holds(kind))
    }
}

/// The oldest of some moments; `None` if one of them is.
fn oldest(mut times: impl Iterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    let first = times.next()??;
    times.try_fold(first, |oldest, it| it.map(|it| oldest.min(it)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{
        diff::Reason,
        name::Name,
        status::{Row, RowTimes},
    };

    #[test]
    fn a_facet_is_called_as_its_member_of_the_manifest() {
        let check = |kind: &'static str, name: &str, object: &str, facet: &str| {
            let key = Key { target: Name::new("default"), kind, name: Name::new(name) };
            assert_eq!(object_key(&key).to_string(), object);
            assert_eq!(FacetName::of(&key).to_string(), facet);
        };
        check("Function", "resize", "default/Function/resize", "function");
        check("Repository", "team/resize", "default/Repository/team/resize", "repository");
        check("Url", "resize", "default/Function/resize", "url");
        let provisioned = "concurrency.provisioned";
        check("ProvisionedConcurrency", "resize", "default/Function/resize", provisioned);
        let queue = "arn:aws:sqs:eu-central-1:123456789012:jobs";
        let (name, facet) = (format!("resize/{queue}"), format!("eventSources[{queue}]"));
        check("EventSource", &name, "default/Function/resize", &facet);
    }

    fn row(kind: &'static str, status: Status, orphan: bool) -> ShownRow {
        let key = Key { target: Name::new("default"), kind, name: Name::new("resize") };
        let row = Row::new(key, status, Reason::new("InSync", ""), Timestamp::UNIX_EPOCH);
        ShownRow { row: Arc::new(Row { orphan, ..row }), times: RowTimes::default() }
    }

    #[test]
    fn facets_stand_in_their_object_and_none_is_left_out() {
        let shown = |rows: &[ShownRow]| {
            let rows = rows.iter().map(|it| (it.key.clone(), it.clone())).collect();
            let shown = BoardState { rows, ..BoardState::default() };
            let sum = |it: &BoardObject| {
                let status = it.status.as_str();
                format!("{} {status} {}", it.key().kind, it.facets.len())
            };
            let documents = documents(&shown).len();
            (objects(&shown).iter().map(sum).collect::<Vec<_>>(), documents)
        };
        let url = row("Url", Status::Drifted, false);
        let whole = [row("Function", Status::Synced, false), url.clone()];
        assert_eq!(shown(&whole), (vec!["Function drifted 2".to_owned()], 1));
        let alone = shown(std::slice::from_ref(&url));
        assert_eq!(alone, (vec!["Url drifted 1".to_owned()], 0));
        let orphan = shown(&[row("Function", Status::Unknown, true), url]);
        assert_eq!(orphan.0, ["Function unknown 1", "Url drifted 1"]);
        assert_eq!(shown(&[row("Image", Status::Synced, false)]).0, Vec::<String>::new());
    }

    #[test]
    fn what_was_never_read_is_older_than_all_else() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        assert_eq!(oldest([at(3), at(1), at(2)].into_iter()), at(1));
        assert_eq!(oldest([at(3), None].into_iter()), None);
        assert_eq!(oldest([None, at(3)].into_iter()), None);
    }
}
