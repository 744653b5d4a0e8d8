//! What a document, and the operator, allow us to do.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{audit::AuditPeriods, name::Owner};

/// Whether differences are repaired or only reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Report only.
    Observe,
    /// Repair.
    #[default]
    Enforce,
}

impl Mode {
    /// The stricter of two modes: both must enforce.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        self.min(other)
    }

    /// The word in flags, labels and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Enforce => "enforce",
        }
    }
}

/// The `policy` block of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether this document is enforced.
    pub mode: Mode,
    /// Whose object may be taken over.
    pub adopt: Adopt,
    /// What is to happen to the object when its manifest goes.
    pub deletion: Deletion,
    /// Fields that are left to others, as JSON Pointers below `spec`.
    pub ignore: Vec<String>,
    /// Whether writes are held, and until when.
    pub suspend: Option<Suspend>,
    /// Whether what opens the object to others, and no document asks for, is taken away.
    pub exclusive: bool,
}

/// Whose existing object a document may take over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "AdoptForm")]
pub enum Adopt {
    /// Nobody's: an object that is not ours is left alone.
    #[default]
    No,
    /// One without an owner.
    Unowned,
    /// One that this other owner keeps, or `cloudformation`.
    From(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AdoptForm {
    Flag(bool),
    From { from: String },
}

impl From<AdoptForm> for Adopt {
    fn from(form: AdoptForm) -> Self {
        match form {
            AdoptForm::Flag(true) => Self::Unowned,
            AdoptForm::Flag(false) => Self::No,
            AdoptForm::From { from } => Self::From(from),
        }
    }
}

/// What happens to the object when its manifest goes. It is remembered in the live tag
/// `evenkeel.dev/deletion`, since by then the manifest cannot say it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deletion {
    /// It stays.
    #[default]
    Retain,
    /// It may be deleted.
    Delete,
}

impl Deletion {
    /// The word in the manifest and in the tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retain => "retain",
            Self::Delete => "delete",
        }
    }
}

/// A hold on writes. Detection goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspend {
    /// Why; shown with the object.
    pub reason: String,
    /// When it ends by itself; `None`: when the block is removed.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl Suspend {
    /// Whether the hold is on at this moment.
    pub fn holds(&self, wall: Timestamp) -> bool {
        self.until.is_none_or(|until| wall < until)
    }
}

/// How much is read, and what of it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMode {
    /// For as long as it runs: at first a list's row that equals the spec is good enough.
    Watch,
    /// Everything once, and each wanted object exactly.
    Once,
    /// Some objects of many, once: nothing is listed, each is read for itself.
    Narrow,
}

/// What the operator set for one engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who we are.
    pub owner: Owner,
    /// The operator's mode; the stricter of this and the document's counts.
    pub mode: Mode,
    /// The pause between two lists.
    pub resync: Duration,
    /// How many steps may be under way at once.
    pub in_flight_max: usize,
    /// How often the audit reads each object, until it is told otherwise.
    pub audit: AuditPeriods,
    /// The hash of an update of many that goes on in spite of a failure.
    pub confirm: Option<String>,
}

/// What the operator set, as it is for one facet.
#[derive(Debug, Clone, Copy)]
pub struct FacetSettings {
    /// How much is read, and what of it is believed.
    pub read_mode: ReadMode,
    /// Whether a single run reads objects that no manifest asks for, since they may be ours.
    pub strangers: bool,
    /// Whether objects that no manifest asks for may be deleted, once the prune gate lets them.
    pub prune: bool,
}
