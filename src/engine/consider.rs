//! Judging one object and doing what follows: the row, the news, and the next piece of work.

use std::{sync::Arc, time::Duration};

use super::{
    backoff,
    desired::Wanted,
    diff::{Change, Hold, Planned, Said},
    engine::Engine,
    gate::Gate,
    kind::Kind,
    name::Name,
    object::Phase,
    rows::Blank,
    sight::Sight,
    status::Status,
    verdict::{Case, Judgement, Verdict, judge, rescues},
    work::{Urgency, Work},
};

/// How old the look may be that a step rests on. A step that waited longer for its turn looks again.
const FRESH: Duration = Duration::from_secs(5);
/// AWS may answer a read from a copy that lags: how long to wait before the second opinion.
const CONFIRM_AFTER: Duration = Duration::from_secs(2);

impl<K: Kind> Engine<K> {
    /// Looks at everything that is known of one object and decides again.
    pub(super) fn consider(&mut self, name: &Name) {
        self.ready.remove(name);
        self.recount(name);
        let Some(object) = self.objects.get(name) else { return };
        let Some(wanted) = object.wanted.clone() else {
            self.consider_unwanted(name);
            return;
        };
        let blind = matches!(object.sight, Sight::Unknown);
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
        if listed_only && needs_look(&judgement) {
            let said =
                Said::new("Looking", "a list shows it differently; it is read exactly first");
            self.show_blank(name, Blank { status: Status::Progressing, said });
            self.unsettle(name, true);
            if self.look_if_readable(name) {
                self.breaker.suspect(name);
            }
            return;
        }
        self.follow(name, &wanted, judgement);
    }

    pub(super) fn judged(&self, name: &Name, wanted: &Wanted<K>) -> Judgement<K::Step> {
        let object = self.objects.get(name);
        let unknown = Sight::Unknown;
        let blank = super::memory::Memory::default();
        let mut judgement = judge(&Case {
            name,
            wanted,
            sight: object.map_or(&unknown, |it| &it.sight),
            facts: &self.facts,
            settings: &self.settings,
            memory: object.map_or(&blank, |it| &it.memory),
            now: self.now,
        });
        let rescue = rescues::<K>(&judgement.verdict);
        let stop = self.held.as_ref().filter(|it| !(rescue && it.rescues));
        let held = || stop.map(|it| Gate::shut(it.said.clone()));
        let broken = || self.broken().filter(|_| !rescue);
        judgement.gate = judgement.gate.take().or_else(broken).or_else(held);
        judgement
    }

