//! The mass-drift breaker: when a large part of a fleet has drifted at once, that is no person at a console
//! but an accident, or a wrong manifest directory, or another tool that was told to change everything.
//! Repairing it all would be as large an act as the accident was, so writing stops until a person has looked.
//!
//! It rests on what is known: while a list runs, or while objects wait to be read exactly, more than a few
//! that seem to have drifted are not repaired before it is clear how many they are.

use std::collections::BTreeSet;

use super::{
    diff::{Cause, Change, Origin},
    facet::FacetKey,
    verdict::Judgement,
};

/// So few at once are nobody's accident.
pub(super) const FEW: usize = 10;
/// More than one object in so many must have drifted.
pub(super) const PART: usize = 4;

/// What has drifted, and what may have.
#[derive(Default)]
pub(super) struct Breaker {
    pub(super) drifted: BTreeSet<FacetKey>,
    /// A list shows these otherwise than they were; they are about to be read exactly.
    pub(super) suspects: BTreeSet<FacetKey>,
    /// Drifted objects that wait to know how many they are.
    pub(super) waiting: BTreeSet<FacetKey>,
    /// Objects that a person said to repair all the same.
    pub(super) agreed: BTreeSet<FacetKey>,
    /// Whether writing has stopped, and over how many.
    pub(super) open: bool,
}

/// A breaker that is open, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// How many objects have drifted.
    pub drifted: usize,
    /// Of how many.
    pub of: usize,
    /// The hash that confirms the repairing of exactly these.
    pub hash: String,
}

impl Breaker {
    /// Drops an object that left.
    pub(super) fn forget(&mut self, key: &FacetKey) {
        self.drifted.remove(key);
        self.suspects.remove(key);
        self.waiting.remove(key);
    }

    /// Notes that a list shows an object otherwise than it was, so that it may have drifted.
    pub(super) fn suspect(&mut self, key: &FacetKey) {
        self.suspects.insert(key.clone());
    }

    /// Notes that an object is no suspect any more: it has been read exactly, or cannot be.
    pub(super) fn clear(&mut self, key: &FacetKey) {
        self.suspects.remove(key);
    }

    /// Notes whether an object has drifted. One that a person suspended is not counted, since that
    /// person is expected to change it.
    pub(super) fn mark<S>(&mut self, key: &FacetKey, judgement: &Judgement<S>) {
        let suspended = judgement.gate.as_ref().is_some_and(|it| it.suspended);
        // That AWS reports a failure is nobody's doing; what nobody asks for may have been there for ever; and every
        // new version begins with AWS's own numbers of instances.
        let apart = |it: Cause| matches!(it, Cause::State | Cause::Unmanaged | Cause::Scaling);
        // A tag's word alone is too little to stop all writing: what it speaks of may never have come to be.
        let certain = |it: Origin| it.is_drift() && it.is_certain();
        let moved = |it: &&Change| certain(it.origin) && !apart(it.cause);
        let drifted = judgement.diff.changes.iter().any(|it| moved(&it));
        if drifted && !suspended {
            self.drifted.insert(key.clone());
        } else {
            self.drifted.remove(key);
        }
    }

    /// Whether there is nothing to weigh.
    pub(super) fn is_idle(&self) -> bool {
        self.drifted.is_empty() && self.waiting.is_empty() && !self.open
    }

    pub(super) fn agrees(&self) -> bool {
        !self.drifted.is_empty() && self.drifted.is_subset(&self.agreed)
    }
}

/// Whether so many of so many are too many.
pub(super) fn too_many(drifted: usize, of: usize) -> bool {
    drifted > FEW && drifted * PART > of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        diff::{Diff, Shown},
        name::Name,
        verdict::Verdict,
    };

    fn counts(origin: Origin) -> bool {
        counts_as(Cause::Url, origin)
    }

    fn counts_as(cause: Cause, origin: Origin) -> bool {
        let change = Change {
            path: "/field".into(),
            desired: Shown::open("asked"),
            live: Shown::open("found"),
            cause,
            origin,
            step: "step",
        };
        let diff = Diff { changes: vec![change], ..Diff::default() };
        let judgement = Judgement::<String> { verdict: Verdict::InSync, diff, gate: None };
        let mut breaker = Breaker::default();
        breaker.mark(&FacetKey::base(Name::new("job")), &judgement);
        !breaker.drifted.is_empty()
    }

    #[test]
    fn only_what_others_did_for_certain_counts() {
        assert!([Origin::Drift, Origin::Both].into_iter().all(counts));
        let unsure = [Origin::Unclear, Origin::Gone, Origin::NoRecord, Origin::Pending];
        assert!(!unsure.into_iter().any(counts));
    }

    #[test]
    fn what_may_have_been_there_for_ever_counts_for_nothing() {
        let apart = [Cause::State, Cause::Unmanaged, Cause::Scaling];
        for cause in Cause::ALL {
            assert_eq!(counts_as(cause, Origin::Drift), !apart.contains(&cause), "{cause:?}");
        }
    }
}
