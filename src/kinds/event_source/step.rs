//! The calls that repair an event source, each with every argument decided.

use std::{collections::BTreeSet, fmt};

use super::{
    config::{Chosen, Config},
    source::{Address, Source},
};
use crate::engine::tags::Tags;

/// Kinds of steps, by which changes refer to them. Some are words of the engine too.
pub mod kind {
    /// Makes the mapping.
    pub const CREATE: &str = "create";
    /// Changes it.
    pub const UPDATE: &str = "update";
    /// Sets tags.
    pub const TAGS: &str = "tags";
    /// Writes down what was applied.
    pub const RECORD: &str = "record";
    /// What no step repairs.
    pub const NONE: &str = "none";
    /// Deletes it.
    pub const DELETE: &str = "delete";
    /// Deletes what nobody asks for.
    pub const EXTRA: &str = "extra";
}

/// What of a configuration is sent, by the first part of its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// All of it.
    pub config: Config,
    /// The members that the call names; the others stay as they are.
    pub members: BTreeSet<&'static str>,
}

/// One call. Its `Display` is the line that an operator reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the calls")]
pub enum Step {
    /// CreateEventSourceMapping.
    Create(Box<CreateMapping>),
    /// UpdateEventSourceMapping.
    Update {
        address: Address,
        uuid: String,
        invokes: Option<String>,
        sent: Box<Sent>,
        shown: String,
    },
    /// TagResource.
    Tag { address: Address, arn: String, tags: Tags, shown: String },
    /// DeleteEventSourceMapping.
    Delete { address: Address, uuid: String },
}

/// What CreateEventSourceMapping is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct CreateMapping {
    pub address: Address,
    pub source: Source,
    /// The function, with its alias.
    pub invokes: String,
    pub chosen: Chosen,
    pub sent: Sent,
    pub tags: Tags,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(it) => {
                let Config { enabled, batch_size, .. } = &it.sent.config;
                write!(f, "create {}, batch {batch_size}", it.address)?;
                if let Some((_, alias)) = it.invokes.split_once(':') {
                    write!(f, ", for the alias {alias}")?;
                }
                if *enabled { Ok(()) } else { write!(f, ", disabled") }
            }
            Self::Update { address, shown, .. } => write!(f, "update {address}: {shown}"),
            Self::Tag { address, shown, .. } => write!(f, "tag {address}: {shown}"),
            Self::Delete { address, .. } => write!(f, "delete {address}"),
        }
    }
}
