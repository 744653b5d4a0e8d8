//! Judging one object and doing what follows: the row, the news, and the next piece of work.

use std::time::Duration;

use super::{
    backoff,
    desired::DesiredObject,
    diff::{Change, Planned, Reason, Wait},
    engine::Engine,
    facet::FacetKey,
    gate::Gate,
    object::{Facet, LastJudgement, Phase},
    observed::{Observation, Observed},
    resource::Resource,
    rows::Blank,
    status::Status,
    verdict::{Case, Judgement, Verdict, judge, rescues},
    work::Priority,
};

/// How old the read may be that a step rests on. A step that waited longer for its turn reads again.
const FRESH: Duration = Duration::from_secs(5);
/// AWS may answer a read from a copy that lags: how long to wait before the second opinion.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);

impl<R: Resource> Engine<R> {
    /// Judges one object again on all that is known of it, and does what follows. What only a list
    /// has shown is read exactly before a step or a refusal.
    pub(super) fn reconcile(&mut self, key: &FacetKey) {
        self.ready.remove(key);
        self.ready_tasks.remove(key);
        self.recount(key);
        if let Some(object) = self.objects.get_mut(key) {
            object.judged = LastJudgement::Other;
        }
        let Some(object) = self.objects.get(key) else { return };
        let Some(wanted) = object.wanted.clone() else {
            self.reconcile_unwanted(key);
            return;
        };
        let blind = matches!(object.observed, Observed::Unknown);
        let lists = &self.group(key.facet).lists;
        if blind || !lists.complete && !object.is_exact() {
            let comes = self.paused.is_none() && !lists.gave_up();
            let blank = self.not_seen(key.facet, object);
            self.show_blank(key, blank);
            self.unsettle(key, comes);
            return;
        }
        let judgement = self.judged(key, &wanted);
        self.mark(key, &judgement);
        let Some(object) = self.objects.get(key) else { return };
        let listed_only = !object.is_exact();
        if listed_only && needs_read(&judgement) {
            let reason =
                Reason::new("Looking", "a list shows it differently; it is read exactly first");
            self.show_blank(key, Blank { status: Status::Progressing, reason });
            self.unsettle(key, true);
            if self.read_if_possible(key) {
                self.group_mut(key.facet).breaker.suspect(key);
            }
            return;
        }
        self.follow(key, &wanted, judgement);
    }

    /// Judges an object without doing anything. An open breaker or a stop of all writes shuts its
    /// gate; a step that saves callers passes the breaker, and a stop that allows it.
    pub(super) fn judged(
        &self,
        key: &FacetKey,
        wanted: &DesiredObject<R::Spec>,
    ) -> Judgement<R::Step> {
        let object = self.objects.get(key);
        let unknown = Observed::Unknown;
        let blank = super::memory::Memory::default();
        let mut judgement = judge(&Case::<R> {
            key,
            wanted,
            observed: object.map_or(&unknown, |it| &it.observed),
            facts: &self.facts,
            settings: &self.settings,
            memory: object.map_or(&blank, |it| &it.memory),
            now: self.now,
        });
        let rescue = rescues::<R>(&judgement.verdict);
        let stop = self.write_stop.as_ref().filter(|it| !(rescue && it.rescues));
        let held = || stop.map(|it| Gate::shut(it.reason.clone()));
        let broken = || self.broken(key.facet).filter(|_| !rescue);
        judgement.gate = judgement.gate.take().or_else(broken).or_else(held);
        judgement
    }

