//! Rows: what people and machines read about one object. A projection of the engine, never an input.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    desired::Location,
    diff::{Cause, Change, Said},
    kind::{Detail, Digests},
    name::Key,
    policy::Mode,
};

/// How an object is doing, in one word. A closed list: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As the manifest asks.
    Synced,
    /// The manifest, or the tag in the registry, moved and AWS has not followed yet.
    Pending,
    /// Somebody changed AWS.
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
    pub const ALL: [Self; 8] = [
        Self::Synced,
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
            Self::Pending => "pending",
            Self::Drifted => "drifted",
            Self::Progressing => "progressing",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
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
    pub said: Said,
    /// Since when status and reason are these.
    pub since: Timestamp,
    /// The mode that holds for it.
    pub mode: Mode,
    /// Under which causes it drifted; empty if nobody changed AWS.
    pub causes: BTreeSet<Cause>,
    /// Since when it has drifted.
    pub drift_since: Option<Timestamp>,
    /// Every field that differs, whoever moved.
    pub changes: Vec<Change>,
    /// The steps that would mend it, in order, as an operator reads them.
    pub steps: Vec<String>,
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
    /// When AWS last confirmed what we know: the start of the request, a list's or a look's.
    pub observed: Option<Timestamp>,
    /// When it was last read exactly.
    pub audited: Option<Timestamp>,
    /// When it will be looked at again, if nothing happens before.
    pub next_check: Option<Timestamp>,
    /// Steps that AWS accepted and refused since the start.
    pub steps_done: StepCount,
    /// What the releases since the start came to.
    pub endings: BTreeMap<Ending, u64>,
    /// What percent of the calls a version gets that is on its way; `None` where nothing is released.
    pub percent: Option<u32>,
    /// Ours, and wanted by no manifest.
    pub orphan: bool,
}

impl Row {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// As `Ready`.
    #[serde(rename = "type")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "they say what they are")]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Self {
        if yes { Self::True } else { Self::False }
    }
}

impl Row {
    /// Whether anything about it would have to change to be as the manifest asks.
    pub fn differs(&self) -> bool {
        match self.status {
            Status::Synced => false,
            Status::Suspended | Status::Unknown => !self.changes.is_empty(),
            Status::Pending
            | Status::Drifted
            | Status::Progressing
            | Status::Refused
            | Status::Failed => true,
        }
    }
}

/// The JSON form of a row: an interface, documented in `docs/reference/api.md`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowJson<'a> {
    key: String,
    target: &'a str,
    kind: &'a str,
    name: &'a str,
    status: Status,
    reason: &'a str,
    message: &'a str,
    since: Timestamp,
    mode: &'a str,
    causes: Vec<&'a str>,
    drift_since: Option<Timestamp>,
    changes: Vec<ChangeJson<'a>>,
    steps: &'a [String],
    conditions: &'a [Condition],
    digests: DigestsJson<'a>,
    labels: &'a BTreeMap<String, String>,
    manifest: Option<&'a Location>,
    observed: Option<Timestamp>,
    audited: Option<Timestamp>,
    next_check: Option<Timestamp>,
    orphan: bool,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    path: &'a str,
    desired: &'a str,
    live: &'a str,
    origin: &'a str,
    cause: &'a str,
}

#[derive(Serialize)]
struct DigestsJson<'a> {
    desired: &'a str,
    live: &'a str,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let changes = self.changes.iter().map(|it| ChangeJson {
            path: &it.path,
            desired: &it.desired.text,
            live: &it.live.text,
            origin: it.origin.as_str(),
            cause: it.cause.as_str(),
        });
        RowJson {
            key: self.key.to_string(),
            target: self.key.target.as_str(),
            kind: self.key.kind,
            name: self.key.name.as_str(),
            status: self.status,
            reason: self.said.reason,
            message: &self.said.message,
            since: self.since,
            mode: self.mode.as_str(),
            causes: self.causes.iter().map(|it| it.as_str()).collect(),
            drift_since: self.drift_since,
            changes: changes.collect(),
            steps: &self.steps,
            conditions: &self.conditions,
            digests: DigestsJson { desired: &self.digests.desired, live: &self.digests.live },
            labels: &self.labels,
            manifest: self.manifest.as_ref(),
            observed: self.observed,
            audited: self.audited,
            next_check: self.next_check,
            orphan: self.orphan,
        }
        .serialize(serializer)
    }
}
