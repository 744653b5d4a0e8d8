//! What `apply` did, and what is left: the steps as they end, and the result.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    out::{clean, note, print},
    plan, plan_text,
    style::{Style, Tone},
};
use crate::{
    daemon::{
        board::Board,
        event_log::{EntryKind, EventLog, FieldChange, HistoryEntry, LoggedEvent, Subject},
        objects::{FacetPath, object_key},
        view::{
            View,
            plan::{PlanOutcome, PlanView},
            state::API_VERSION,
        },
    },
    engine::{name::Key, status::ShownRow},
    kinds::DOCUMENTS,
};

/// The reasons of what AWS refuses for now and what Evenkeel tries again within a minute by itself.
const BY_ITSELF: [&str; 1] = ["InputMissing"];

/// The reasons of a release that takes its time, longer than an apply lasts.
const OVER_TIME: [&str; 3] = ["Canary", "NoTraffic", "NoData"];

/// Prints one line for each step that ends, and says once what is waited for.
pub(super) struct StepStream<'a> {
    event_log: &'a EventLog,
    /// The number of the last event that was printed.
    last: u64,
    waits: BTreeSet<(Key, String)>,
    /// Whether steps are printed; programs find them in the result.
    prints: bool,
}

impl<'a> StepStream<'a> {
    pub(super) fn new(event_log: &'a EventLog, prints: bool) -> Self {
        Self { event_log, last: 0, waits: BTreeSet::new(), prints }
    }

    /// Prints the steps that ended since the last call.
    pub(super) fn pump(&mut self) {
        let Some(events) = self.event_log.read(|store| store.after(self.last)) else { return };
        for event in events {
            self.last = event.number;
            if let Some(line) = step_line(&event).filter(|_| self.prints) {
                // Nobody may be reading any more; what is done is done.
                print(&clean(&line)).ok();
            }
        }
    }

    /// Whether something is waited for that goes on by itself. Says on standard error for what, once for each.
    pub(super) fn waits(&mut self, board: &Board) -> bool {
        let waiting = |it: &&ShownRow| !it.orphan && BY_ITSELF.contains(&it.reason.code);
        // Nothing is printed while the board is locked: whoever reads may be slow.
        let rows: Vec<ShownRow> =
            board.read(|shown| shown.rows.values().filter(waiting).cloned().collect());
        for row in &rows {
            let message = &row.reason.message;
            if self.waits.insert((row.key.clone(), message.clone())) {
                note(&clean(&format!("waiting for {}: {message}", place(&row.key))));
            }
        }
        !rows.is_empty()
    }
}

/// The line of an event that is the end of a step.
fn step_line(event: &LoggedEvent) -> Option<String> {
    let Subject::Object(key) = &event.subject else { return None };
    let mark = match event.reason.code {
        "Applied" => "done",
        "StepFailed" => "failed",
        _ => return None,
    };
    Some(format!("{mark}  {}: {}", place(key), event.message))
}

/// The object and the facet of a step, as `Function/resize url`.
fn place(key: &Key) -> String {
    let FacetPath { object, facet } = FacetPath::of(key);
    let target = plan_text::target_prefix(object.target.as_str());
    let part = if object == *key { String::new() } else { format!(" {facet}") };
    format!("{target}{}/{}{part}", object.kind, object.name)
}

/// What became of everything that is meant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApplyResult)]
pub(super) struct ApplyReport<'a> {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// `ApplyResult`.
    kind: &'static str,
    /// How many objects have become what; each is counted once.
    summary: BTreeMap<&'static str, usize>,
    /// The steps, in the order in which they ended.
    steps: Vec<&'a HistoryEntry>,
    /// What is left to do, and what is wrong besides.
    left: PlanView<'a>,
}

/// The words of a result in the order of its text. What is not done is counted as in a plan.
const ORDER: [&str; 10] = [
    "created",
    "changed",
    "deleted",
    "unchanged",
    "notDone",
    "waiting",
    "refused",
    "failed",
    "suspended",
    "unknown",
];

