//! The audit of one engine: whose turn it is, and whose last read has become too old.

use std::time::Duration;

use super::{
    audit::{AuditLoad, AuditPeriods, Freshness},
    backoff,
    engine::Engine,
    facet::{FacetId, FacetKey},
    object::Facet,
    resource::Resource,
    time::Mono,
    work::Priority,
};

/// How long after a read has become due its object still counts as verified, so that a status does not turn for the
/// seconds that a read takes.
const GRACE: Duration = Duration::from_secs(10);
/// What nobody asks for and is not ours is read for whose it is, and that hardly ever changes.
const STRANGERS_PERIOD: Duration = Duration::from_mins(10);
/// Up to how many objects that are only watched are read at once after a start.
const WATCHED_AT_ONCE: usize = 100;

impl<R: Resource> Facet<R> {
    /// Whether what was seen rests on a read, where a read may be as old as `limit`.
    fn freshness(&self, limit: Duration, now: Mono) -> Freshness {
        let Some(read) = self.audited.map(|it| it.mono) else { return Freshness::Unread };
        if read < self.edited {
            Freshness::Edited
        } else if read < self.dirty && now >= self.dirty.after(GRACE) {
            Freshness::Dirty
        } else if now >= read.after(limit + GRACE) {
            Freshness::Overdue
        } else {
            Freshness::Verified
        }
    }

    /// Until when it counts as verified, if nothing happens before; `None`: it does not.
    fn verified_until(&self, limit: Duration, now: Mono) -> Option<Mono> {
        let read = self.audited?.mono;
        let doubted = (read < self.dirty).then(|| self.dirty.after(GRACE));
        let until = doubted.into_iter().chain([read.after(limit + GRACE)]).min();
        until.filter(|_| self.freshness(limit, now) == Freshness::Verified)
    }

    /// Whether a manifest asks for it, or it is ours; otherwise it is only watched.
    fn is_managed(&self) -> bool {
        match &self.wanted {
            Some(wanted) => !R::is_guard(&wanted.spec),
            None => self.row.as_ref().is_some_and(|it| it.orphan),
        }
    }
}

impl<R: Resource> Engine<R> {
    /// How often the audit reads this one.
    fn audit_period(&self, facet: FacetId, object: &Facet<R>) -> Duration {
        Self::period_of(object, &self.group(facet).pace.periods)
    }

    fn period_of(object: &Facet<R>, periods: &AuditPeriods) -> Duration {
        match (object.is_managed(), &object.wanted) {
            (true, _) => periods.managed,
            (false, Some(_)) => periods.watched,
            (false, None) => periods.watched.max(STRANGERS_PERIOD),
        }
    }

    /// How old the last read of this object may be.
    pub(super) fn age_limit(&self, facet: FacetId, object: &Facet<R>) -> Duration {
        self.group(facet).pace.limit(|it| Self::period_of(object, it), self.now.mono)
    }

    /// Whether what is said of this object rests on a read.
    pub(super) fn freshness(&self, facet: FacetId, object: &Facet<R>) -> Freshness {
        object.freshness(self.age_limit(facet, object), self.now.mono)
    }

    /// How many objects the audit reads.
    pub fn audit_load(&self, facet: FacetId) -> AuditLoad {
        let counts = &self.group(facet).counts;
        let managed = counts.wanted - counts.guards + counts.orphans;
        AuditLoad { managed, watched: self.objects.len(facet).saturating_sub(managed) }
    }

    /// How often the audit reads a facet.
    pub fn audit_periods(&self, facet: FacetId) -> AuditPeriods {
        self.group(facet).pace.periods
    }

    /// Takes in how often the audit may read. Where it may read more often than before, the next turns come sooner.
    pub(super) fn on_audit_periods(&mut self, facet: FacetId, periods: AuditPeriods) {
        let now = self.now.mono;
        let group = self.group_mut(facet);
        let before = group.pace.periods;
        group.pace = group.pace.changed(periods, now);
        let all = || self.objects.iter().filter(|(key, _)| key.facet == facet);
        let unread = all().filter(|(_, it)| it.audited.is_none() && !it.is_managed());
        for key in unread.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.schedule_audit(&key);
        }
        if periods.managed >= before.managed && periods.watched >= before.watched {
            return;
        }
        let all = self.objects.iter().filter(|(key, _)| key.facet == facet);
        let read = all.filter_map(|(key, it)| Some((key, it, it.audited?.mono)));
        let turns = read.map(|(key, it, read)| {
            (key.clone(), read.after(spread(key, self.audit_period(facet, it))))
        });
        for (key, at) in turns.collect::<Vec<_>>() {
            self.schedule.at(&key, at, Priority::Audit);
        }
    }

    /// Plans an object's next turn of the audit. The first one after a start is due at once, but for many objects
    /// that are only watched; the second is anywhere in the period, so that turns do not come all together, and each
    /// later one a period after the one before.
    pub(super) fn schedule_audit(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get(key) else { return };
        let period = self.audit_period(key.facet, object);
        let share = backoff::share(key.name(), 0);
        let at = match (object.audited, object.spread) {
            (Some(read), true) => read.mono.after(spread(key, period)),
            (Some(read), false) => read.mono.after(period.mul_f64(0.1 + 0.9 * share)),
            (None, _)
                if object.is_managed() || self.audit_load(key.facet).watched <= WATCHED_AT_ONCE =>
            {
                self.now.mono
            }
            (None, _) => self.now.mono.after(period.mul_f64(share)),
        };
        let spread = object.audited.is_some();
        self.schedule.leave_audit(key);
        self.schedule.at(key, at, Priority::Audit);
        if let Some(object) = self.objects.get_mut(key) {
            object.spread = spread;
        }
    }

    /// Reads everything again, as after a start: what has a turn of the audit has it now.
    pub(super) fn restart_audit(&mut self) {
        self.audit_restarted = self.now.mono;
        self.hurry_lists();
        let keys: Vec<FacetKey> = self.objects.keys().cloned().collect();
        for key in keys {
            self.schedule_read(&key, self.now.mono, Priority::Audit);
        }
    }

    /// Notes that an object may have changed since it was read, and reads it. `batch`: how many objects that
    /// concerns, since few go before many.
    pub(super) fn mark_dirty(&mut self, key: &FacetKey, batch: usize) {
        let Some(object) = self.objects.get_mut(key) else { return };
        object.dirty = self.now.mono;
        self.schedule_reads(key, self.now.mono, batch);
        self.watch_freshness(key);
    }

    /// Plans to judge an object again once it does not count as verified any more.
    pub(super) fn watch_freshness(&mut self, key: &FacetKey) {
        self.verified.leave(key);
        let Some(object) = self.objects.get(key) else { return };
        // What is not managed is not called synced.
        let limit = self.age_limit(key.facet, object);
        let until = object.verified_until(limit, self.now.mono).filter(|_| object.is_managed());
        if let Some(until) = until {
            self.verified.at(key, until, Priority::Audit);
        }
    }

    /// Judges those again that do not count as verified any more.
    pub(super) fn expire(&mut self) {
        while let Some(due) = self.verified.due(self.now.mono) {
            self.reconcile(&due.key);
            self.watch_freshness(&due.key);
        }
    }
}

/// How long after a read an object has its next turn: a little less than the period, by a hash of its key.
fn spread(key: &FacetKey, period: Duration) -> Duration {
    period.mul_f64(0.9 + 0.1 * backoff::share(key.name(), 0))
}
