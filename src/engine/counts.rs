//! How many objects there are of each membership, kept as objects change: it is asked for after each event,
//! and going over a fleet each time would cost more than the events do.

use std::collections::BTreeMap;

use super::{facet::FacetKey, name::Name, time::Mono};

/// What one object adds to the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) role: Role,
    pub(super) present: bool,
    /// Nobody wants it, and whose it is is still to be read.
    pub(super) vague: bool,
    /// Its tag allows deletion.
    pub(super) candidate: bool,
    /// Since when a candidate has had no manifest.
    pub(super) gone_since: Option<Mono>,
}

/// What an object is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Wanted,
    /// Wanted, but only to be watched for what no manifest asks for.
    Guard,
    /// Ours, and wanted by nobody.
    Orphan,
    Stranger,
}

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Wanted, whether or not it is there.
    pub(super) wanted: usize,
    /// Wanted only to be watched.
    pub(super) guards: usize,
    /// Wanted and there.
    pub(super) managed: usize,
    /// Ours, and wanted by nobody.
    pub(super) orphans: usize,
    /// There, wanted by nobody and not ours.
    pub(super) unmanaged: usize,
    pub(super) vague: usize,
    pub(super) candidates: BTreeMap<Name, Option<Mono>>,
}

impl Counts {
    pub(super) fn add(&mut self, key: &FacetKey, membership: Membership) {
        self.count(membership, |number| *number += 1);
        if membership.candidate {
            self.candidates.insert(key.name().clone(), membership.gone_since);
        }
    }

    /// Takes an object out of the numbers; `membership` is that with which it was added.
    pub(super) fn take(&mut self, key: &FacetKey, membership: Membership) {
        self.count(membership, |number| *number -= 1);
        if membership.candidate {
            self.candidates.remove(key.name());
        }
    }

    /// Changes every number that an object is part of; `by` adds one or takes one away.
    fn count(&mut self, membership: Membership, by: impl Fn(&mut usize)) {
        match (membership.role, membership.present) {
            (role @ (Role::Wanted | Role::Guard), present) => {
                by(&mut self.wanted);
                if present {
                    by(&mut self.managed);
                }
                if role == Role::Guard {
                    by(&mut self.guards);
                }
            }
            (Role::Orphan, _) => by(&mut self.orphans),
            (Role::Stranger, true) => by(&mut self.unmanaged),
            (Role::Stranger, false) => {}
        }
        if membership.vague {
            by(&mut self.vague);
        }
    }
}
