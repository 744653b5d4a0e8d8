//! Waiting for a token.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{budget::Budget, read_priority};
use crate::engine::{time::Clock, work::Priority};

/// One budget that many calls share.
pub(super) struct RateLimiter {
    budget: Mutex<Budget>,
    clock: Arc<dyn Clock>,
}

impl RateLimiter {
    pub(super) fn new(rate: f64, audit_share: f64, clock: Arc<dyn Clock>) -> Self {
        let budget = Mutex::new(Budget::new(rate, audit_share, clock.now().mono));
        Self { budget, clock }
    }

    /// Waits for a token for a call of this priority, or of the more urgent one that the read which
    /// it belongs to has got meanwhile, and returns how long that took.
    pub(super) async fn pass(&self, priority: Priority) -> Duration {
        let began = self.clock.now().mono;
        let mut slot = QueueSlot::new(self, read_priority::now(priority));
        loop {
            let priority = read_priority::now(priority);
            if priority != slot.priority {
                slot = QueueSlot::new(self, priority);
            }
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
struct QueueSlot<'a> {
    limiter: &'a RateLimiter,
    priority: Priority,
}

impl<'a> QueueSlot<'a> {
    fn new(limiter: &'a RateLimiter, priority: Priority) -> Self {
        limiter.with(|budget| budget.queue(priority));
        Self { limiter, priority }
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.limiter.with(|budget| budget.unqueue(self.priority));
    }
}