impl<'a> ApplyReport<'a> {
    /// What the board and the log of events say at the end of a round; `steps`: the entries of the log.
    pub(super) fn of(view: &'a View, dir: &Path, steps: &'a [(Key, Arc<HistoryEntry>)]) -> Self {
        let mut summary: BTreeMap<&'static str, usize> = BTreeMap::new();
        let changes = Changes::of(steps);
        for (key, outcome) in view.outcomes(plan::is_meant(dir)) {
            *summary.entry(changes.word(key, outcome)).or_default() += 1;
        }
        let gone = changes.deleted.iter().filter(|it| view.object(it).is_none()).count();
        *summary.entry("deleted").or_default() += gone;
        Self {
            api_version: API_VERSION,
            kind: "ApplyResult",
            summary,
            steps: steps.iter().map(|(_, it)| &**it).filter(|it| is_step(it)).collect(),
            left: plan::of(view, dir),
        }
    }

    /// As text: what is left, what is wrong, and the sum.
    pub(super) fn text(&self, style: Style) -> String {
        let mut blocks = plan_text::blocks(&self.left, style);
        let left = self.summary.get("left").map(|it| (it, PlanOutcome::Left.words()));
        let words = ORDER.iter().filter_map(|word| {
            let count = self.summary.get(word).filter(|it| **it > 0)?;
            Some((count, if *word == "notDone" { "not done" } else { word }))
        });
        let words: Vec<String> =
            words.chain(left).map(|(count, word)| format!("{count} {word}")).collect();
        let sum = if words.is_empty() { "no objects".to_owned() } else { words.join(", ") };
        let mut last = vec![style.paint(Tone::Bold, &format!("Applied: {sum}."))];
        let mut facets = self.left.objects.iter().flat_map(|it| &it.facets);
        if facets.any(|it| it.waits.as_ref().is_some_and(|it| OVER_TIME.contains(&it.reason))) {
            last.push("A release goes on step by step: under `evenkeel run`, or with `apply` again later.".into());
        }
        blocks.push(last.join("\n"));
        blocks.join("\n\n")
    }
}

/// Whether an entry of the log is about a step of ours.
fn is_step(entry: &HistoryEntry) -> bool {
    matches!(entry.what, EntryKind::Applied | EntryKind::Failed | EntryKind::Deleting)
}

/// Which objects steps have created, changed or deleted.
struct Changes {
    created: BTreeSet<Key>,
    changed: BTreeSet<Key>,
    deleted: BTreeSet<Key>,
}

impl Changes {
    fn of(steps: &[(Key, Arc<HistoryEntry>)]) -> Self {
        let mut all =
            Self { created: BTreeSet::new(), changed: BTreeSet::new(), deleted: BTreeSet::new() };
        for (key, entry) in steps {
            let object = object_key(key);
            let base = object == *key && DOCUMENTS.contains(&key.kind);
            let made = |it: &FieldChange| it.path.is_empty() && it.before == "absent";
            match entry.what {
                EntryKind::Applied if base && entry.fields.iter().any(made) => {
                    all.created.insert(object);
                }
                // A tag that records what was applied changes nothing.
                EntryKind::Applied if !entry.fields.is_empty() => {
                    all.changed.insert(object);
                }
                EntryKind::Deleting => {
                    all.deleted.insert(key.clone());
                }
                EntryKind::Applied
                | EntryKind::Failed
                | EntryKind::Drifted
                | EntryKind::Corrected
                | EntryKind::Orphaned => {}
            }
        }
        all
    }

    /// The word under which an object is counted.
    fn word(&self, key: &Key, outcome: PlanOutcome) -> &'static str {
        match outcome {
            PlanOutcome::Unchanged if self.created.contains(key) => "created",
            PlanOutcome::Unchanged if self.changed.contains(key) => "changed",
            PlanOutcome::Create | PlanOutcome::Update | PlanOutcome::Delete => "notDone",
            other => other.as_str(),
        }
    }
}
