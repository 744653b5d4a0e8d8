//! The mass-drift breaker: when a large part of a fleet has drifted at once, that is no person at a console
//! but an accident, or a wrong manifest directory, or another tool that was told to change everything.
//! Repairing it all would be as large an act as the accident was, so writing stops until a person has looked.
//!
//! It rests on what is known: while a list runs, or while objects wait to be read exactly, more than a few
//! that seem to have drifted are not repaired before it is clear how many they are.

use std::collections::BTreeSet;

use super::{
    diff::{Cause, Change, Origin, Reason},
    engine::Engine,
    gate::Gate,
    kind::Kind,
    name::{Key, Name},
    prune,
    verdict::Judgement,
    work::{ObjectEvent, Work},
};

/// So few at once are nobody's accident.
const FEW: usize = 10;
/// More than one object in so many must have drifted.
const PART: usize = 4;

/// What has drifted, and what may have.
#[derive(Default)]
pub(super) struct Breaker {
    drifted: BTreeSet<Name>,
    /// A list shows these otherwise than they were; they are about to be read exactly.
    suspects: BTreeSet<Name>,
    /// Drifted objects that wait to know how many they are.
    waiting: BTreeSet<Name>,
    /// Objects that a person said to repair all the same.
    agreed: BTreeSet<Name>,
    /// Whether writing has stopped, and over how many.
    open: bool,
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
    pub(super) fn forget(&mut self, name: &Name) {
        self.drifted.remove(name);
        self.suspects.remove(name);
        self.waiting.remove(name);
    }

    /// Notes that a list shows an object otherwise than it was, so that it may have drifted.
    pub(super) fn suspect(&mut self, name: &Name) {
        self.suspects.insert(name.clone());
    }

    /// Notes that an object is no suspect any more: it has been read exactly, or cannot be.
    pub(super) fn clear(&mut self, name: &Name) {
        self.suspects.remove(name);
    }

    /// Notes whether an object has drifted. One that a person suspended is not counted, since that
    /// person is expected to change it.
    pub(super) fn mark<S>(&mut self, name: &Name, judgement: &Judgement<S>) {
        let suspended = judgement.gate.as_ref().is_some_and(|it| it.suspended);
        // That AWS reports a failure is nobody's doing; what nobody asks for may have been there for ever; and every
        // new version begins with AWS's own numbers of instances.
        let apart = |it: Cause| matches!(it, Cause::State | Cause::Unmanaged | Cause::Scaling);
        // A tag's word alone is too little to stop all writing: what it speaks of may never have come to be.
        let certain = |it: Origin| it.is_drift() && it.is_certain();
        let moved = |it: &&Change| certain(it.origin) && !apart(it.cause);
        let drifted = judgement.diff.changes.iter().any(|it| moved(&it));
        if drifted && !suspended {
            self.drifted.insert(name.clone());
        } else {
            self.drifted.remove(name);
        }
    }

    /// Whether there is nothing to weigh.
    fn is_idle(&self) -> bool {
        self.drifted.is_empty() && self.waiting.is_empty() && !self.open
    }

    fn agrees(&self) -> bool {
        !self.drifted.is_empty() && self.drifted.is_subset(&self.agreed)
    }
}

/// Whether so many of so many are too many.
fn too_many(drifted: usize, of: usize) -> bool {
    drifted > FEW && drifted * PART > of
}

impl<K: Kind> Engine<K> {
    /// Opens the breaker when too many objects have drifted, and closes it when about half as many
    /// are left or a person confirmed these. The objects that this concerns are judged again.
    pub(super) fn weigh_breaker(&mut self) {
        if self.breaker.is_idle() {
            return;
        }
        let of = self.counts.wanted;
        let told = |hash: &String| *hash == self.drift_hash();
        let agreed = self.settings.confirm.as_ref().is_some_and(told);
        let breaker = &mut self.breaker;
        if agreed {
            breaker.agreed.clone_from(&breaker.drifted);
        }
        let drifted = breaker.drifted.len();
        let was = breaker.open;
        breaker.open = !breaker.agrees()
            && if was {
                // It closes at half of what opens it.
                drifted > FEW / 2 && drifted * PART * 2 > of
            } else {
                too_many(drifted, of)
            };
        if breaker.open && !was {
            let first = breaker.drifted.first().cloned();
            let because = self.broken_because();
            let event =
                first.map(|name| Work::Report(name, ObjectEvent::Broken { drifted, because }));
            self.out.extend(event);
        }
        let known = self.is_drift_known();
        let breaker = &mut self.breaker;
        if breaker.open != was || known && !breaker.waiting.is_empty() {
            // They show the breaker, or go on.
            let names = std::mem::take(&mut breaker.waiting);
            self.ready.extend(names);
            if breaker.open != was {
                self.ready.extend(breaker.drifted.iter().cloned());
            }
        }
    }

    /// Whether it is clear how many have drifted, or clear that they are few.
    fn is_drift_known(&self) -> bool {
        let breaker = &self.breaker;
        let all = breaker.drifted.union(&breaker.suspects).count();
        all <= FEW || breaker.suspects.is_empty() && !self.lists.is_running()
    }

    /// Why nothing is to be written to anything, if too much has drifted.
    pub(super) fn broken(&self) -> Option<Gate> {
        self.breaker.open.then(|| Gate::shut(Reason::new("MassDrift", self.broken_because())))
    }

    /// Returns the gate that holds a drifted object until it is known how many drifted with it;
    /// `None` lets it go on.
    pub(super) fn uncounted(&mut self, name: &Name) -> Option<Gate> {
        let breaker = &self.breaker;
        let drifted = breaker.drifted.contains(name) && !breaker.agreed.contains(name);
        if !drifted || self.is_drift_known() {
            return None;
        }
        self.breaker.waiting.insert(name.clone());
        let reason =
            Reason::new("Surveying", "how many others have drifted with it is not known yet");
        Some(Gate::shut(reason))
    }

    /// The breaker, if it is open.
    pub(super) fn broken_now(&self) -> Option<Broken> {
        self.breaker.open.then(|| Broken {
            drifted: self.breaker.drifted.len(),
            of: self.counts.wanted,
            hash: self.drift_hash(),
        })
    }

    fn broken_because(&self) -> String {
        let (drifted, of) = (self.breaker.drifted.len(), self.counts.wanted);
        format!(
            "{drifted} of {of} have drifted at once, so nothing is written: find out who changed them; \
             it goes on by itself when most are as they were, or with `--confirm {}`",
            self.drift_hash()
        )
    }

    fn drift_hash(&self) -> String {
        let keys: BTreeSet<Key> = self.breaker.drifted.iter().map(|it| self.key(it)).collect();
        prune::hash(&keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        diff::{Diff, Shown},
        verdict::Verdict,
    };

    fn counts(origin: Origin) -> bool {
        let change = Change {
            path: "/field".into(),
            desired: Shown::open("asked"),
            live: Shown::open("found"),
            cause: Cause::Url,
            origin,
            step: "step",
        };
        let diff = Diff { changes: vec![change], ..Diff::default() };
        let judgement = Judgement::<String> { verdict: Verdict::InSync, diff, gate: None };
        let mut breaker = Breaker::default();
        breaker.mark(&Name::new("job"), &judgement);
        !breaker.drifted.is_empty()
    }

    #[test]
    fn only_what_others_did_for_certain_counts() {
        assert!([Origin::Drift, Origin::Both].into_iter().all(counts));
        let unsure = [Origin::Unclear, Origin::Gone, Origin::NoRecord, Origin::Pending];
        assert!(!unsure.into_iter().any(counts));
    }
}
