//! Lists: cheap reads of many objects. A list nominates; only a read decides.

use std::time::Duration;

use super::{backoff, failure::Failure, name::Name, time::Mono};

/// A list may take at most this share of the time: one part in four.
const REST: u32 = 4;

/// When the next list is due, and how the last one went.
pub(super) struct Lists {
    resync: Duration,
    due: Option<Mono>,
    running: Option<Mono>,
    /// When the last one began.
    pub(super) began: Mono,
    /// The number of the list that is running, or ran last.
    pub(super) pass: u64,
    last_took: Duration,
    /// Whether one has been read to its end since the start.
    pub(super) complete: bool,
    attempt: u32,
    /// Why the last one broke off.
    pub(super) failure: Option<Failure>,
}

impl Lists {
    /// Plans no list yet: [`Lists::begin`] does. `resync`: the pause that the operator asks for.
    pub(super) fn new(resync: Duration) -> Self {
        Self {
            resync,
            due: None,
            running: None,
            began: Mono::default(),
            pass: 0,
            last_took: Duration::ZERO,
            complete: false,
            attempt: 0,
            failure: None,
        }
    }

    /// Plans the first list, now that it is known what is wanted. `narrow`: there will be none,
    /// since each object is read for itself.
    pub(super) fn begin(&mut self, now: Mono, narrow: bool) {
        // Where only some objects are wanted of many, each is read for itself.
        self.complete |= narrow;
        if !narrow && self.pass == 0 && self.due.is_none() {
            self.due = Some(now);
        }
    }

    /// Makes the next list due at once, if any is planned.
    pub(super) fn hurry(&mut self, now: Mono) {
        if self.due.is_some() {
            self.due = Some(now);
        }
    }

    /// The time of the next list, unless one is running.
    pub(super) fn due(&self) -> Option<Mono> {
        self.due.filter(|_| self.running.is_none())
    }

    /// Starts a list if one is due.
    pub(super) fn start(&mut self, now: Mono) -> bool {
        if self.due().is_none_or(|due| due > now) {
            return false;
        }
        self.running = Some(now);
        self.began = now;
        self.pass += 1;
        true
    }

    /// Whether one is under way.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The pause between two lists.
    pub(super) fn period(&self) -> Duration {
        self.resync.max(self.last_took * REST)
    }

    /// Whether a single run has no more to expect from lists.
    pub(super) fn is_quiet(&self) -> bool {
        self.running.is_none() && (self.complete || self.gave_up())
    }

    /// Whether a list broke off, and a single run does not wait for the next.
    pub(super) fn gave_up(&self) -> bool {
        self.failure.as_ref().is_some_and(|it| !backoff::soon(it.class, self.attempt))
    }

    /// Takes in how a list ended and plans the next one: a pause after its start, or a backoff
    /// after a failure.
    pub(super) fn end(&mut self, result: Result<(), Failure>, target: &Name, now: Mono) {
        let started = self.running.take().unwrap_or(now);
        match result {
            Ok(()) => {
                self.last_took = now.since(started);
                self.complete = true;
                self.attempt = 0;
                self.failure = None;
                self.due = Some(started.after(self.period()).max(now));
            }
            Err(failure) => {
                self.attempt += 1;
                let asked = failure.retry_after.unwrap_or_default();
                let pause = backoff::pause(failure.class, target, self.attempt).max(asked);
                // A list is one call that everything depends on: it never rests for longer than this.
                self.due = Some(now.after(pause.min(self.period().max(Duration::from_mins(1)))));
                self.failure = Some(failure);
            }
        }
    }
}
