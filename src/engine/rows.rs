//! From a judgement to the row that people read. One table: verdict → status → conditions
//! (`docs/reference/status.md`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    audit::Freshness,
    diff::{Cause, Change, Reason},
    failure::chain,
    kind::{Detail, Digests},
    name::Key,
    object::{Facet, Phase},
    observed::Observed,
    policy::Mode,
    resource::Resource,
    status::{Condition, Row, Status, Truth},
    time::Mono,
    verdict::{Judgement, Verdict},
};

/// What is shown of an object that nobody judged: watched only, or not seen yet.
pub(super) struct Blank {
    pub(super) status: Status,
    pub(super) reason: Reason,
}

/// The parts of a row that do not come from the verdict.
pub(super) struct Frame {
    pub(super) key: Key,
    pub(super) mode: Mode,
    pub(super) digests: Digests,
    pub(super) details: Vec<Detail>,
    pub(super) wall: Timestamp,
    pub(super) now: Mono,
    pub(super) orphan: bool,
    pub(super) freshness: Freshness,
    /// Why nothing is read or written; `None`: it is.
    pub(super) paused: Option<Reason>,
}

impl Frame {
    /// Whether what is said rests on a read. What is on hold is not read, however old the last read gets.
    fn effective_freshness(&self) -> Freshness {
        if self.paused.is_some() { Freshness::Overdue } else { self.freshness }
    }
}

/// Builds the row of an object that was judged.
pub(super) fn judged<R: Resource>(
    frame: Frame,
    object: &Facet<R>,
    judgement: &Judgement<R::Step>,
) -> Row {
    let causes = causes(&judgement.diff.changes);
    let failing = object.memory.is_failing(frame.now);
    let (status, reason) = status(judgement, object, !causes.is_empty());
    let (status, reason) = match status {
        Status::Synced => in_sync(&frame, object, judgement),
        _ => (status, reason),
    };
    let extras = extras(object, judgement);
    let reconciling = matches!(object.phase, Phase::Applying(_))
        || match &judgement.verdict {
            Verdict::Act(_) => judgement.gate.is_none(),
            Verdict::Wait(wait) => wait.soon,
            Verdict::InSync | Verdict::Refuse(_) => false,
        };
    let stalled = match &judgement.verdict {
        Verdict::Refuse(reason) => Some(reason.clone()),
        // A record that cannot be written holds up nothing.
        Verdict::Wait(_) if judgement.diff.changes.is_empty() => judgement.diff.failed.clone(),
        Verdict::Wait(wait) if !wait.soon && failing => Some(wait.reason.clone()),
        Verdict::Wait(_) | Verdict::Act(_) | Verdict::InSync => judgement.diff.failed.clone(),
    };
    let freshness = frame.effective_freshness();
    let mut row = base(frame, object, Blank { status, reason });
    row.changes.clone_from(&judgement.diff.changes);
    row.steps = judgement.diff.steps.iter().map(|it| it.step.to_string()).collect();
    row.causes = causes;
    row.preview = Some(&judgement.diff.preview).filter(|it| !it.is_empty()).cloned().map(Box::new);
    finish(row, object, Aspects { reconciling, stalled, extras }, freshness)
}

/// The row of an object of which only this much is known. What drifted before has neither ended nor begun anew.
pub(super) fn blank<R: Resource>(frame: Frame, object: &Facet<R>, blank: Blank) -> Row {
    let before = object.row.as_deref().filter(|it| !it.orphan && !frame.orphan);
    let freshness = frame.effective_freshness();
    let mut row = base(frame, object, blank);
    if let Some(before) = before {
        row.causes.clone_from(&before.causes);
        row.changes.clone_from(&before.changes);
    }
    finish(row, object, Aspects::default(), freshness)
}

/// The causes under which something drifted.
fn causes(changes: &[Change]) -> BTreeSet<Cause> {
    changes.iter().filter(|it| it.origin.is_drift()).map(|it| it.cause).collect()
}

