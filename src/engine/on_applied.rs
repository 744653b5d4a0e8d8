//! How a step begins, and what follows when AWS has accepted or refused it.

use std::time::Duration;

use super::{
    backoff,
    diff::{Change, Planned, RECORD, Reason, step_fingerprint},
    engine::Engine,
    facet::FacetKey,
    failure::{Class, Failure, chain},
    fight::Fight,
    memory::{Backoff, Made, Tried},
    name::Name,
    object::{Applying, Phase},
    observed::Observation as _,
    resource::Resource,
    time::Mono,
    work::{ObjectEvent, Order, Outcome, Priority, Trigger, Work},
    writes::WriteConflict,
};

/// How soon to try again after a step that the outside did not let begin.
const BLOCKED_RECHECK: Duration = Duration::from_secs(1);
/// The step that makes an absent object.
const CREATE: &str = "create";

impl<R: Resource> Engine<R> {
    /// Takes in AWS's answer to a step and schedules the read that follows every step, whatever the
    /// answer was. An object that gave back a shared quota wakes those that AWS had no room for.
    pub(super) fn on_applied(&mut self, key: &FacetKey, result: Result<(), Failure>) {
        let Some(step) = self.ended(key) else { return };
        if step.writes {
            self.writes.end(&key.object, self.now.mono);
            self.unblock(key);
        }
        let Some(object) = self.objects.get_mut(key) else { return };
        object.touched = self.now.mono;
        // Whatever the answer was, what we saw before is no ground for another step.
        object.read_started = None;
        // What AWS refused has changed nothing.
        if result.as_ref().err().is_none_or(|it| it.class.may_have_changed()) {
            object.dirty = self.now.mono;
        }
        let freed = step.frees && result.is_ok();
        let next = match result {
            Ok(()) => self.succeeded(key, &step),
            Err(failure) => self.failed(key, &step, failure),
        };
        self.schedule.at(key, next, Priority::InFlight);
        self.reconcile(key);
        self.watch_freshness(key);
        if freed {
            self.try_for_room();
        }
    }

    /// Takes a step out of those under way; `None` if there was none.
    fn ended(&mut self, key: &FacetKey) -> Option<Applying> {
        let facet = self.objects.get_mut(key)?;
        let Phase::Applying(step) = std::mem::replace(&mut facet.phase, Phase::Idle) else {
            return None;
        };
        let running = if step.writes { &mut self.writing } else { &mut self.tasks };
        *running = running.saturating_sub(1);
        Some(step)
    }

