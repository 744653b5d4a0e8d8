//! Waiting for a token.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::budget::Budget;
use crate::engine::{time::Clock, work::Priority};

/// One budget that many calls share.
pub(super) struct Gate {
    budget: Mutex<Budget>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    pub(super) fn new(rate: f64, clock: Arc<dyn Clock>) -> Self {
        let budget = Mutex::new(Budget::new(rate, clock.now().mono));
        Self { budget, clock }
    }

    /// Waits for a token; says how long that took.
    pub(super) async fn pass(&self, priority: Priority) -> Duration {
        let began = self.clock.now().mono;
        let _place = Place::new(self, priority);
        loop {
            let now = self.clock.now().mono;
            let wait = match self.with(|budget| budget.take(priority, now)) {
                Ok(()) => return now.since(began),
                Err(wait) => wait,
            };
            tokio::time::sleep(self.clock.real(wait)).await;
        }
    }

    pub(super) fn throttled(&self, retry_after: Option<Duration>) {
        let now = self.clock.now().mono;
        self.with(|budget| budget.throttled(retry_after, now));
    }

    /// Acts on the budget, or reads it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Budget) -> T) -> T {
        act(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A place in the queue, given up however the wait ends.
struct Place<'a> {
    gate: &'a Gate,
    priority: Priority,
}

impl<'a> Place<'a> {
    fn new(gate: &'a Gate, priority: Priority) -> Self {
        gate.with(|budget| budget.queue(priority));
        Self { gate, priority }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gate.with(|budget| budget.unqueue(self.priority));
    }
}
