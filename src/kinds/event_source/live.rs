//! What a read shows of an event source.

use jiff::Timestamp;

use super::{
    config::{Chosen, Config},
    source::Address,
};
use crate::{
    engine::{observed::Known, tags::Tags},
    kinds::block::host::Host,
};

/// An event source as it is, and the function that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The function; `None` if there is none, or if it was not asked for.
    pub host: Option<Host>,
    /// The mapping, if there is one.
    pub mapping: Option<Mapping>,
}

/// A mapping in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Where events come from and go.
    pub address: Address,
    /// AWS's id.
    pub uuid: String,
    /// Its own ARN, which tag calls take.
    pub arn: String,
    /// The alias or version that is invoked, if it is not the function itself.
    pub alias: Option<String>,
    /// What AWS is doing with it, in words, if it is at something.
    pub busy: Option<String>,
    /// Whether that is to delete it.
    pub leaving: bool,
    /// How it is set up.
    pub config: Config,
    /// Why its filters are not known, if they are not.
    pub filters_unread: Option<String>,
    /// What could be chosen only once.
    pub chosen: Chosen,
    /// Its tags; a list does not show them.
    pub tags: Known<Tags>,
    /// When AWS says that it last changed.
    pub changed_at: Option<Timestamp>,
}