    /// Does what a judgement asks for, in this order: sees whether the last step had its effect,
    /// shuts the gate for waves, mass drift and fights, hands out the next work, and shows the row.
    fn follow(
        &mut self,
        key: &FacetKey,
        wanted: &DesiredObject<R::Spec>,
        mut judgement: Judgement<R::Step>,
    ) {
        if self.confirm(key, &judgement) {
            // Stuck or not is part of the verdict.
            judgement = self.judged(key, wanted);
            self.mark(key, &judgement);
        }
        let rescue = rescues::<R>(&judgement.verdict);
        // What saves callers waits for no other object, nor for a fight to end.
        if judgement.gate.is_none() && !rescue {
            judgement.gate = self.braked(key).or_else(|| self.uncounted(key));
        }
        if judgement.gate.is_none() && !rescue && matches!(judgement.verdict, Verdict::Act(_)) {
            judgement.gate = self.fought(key);
        }
        self.seen_usable(key, &judgement);
        self.seen_whole(key, wanted, &judgement);
        let next = self.next_step(key, &judgement);
        self.unsettle(key, next);
        let exact =
            self.objects.get(key).is_some_and(|it| it.is_exact() && it.phase == Phase::Idle);
        if exact && R::only_gone(&wanted.spec) && matches!(judgement.verdict, Verdict::InSync) {
            self.leave(key);
            return;
        }
        self.settle(key, matches!(judgement.verdict, Verdict::InSync));
        if let Some(object) = self.objects.get_mut(key)
            && exact
            && !next
            && is_plainly_in_sync(&judgement)
        {
            object.judged = LastJudgement::PlainlyInSync;
        }
        self.show_judged(key, &judgement);
        if let Some(until) = judgement.gate.as_ref().and_then(|it| it.until)
            && let Ok(left) = Duration::try_from(until.duration_since(self.now.wall))
        {
            // When the gate opens by itself, nothing else would tell.
            self.schedule.at(key, self.now.mono.after(left), Priority::Mover);
        }
    }

    /// Tells the other kinds whether the object is as its document asks ([`Kind::settled`]), if
    /// that changed.
    fn settle(&mut self, key: &FacetKey, in_sync: bool) {
        let Some(object) = self.objects.get_mut(key) else { return };
        let reading = object.observed.reading().filter(|_| in_sync && object.phase == Phase::Idle);
        let now = reading.and_then(|reading| R::settled(key, reading));
        if object.settled == now {
            return;
        }
        let before = std::mem::replace(&mut object.settled, now.clone());
        if let Some((of, fact)) = now {
            self.tell(of, Some(fact));
        } else if let Some((of, _)) = before {
            self.tell(of, None);
        }
    }

    /// Hands out the next work for an object on which nothing is under way. Returns whether the
    /// object is about to change, so that a single run waits for it.
    fn next_step(&mut self, key: &FacetKey, judgement: &Judgement<R::Step>) -> bool {
        let Some(object) = self.objects.get(key) else { return false };
        if object.phase != Phase::Idle || self.paused.is_some() {
            return object.phase != Phase::Idle;
        }
        match &judgement.verdict {
            Verdict::InSync => self.fulfilled(key),
            Verdict::Refuse(_) => {
                // What AWS did not change may change after a while, and no rotation knows when.
                if let Some(until) = object.memory.stuck_until(self.now.mono) {
                    self.schedule_read(key, until, Priority::Mover);
                }
                false
            }
            Verdict::Wait(wait) => self.wait(key, wait),
            Verdict::Act(planned) => match &judgement.gate {
                Some(gate) => Self::waits_for_wave(gate),
                None => self.act(key, planned, &judgement.diff.changes),
            },
        }
    }

