//! Judging one object and doing what follows: the row, the news, and the next piece of work.

use std::time::Duration;

use super::{
    backoff,
    desired::DesiredObject,
    diff::{Change, Planned, Reason, Wait},
    engine::Engine,
    gate::Gate,
    kind::Kind,
    name::Name,
    object::{Object, Phase},
    observed::Observed,
    rows::Blank,
    status::Status,
    verdict::{Case, Judgement, Verdict, judge, rescues},
    work::{Priority, Work},
};

/// How old the read may be that a step rests on. A step that waited longer for its turn reads again.
const FRESH: Duration = Duration::from_secs(5);
/// AWS may answer a read from a copy that lags: how long to wait before the second opinion.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);

impl<K: Kind> Engine<K> {
    /// Judges one object again on all that is known of it, and does what follows. What only a list
    /// has shown is read exactly before a step or a refusal.
    pub(super) fn reconcile(&mut self, name: &Name) {
        self.ready.remove(name);
        self.recount(name);
        let Some(object) = self.objects.get(name) else { return };
        let Some(wanted) = object.wanted.clone() else {
            self.reconcile_unwanted(name);
            return;
        };
        let blind = matches!(object.observed, Observed::Unknown);
        if blind || !self.lists.complete && !object.is_exact() {
            let blank = self.not_seen(object);
            self.show_blank(name, blank);
            self.unsettle(name, self.paused.is_none() && !self.lists.gave_up());
            return;
        }
        let judgement = self.judged(name, &wanted);
        self.mark(name, &judgement);
        let Some(object) = self.objects.get(name) else { return };
        let listed_only = !object.is_exact();
        if listed_only && needs_read(&judgement) {
            let reason =
                Reason::new("Looking", "a list shows it differently; it is read exactly first");
            self.show_blank(name, Blank { status: Status::Progressing, reason });
            self.unsettle(name, true);
            if self.read_if_possible(name) {
                self.breaker.suspect(name);
            }
            return;
        }
        self.follow(name, &wanted, judgement);
    }

    /// Judges an object without doing anything. An open breaker or a stop of all writes shuts its
    /// gate; a step that saves callers passes the breaker, and a stop that allows it.
    pub(super) fn judged(
        &self,
        name: &Name,
        wanted: &DesiredObject<K::Spec>,
    ) -> Judgement<K::Step> {
        let object = self.objects.get(name);
        let unknown = Observed::Unknown;
        let blank = super::memory::Memory::default();
        let mut judgement = judge(&Case {
            name,
            wanted,
            observed: object.map_or(&unknown, |it| &it.observed),
            facts: &self.facts,
            settings: &self.settings,
            memory: object.map_or(&blank, |it| &it.memory),
            now: self.now,
        });
        let rescue = rescues::<K>(&judgement.verdict);
        let stop = self.write_stop.as_ref().filter(|it| !(rescue && it.rescues));
        let held = || stop.map(|it| Gate::shut(it.reason.clone()));
        let broken = || self.broken().filter(|_| !rescue);
        judgement.gate = judgement.gate.take().or_else(broken).or_else(held);
        judgement
    }

    /// Does what a judgement asks for, in this order: sees whether the last step had its effect,
    /// shuts the gate for waves, mass drift and fights, hands out the next work, and shows the row.
    fn follow(
        &mut self,
        name: &Name,
        wanted: &DesiredObject<K::Spec>,
        mut judgement: Judgement<K::Step>,
    ) {
        if self.confirm(name, &judgement) {
            // Stuck or not is part of the verdict.
            judgement = self.judged(name, wanted);
            self.mark(name, &judgement);
        }
        let rescue = rescues::<K>(&judgement.verdict);
        // What saves callers waits for no other object, nor for a fight to end.
        if judgement.gate.is_none() && !rescue {
            judgement.gate = self.braked(name).or_else(|| self.uncounted(name));
        }
        if judgement.gate.is_none() && !rescue && matches!(judgement.verdict, Verdict::Act(_)) {
            judgement.gate = self.fought(name);
        }
        self.seen_usable(name, &judgement);
        self.seen_whole(name, wanted, &judgement);
        let next = self.next_step(name, &judgement);
        self.unsettle(name, next);
        let exact =
            self.objects.get(name).is_some_and(|it| it.is_exact() && it.phase == Phase::Idle);
        if exact && K::only_gone(&wanted.spec) && matches!(judgement.verdict, Verdict::InSync) {
            self.leave(name);
            return;
        }
        self.settle(name, matches!(judgement.verdict, Verdict::InSync));
        self.show_judged(name, &judgement);
        if let Some(until) = judgement.gate.as_ref().and_then(|it| it.until)
            && let Ok(left) = Duration::try_from(until.duration_since(self.now.wall))
        {
            // When the gate opens by itself, nothing else would tell.
            self.reads.at(name, self.now.mono.after(left), Priority::Mover);
        }
    }

