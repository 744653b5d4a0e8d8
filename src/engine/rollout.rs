//! The waves of an engine's updates: who is held until when, and what stops them all.

use std::collections::BTreeSet;

use super::{
    brake::{FEW, PART, Rollout, SECOND, set},
    diff::{Change, Origin, Reason},
    engine::Engine,
    facet::{FacetId, FacetKey},
    gate::Gate,
    name::Key,
    object::{Facet, Phase},
    observed::Observed,
    prune,
    resource::Resource,
    verdict::{Judgement, Verdict, rescues},
    work::{ObjectEvent, Work},
};

impl<R: Resource> Engine<R> {
    /// Notes whether an object has an update to do and whether its last one failed, and tells the
    /// breaker. Only what a manifest or an image changed is an update: what is absent, has only
    /// drifted, is held by a gate or saves callers is not braked.
    pub(super) fn mark(&mut self, key: &FacetKey, judgement: &Judgement<R::Step>) {
        let Some(object) = self.objects.get(key) else { return };
        let present = object.observed.reading().is_some_and(|it| R::is_there(it));
        let only_drift = |it: &Change| matches!(it.origin, Origin::Drift | Origin::Gone);
        let moved = !judgement.diff.changes.iter().all(only_drift);
        let rescue = rescues::<R>(&judgement.verdict);
        let acts = matches!(judgement.verdict, Verdict::Act(_)) && !rescue;
        let update = present && moved && acts && judgement.gate.is_none();
        let faulty = match &judgement.verdict {
            Verdict::Refuse(_) => true,
            Verdict::Wait(wait) => !wait.soon && object.memory.is_failing(self.now.mono),
            Verdict::Act(_) | Verdict::InSync => false,
        };
        let faulty = judgement.diff.failed.is_some() || faulty;
        let group = self.group_mut(key.facet);
        group.breaker.mark(key, judgement);
        let brake = &mut group.brake;
        set(&mut brake.pending, key, update);
        set(&mut brake.faulty, key, faulty);
        if let Some(rollout) = brake.rollout.as_mut().filter(|_| update) {
            rollout.members.insert(key.clone());
        }
    }

