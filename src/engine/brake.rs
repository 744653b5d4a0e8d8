//! The change brake: when one edit, or one tag that moves, would update many objects at once, they are
//! updated in waves: one, then a tenth, then the rest. The next wave waits until the last has settled, and
//! a failure stops them all.
//!
//! It needs no memory over a restart: what has been updated is no longer pending, and what failed is
//! still seen to have failed.

use std::collections::BTreeSet;

use super::{
    diff::{Change, Origin, Reason},
    engine::Engine,
    gate::Gate,
    kind::Kind,
    name::{Key, Name},
    object::Phase,
    observed::Observed,
    prune,
    verdict::{Judgement, Verdict, rescues},
    work::{ObjectEvent, Work},
};

/// So few updates at once are nobody's accident.
const FEW: usize = 10;
/// More than one object in so many must be pending.
const PART: usize = 4;
/// The second wave is one object in so many.
const SECOND: usize = 10;

/// The pending updates of one engine, and the waves that they go in.
#[derive(Default)]
pub(super) struct Brake {
    /// Objects with an update to do, which nothing else holds up.
    pending: BTreeSet<Name>,
    /// Objects whose last update failed.
    faulty: BTreeSet<Name>,
    rollout: Option<Rollout>,
    /// Objects that wait to know how many others change with them.
    surveying: BTreeSet<Name>,
    /// Whether every wanted object has been seen since the manifests changed.
    surveyed: bool,
}

/// An update of many, under way.
struct Rollout {
    members: BTreeSet<Name>,
    released: BTreeSet<Name>,
    /// Objects that a step of ours has begun to update. The failure of another is not this update's: a list
    /// does not show whose an object is, nor that it failed long ago.
    begun: BTreeSet<Name>,
    wave: usize,
    halted: bool,
    /// A person said to go on in spite of a failure.
    confirmed: bool,
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
    pub(super) fn forget(&mut self, name: &Name) {
        self.pending.remove(name);
        self.faulty.remove(name);
        self.surveying.remove(name);
        if let Some(rollout) = &mut self.rollout {
            rollout.members.remove(name);
            rollout.released.remove(name);
            rollout.begun.remove(name);
        }
    }

    /// Notes that a step of ours begins on an object of the rollout, so that a failure from now on
    /// is a failure of the rollout.
    pub(super) fn begin(&mut self, name: &Name) {
        if let Some(rollout) = self.rollout.as_mut().filter(|it| it.released.contains(name)) {
            rollout.begun.insert(name.clone());
        }
    }

