//! What came back: from a look, and from a step.

use super::{
    backoff,
    diff::{Print, Said},
    engine::Engine,
    failure::{Class, Failure, chain},
    fight::Fight,
    kind::Kind,
    memory::{Held, Made, Tried},
    name::Name,
    object::{Applying, Moment, Phase},
    sight::{Seen, Sight},
    suspend::Hold,
    tags::SUSPEND,
    time::Mono,
    verdict::fingerprint,
    work::{Looked, News, Order, Outcome, Trigger, Urgency, Work},
};

/// How soon to ask for the permit again that another kind holds.
const BLOCKED_RECHECK: std::time::Duration = std::time::Duration::from_secs(1);
/// The step that only writes down what was applied.
pub(super) const RECORD: &str = "record";
/// The step that makes an absent object.
const CREATE: &str = "create";

impl<K: Kind> Engine<K> {
    pub(super) fn looked(&mut self, looked: Looked<K>) {
        let Looked { name, started, found } = looked;
        self.release(&name);
        let Some(object) = self.objects.get_mut(&name) else { return };
        object.phase = Phase::Idle;
        object.touched = self.now.mono;
        let again = std::mem::take(&mut object.again);
        match found {
            Ok(seen) => {
                // First, since what it was found to wait for may want an earlier look.
                self.schedule_audit(&name, false);
                self.take_in(&name, seen, started);
            }
            Err(failure) => self.unread(&name, failure),
        }
        if again {
            self.look_at(&name, self.now.mono, Urgency::Mover);
        }
    }

