//! The change brake: when one edit, or one tag that moves, would update many objects at once, they are
//! updated in waves: one, then a tenth, then the rest. The next wave waits until the last has settled, and
//! a failure stops them all.
//!
//! It needs no memory over a restart: what has been updated is no longer pending, and what failed is
//! still seen to have failed.

use std::collections::BTreeSet;

use super::facet::FacetKey;

/// So few updates at once are nobody's accident.
pub(super) const FEW: usize = 10;
/// More than one object in so many must be pending.
pub(super) const PART: usize = 4;
/// The second wave is one object in so many.
pub(super) const SECOND: usize = 10;

/// The pending updates of one engine, and the waves that they go in.
#[derive(Default)]
pub(super) struct Brake {
    /// Objects with an update to do, which nothing else holds up.
    pub(super) pending: BTreeSet<FacetKey>,
    /// Objects whose last update failed.
    pub(super) faulty: BTreeSet<FacetKey>,
    pub(super) rollout: Option<Rollout>,
    /// Objects that wait to know how many others change with them.
    pub(super) surveying: BTreeSet<FacetKey>,
    /// Whether every wanted object has been seen since the manifests changed.
    pub(super) surveyed: bool,
}

/// An update of many, under way.
pub(super) struct Rollout {
    pub(super) members: BTreeSet<FacetKey>,
    pub(super) released: BTreeSet<FacetKey>,
    /// Objects that a step of ours has begun to update. The failure of another is not this update's: a list
    /// does not show whose an object is, nor that it failed long ago.
    pub(super) begun: BTreeSet<FacetKey>,
    pub(super) wave: usize,
    pub(super) halted: bool,
    /// A person said to go on in spite of a failure.
    pub(super) confirmed: bool,
}

/// An update of many, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waves {
    /// How many objects it is about.
    pub members: usize,
    /// How many may be updated by now.
    pub released: usize,
    /// Which wave this is, from 1.
    pub wave: usize,
    /// Whether a failure has stopped it.
    pub halted: bool,
}

impl Brake {
    /// Asks for a new survey: the manifests changed, so how many objects change is not known.
    pub(super) fn survey(&mut self) {
        self.surveyed = false;
    }

    /// Drops an object that left from the pending updates, the failed ones and the rollout.
    pub(super) fn forget(&mut self, key: &FacetKey) {
        self.pending.remove(key);
        self.faulty.remove(key);
        self.surveying.remove(key);
        if let Some(rollout) = &mut self.rollout {
            rollout.members.remove(key);
            rollout.released.remove(key);
            rollout.begun.remove(key);
        }
    }

    /// Notes that a step of ours begins on an object of the rollout, so that a failure from now on
    /// is a failure of the rollout.
    pub(super) fn begin(&mut self, key: &FacetKey) {
        if let Some(rollout) = self.rollout.as_mut().filter(|it| it.released.contains(key)) {
            rollout.begun.insert(key.clone());
        }
    }

    /// Returns the objects that the rollout has begun to update and whose update failed.
    pub(super) fn failed(&self) -> impl Iterator<Item = &FacetKey> {
        let begun = self.rollout.iter().flat_map(|it| &it.begun);
        begun.filter(|it| self.faulty.contains(*it))
    }

    /// The update of many that is under way.
    pub(super) fn waves(&self) -> Option<Waves> {
        self.rollout.as_ref().map(|it| Waves {
            members: it.members.len(),
            released: it.released.len(),
            wave: it.wave,
            halted: it.halted,
        })
    }
}

pub(super) fn set(keys: &mut BTreeSet<FacetKey>, key: &FacetKey, yes: bool) {
    if yes {
        keys.insert(key.clone());
    } else {
        keys.remove(key);
    }
}