/// Returns the status and its reason. A hold by a person comes first, then what AWS says is broken,
/// then the verdict; `drifted` says whether a difference is drift or pending.
fn status<R: Resource>(
    judgement: &Judgement<R::Step>,
    object: &Facet<R>,
    drifted: bool,
) -> (Status, Reason) {
    let differs = if drifted { Status::Drifted } else { Status::Pending };
    if let Some(gate) = judgement.gate.as_ref().filter(|it| it.suspended) {
        return (Status::Suspended, gate.reason.clone());
    }
    if let Some(reason) = &judgement.diff.failed {
        return (Status::Failed, reason.clone());
    }
    match &judgement.verdict {
        Verdict::InSync => (Status::Synced, as_asked()),
        // A stale record alone is our own housekeeping.
        Verdict::Act(_) if judgement.diff.changes.is_empty() => (Status::Synced, as_asked()),
        Verdict::Act(planned) => match &judgement.gate {
            Some(gate) => (differs, gate.reason.clone()),
            None => (differs, Reason::new(acting(drifted, object), planned.step.to_string())),
        },
        Verdict::Wait(_) if judgement.diff.changes.is_empty() && object.record_failed.is_some() => {
            (Status::Synced, as_asked())
        }
        // What may not be read is neither as asked nor otherwise.
        Verdict::Wait(_)
            if judgement.diff.unreadable.is_some() && judgement.diff.changes.is_empty() =>
        {
            (Status::Synced, as_asked())
        }
        Verdict::Wait(wait) if drifted => (Status::Drifted, wait.reason.clone()),
        Verdict::Wait(wait) if wait.soon => (Status::Progressing, wait.reason.clone()),
        Verdict::Wait(wait) => (Status::Pending, wait.reason.clone()),
        Verdict::Refuse(reason) => (Status::Refused, reason.clone()),
    }
}

fn as_asked() -> Reason {
    Reason::new("InSync", "as the manifest asks")
}

/// Returns what may be said of an object that is as its manifest asks as far as it is known: synced only if an exact
/// read says so that began after the last moment at which it may have changed.
fn in_sync<R: Resource>(
    frame: &Frame,
    object: &Facet<R>,
    judgement: &Judgement<R::Step>,
) -> (Status, Reason) {
    if let Some(why) = &frame.paused {
        return (Status::Unknown, why.clone());
    }
    if let Some(reason) = &judgement.diff.unreadable {
        return (Status::Unknown, reason.clone());
    }
    if object.wanted.as_ref().is_some_and(|it| it.frozen) {
        let message =
            "as the last good version of its manifest asks; the manifest cannot be read now";
        return (Status::Unverified, Reason::new("ManifestUnreadable", message));
    }
    let unread = object.unread.as_deref().map(|(_, failure)| chain(failure));
    match (frame.freshness, unread) {
        (Freshness::Verified, _) => (Status::Synced, as_asked()),
        (_, Some(why)) => (Status::Unknown, Reason::new("ReadFailed", why)),
        (stale, None) => (Status::Unverified, unverified(stale)),
    }
}

/// Says why what is known of an object does not count as verified.
fn unverified(freshness: Freshness) -> Reason {
    let (code, message) = match freshness {
        Freshness::Unread => (
            "NotReadYet",
            "as the manifest asks as far as a list shows; it has not been read exactly since the start",
        ),
        Freshness::Edited => {
            ("NotReadSince", "its manifest has changed; it has not been read exactly since")
        }
        Freshness::Dirty => {
            ("NotReadSince", "it may have changed; it has not been read exactly since")
        }
        Freshness::Verified | Freshness::Overdue => {
            ("ReadOverdue", "as the manifest asks when it was last read; the next read is overdue")
        }
    };
    Reason::new(code, message)
}

/// Returns the reason of a step that is under way: it repairs drift, creates or updates.
fn acting<R: Resource>(drifted: bool, object: &Facet<R>) -> &'static str {
    match (&object.observed, drifted) {
        (_, true) => "Repairing",
        (Observed::Absent, false) => "Creating",
        (_, false) => "Updating",
    }
}

/// Collects the conditions that only some objects have, by their type.
fn extras<R: Resource>(
    object: &Facet<R>,
    judgement: &Judgement<R::Step>,
) -> BTreeMap<&'static str, Reason> {
    let mut extras = judgement.diff.conditions.clone();
    if let Some(reason) = &object.record_failed {
        extras.insert("RecordFailed", reason.clone());
    }
    if let Some((_, failure)) = object.unread.as_deref() {
        let reason = Reason::new("ReadFailed", chain(failure));
        extras.insert("Stale", reason);
    }
    if object.wanted.as_ref().is_some_and(|it| it.frozen) {
        let message = "its manifest cannot be read now; this is the last good version";
        extras.insert("Frozen", Reason::new("ManifestInvalid", message));
    }
    if let Some(gate) = &judgement.gate {
        match gate.reason.code {
            _ if gate.suspended => drop(extras.insert("Suspended", gate.reason.clone())),
            "Fighting" => drop(extras.insert("Fighting", gate.reason.clone())),
            // The other gates are told by the status's reason alone.
            _ => {}
        }
    }
    extras
}