    /// Something was read exactly.
    pub(super) fn take_in(&mut self, name: &Name, seen: Option<Seen<K::Live>>, started: Mono) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let moment = Moment::of(started, self.now);
        object.observed = Some(moment);
        object.audited = Some(moment);
        object.looked_at = Some(started);
        object.unread = None;
        self.breaker.clear(name);
        object.print = seen.as_ref().map(K::print);
        object.sight = seen.map_or(Sight::Absent, Sight::Present);
        let ours = object.is_ours(name, &self.settings);
        object.memory.seen_ours |= ours;
        let before = object.memory.hold.take();
        object.memory.hold = Hold::renew(before, object.host_tag(SUSPEND), self.now.wall);
        if object.sight.seen().is_some() {
            object.memory.created = None;
        }
        let concerns = object.sight.seen().is_some_and(|seen| K::concerns(&seen.live));
        self.claim(name);
        let unwanted = self.objects.get(name).is_none_or(|it| it.wanted.is_none());
        self.publish(name);
        if unwanted && !concerns {
            self.leave(name);
        } else {
            self.consider(name);
        }
    }

    /// Tells the other kinds what is known of the object, or why it is not.
    pub(super) fn publish(&mut self, name: &Name) {
        let Some(object) = self.objects.get(name) else { return };
        let unread = object.unread.as_ref().map(|it| &it.1);
        let unread = unread.or(self.lists.failure.as_ref());
        if let Some((key, fact)) = K::fact(name, &object.sight, unread) {
            self.out.push(Work::Publish(key, fact));
        }
    }

    fn unread(&mut self, name: &Name, failure: Failure) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let attempt = object.unread.as_ref().map_or(1, |it| it.0 + 1);
        let pause = wait(&failure, name, attempt);
        object.unread = Some(Box::new((attempt, failure)));
        self.breaker.clear(name);
        self.looks.at(name, self.now.mono.after(pause), Urgency::Mover);
        self.publish(name);
        self.consider(name);
    }

    pub(super) fn applied(&mut self, name: &Name, result: Result<(), Failure>) {
        self.applying = self.applying.saturating_sub(1);
        let Some(object) = self.objects.get_mut(name) else { return };
        let Phase::Applying(step) = std::mem::replace(&mut object.phase, Phase::Idle) else {
            return;
        };
        let Applying { kind, print, frees, ending } = step;
        object.touched = self.now.mono;
        // Whatever the answer was, what we saw before is no ground for another step.
        object.looked_at = None;
        let freed = frees && result.is_ok();
        let next = match result {
            Ok(()) => {
                if let Some(ending) = ending {
                    *object.endings.entry(ending).or_default() += 1;
                }
                object.steps.success += 1;
                object.failures = 0;
                object.memory.done(print, Fight::lasts(self.lists.period()), self.now);
                object.memory.created = (kind == CREATE).then_some(self.now.mono);
                if kind == CREATE {
                    object.memory.made = Some(Made { print, at: self.now.mono });
                }
                if kind == RECORD {
                    object.record_failed = None;
                }
                self.now.mono
            }
            Err(failure) => self.failed(name, (kind, print), failure),
        };
        self.looks.at(name, next, Urgency::InFlight);
        self.consider(name);
        if freed {
            self.try_for_room();
        }
    }

    /// Somebody gave back what all share: what AWS had no room for is tried again.
    fn try_for_room(&mut self) {
        let now = self.now.mono;
        let mut lacking = Vec::new();
        for (name, object) in &mut self.objects {
            if object.memory.has_room(now) {
                lacking.push(name.clone());
            }
        }
        for name in lacking {
            self.look_at(&name, now, Urgency::Mover);
        }
    }

    /// A step failed: remember it, so that only something new tries it sooner. Returns when to look.
    fn failed(
        &mut self,
        name: &Name,
        (kind, print): (&'static str, Print),
        failure: Failure,
    ) -> Mono {
        let Some(object) = self.objects.get_mut(name) else { return self.now.mono };
        object.memory.undone();
        // Waiting for AWS to finish an update is no failure.
        if failure.class != Class::Busy {
            object.steps.error += 1;
            let causes = object.row.as_ref().map(|row| row.causes.clone()).unwrap_or_default();
            let hit = causes.into_iter().filter(|cause| object.repaired.remove(cause));
            self.out.extend(
                hit.map(|cause| Work::Report(name.clone(), News::Corrected(cause, Outcome::Error))),
            );
        }
        object.failures += 1;
        object.trigger = Trigger::Retry;
        if kind == RECORD {
            object.record_failed = Some(Said::new("RecordFailed", chain(&failure)));
        }
        let until = self.now.mono.after(wait(&failure, name, object.failures));
        let soon = backoff::soon(failure.class, object.failures);
        object.memory.fails(print, Held { until, soon, failure });
        until
    }

    pub(super) fn blocked(&mut self, name: &Name) {
        self.applying = self.applying.saturating_sub(1);
        let Some(object) = self.objects.get_mut(name) else { return };
        if let Phase::Applying(step) = std::mem::replace(&mut object.phase, Phase::Idle) {
            object.memory.over(step.print);
        }
        object.looked_at = None;
        object.memory.undone();
        self.looks.at(name, self.now.mono.after(BLOCKED_RECHECK), Urgency::InFlight);
    }

    /// Begins a step: from here until its answer the object is left alone.
    pub(super) fn begin(
        &mut self,
        name: &Name,
        planned: super::diff::Planned<K::Step>,
        changes: &[super::diff::Change],
    ) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let (own, apart): (Vec<_>, Vec<_>) =
            changes.iter().cloned().partition(|it| planned.is_about(it));
        object.memory.apart = apart;
        object.repaired.extend(own.iter().filter(|it| it.origin.is_drift()).map(|it| it.cause));
        self.brake.begin(name);
        let print = fingerprint(&planned, changes);
        object.memory.begins(print, self.now.mono);
        let changes = own.clone();
        object.memory.tried =
            Some(Tried { changes: own, partial: planned.scope.partial, looks: 0 });
        let (frees, ending) = (K::frees(&planned.step), K::ending(&planned));
        object.phase = Phase::Applying(Applying { kind: planned.kind, print, frees, ending });
        object.touched = self.now.mono;
        self.looks.forget(name);
        self.applying += 1;
        let (name, looked) = (name.clone(), object.looked_at.unwrap_or_default());
        let revision = object.sight.seen().and_then(|it| it.revision.clone());
        let trigger = object.trigger;
        let order = Order { name, planned, looked, revision, changes, trigger };
        self.out.push(Work::Apply(order));
    }
}

/// Our own pace, or AWS's if it asked for more.
fn wait(failure: &Failure, name: &Name, attempt: u32) -> std::time::Duration {
    let asked = failure.retry_after.unwrap_or_default();
    backoff::pause(failure.class, name, attempt).max(asked)
}
