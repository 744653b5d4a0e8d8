//! Events of objects in the log, in the counters and in the event log: one line for each change, by who must act.

use jiff::Timestamp;
use tracing::{error, info, warn};

use super::{
    board::Board,
    event_log::{
        EntryKind, EventLog, EventReason, FieldChange, HistoryEntry, LoggedEvent, Subject,
    },
    metrics::Metrics,
    objects::FacetPath,
};
use crate::{
    engine::{
        diff::{Change, Origin, Reason},
        kind::Kind as _,
        name::Key,
        status::{Row, Status},
        work::{ObjectEvent, Trigger},
    },
    kinds::{document_of, image::Image},
};

/// Where events of objects go.
pub(super) struct EventRecorder<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) event_log: &'a EventLog,
    pub(super) board: &'a Board,
    /// When it is.
    pub(super) at: Timestamp,
}

/// A step that ended.
pub(super) struct Ended {
    pub(super) step: String,
    pub(super) trigger: Trigger,
    /// The differences that it was to end.
    pub(super) changes: Vec<Change>,
    /// Why it failed, if it did.
    pub(super) error: Option<String>,
    pub(super) took_ms: u64,
}

impl EventRecorder<'_> {
    /// Records an event of an object in the log, the counters and the event log. The object's row
    /// must be on the board already: it says which fields drifted, and which image was wanted.
    pub(super) fn record(&self, key: &Key, event: &ObjectEvent) {
        let FacetPath { object, facet } = FacetPath::of(key);
        match event {
            // Images are only a means; the functions that wait for them say so.
            ObjectEvent::Turned { .. } if key.kind == Image::NAME => {}
            ObjectEvent::Turned { from, to, reason, busy } => {
                log_status_change(&StatusChange { key, from: *from, to: *to, reason, busy: *busy });
                // That all is well at the start is no news, nor is what ends by itself in seconds.
                let well = (*from, *to) == (Status::Unknown, Status::Synced);
                if !busy && !well && *to != Status::Unknown {
                    let warning = matches!(to, Status::Refused | Status::Failed);
                    self.event(key, EventReason { code: reason.code, warning }, &reason.message);
                }
            }
            ObjectEvent::Drifted(cause, delay) => {
                self.metrics.drifted(document_of(key.kind, &key.name).0, *cause, *delay);
                warn!(%object, %facet, cause = cause.as_str(), "drifted");
                let drift = |it: &&Change| it.origin.is_drift() && it.cause == *cause;
                let row = self.board.read(|shown| shown.rows.get(key).cloned());
                let changes = row.iter().flat_map(|it| &it.changes).filter(drift);
                let fields: Vec<FieldChange> = changes.map(by_others).collect();
                let message = format!(
                    "another party changed it in AWS ({}): {}",
                    cause.as_str(),
                    list(&fields)
                );
                self.event(key, EventReason::warning("Drifted"), &message);
                self.entry(key, HistoryEntry { fields, ..self.blank(key, EntryKind::Drifted) });
            }
            ObjectEvent::Corrected(cause, outcome) => {
                self.metrics.corrected(document_of(key.kind, &key.name).0, *cause, *outcome);
                let (cause, result) = (cause.as_str(), outcome.as_str());
                info!(%object, %facet, cause, result, "drift ended");
                let message = format!("drift ({cause}) ended: {result}");
                self.event(key, EventReason::normal("Corrected"), &message);
                let message = Some(message);
                self.entry(key, HistoryEntry { message, ..self.blank(key, EntryKind::Corrected) });
            }
            ObjectEvent::Orphaned => {
                warn!(%object, %facet, "ours, and no manifest asks for it any more");
                let message = "it is ours, and no manifest asks for it any more";
                self.event(key, EventReason::warning("Orphaned"), message);
                self.entry(key, self.blank(key, EntryKind::Orphaned));
            }
            ObjectEvent::Buried(was) => {
                warn!(%object, %facet, was, "deleting it; this is what it was");
                self.event(key, EventReason::warning("Deleting"), "it is being deleted");
                self.entry(key, self.blank(key, EntryKind::Deleting));
            }
            ObjectEvent::Halted { waiting, because } => {
                error!(%object, %facet, waiting, because, "an update of many has stopped");
                self.event(key, EventReason::warning("RolloutHalted"), because);
            }
            ObjectEvent::Broken { drifted, because } => {
                let target = &key.target;
                error!(%target, kind = key.kind, drifted, because, "mass drift: writing has stopped");
                self.event(key, EventReason::warning("MassDrift"), because);
            }
        }
    }

    /// Records the end of a step: an event, and an entry in the object's history.
    pub(super) fn ended(&self, key: &Key, ended: Ended) {
        let Ended { step, trigger, changes, error, took_ms } = ended;
        let (what, reason) = match &error {
            None => (EntryKind::Applied, EventReason::normal("Applied")),
            Some(_) => (EntryKind::Failed, EventReason::warning("StepFailed")),
        };
        let message = match &error {
            None => step.clone(),
            Some(error) => format!("{step}: {error}"),
        };
        self.event(key, reason, &message);
        let fields = changes.iter().map(by_us).collect();
        self.entry(
            key,
            HistoryEntry {
                step: Some(step),
                trigger: Some(trigger.as_str()),
                fields,
                message: error,
                took_ms: Some(took_ms),
                ..self.blank(key, what)
            },
        );
    }

    fn event(&self, key: &Key, reason: EventReason, message: &str) {
        let subject = Subject::Object(key.clone());
        self.event_log.event(LoggedEvent::new(self.at, subject, reason, message));
    }

    fn entry(&self, key: &Key, entry: HistoryEntry) {
        self.event_log.entry(key, entry);
    }

    fn blank(&self, key: &Key, what: EntryKind) -> HistoryEntry {
        let (row, revision) = self.board.read(|shown| {
            let snapshot = shown.source.snapshot.as_ref();
            (shown.rows.get(key).cloned(), snapshot.and_then(|it| it.revision.clone()))
        });
        let digest = |row: &Row| Some(row.digests.desired.clone()).filter(|it| !it.is_empty());
        let digest = row.as_deref().and_then(digest);
        HistoryEntry { digest, revision, ..HistoryEntry::new(key, self.at, what) }
    }
}

