//! What the driver tells the engine, and what the engine asks of the driver.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    audit::AuditPeriods,
    bulk_rows::BulkRows,
    desired::Desired,
    diff::{Cause, Change, Planned, Reason},
    facet::{FacetId, FacetKey},
    facts::{Fact, FactKey},
    failure::Failure,
    gate::WriteStop,
    name::Name,
    page::Page,
    prune::PruneDecision,
    resource::Resource,
    status::Status,
    time::Mono,
};

pub use super::priority::Priority;

/// Something happened. Nothing branches on why: every event only says "read this again".
pub enum Event<R: Resource> {
    /// The manifests were read.
    Desired(Desired<R::Spec>),
    /// Part of the list of a facet came.
    Page(FacetId, Page<R::Reading>),
    /// The list of a facet is at its end, or broke off.
    ListEnded(FacetId, Result<(), Failure>),
    /// A read came back.
    Read(ReadResult<R>),
    /// A step came back.
    Applied {
        /// Of which facet.
        key: FacetKey,
        /// Whether AWS accepted it.
        result: Result<(), Failure>,
    },
    /// A step could not start, since all writing is on hold, or as many writes are under way as may be.
    Blocked(FacetKey),
    /// Another kind said something; `None`: it no longer knows.
    Facts(Vec<(FactKey, Option<Fact>)>),
    /// A person asks for a read.
    Refresh(Arc<Refresh>),
    /// How often the audit may read a facet.
    AuditPeriods(FacetId, AuditPeriods),
    /// A bulk read shows these otherwise than the one before.
    BulkRows(Arc<BulkRows>),
    /// List again now.
    Resync,
    /// Nothing may be read or written until further notice (`Some`), or all is well again (`None`).
    Paused(Option<Reason>),
    /// Nothing may be written until further notice (`Some`), or all is well again (`None`); reading goes on.
    WriteStop(Option<WriteStop>),
    /// The manifests were read well again at this moment, and are the same.
    Reread(Mono),
    /// What may be deleted was ruled.
    PruneDecided(Arc<PruneDecision>),
    /// The time that [`super::engine::Engine::next_wake`] named has come.
    Woke,
}

/// What a person asks to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// Everything, in the order and at the pace of a first audit.
    All,
    /// These documents with everything that belongs to them, at once: each by its kind and name.
    Documents(BTreeSet<DocumentKey>),
}

/// A document of a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentKey {
    /// As `Function`.
    pub kind: &'static str,
    /// Its name in AWS.
    pub name: Name,
}

/// The answer to [`Work::Read`].
pub struct ReadResult<R: Resource> {
    /// Of which facet.
    pub key: FacetKey,
    /// When the request started.
    pub started: Mono,
    /// What was found.
    pub found: Result<Option<R::Reading>, Failure>,
}

/// Something to do. The engine decides nothing more about it until the answer comes.
pub enum Work<R: Resource> {
    /// Read the list of a facet, of which these are wanted; answer with pages and [`Event::ListEnded`].
    List(FacetId, Arc<BTreeMap<Name, R::Spec>>),
    /// Read one facet, of which this is wanted; answer with [`Event::Read`]. It has been due for so long.
    Read(FacetKey, Option<R::Spec>, Priority, Duration),
    /// The read of this facet that is under way is more urgent than it was.
    RaisePriority(FacetKey, Priority),
    /// Make one call; answer with [`Event::Applied`] or [`Event::Blocked`].
    Apply(Order<R>),
    /// Tell the other kinds.
    Publish(FactKey, Option<Fact>),
    /// Write it down: a log line, a counter.
    Report(FacetKey, ObjectEvent),
}

/// One call to be made, and what is to be said of it.
pub struct Order<R: Resource> {
    /// Of which facet.
    pub key: FacetKey,
    /// The call.
    pub planned: Planned<R::Step>,
    /// When the read began that it rests on.
    pub read_started: Mono,
    /// The `RevisionId` that the read showed, if there is one.
    pub revision: Option<String>,
    /// The differences that it ends.
    pub changes: Vec<Change>,
    /// What made us read.
    pub trigger: Trigger,
}

/// What made us read an object: told with what follows, and never asked for by a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trigger {
    /// Its manifest.
    Manifest,
    /// A list, or the audit.
    #[default]
    Resync,
    /// News of what it depends on.
    Fact,
    /// A step that failed before.
    Retry,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Manifest, Self::Resync, Self::Fact, Self::Retry];

    /// As in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Resync => "resync",
            Self::Fact => "fact",
            Self::Retry => "retry",
        }
    }
}

/// Something worth a line in the log or a counter: each is said once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectEvent {
    /// The object's status or its reason is another one now.
    Turned {
        /// What it was.
        from: Status,
        /// What it is.
        to: Status,
        /// Why.
        reason: Reason,
        /// Whether something is being done about it, so that it ends by itself in seconds.
        busy: bool,
    },
    /// Another party changed something in AWS; how long ago, where AWS says so.
    Drifted(Cause, Option<Duration>),
    /// What another party had changed is as it should be again.
    Corrected(Cause, Outcome),
    /// Nobody wants this object any more, and it is ours.
    Orphaned,
    /// It is about to be deleted, and this is all that is known of it, without secrets.
    Buried(String),
    /// An update of many objects was stopped by the failure of this one.
    Halted {
        /// How many others wait.
        waiting: usize,
        /// In words, with the next thing to do.
        because: String,
    },
    /// So many have drifted at once, this one among them, that nothing is written any more.
    Broken {
        /// How many.
        drifted: usize,
        /// In words, with the next thing to do.
        because: String,
    },
}

/// How drift ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// We repaired it.
    Success,
    /// A step that should have repaired it failed; it goes on.
    Error,
    /// It ended without us: another party put it back, or the manifest now asks for it.
    External,
}

impl Outcome {
    /// How drift ended that is no more.
    pub(super) fn of(ours: bool) -> Self {
        if ours { Self::Success } else { Self::External }
    }

    /// The word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::External => "external",
        }
    }

    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Success, Self::Error, Self::External];
}
