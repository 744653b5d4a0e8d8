//! How a step begins, and what follows when AWS has accepted or refused it.

use std::time::Duration;

use super::{
    backoff,
    diff::{Change, Planned, Reason, step_fingerprint},
    engine::Engine,
    failure::{Class, Failure, chain},
    fight::Fight,
    kind::Kind,
    memory::{Backoff, Made, Tried},
    name::Name,
    object::{Applying, Phase},
    time::Mono,
    work::{ObjectEvent, Order, Outcome, Priority, Trigger, Work},
};

/// How soon to ask for the permit again that another kind holds.
const BLOCKED_RECHECK: Duration = Duration::from_secs(1);
/// The step that only writes down what was applied.
pub(super) const RECORD: &str = "record";
/// The step that makes an absent object.
const CREATE: &str = "create";

impl<K: Kind> Engine<K> {
    /// Takes in AWS's answer to a step and schedules the read that follows every step, whatever the
    /// answer was. An object that gave back a shared quota wakes those that AWS had no room for.
    pub(super) fn on_applied(&mut self, name: &Name, result: Result<(), Failure>) {
        self.applying = self.applying.saturating_sub(1);
        let Some(object) = self.objects.get_mut(name) else { return };
        let Phase::Applying(step) = std::mem::replace(&mut object.phase, Phase::Idle) else {
            return;
        };
        object.touched = self.now.mono;
        // Whatever the answer was, what we saw before is no ground for another step.
        object.read_started = None;
        // What AWS refused has changed nothing.
        if result.as_ref().err().is_none_or(|it| it.class.may_have_changed()) {
            object.dirty = self.now.mono;
        }
        let freed = step.frees && result.is_ok();
        let next = match result {
            Ok(()) => self.succeeded(name, &step),
            Err(failure) => self.failed(name, &step, failure),
        };
        self.reads.at(name, next, Priority::InFlight);
        self.reconcile(name);
        self.watch_freshness(name);
        if freed {
            self.try_for_room();
        }
    }

    /// Remembers that AWS accepted a step. Returns when to read the object: at once.
    fn succeeded(&mut self, name: &Name, step: &Applying) -> Mono {
        let now = self.now.mono;
        let lasts = Fight::lasts(self.lists.period());
        let Some(object) = self.objects.get_mut(name) else { return now };
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
        for (name, object) in &mut self.objects {
            if object.memory.has_room(now) {
                lacking.push(name.clone());
            }
        }
        for name in lacking {
            self.schedule_read(&name, now, Priority::Mover);
        }
    }

    /// Remembers that a step failed, so that the same step waits and only something new is tried
    /// sooner. Returns when to read the object again.
    fn failed(&mut self, name: &Name, step: &Applying, failure: Failure) -> Mono {
        let Some(object) = self.objects.get_mut(name) else { return self.now.mono };
        object.memory.undone();
        // Waiting for AWS to finish an update is no failure.
        if failure.class != Class::Busy {
            object.steps.error += 1;
            let causes = object.row.as_ref().map(|row| row.causes.clone()).unwrap_or_default();
            let hit = causes.into_iter().filter(|cause| object.repaired.remove(cause));
            self.out.extend(hit.map(|cause| {
                Work::Report(name.clone(), ObjectEvent::Corrected(cause, Outcome::Error))
            }));
        }
        object.failures += 1;
        object.trigger = Trigger::Retry;
        if step.kind == RECORD {
            object.record_failed = Some(Reason::new("RecordFailed", chain(&failure)));
        }
        let until = self.now.mono.after(retry_after(&failure, name, object.failures));
        let soon = backoff::soon(failure.class, object.failures);
        object.memory.fails(step.fingerprint, Backoff { until, soon, failure });
        until
    }

    /// Takes back a step that did not start, since another engine holds the write permit or wrote
    /// after the read. That is no failure: the object is read again in a second.
    pub(super) fn on_blocked(&mut self, name: &Name) {
        self.applying = self.applying.saturating_sub(1);
        let Some(object) = self.objects.get_mut(name) else { return };
        object.phase = Phase::Idle;
        object.read_started = None;
        object.memory.undone();
        self.reads.at(name, self.now.mono.after(BLOCKED_RECHECK), Priority::InFlight);
    }

    /// Begins a step and hands out its order. Until the answer comes the object is left alone.
    /// `changes`: all that differs; those that the step is about are what it is expected to end.
    pub(super) fn begin(&mut self, name: &Name, planned: Planned<K::Step>, changes: &[Change]) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let (own, apart): (Vec<_>, Vec<_>) =
            changes.iter().cloned().partition(|it| planned.is_about(it));
        object.memory.apart = apart;
        object.repaired.extend(own.iter().filter(|it| it.origin.is_drift()).map(|it| it.cause));
        self.brake.begin(name);
        let fingerprint = step_fingerprint(&planned, changes);
        object.memory.begins(self.now.mono);
        if let Some(wanted) = &object.wanted {
            object.memory.requests(&wanted.spec, &own);
        }
        let changes = own.clone();
        object.memory.tried =
            Some(Tried { changes: own, partial: planned.scope.partial, reads: 0 });
        let (frees, ending) = (K::frees(&planned.step), K::ending(&planned));
        object.phase = Phase::Applying(Applying { kind: planned.kind, fingerprint, frees, ending });
        object.touched = self.now.mono;
        self.reads.leave(name);
        self.applying += 1;
        let (name, read_started) = (name.clone(), object.read_started.unwrap_or_default());
        let revision = object.observed.reading().and_then(|it| it.revision.clone());
        let trigger = object.trigger;
        let order = Order { name, planned, read_started, revision, changes, trigger };
        self.out.push(Work::Apply(order));
    }
}

/// Our own pace, or AWS's if it asked for more.
pub(super) fn retry_after(failure: &Failure, name: &Name, attempt: u32) -> Duration {
    let asked = failure.retry_after.unwrap_or_default();
    backoff::pause(failure.class, name, attempt).max(asked)
}