    /// Tells the other kinds whether the object is as its document asks ([`Kind::settled`]), if
    /// that changed.
    fn settle(&mut self, name: &Name, in_sync: bool) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let reading = object.observed.reading().filter(|_| in_sync && object.phase == Phase::Idle);
        let now = reading.and_then(|reading| K::settled(name, reading));
        if object.settled == now {
            return;
        }
        let before = std::mem::replace(&mut object.settled, now.clone());
        if let Some((key, fact)) = now {
            self.out.push(Work::Publish(key, Some(fact)));
        } else if let Some((key, _)) = before {
            self.out.push(Work::Publish(key, None));
        }
    }

    /// Hands out the next work for an object on which nothing is under way. Returns whether the
    /// object is about to change, so that a single run waits for it.
    fn next_step(&mut self, name: &Name, judgement: &Judgement<K::Step>) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if object.phase != Phase::Idle || self.paused.is_some() {
            return object.phase != Phase::Idle;
        }
        match &judgement.verdict {
            Verdict::InSync => self.fulfilled(name),
            Verdict::Refuse(_) => {
                // What AWS did not change may change after a while, and no rotation knows when.
                if let Some(until) = object.memory.stuck_until(self.now.mono) {
                    self.schedule_read(name, until, Priority::Mover);
                }
                false
            }
            Verdict::Wait(wait) => self.wait(name, wait),
            Verdict::Act(planned) => match &judgement.gate {
                Some(gate) => Self::waits_for_wave(gate),
                None => self.act(name, planned, &judgement.diff.changes),
            },
        }
    }

    /// Returns the gate of an object that another party keeps changing back; `None`: no fight.
    fn fought(&self, name: &Name) -> Option<Gate> {
        // What our own last step did is to be seen first.
        let memory = &self.objects.get(name)?.memory;
        let until = memory.fight.until(self.now).filter(|_| memory.tried.is_none())?;
        // Not what differs now: the next round may begin with something else.
        let fields = memory.fight.fields().collect::<Vec<_>>().join(", ");
        let message = format!(
            "another party keeps changing {fields} back, so it is left alone until {until:.0}: find out who, or \
             leave the field to them with `policy.ignore`"
        );
        Some(Gate {
            reason: Reason::new("Fighting", message),
            suspended: false,
            until: Some(until),
        })
    }

    /// Remembers that an object was seen usable: from then on it is never deleted and made again,
    /// whatever becomes of it.
    fn seen_usable(&mut self, name: &Name, judgement: &Judgement<K::Step>) {
        let busy = matches!(&judgement.verdict, Verdict::Wait(wait) if wait.soon);
        if let Some(object) = self.objects.get_mut(name)
            && object.observed.reading().is_some_and(|it| it.exact)
            && judgement.diff.failed.is_none()
            && !busy
        {
            object.memory.made = None;
            object.memory.usable = true;
        }
    }

    /// Remembers that an exact read showed the object as its spec asks, so that a later difference
    /// is known to be drift; that a tag of ours is still to be written does not matter. Otherwise
    /// remembers what of the differences is drift.
    fn seen_whole(
        &mut self,
        name: &Name,
        wanted: &DesiredObject<K::Spec>,
        judgement: &Judgement<K::Step>,
    ) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let diff = &judgement.diff;
        let whole = diff.changes.is_empty() && diff.waits.is_empty() && diff.refusal.is_none();
        // What a list does not show may still differ, and what was read before our last step says nothing.
        let read = object.read_started.is_some() && object.is_exact();
        if whole && diff.failed.is_none() && read && object.phase == Phase::Idle {
            let digests = K::digests(Some(&wanted.spec), &object.observed, &self.facts);
            object.memory.seen_whole(&wanted.spec, digests.desired);
        } else {
            object.memory.note_drift(&diff.changes);
        }
    }

    /// Remembers that an exact read left nothing to do. Returns `false`: nothing is about to change.
    fn fulfilled(&mut self, name: &Name) -> bool {
        let read = |it: &&mut Object<K>| it.is_exact() && it.read_started.is_some();
        if let Some(object) = self.objects.get_mut(name).filter(read) {
            object.memory.converged();
            object.failures = 0;
        }
        false
    }

    /// Schedules the read with which a wait ends. Returns whether it ends by itself in seconds.
    fn wait(&mut self, name: &Name, wait: &Wait) -> bool {
        if let Some(recheck) = wait.recheck {
            let priority = if wait.soon { Priority::InFlight } else { K::RECHECK };
            self.schedule_read(name, self.now.mono.after(recheck), priority);
        }
        wait.soon && wait.on.is_none()
    }

    /// Begins a step if the read that it rests on is fresh and a slot is free; otherwise asks for
    /// what is missing. Returns whether the object is about to change.
    pub(super) fn act(
        &mut self,
        name: &Name,
        planned: &Planned<K::Step>,
        changes: &[Change],
    ) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if object.read_started.is_none_or(|at| self.now.mono.since(at) > FRESH) {
            // The read that follows every step is due already.
            if object.memory.tried.is_some() {
                return true;
            }
            // Read when its turn comes: a read that waits for a slot would only grow old.
            if !self.has_slot() {
                self.ready.insert(name.clone());
                return true;
            }
            let soon = self.read_if_possible(name);
            if soon {
                self.reserve(name);
            }
            return soon;
        }
        if self.has_slot() {
            self.begin(name, planned.clone(), changes);
        } else {
            self.ready.insert(name.clone());
        }
        true
    }

    /// Asks for a read, unless one is due after a failed read; says whether it will be soon.
    pub(super) fn read_if_possible(&mut self, name: &Name) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if let Some((attempt, failure)) = object.unread.as_deref() {
            return backoff::soon(failure.class, *attempt);
        }
        self.schedule_read(name, self.now.mono, Priority::Mover);
        true
    }

    /// Compares a settled read with what the last step meant to do. `true` if the answer may change
    /// the verdict, so that the object has to be judged again.
    fn confirm(&mut self, name: &Name, judgement: &Judgement<K::Step>) -> bool {
        let settled = !matches!(&judgement.verdict, Verdict::Wait(wait) if wait.soon);
        let Some(object) = self.objects.get_mut(name) else { return false };
        let looked = object.read_started.is_some() && object.phase == Phase::Idle;
        if !settled || !looked {
            return false;
        }
        object.memory.shown(&judgement.diff.changes);
        if object.memory.tried.is_none() {
            return false;
        }
        let again = object.memory.confirm(&judgement.diff.changes, self.now.mono);
        object.memory.ours = object.fingerprint;
        if again {
            // Until the second opinion this observation is no ground for a step.
            object.read_started = None;
            self.reads.at(name, self.now.mono.after(CONFIRM_AFTER), Priority::InFlight);
        }
        true
    }

    /// Notes whether an object is about to change: a wave and a single run wait for it. One that
    /// cannot be read, and will not be soon, is waited for by nobody.
    pub(super) fn unsettle(&mut self, name: &Name, unsettled: bool) {
        let Some(object) = self.objects.get(name) else { return };
        let gave_up = match object.unread.as_deref() {
            Some((attempt, failure)) => !backoff::soon(failure.class, *attempt),
            None => false,
        };
        if unsettled && !gave_up {
            self.unsettled.insert(name.clone());
        } else {
            self.unsettled.remove(name);
        }
    }
}

/// Whether a list's row is no sufficient ground: everything but "in sync" and "waits for a fact".
fn needs_read<S>(judgement: &Judgement<S>) -> bool {
    match &judgement.verdict {
        Verdict::InSync => false,
        Verdict::Wait(wait) => wait.on.is_none(),
        Verdict::Act(_) | Verdict::Refuse(_) => true,
    }
}
