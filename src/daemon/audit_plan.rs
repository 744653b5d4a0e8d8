//! How often the audits of one target may read: the engines share AWS's quotas, and none of them knows of the others.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    aws::{calls::Calls, op::Bucket},
    engine::audit::{AuditLoad, AuditPeriods},
};

/// No object is read more often than this.
pub(super) const PERIOD_MIN: Duration = Duration::from_secs(90);
/// What part of our calls the audit takes while nothing more urgent needs them.
const QUARTER: f64 = 0.25;
/// Where even that takes longer than this, the audit takes no more than what it may always have: twice as many calls
/// day and night would find little sooner what takes so long anyway.
const PERIOD_OF_MANY: Duration = Duration::from_mins(10);
/// What part of the audit's rate is kept for objects that are only watched.
const WATCHED_PART: f64 = 0.2;
/// A period that changes by less than this part stays as it is.
const CHANGE_MIN: f64 = 0.1;

/// The audits of one target.
pub(crate) struct AuditPlan {
    /// What part of our share of a quota the audit may always have.
    audit_share: f64,
    calls: Arc<Calls>,
    loads: Mutex<BTreeMap<&'static str, AuditLoadOfKind>>,
}

/// What the audit of one kind asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditLoadOfKind {
    /// The kind.
    pub kind: &'static str,
    /// What a read spends of each quota, in calls.
    pub costs: &'static [(Bucket, f64)],
    /// How many objects there are.
    pub load: AuditLoad,
}

impl AuditLoadOfKind {
    /// How many calls of a quota one read takes.
    fn cost(&self, bucket: Bucket) -> f64 {
        self.costs.iter().filter(|(it, _)| *it == bucket).map(|(_, calls)| calls).sum()
    }
}

impl AuditPlan {
    pub(super) fn new(calls: Arc<Calls>, audit_share: f64) -> Self {
        Self { audit_share, calls, loads: Mutex::default() }
    }

    /// How often the audit may read so many objects of a kind; `None`: about as often as `before`.
    pub(crate) fn news(&self, of: AuditLoadOfKind, before: AuditPeriods) -> Option<AuditPeriods> {
        let periods = self.periods(of);
        differ(before, periods).then_some(periods)
    }

    /// Notes how many objects of a kind there are; returns how often the audit may read them: as often as the scarcest
    /// of the quotas allows that a read spends.
    fn periods(&self, of: AuditLoadOfKind) -> AuditPeriods {
        let mut loads = self.loads.lock().unwrap_or_else(PoisonError::into_inner);
        loads.insert(of.kind, of);
        let mut longest = AuditPeriods { managed: PERIOD_MIN, watched: PERIOD_MIN };
        for (bucket, _) in of.costs {
            let (mut managed, mut watched) = (0.0, 0.0);
            for it in loads.values() {
                managed += it.cost(*bucket) * number(it.load.managed);
                watched += it.cost(*bucket) * number(it.load.watched);
            }
            let periods = self.pace(*bucket).periods(managed, watched);
            longest.managed = longest.managed.max(periods.managed);
            longest.watched = longest.watched.max(periods.watched);
        }
        longest
    }

    /// How fast the audit may read of one quota now.
    fn pace(&self, bucket: Bucket) -> Pace {
        let allowance = self.calls.allowance(bucket);
        Pace {
            ours: allowance.rate,
            left: allowance.rate_now - allowance.urgent,
            audit_share: self.audit_share,
        }
    }
}

/// Whether these periods differ by so much that it is worth to change them.
fn differ(before: AuditPeriods, now: AuditPeriods) -> bool {
    let far = |a: Duration, b: Duration| {
        a.abs_diff(b).as_secs_f64() > CHANGE_MIN * a.as_secs_f64().max(b.as_secs_f64())
    };
    far(before.managed, now.managed) || far(before.watched, now.watched)
}

/// How fast the audit of one quota may read, in calls a second.
struct Pace {
    /// What we may call at all.
    ours: f64,
    /// What more urgent work leaves of it.
    left: f64,
    /// What part of `ours` the audit may always have.
    audit_share: f64,
}

impl Pace {
    /// What the audit may always have.
    fn floor(&self) -> f64 {
        (self.ours * self.audit_share).max(0.01)
    }

    /// What the audit may have now.
    fn rate(&self) -> f64 {
        (self.ours * QUARTER).min(self.left).max(self.floor())
    }

    /// The period for this many calls.
    fn period(&self, calls: f64, part: f64) -> Duration {
        let quick = calls / (self.rate() * part);
        let seconds = if quick > PERIOD_OF_MANY.as_secs_f64() {
            calls / (self.floor() * part)
        } else {
            quick
        };
        PERIOD_MIN.max(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    /// What is managed comes first; what is only watched has what that leaves, and a part in any case.
    fn periods(&self, managed: f64, watched: f64) -> AuditPeriods {
        let period = self.period(managed, 1.0);
        let used = managed / period.as_secs_f64() / self.rate();
        let watched = self.period(watched, (1.0 - used).max(WATCHED_PART));
        AuditPeriods { managed: period, watched: watched.max(period) }
    }
}

fn number(objects: usize) -> f64 {
    f64::from(u32::try_from(objects).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of 15 calls a second, as by default.
    fn pace(left: f64) -> Pace {
        Pace { ours: 7.5, left, audit_share: 0.15 }
    }

    fn seconds(managed: f64, watched: f64, left: f64) -> (u64, u64) {
        let periods = pace(left).periods(managed, watched);
        (periods.managed.as_secs(), periods.watched.as_secs())
    }

    #[test]
    fn few_objects_are_read_every_ninety_seconds() {
        assert_eq!(seconds(22.0 * 7.0, 0.0, 7.5), (90, 90));
        assert_eq!(seconds(0.0, 20.0, 7.5), (90, 90));
    }

    #[test]
    fn more_objects_take_a_quarter_of_our_share() {
        assert_eq!(seconds(750.0, 0.0, 7.5).0, 400);
        assert_eq!(seconds(0.0, 1000.0, 7.5).1, 533);
    }

    #[test]
    fn very_many_objects_take_what_the_audit_may_always_have() {
        assert_eq!(seconds(0.0, 10_000.0, 7.5).1, 8888);
        assert_eq!(seconds(9000.0, 0.0, 7.5).0, 8000);
    }

    #[test]
    fn urgent_work_leaves_the_audit_its_share() {
        assert_eq!(seconds(300.0, 0.0, 7.5).0, 160);
        assert_eq!(seconds(300.0, 0.0, 1.5).0, 200);
        assert_eq!(seconds(300.0, 0.0, -2.0).0, 266);
    }

    #[test]
    fn what_is_watched_has_what_is_left() {
        // All of the rate is taken: a fifth is kept.
        let (managed, watched) = seconds(750.0, 100.0, 7.5);
        assert_eq!((managed, watched), (400, 400));
        let (managed, watched) = seconds(100.0, 100.0, 7.5);
        assert_eq!((managed, watched), (90, 130));
    }

    #[test]
    fn a_small_change_of_a_period_is_none() {
        let of = |managed| AuditPeriods {
            managed: Duration::from_secs(managed),
            watched: Duration::from_secs(90),
        };
        assert!(!differ(of(100), of(105)));
        assert!(differ(of(100), of(120)) && differ(of(120), of(100)));
    }
}