    /// Returns the gate of an object that another party keeps changing back; `None`: no fight.
    fn fought(&self, key: &FacetKey) -> Option<Gate> {
        // What our own last step did is to be seen first.
        let memory = &self.objects.get(key)?.memory;
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
    fn seen_usable(&mut self, key: &FacetKey, judgement: &Judgement<R::Step>) {
        let busy = matches!(&judgement.verdict, Verdict::Wait(wait) if wait.soon);
        if let Some(object) = self.objects.get_mut(key)
            && object.observed.reading().is_some_and(Observation::is_exact)
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
        key: &FacetKey,
        wanted: &DesiredObject<R::Spec>,
        judgement: &Judgement<R::Step>,
    ) {
        let Some(object) = self.objects.get_mut(key) else { return };
        let diff = &judgement.diff;
        let whole = diff.changes.is_empty() && diff.waits.is_empty() && diff.refusal.is_none();
        // What a list does not show may still differ, and what was read before our last step says nothing.
        let read = object.read_started.is_some() && object.is_exact();
        if whole && diff.failed.is_none() && read && object.phase == Phase::Idle {
            let digests =
                R::digests(key.facet, Some(&wanted.spec), object.observed.as_ref(), &self.facts);
            object.memory.seen_whole(&wanted.spec, digests.desired);
        } else {
            object.memory.note_drift(&diff.changes);
        }
    }

    /// Remembers that an exact read left nothing to do. Returns `false`: nothing is about to change.
    fn fulfilled(&mut self, key: &FacetKey) -> bool {
        let read = |it: &&mut Facet<R>| it.is_exact() && it.read_started.is_some();
        if let Some(object) = self.objects.get_mut(key).filter(read) {
            object.memory.converged();
            object.failures = 0;
        }
        false
    }

    /// Schedules the read with which a wait ends. Returns whether it ends by itself in seconds.
    fn wait(&mut self, key: &FacetKey, wait: &Wait) -> bool {
        if let Some(recheck) = wait.recheck {
            let priority =
                if wait.soon { Priority::InFlight } else { Self::info(key.facet).recheck };
            self.schedule_read(key, self.now.mono.after(recheck), priority);
        }
        wait.soon && wait.on.is_none()
    }

    /// Begins a step if the read that it rests on is fresh and a slot is free; otherwise asks for
    /// what is missing. Returns whether the object is about to change.
    pub(super) fn act(
        &mut self,
        key: &FacetKey,
        planned: &Planned<R::Step>,
        changes: &[Change],
    ) -> bool {
        let Some(object) = self.objects.get(key) else { return false };
        if object.read_started.is_none_or(|at| self.now.mono.since(at) > FRESH) {
            // The read that follows every step is due already.
            if object.memory.tried.is_some() {
                return true;
            }
            // Read when its turn comes: a read that waits for a slot would only grow old.
            if !self.has_slot(&planned.step) {
                self.wait_for_slot(key, &planned.step);
                return true;
            }
            let soon = self.read_if_possible(key);
            if soon && R::writes(&planned.step) {
                self.reserve(key);
            }
            return soon;
        }
        if self.has_slot(&planned.step) {
            self.begin(key, planned.clone(), changes);
        } else {
            self.wait_for_slot(key, &planned.step);
        }
        true
    }

    /// Notes that a step waits for a slot of its sort.
    fn wait_for_slot(&mut self, key: &FacetKey, step: &R::Step) {
        let waiting = if R::writes(step) { &mut self.ready } else { &mut self.ready_tasks };
        waiting.insert(key.clone());
    }

    /// Asks for a read, unless one is due after a failed read; says whether it will be soon.
    pub(super) fn read_if_possible(&mut self, key: &FacetKey) -> bool {
        let Some(object) = self.objects.get(key) else { return false };
        if let Some((attempt, failure)) = object.unread.as_deref() {
            return backoff::soon(failure.class, *attempt);
        }
        self.schedule_read(key, self.now.mono, Priority::Mover);
        true
    }

    /// Compares a settled read with what the last step meant to do. `true` if the answer may change
    /// the verdict, so that the object has to be judged again.
    fn confirm(&mut self, key: &FacetKey, judgement: &Judgement<R::Step>) -> bool {
        let settled = !matches!(&judgement.verdict, Verdict::Wait(wait) if wait.soon);
        let Some(object) = self.objects.get_mut(key) else { return false };
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
            self.schedule.at(key, self.now.mono.after(CONFIRM_AFTER), Priority::InFlight);
        }
        true
    }

    /// Notes whether an object is about to change: a wave and a single run wait for it. One that
    /// cannot be read, and will not be soon, is waited for by nobody.
    pub(super) fn unsettle(&mut self, key: &FacetKey, unsettled: bool) {
        let Some(object) = self.objects.get(key) else { return };
        let gave_up = match object.unread.as_deref() {
            Some((attempt, failure)) => !backoff::soon(failure.class, *attempt),
            None => false,
        };
        if unsettled && !gave_up {
            self.unsettled.insert(key.clone());
        } else {
            self.unsettled.remove(key);
        }
    }
}

/// Whether a judgement says nothing but that all is as asked.
fn is_plainly_in_sync<S>(judgement: &Judgement<S>) -> bool {
    let Judgement { verdict, diff, gate } = judgement;
    matches!(verdict, Verdict::InSync)
        && gate.is_none()
        && diff.changes.is_empty()
        && diff.steps.is_empty()
        && diff.waits.is_empty()
        && diff.unreadable.is_none()
        && diff.failed.is_none()
}

/// Whether a list's row is no sufficient ground: everything but "in sync" and "waits for a fact".
fn needs_read<S>(judgement: &Judgement<S>) -> bool {
    match &judgement.verdict {
        Verdict::InSync => false,
        Verdict::Wait(wait) => wait.on.is_none(),
        Verdict::Act(_) | Verdict::Refuse(_) => true,
    }
}