    /// Returns the gate that holds an object's update until its wave; `None` lets it go on. It
    /// starts the waves when the first of many updates asks.
    pub(super) fn braked(&mut self, key: &FacetKey) -> Option<Gate> {
        let facet = key.facet;
        if !self.group(facet).brake.pending.contains(key) {
            return None;
        }
        if self.group(facet).brake.rollout.is_none() {
            if !self.is_surveyed(facet) {
                self.group_mut(facet).brake.surveying.insert(key.clone());
                let reason =
                    Reason::new("Surveying", "how many others change with it is not known yet");
                return Some(Gate::shut(reason));
            }
            self.engage(facet);
        }
        let rollout = self.group(facet).brake.rollout.as_ref()?;
        if rollout.released.contains(key) {
            return None;
        }
        let reason = if rollout.halted {
            Reason::new("RolloutHalted", self.halted_because(facet))
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
    fn is_surveyed(&mut self, facet: FacetId) -> bool {
        let group = self.group(facet);
        let seen = |object: &Facet<R>| {
            !matches!(object.observed, Observed::Unknown) || object.unread.is_some()
        };
        let surveyed = group.brake.surveyed || group.counts.wanted <= FEW || {
            let mut all = self.objects.iter().filter(|(key, _)| key.facet == facet);
            all.all(|(_, it)| it.wanted.is_none() || seen(it))
        };
        self.group_mut(facet).brake.surveyed = surveyed;
        surveyed
    }

    /// Starts a rollout in waves if more than [`FEW`] objects, and more than one in [`PART`], have
    /// an update to do; does nothing otherwise.
    fn engage(&mut self, facet: FacetId) {
        let group = self.group_mut(facet);
        let brake = &mut group.brake;
        let pending = &brake.pending;
        if pending.len() <= FEW || pending.len() * PART <= group.counts.wanted {
            return;
        }
        // What failed at an update before a restart is the first wave of it.
        let failed = pending.intersection(&brake.faulty).cloned();
        let released: BTreeSet<FacetKey> = failed.collect();
        let (members, begun) = (pending.clone(), released.clone());
        brake.rollout =
            Some(Rollout { members, released, begun, wave: 1, halted: false, confirmed: false });
        self.turn_wave(facet);
    }

    /// Releases the next wave once the last has settled, halts the rollout at a failure unless a
    /// person confirmed it, and ends it when every member is updated. It runs after each event.
    pub(super) fn turn_wave(&mut self, facet: FacetId) {
        if !self.group(facet).brake.surveying.is_empty() && self.is_surveyed(facet) {
            let surveyed = std::mem::take(&mut self.group_mut(facet).brake.surveying);
            self.ready.extend(surveyed);
        }
        // While nothing may be written nothing settles, though it may look so.
        if self.write_stop.is_some() || self.paused.is_some() {
            return;
        }
        let brake = &self.group(facet).brake;
        let Some(rollout) = &brake.rollout else { return };
        let told = |hash: &String| *hash == self.rollout_hash(facet);
        let confirmed = rollout.confirmed || self.settings.confirm.as_ref().is_some_and(told);
        let unsettled = rollout.released.iter().any(|it| !self.has_settled(it));
        let failed = brake.failed().next().cloned();
        let halted = failed.is_some() && !confirmed;
        let done = rollout.released.len() == rollout.members.len() && !unsettled;
        let was = rollout.halted;
        let brake = &mut self.group_mut(facet).brake;
        let Some(rollout) = &mut brake.rollout else { return };
        (rollout.halted, rollout.confirmed) = (halted, confirmed);
        if done && !halted {
            brake.rollout = None;
            return;
        }
        let waiting: Vec<FacetKey> =
            rollout.members.difference(&rollout.released).cloned().collect();
        if let Some(failed) = failed.filter(|_| halted && !was) {
            let event =
                ObjectEvent::Halted { waiting: waiting.len(), because: self.halted_because(facet) };
            self.out.push(Work::Report(failed, event));
            self.ready.extend(waiting);
            return;
        }
        if halted || unsettled && !confirmed {
            return;
        }
        self.release_wave(facet, waiting, confirmed);
    }

    /// Lets the next wave go: one object, then a tenth of all members, then the rest. `all` lets
    /// every waiting object go at once, since a person confirmed the rollout.
    fn release_wave(&mut self, facet: FacetId, waiting: Vec<FacetKey>, all: bool) {
        let Some(rollout) = &mut self.group_mut(facet).brake.rollout else { return };
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
        let next: Vec<FacetKey> = waiting.into_iter().take(size).collect();
        rollout.released.extend(next.iter().cloned());
        self.ready.extend(next);
    }

    fn has_settled(&self, key: &FacetKey) -> bool {
        let idle = self.objects.get(key).is_none_or(|it| it.phase == Phase::Idle);
        idle && !self.unsettled.contains(key)
            && !self.ready.contains(key)
            && !self.group(key.facet).brake.pending.contains(key)
    }

    fn halted_because(&self, facet: FacetId) -> String {
        let failed = self.group(facet).brake.failed();
        let failed: Vec<&str> = failed.map(|it| it.name().as_str()).collect();
        format!(
            "the update of {} failed, so the others wait: mend the cause, take the change back, or go \
             on all the same with `--confirm {}`",
            failed.join(", "),
            self.rollout_hash(facet)
        )
    }

    /// Returns the hash of all members that are still to be updated: a person confirms exactly
    /// these.
    fn rollout_hash(&self, facet: FacetId) -> String {
        let brake = &self.group(facet).brake;
        let left = brake.rollout.iter().flat_map(|it| &it.members);
        let left = left.filter(|it| brake.pending.contains(*it) || brake.faulty.contains(*it));
        let keys: BTreeSet<Key> = left.map(|it| self.key(it)).collect();
        prune::hash(&keys)
    }
}
