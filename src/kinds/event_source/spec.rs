//! What a document asks for of an event source in one target.

use super::{
    config::{Chosen, Config},
    doc::EventSourceDoc,
    source::{Address, Source},
};
use crate::{
    engine::{name::Name, tags::Ownership},
    kinds::part::Site,
};

/// The kind's name.
pub(super) const KIND: &str = "EventSource";

/// An event source as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Who we are.
    pub owner: String,
    /// The function.
    pub function: Name,
    /// The alias that is invoked, if the document keeps one.
    pub alias: Option<String>,
    /// What is wanted; `None`: that it goes, if we made it.
    pub desired: Option<DesiredMapping>,
    /// Whether those that nobody asks for are told of.
    pub guards: bool,
    /// Whether those are taken away.
    pub exclusive: bool,
}

/// What is wanted of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredMapping {
    /// Where events come from and go.
    pub address: Address,
    /// What the source is.
    pub source: Source,
    /// How it is set up.
    pub config: Config,
    /// What AWS lets be chosen only once.
    pub chosen: Chosen,
    /// The tags by which it is known as ours.
    pub ownership: Ownership,
}

/// The function as calls name it.
pub(super) fn invokes(function: &Name, alias: Option<&String>) -> String {
    alias.map_or_else(|| function.to_string(), |alias| format!("{function}:{alias}"))
}

impl Spec {
    /// Puts what is wanted of an event source (`None`: that it goes, if we made it) in its place.
    pub(super) fn of(desired: Option<DesiredMapping>, site: &Site<'_>) -> Self {
        Self {
            owner: site.owner.to_owned(),
            function: site.function.clone(),
            alias: site.alias.map(ToOwned::to_owned),
            desired,
            guards: site.watches,
            exclusive: site.exclusive,
        }
    }
}

impl DesiredMapping {
    /// Builds what a document asks for in a target; `None` for a source that `check` refuses.
    pub(super) fn of(doc: &EventSourceDoc, site: &Site<'_>) -> Option<Self> {
        let arn = site.place.fill_in(&doc.event_source_arn);
        let source = Source::of(&arn)?;
        let address = Address { function: site.function.clone(), arn, topic: doc.topic().cloned() };
        let (name, deletion) = (address.name(), site.deletion);
        Some(Self {
            source,
            config: Config::of(doc, source, site.place),
            chosen: Chosen::of(doc, site.place),
            ownership: Ownership::of(KIND, &name, site.owner, deletion),
            address,
        })
    }
}