    /// Shows the judgement and acts on it.
    fn follow(&mut self, name: &Name, wanted: &Wanted<K>, mut judgement: Judgement<K::Step>) {
        if self.confirm(name, &judgement) {
            // Stuck or not is part of the verdict.
            judgement = self.judged(name, wanted);
            self.mark(name, &judgement);
        }
        let rescue = rescues::<K>(&judgement.verdict);
        if judgement.gate.is_none() && !rescue {
            judgement.gate = self.braked(name).or_else(|| self.uncounted(name));
        }
        if judgement.gate.is_none() && !rescue && matches!(judgement.verdict, Verdict::Act(_)) {
            judgement.gate = self.fought(name);
        }
        self.seen_usable(name, &judgement);
        let next = self.next_step(name, wanted, &judgement);
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
            self.looks.at(name, self.now.mono.after(left), Urgency::Mover);
        }
    }

    /// Tells the others whether it is as its document asks, if that is news.
    fn settle(&mut self, name: &Name, in_sync: bool) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let seen = object.sight.seen().filter(|_| in_sync && object.phase == Phase::Idle);
        let now = seen.and_then(|seen| K::settled(name, seen));
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

    /// Hands out the next piece of work, if it is time; says whether the object is about to change.
    fn next_step(
        &mut self,
        name: &Name,
        wanted: &Wanted<K>,
        judgement: &Judgement<K::Step>,
    ) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if object.phase != Phase::Idle || self.paused.is_some() {
            return object.phase != Phase::Idle;
        }
        match &judgement.verdict {
            Verdict::InSync => self.fulfilled(name, wanted),
            Verdict::Refuse(_) => {
                // What AWS did not change may change after a while, and no rotation knows when.
                if let Some(until) = object.memory.stuck_until(self.now.mono) {
                    self.look_at(name, until, Urgency::Mover);
                }
                false
            }
            Verdict::Wait(hold) => self.wait(name, hold),
            Verdict::Act(planned) => match &judgement.gate {
                Some(gate) => Self::waits_for_wave(gate),
                None => self.act(name, planned, &judgement.diff.changes),
            },
        }
    }

    /// Why an object is left alone that somebody else keeps changing.
    fn fought(&self, name: &Name) -> Option<Gate> {
        // What our own last step did is to be seen first.
        let memory = &self.objects.get(name)?.memory;
        let until = memory.fight.until(self.now).filter(|_| memory.tried.is_none())?;
        // Not what differs now: the next round may begin with something else.
        let fields = memory.fight.fields().collect::<Vec<_>>().join(", ");
        let message = format!(
            "somebody keeps changing {fields} back, so it is left alone until {until:.0}: find out who, or \
             leave the field to them with `policy.ignore`"
        );
        Some(Gate { said: Said::new("Fighting", message), suspended: false, until: Some(until) })
    }

    /// What has been usable once is not deleted and made anew, whatever becomes of it.
    fn seen_usable(&mut self, name: &Name, judgement: &Judgement<K::Step>) {
        let busy = matches!(&judgement.verdict, Verdict::Wait(hold) if hold.soon);
        if let Some(object) = self.objects.get_mut(name)
            && object.sight.seen().is_some()
            && judgement.diff.failed.is_none()
            && !busy
        {
            object.memory.made = None;
            object.memory.usable = true;
        }
    }

    fn fulfilled(&mut self, name: &Name, wanted: &Wanted<K>) -> bool {
        // What a list does not show may still differ.
        if let Some(object) = self.objects.get_mut(name).filter(|it| it.is_exact()) {
            let digests = K::digests(Some(&wanted.spec), &object.sight, &self.facts);
            object.memory.fulfilled = Some((Arc::clone(&wanted.spec), digests.desired));
            object.memory.converged();
            object.failures = 0;
        }
        false
    }

    fn wait(&mut self, name: &Name, hold: &Hold) -> bool {
        if let Some(recheck) = hold.recheck {
            let urgency = if hold.soon { Urgency::InFlight } else { K::RECHECK };
            self.look_at(name, self.now.mono.after(recheck), urgency);
        }
        hold.soon && hold.on.is_none()
    }

    pub(super) fn act(
        &mut self,
        name: &Name,
        planned: &Planned<K::Step>,
        changes: &[Change],
    ) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if object.looked_at.is_none_or(|at| self.now.mono.since(at) > FRESH) {
            // The look that follows every step is due already.
            if object.memory.tried.is_some() {
                return true;
            }
            // Looked at when its turn comes: a look that waits for a slot would only grow old.
            if !self.has_slot() {
                self.ready.insert(name.clone());
                return true;
            }
            let soon = self.look_if_readable(name);
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

    /// Asks for a look, unless one is due after a failed read; says whether it will be soon.
    pub(super) fn look_if_readable(&mut self, name: &Name) -> bool {
        let Some(object) = self.objects.get(name) else { return false };
        if let Some((attempt, failure)) = object.unread.as_deref() {
            return backoff::soon(failure.class, *attempt);
        }
        self.look_at(name, self.now.mono, Urgency::Mover);
        true
    }

    /// After a step: has it had its effect? `true` if the answer changes the verdict.
    fn confirm(&mut self, name: &Name, judgement: &Judgement<K::Step>) -> bool {
        let settled = !matches!(&judgement.verdict, Verdict::Wait(hold) if hold.soon);
        let Some(object) = self.objects.get_mut(name) else { return false };
        let looked = object.looked_at.is_some() && object.phase == Phase::Idle;
        if !settled || !looked {
            return false;
        }
        object.memory.shown(&judgement.diff.changes);
        if object.memory.tried.is_none() {
            return false;
        }
        let again = object.memory.confirm(&judgement.diff.changes, self.now.mono);
        object.memory.ours = object.print;
        if again {
            // Until the second opinion this sight is no ground for a step.
            object.looked_at = None;
            self.looks.at(name, self.now.mono.after(CONFIRM_AFTER), Urgency::InFlight);
        }
        true
    }

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
fn needs_look<S>(judgement: &Judgement<S>) -> bool {
    match &judgement.verdict {
        Verdict::InSync => false,
        Verdict::Wait(hold) => hold.on.is_none(),
        Verdict::Act(_) | Verdict::Refuse(_) => true,
    }
}
