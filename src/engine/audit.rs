//! How often the audit reads, and whether what is said of an object rests on a read.
//!
//! The audit reads every object exactly, once in each period. What is said of an object counts as verified while
//! its last exact read began after the last moment at which the object may have changed, and is no older than the
//! period of its audit.

use std::time::Duration;

use super::time::Mono;

/// How often the audit reads an object exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditPeriods {
    /// One that a manifest asks for.
    pub managed: Duration,
    /// One that is only watched for what no manifest asks for, or for whose it is.
    pub watched: Duration,
}

/// How many objects the audit of one engine reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditLoad {
    /// Those that a manifest asks for, and orphans.
    pub managed: usize,
    /// All others.
    pub watched: usize,
}

/// The periods that hold, and those that held before: what was read under a longer one may get as old as that.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AuditPace {
    pub(super) periods: AuditPeriods,
    before: AuditPeriods,
    since: Mono,
}

impl AuditPace {
    pub(super) fn new(periods: AuditPeriods) -> Self {
        Self { periods, before: periods, since: Mono::default() }
    }

    /// The same with other periods from now on.
    pub(super) fn changed(self, periods: AuditPeriods, now: Mono) -> Self {
        Self { periods, before: self.periods, since: now }
    }

    /// The longest that a read may have to serve now.
    pub(super) fn limit(&self, of: impl Fn(&AuditPeriods) -> Duration, now: Mono) -> Duration {
        let (period, before) = (of(&self.periods), of(&self.before));
        if now.since(self.since) < before { period.max(before) } else { period }
    }
}

/// Whether what is said of an object rests on a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It does.
    Verified,
    /// It has not been read exactly since the start of the process.
    Unread,
    /// Its manifest asks for something else since the last read.
    Edited,
    /// It may have changed since the last read, and the next one does not come.
    Dirty,
    /// The next turn of the audit does not come.
    Overdue,
}
