//! Rows: what people and machines read about one object. A projection of the engine, never an input.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

use super::{
    desired::Location,
    diff::{Cause, Change, Reason},
    name::Key,
    policy::Mode,
    preview::Preview,
};
use jiff::Timestamp;

/// How an object is doing, in one word. A closed list: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As the manifest asks, and every managed part of it was read to say so.
    Synced,
    /// As the manifest asks as far as it is known, and the read that would say so is still to come.
    Unverified,
    /// The manifest, or the tag in the registry, moved and AWS has not followed yet.
    Pending,
    /// Another party changed AWS.
    Drifted,
    /// AWS is at work on it.
    Progressing,
    /// We will not touch it until a person decides.
    Refused,
    /// AWS reports the object itself as failed.
    Failed,
    /// Writes are held on request.
    Suspended,
    /// We do not know.
    Unknown,
}

impl Status {
    /// Every status, in the order of the reference page.
    pub const ALL: [Self; 9] = [
        Self::Synced,
        Self::Unverified,
        Self::Pending,
        Self::Drifted,
        Self::Progressing,
        Self::Refused,
        Self::Failed,
        Self::Suspended,
        Self::Unknown,
    ];

    /// The word in tables, labels and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Unverified => "unverified",
            Self::Pending => "pending",
            Self::Drifted => "drifted",
            Self::Progressing => "progressing",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
        }
    }

    /// Ranks a status among others: the highest of several says most about them all.
    pub fn display_rank(self) -> u8 {
        match self {
            Self::Synced => 0,
            Self::Unverified => 1,
            Self::Progressing => 2,
            Self::Pending => 3,
            Self::Unknown => 4,
            Self::Drifted => 5,
            Self::Refused => 6,
            Self::Failed => 7,
            Self::Suspended => 8,
        }
    }
}

/// One line of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which object.
    pub key: Key,
    /// How it is doing.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// Since when status and reason are these.
    pub since: Timestamp,
    /// The mode that holds for it.
    pub mode: Mode,
    /// The mode that its manifest asks for.
    pub manifest_mode: Mode,
    /// Under which causes it drifted; empty if nobody changed AWS.
    pub causes: BTreeSet<Cause>,
    /// Since when it has drifted.
    pub drift_since: Option<Timestamp>,
    /// Every field that differs, whoever moved.
    pub changes: Vec<Change>,
    /// The steps that would repair it, in order, as an operator reads them.
    pub steps: Vec<String>,
    /// What is still to come of what is not there yet; `None`: nothing.
    pub preview: Option<Box<Preview>>,
    /// Whether AWS has it; `None`: that is not known.
    pub exists: Option<bool>,
    /// Whether a manifest describes it; else it is there to be taken away, or only watched.
    pub wanted: bool,
    /// Conditions in the sense of Kubernetes, sorted by type.
    pub conditions: Vec<Condition>,
    /// Images wanted and live.
    pub digests: Digests,
    /// What people read of it besides.
    pub details: Vec<Detail>,
    /// The document's labels.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Where it is written.
    pub manifest: Option<Location>,
    /// Steps that AWS accepted and refused since the start.
    pub steps_done: StepCount,
    /// What the releases since the start came to.
    pub endings: BTreeMap<Ending, u64>,
    /// What percent of the calls a version gets that is on its way; `None` where nothing is released.
    pub percent: Option<u32>,
    /// Ours, and wanted by no manifest.
    pub orphan: bool,
}

/// The times of a row. They move with every read, and most reads move nothing else: so they lie beside the row, which
/// is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowTimes {
    /// When AWS last confirmed what we know: the start of the request, a list's or a read's.
    pub observed: Option<Timestamp>,
    /// When the last exact read began.
    pub audited: Option<Timestamp>,
    /// How old that may get before the status does not count as verified any more.
    pub max_age: Duration,
    /// When it will be read again, if nothing happens before.
    pub next_check: Option<Timestamp>,
}

/// A row with its times. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// What is said.
    pub row: Arc<Row>,
    /// Of when it is.
    pub times: RowTimes,
}

impl Deref for ShownRow {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.row
    }
}

impl Row {
    /// A row of which only this is known.
    pub fn new(key: Key, status: Status, reason: Reason, since: Timestamp) -> Self {
        Self {
            key,
            status,
            reason,
            since,
            mode: Mode::default(),
            manifest_mode: Mode::default(),
            causes: BTreeSet::new(),
            drift_since: None,
            changes: Vec::new(),
            steps: Vec::new(),
            preview: None,
            exists: None,
            wanted: false,
            conditions: Vec::new(),
            digests: Digests::default(),
            details: Vec::new(),
            labels: Arc::default(),
            manifest: None,
            steps_done: StepCount::default(),
            endings: BTreeMap::new(),
            percent: None,
            orphan: false,
        }
    }

    /// Whether a condition of this kind holds.
    pub fn holds(&self, kind: &str) -> bool {
        self.conditions.iter().any(|it| it.kind == kind && it.status == Truth::True)
    }
}

/// What a release came to: a closed list, since it is a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All callers got the version.
    Promoted,
    /// It failed before it had any.
    Rejected,
    /// It had some, did badly, and lost them.
    RolledBack,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Promoted, Self::Rejected, Self::RolledBack];

    /// As in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::Rejected => "rejected",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// How many steps went well and how many did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepCount {
    /// AWS accepted the call.
    pub success: u64,
    /// It did not.
    pub error: u64,
}

/// One aspect of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// As `Ready`.
    pub kind: &'static str,
    /// Whether it holds.
    pub status: Truth,
    /// Why, in PascalCase.
    pub reason: &'static str,
    /// Why, in words.
    pub message: String,
    /// Since when it has been so.
    pub since: Timestamp,
}

/// Three values, as everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say what they are")]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    /// The word in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Self {
        if yes { Self::True } else { Self::False }
    }
}

impl Row {
    /// Whether the object is known to differ from its manifest. One that is suspended or unknown
    /// does if differences were seen.
    pub fn differs(&self) -> bool {
        match self.status {
            Status::Synced | Status::Unverified => false,
            Status::Suspended | Status::Unknown => !self.changes.is_empty(),
            Status::Pending
            | Status::Drifted
            | Status::Progressing
            | Status::Refused
            | Status::Failed => true,
        }
    }
}

/// A word for people, as `image`, and what it is here.
pub type Detail = (&'static str, String);

/// The image an object should run and the one that it runs, 12 hex digits each; empty where unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digests {
    /// From the registry.
    pub desired: String,
    /// From AWS.
    pub live: String,
}
