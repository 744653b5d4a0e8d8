//! Facets: what an object is made of. Each is read, judged and written by itself; what is written to an object is
//! written one thing at a time.

use super::{facts::FactKey, name::Name, priority::Priority};

/// A facet of a resource: its place in [`super::resource::Resource::FACETS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FacetId(pub u8);

impl FacetId {
    /// The object itself.
    pub const BASE: Self = Self(0);

    /// The place in a list of facets.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A facet of one object; of a facet that is a collection, one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FacetKey {
    /// The object, as `resize`.
    pub object: Name,
    /// Which facet.
    pub facet: FacetId,
    /// Which one of several, by its whole name, as `resize/arn:aws:sqs:…`.
    pub item: Option<Name>,
}

impl FacetKey {
    /// The object itself.
    pub fn base(object: Name) -> Self {
        Self { object, facet: FacetId::BASE, item: None }
    }

    /// The name in keys of rows: the item's, else the object's.
    pub fn name(&self) -> &Name {
        self.item.as_ref().unwrap_or(&self.object)
    }
}

/// What of a kind can be read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Everything that there is.
    All,
    /// What is asked for.
    Wanted,
    /// Nothing: each object is read for itself.
    None,
}

/// What the engine has to know of a facet besides what its resource computes.
#[derive(Debug, Clone, Copy)]
pub struct FacetInfo {
    /// As in keys of rows and metric labels: `Url`.
    pub kind: &'static str,
    /// The kind of document that it is a part of; `None` if it is the object itself.
    pub part_of: Option<&'static str>,
    /// What of it a list shows.
    pub listing: Listing,
    /// How urgent the read is that a wait asks for, if AWS is not at work meanwhile.
    pub recheck: Priority,
    /// Whether facts of this sort are worth telling it.
    pub hears: fn(&FactKey) -> bool,
}