    /// Returns the objects that the rollout has begun to update and whose update failed.
    fn failed(&self) -> impl Iterator<Item = &Name> {
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

impl<K: Kind> Engine<K> {
    /// Notes whether an object has an update to do and whether its last one failed, and tells the
    /// breaker. Only what a manifest or an image changed is an update: what is absent, has only
    /// drifted, is held by a gate or saves callers is not braked.
    pub(super) fn mark(&mut self, name: &Name, judgement: &Judgement<K::Step>) {
        let Some(object) = self.objects.get(name) else { return };
        let present = object.observed.reading().is_some_and(|it| K::is_there(&it.live));
        let only_drift = |it: &Change| matches!(it.origin, Origin::Drift | Origin::Gone);
        let moved = !judgement.diff.changes.iter().all(only_drift);
        let rescue = rescues::<K>(&judgement.verdict);
        let acts = matches!(judgement.verdict, Verdict::Act(_)) && !rescue;
        let update = present && moved && acts && judgement.gate.is_none();
        let faulty = match &judgement.verdict {
            Verdict::Refuse(_) => true,
            Verdict::Wait(wait) => !wait.soon && object.memory.is_failing(self.now.mono),
            Verdict::Act(_) | Verdict::InSync => false,
        };
        let faulty = judgement.diff.failed.is_some() || faulty;
        self.breaker.mark(name, judgement);
        set(&mut self.brake.pending, name, update);
        set(&mut self.brake.faulty, name, faulty);
        if let Some(rollout) = self.brake.rollout.as_mut().filter(|_| update) {
            rollout.members.insert(name.clone());
        }
    }

    /// Returns the gate that holds an object's update until its wave; `None` lets it go on. It
    /// starts the waves when the first of many updates asks.
    pub(super) fn braked(&mut self, name: &Name) -> Option<Gate> {
        if !self.brake.pending.contains(name) {
            return None;
        }
        if self.brake.rollout.is_none() {
            if !self.is_surveyed() {
                self.brake.surveying.insert(name.clone());
                let reason =
                    Reason::new("Surveying", "how many others change with it is not known yet");
                return Some(Gate::shut(reason));
            }
            self.engage();
        }
        let rollout = self.brake.rollout.as_ref()?;
        if rollout.released.contains(name) {
            return None;
        }
        let reason = if rollout.halted {
            Reason::new("RolloutHalted", self.halted_because())
        } else {
            let (wave, members) = (rollout.wave, rollout.members.len());
            let message = format!(
                "{members} objects change at once, so they go in waves; it is not in wave {wave}"
            );
            Reason::new("RolloutWaiting", message)
        };
        Some(Gate::shut(reason))
    }

    /// Whether a gate opens by itself within this update: for a wave to come, or a survey.
    pub(super) fn waits_for_wave(gate: &Gate) -> bool {
        matches!(gate.reason.code, "RolloutWaiting" | "Surveying")
    }

    /// Whether every wanted object has been read, or cannot be, since the manifests changed. A
    /// fleet of few objects needs no survey.
    fn is_surveyed(&mut self) -> bool {
        let brake = &mut self.brake;
        let wanted = || self.objects.values().filter(|it| it.wanted.is_some());
        brake.surveyed = brake.surveyed
            || self.counts.wanted <= FEW
            || wanted().all(|it| !matches!(it.observed, Observed::Unknown) || it.unread.is_some());
        brake.surveyed
    }

    /// Starts a rollout in waves if more than [`FEW`] objects, and more than one in [`PART`], have
    /// an update to do; does nothing otherwise.
    fn engage(&mut self) {
        let pending = &self.brake.pending;
        if pending.len() <= FEW || pending.len() * PART <= self.counts.wanted {
            return;
        }
        // What failed at an update before a restart is the first wave of it.
        let failed = pending.intersection(&self.brake.faulty).cloned();
        let released: BTreeSet<Name> = failed.collect();
        let (members, begun) = (pending.clone(), released.clone());
        self.brake.rollout =
            Some(Rollout { members, released, begun, wave: 1, halted: false, confirmed: false });
        self.turn_wave();
    }

    /// Releases the next wave once the last has settled, halts the rollout at a failure unless a
    /// person confirmed it, and ends it when every member is updated. It runs after each event.
    pub(super) fn turn_wave(&mut self) {
        if !self.brake.surveying.is_empty() && self.is_surveyed() {
            let surveyed = std::mem::take(&mut self.brake.surveying);
            self.ready.extend(surveyed);
        }
        // While nothing may be written nothing settles, though it may look so.
        if self.write_stop.is_some() || self.paused.is_some() {
            return;
        }
        let Some(rollout) = &self.brake.rollout else { return };
        let told = |hash: &String| *hash == self.rollout_hash();
        let confirmed = rollout.confirmed || self.settings.confirm.as_ref().is_some_and(told);
        let unsettled = rollout.released.iter().any(|it| !self.has_settled(it));
        let failed = self.brake.failed().next().cloned();
        let halted = failed.is_some() && !confirmed;
        let done = rollout.released.len() == rollout.members.len() && !unsettled;
        let was = rollout.halted;
        let Some(rollout) = &mut self.brake.rollout else { return };
        (rollout.halted, rollout.confirmed) = (halted, confirmed);
        if done && !halted {
            self.brake.rollout = None;
            return;
        }
        let waiting: Vec<Name> = rollout.members.difference(&rollout.released).cloned().collect();
        if let Some(failed) = failed.filter(|_| halted && !was) {
            let event =
                ObjectEvent::Halted { waiting: waiting.len(), because: self.halted_because() };
            self.out.push(Work::Report(failed, event));
            self.ready.extend(waiting);
            return;
        }
        if halted || unsettled && !confirmed {
            return;
        }
        self.release_wave(waiting, confirmed);
    }

    /// Lets the next wave go: one object, then a tenth of all members, then the rest. `all` lets
    /// every waiting object go at once, since a person confirmed the rollout.
    fn release_wave(&mut self, waiting: Vec<Name>, all: bool) {
        let Some(rollout) = &mut self.brake.rollout else { return };
        let first = rollout.released.is_empty();
        let size = match (first, rollout.wave) {
            _ if all => waiting.len(),
            (true, _) => 1,
            (false, 1) => rollout.members.len().div_ceil(SECOND),
            (false, _) => waiting.len(),
        };
        if !first && !waiting.is_empty() {
            rollout.wave += 1;
        }
        let next: Vec<Name> = waiting.into_iter().take(size).collect();
        rollout.released.extend(next.iter().cloned());
        self.ready.extend(next);
    }

    fn has_settled(&self, name: &Name) -> bool {
        let idle = self.objects.get(name).is_none_or(|it| it.phase == Phase::Idle);
        idle && !self.unsettled.contains(name)
            && !self.ready.contains(name)
            && !self.brake.pending.contains(name)
    }

    fn halted_because(&self) -> String {
        let failed: Vec<&str> = self.brake.failed().map(Name::as_str).collect();
        format!(
            "the update of {} failed, so the others wait: mend the cause, take the change back, or go \
             on all the same with `--confirm {}`",
            failed.join(", "),
            self.rollout_hash()
        )
    }

    /// Returns the hash of all members that are still to be updated: a person confirms exactly
    /// these.
    fn rollout_hash(&self) -> String {
        let brake = &self.brake;
        let left = brake.rollout.iter().flat_map(|it| &it.members);
        let left = left.filter(|it| brake.pending.contains(*it) || brake.faulty.contains(*it));
        let keys: BTreeSet<Key> = left.map(|it| self.key(it)).collect();
        prune::hash(&keys)
    }
}

fn set(names: &mut BTreeSet<Name>, name: &Name, yes: bool) {
    if yes {
        names.insert(name.clone());
    } else {
        names.remove(name);
    }
}
