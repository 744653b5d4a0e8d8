//! What shuts the write gate; that a step rests on a fresh read, and is the only write to its object, is the engine's
//! part.

use jiff::Timestamp;

use super::diff::Reason;

/// Why nothing may be written to a whole target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteStop {
    /// Why, in words.
    pub reason: Reason,
    /// Whether callers are saved all the same ([`super::resource::Resource::rescues`]): nobody said to leave everything as it is.
    pub rescues: bool,
}

/// Why nothing may be written to an object just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// In words.
    pub reason: Reason,
    /// Whether a person asked for it.
    pub suspended: bool,
    /// When it opens by itself.
    pub until: Option<Timestamp>,
}

impl Gate {
    /// A gate that is shut for a reason of our own.
    pub fn shut(reason: Reason) -> Self {
        Self { reason, suspended: false, until: None }
    }

    pub(super) fn suspended(message: String, until: Option<Timestamp>) -> Self {
        Self { reason: Reason::new("Suspended", message), suspended: true, until }
    }
}