    /// Reads those facets of an object that waited for the end of a write to it.
    fn unblock(&mut self, key: &FacetKey) {
        let of = self.objects.of(&key.object).filter(|(_, it)| it.blocked);
        for blocked in of.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            if let Some(facet) = self.objects.get_mut(&blocked) {
                facet.blocked = false;
            }
            self.schedule_read(&blocked, self.now.mono, Priority::InFlight);
        }
    }

    /// Remembers that AWS accepted a step. Returns when to read the object: at once.
    fn succeeded(&mut self, key: &FacetKey, step: &Applying) -> Mono {
        let now = self.now.mono;
        let lasts = Fight::lasts(self.group(key.facet).lists.period());
        let Some(object) = self.objects.get_mut(key) else { return now };
        if let Some(ending) = step.ending {
            *object.endings.entry(ending).or_default() += 1;
        }
        object.steps.success += 1;
        object.failures = 0;
        object.memory.done(lasts, self.now);
        object.memory.created = (step.kind == CREATE).then_some(now);
        if step.kind == CREATE {
            object.memory.made = Some(Made { fingerprint: step.fingerprint, at: now });
        }
        if step.kind == RECORD {
            object.record_failed = None;
        }
        now
    }

    /// Reads those objects again whose step AWS refused for lack of something, after another object
    /// gave back what all share.
    fn try_for_room(&mut self) {
        let now = self.now.mono;
        let mut lacking = Vec::new();
        for (key, object) in self.objects.iter_mut() {
            if object.memory.has_room(now) {
                lacking.push(key.clone());
            }
        }
        for key in lacking {
            self.schedule_read(&key, now, Priority::Mover);
        }
    }

    /// Remembers that a step failed, so that the same step waits and only something new is tried
    /// sooner. Returns when to read the object again.
    fn failed(&mut self, key: &FacetKey, step: &Applying, failure: Failure) -> Mono {
        let Some(object) = self.objects.get_mut(key) else { return self.now.mono };
        object.memory.undone();
        // Waiting for AWS to finish an update is no failure.
        if failure.class != Class::Busy {
            object.steps.error += 1;
            let causes = object.row.as_ref().map(|row| row.causes.clone()).unwrap_or_default();
            let hit = causes.into_iter().filter(|cause| object.repaired.remove(cause));
            self.out.extend(hit.map(|cause| {
                Work::Report(key.clone(), ObjectEvent::Corrected(cause, Outcome::Error))
            }));
        }
        object.failures += 1;
        object.trigger = Trigger::Retry;
        if step.kind == RECORD {
            object.record_failed = Some(Reason::new("RecordFailed", chain(&failure)));
        }
        let until = self.now.mono.after(retry_after(&failure, key.name(), object.failures));
        let soon = backoff::soon(failure.class, object.failures);
        object.memory.fails(step.fingerprint, Backoff { until, soon, failure });
        until
    }

    /// Takes back a step that the outside did not let begin. That is no failure: it is tried again in a second, on
    /// another read.
    pub(super) fn on_blocked(&mut self, key: &FacetKey) {
        if self.ended(key).is_some_and(|it| it.writes) {
            self.writes.undo(&key.object);
            self.unblock(key);
        }
        let Some(facet) = self.objects.get_mut(key) else { return };
        facet.read_started = None;
        facet.memory.undone();
        self.schedule.at(key, self.now.mono.after(BLOCKED_RECHECK), Priority::InFlight);
    }

    /// Puts a step off since another one is written to the same object, or was since the read that it rests on.
    fn put_off(&mut self, key: &FacetKey, conflict: WriteConflict) {
        let Some(facet) = self.objects.get_mut(key) else { return };
        facet.read_started = None;
        facet.blocked = conflict == WriteConflict::UnderWay;
        if conflict == WriteConflict::ReadBefore {
            self.schedule_read(key, self.now.mono, Priority::InFlight);
        }
    }

    /// Begins a step and hands out its order, unless another write to the object is in its way. Until the answer comes
    /// the facet is left alone. `changes`: all that differs; those that the step is about are what it is expected to
    /// end.
    pub(super) fn begin(&mut self, key: &FacetKey, planned: Planned<R::Step>, changes: &[Change]) {
        let Some(facet) = self.objects.get(key) else { return };
        let writes = R::writes(&planned.step);
        let read_started = facet.read_started.unwrap_or_default();
        if writes && let Err(conflict) = self.writes.begin(&key.object, read_started) {
            self.put_off(key, conflict);
            return;
        }
        self.group_mut(key.facet).brake.begin(key);
        let running = if writes { &mut self.writing } else { &mut self.tasks };
        *running += 1;
        self.schedule.leave_reads(key);
        let Some(object) = self.objects.get_mut(key) else { return };
        let (own, apart): (Vec<_>, Vec<_>) =
            changes.iter().cloned().partition(|it| planned.is_about(it));
        object.memory.apart = apart;
        object.repaired.extend(own.iter().filter(|it| it.origin.is_drift()).map(|it| it.cause));
        let fingerprint = step_fingerprint(&planned, changes);
        object.memory.begins(self.now.mono);
        if let Some(wanted) = &object.wanted {
            object.memory.requests(&wanted.spec, &own);
        }
        let changes = own.clone();
        object.memory.tried =
            Some(Tried { changes: own, partial: planned.scope.partial, reads: 0 });
        let (frees, ending) = (R::frees(&planned.step), R::ending(&planned));
        let step = Applying { kind: planned.kind, fingerprint, frees, ending, writes };
        object.phase = Phase::Applying(step);
        object.touched = self.now.mono;
        let revision = object.observed.reading().and_then(|it| it.revision().cloned());
        let (key, trigger) = (key.clone(), object.trigger);
        let order = Order { key, planned, read_started, revision, changes, trigger };
        self.out.push(Work::Apply(order));
    }
}

/// Our own pace, or AWS's if it asked for more.
pub(super) fn retry_after(failure: &Failure, name: &Name, attempt: u32) -> Duration {
    let asked = failure.retry_after.unwrap_or_default();
    backoff::pause(failure.class, name, attempt).max(asked)
}