/// Builds a row without differences and conditions: what is known of the object in any case.
fn base<R: Resource>(frame: Frame, object: &Facet<R>, blank: Blank) -> Row {
    Row {
        mode: frame.mode,
        manifest_mode: object.wanted.as_ref().map(|it| it.policy.mode).unwrap_or_default(),
        exists: match &object.observed {
            Observed::Unknown => None,
            Observed::Absent => Some(false),
            Observed::Present(reading) => Some(R::is_there(reading)),
        },
        wanted: object
            .wanted
            .as_ref()
            .is_some_and(|it| !R::only_gone(&it.spec) && !R::is_guard(&it.spec))
            && !frame.orphan,
        digests: frame.digests,
        details: frame.details,
        labels: object.wanted.as_ref().map(|it| Arc::clone(&it.labels)).unwrap_or_default(),
        manifest: object.wanted.as_ref().and_then(|it| it.manifest.clone()),
        steps_done: object.steps,
        endings: object.endings.clone(),
        percent: object.observed.reading().and_then(R::percent),
        orphan: frame.orphan,
        ..Row::new(frame.key, blank.status, blank.reason, frame.wall)
    }
}

/// What is true of an object besides its status.
#[derive(Default)]
struct Aspects {
    reconciling: bool,
    stalled: Option<Reason>,
    extras: BTreeMap<&'static str, Reason>,
}

/// Adds the conditions, and takes over from the last row what has not changed since.
fn finish<R: Resource>(
    mut row: Row,
    object: &Facet<R>,
    aspects: Aspects,
    freshness: Freshness,
) -> Row {
    let before = object.row.as_deref();
    row.conditions = aspects
        .conditions(&row, object.is_exact(), freshness)
        .into_iter()
        .map(|(kind, status, reason)| {
            let was = before.and_then(|row| row.conditions.iter().find(|it| it.kind == kind));
            let since = was.filter(|it| it.status == status).map_or(row.since, |it| it.since);
            Condition { kind, status, reason: reason.code, message: reason.message, since }
        })
        .collect();
    row.drift_since =
        (!row.causes.is_empty()).then(|| before.and_then(|it| it.drift_since).unwrap_or(row.since));
    if let Some(before) = before
        && before.status == row.status
        && before.reason.code == row.reason.code
    {
        row.since = before.since;
    }
    row
}

impl Aspects {
    /// Returns every condition, sorted by type. `exact`: whether an exact read has shown the
    /// object.
    fn conditions(
        self,
        row: &Row,
        exact: bool,
        freshness: Freshness,
    ) -> Vec<(&'static str, Truth, Reason)> {
        let ready = match row.status {
            Status::Synced => Truth::True,
            Status::Unknown | Status::Unverified => Truth::Unknown,
            Status::Pending
            | Status::Drifted
            | Status::Progressing
            | Status::Refused
            | Status::Failed
            | Status::Suspended => Truth::False,
        };
        let working = Reason::new(if self.reconciling { "Working" } else { "Idle" }, "");
        let drifted = !row.causes.is_empty();
        let drift = Reason::new(if drifted { "Drift" } else { "NoDrift" }, fields(row));
        let audited = if exact {
            Reason::new("LookedAt", "read exactly")
        } else {
            Reason::new("ListOnly", "only seen in a list so far")
        };
        let verified = freshness == Freshness::Verified;
        let verification = if verified { Reason::new("Read", "") } else { unverified(freshness) };
        let stalled = Truth::from(self.stalled.is_some());
        let mut conditions = vec![
            ("Ready", ready, row.reason.clone()),
            ("Reconciling", Truth::from(self.reconciling), working),
            ("Drifted", Truth::from(drifted), drift),
            ("Audited", Truth::from(exact), audited),
            ("Verified", Truth::from(verified), verification),
            ("Stalled", stalled, self.stalled.unwrap_or(Reason::new("NotStalled", ""))),
        ];
        conditions
            .extend(self.extras.into_iter().map(|(kind, reason)| (kind, Truth::True, reason)));
        conditions.sort_by_key(|(kind, ..)| *kind);
        conditions
    }
}

fn fields(row: &Row) -> String {
    let drifted = row.changes.iter().filter(|it| it.origin.is_drift()).map(|it| it.path.as_str());
    drifted.collect::<Vec<_>>().join(", ")
}