/// What another party changed. It was as the manifest asks, unless that moved too: then nobody remembers.
fn by_others(change: &Change) -> FieldChange {
    let before = match change.origin {
        Origin::Both | Origin::Unclear => "(not known)".to_owned(),
        Origin::Drift | Origin::Gone | Origin::Pending | Origin::NoRecord => {
            change.desired.text.clone()
        }
    };
    let after = change.live.text.clone();
    FieldChange { path: change.path.clone(), before, after }
}

/// What a step of ours changes.
fn by_us(change: &Change) -> FieldChange {
    let (before, after) = (change.live.text.clone(), change.desired.text.clone());
    FieldChange { path: change.path.clone(), before, after }
}

fn list(fields: &[FieldChange]) -> String {
    let lines = fields.iter().map(|it| format!("{}: {} → {}", it.path, it.before, it.after));
    lines.collect::<Vec<_>>().join("; ")
}

/// That an object's status or its reason is another one now.
struct StatusChange<'a> {
    key: &'a Key,
    from: Status,
    to: Status,
    reason: &'a Reason,
    /// Whether something is being done about it.
    busy: bool,
}

/// Logs a change of status: an error if a person must act, a debug line if it ends by itself.
fn log_status_change(change: &StatusChange<'_>) {
    let StatusChange { key, from, to, reason, busy } = *change;
    let (from, status) = (from.as_str(), to.as_str());
    let FacetPath { object, facet } = FacetPath::of(key);
    let Reason { code, message: because } = reason;
    match to {
        Status::Refused | Status::Failed => {
            error!(%object, %facet, from, status, reason = code, because, "needs a person");
        }
        Status::Pending | Status::Drifted if !busy => {
            info!(%object, %facet, from, status, reason = code, because, "waiting");
        }
        Status::Synced | Status::Suspended => {
            info!(%object, %facet, from, status, reason = code, because, "status");
        }
        Status::Pending
        | Status::Drifted
        | Status::Progressing
        | Status::Unverified
        | Status::Unknown => {
            tracing::debug!(%object, %facet, from, status, reason = code, because, "status");
        }
    }
}
