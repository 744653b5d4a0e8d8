//! What an engine holds of one facet of all its objects.

use std::collections::BTreeMap;

use super::{
    audit::AuditPace,
    brake::Brake,
    breaker::Breaker,
    counts::Counts,
    desired::Spare,
    facet::FacetKey,
    fight::Fight,
    lists::Lists,
    policy::{FacetSettings, Settings},
    resource::Resource,
};

/// One facet of all objects: who is listed, how many they are, and the rails that hold them together.
pub(super) struct FacetGroup<R: Resource> {
    pub(super) settings: FacetSettings,
    pub(super) lists: Lists,
    /// How often the audit reads.
    pub(super) pace: AuditPace,
    pub(super) brake: Brake,
    pub(super) breaker: Breaker,
    /// How many there are of each membership.
    pub(super) counts: Counts,
    /// What to do about what no document describes any more, once it shows.
    pub(super) spare: Spare<R::Spec>,
    /// Fights over what nobody asks for: each time it goes it leaves, and comes back as another object.
    pub(super) feuds: BTreeMap<FacetKey, Fight>,
}

impl<R: Resource> FacetGroup<R> {
    pub(super) fn new(settings: &Settings, own: FacetSettings) -> Self {
        Self {
            settings: own,
            lists: Lists::new(settings.resync),
            pace: AuditPace::new(settings.audit),
            brake: Brake::default(),
            breaker: Breaker::default(),
            counts: Counts::default(),
            spare: Spare::default(),
            feuds: BTreeMap::new(),
        }
    }
}
