//! What a read brought: it is taken in, told to the other kinds, and judged.

use super::{
    audit::Freshness,
    engine::Engine,
    facet::FacetKey,
    failure::Failure,
    object::{LastJudgement, Moment, Phase},
    observed::{Observation as _, Observed},
    on_applied::retry_after,
    resource::Resource,
    suspension::Suspension,
    tags::SUSPEND,
    time::Mono,
    work::{Priority, ReadResult},
};

impl<R: Resource> Engine<R> {
    /// Takes in the answer to a read and judges the object; a read that failed is tried again at
    /// its own pace. If something happened while the read was under way, another one follows.
    pub(super) fn on_read(&mut self, result: ReadResult<R>) {
        let ReadResult { key, started, found } = result;
        self.release(&key);
        let Some(object) = self.objects.get_mut(&key) else { return };
        object.phase = Phase::Idle;
        object.touched = self.now.mono;
        // A read that began later has seen it.
        let again = std::mem::take(&mut object.again).filter(|it| started < *it);
        match found {
            Ok(reading) => self.take_in(&key, reading, started),
            Err(failure) => self.unread(&key, failure),
        }
        // A read of the audit may share an answer that AWS gave before it was asked for.
        if again.is_some() || started < self.audit_restarted {
            self.schedule_read(&key, self.now.mono, Priority::Mover);
        }
    }

    /// Takes in an exact reading and judges the object; `None`: AWS says that it is not there.
    /// `started`: when the request began, the moment that the reading speaks for.
    pub(super) fn take_in(&mut self, key: &FacetKey, reading: Option<R::Reading>, started: Mono) {
        let Some(object) = self.objects.get(key) else { return };
        // A read of the audit may share an answer that is older than the last one: it says nothing of what is now.
        if object.audited.is_some_and(|it| started < it.mono) {
            self.schedule_audit(key);
            return;
        }
        if self.is_as_before(key, reading.as_ref(), started) {
            self.confirmed_as_before(key, started);
            return;
        }
        let Some(object) = self.objects.get_mut(key) else { return };
        let moment = Moment::of(started, self.now);
        object.confirmed = Some(moment);
        object.audited = Some(moment);
        object.read_started = Some(started);
        object.unread = None;
        // First, since what it is found to wait for may want an earlier read.
        self.schedule_audit(key);
        self.group_mut(key.facet).breaker.clear(key);
        let Some(object) = self.objects.get_mut(key) else { return };
        object.fingerprint = reading.as_ref().map(R::fingerprint);
        let before = object.observed.reading().filter(|it| it.is_exact());
        if let Some((before, now)) = before.zip(reading.as_ref())
            && let Some(ending) = R::seen_ending(before, now)
        {
            *object.endings.entry(ending).or_default() += 1;
        }
        object.observed = reading.map_or(Observed::Absent, Observed::Present);
        let ours = object.is_ours(key, &self.settings);
        object.memory.seen_ours |= ours;
        let new = |it: &R::Reading| !R::is_there(it) && R::is_host_new(it);
        if object.memory.fulfilled.is_none() && object.observed.reading().is_some_and(new) {
            object.memory.new_host = true;
        }
        let before = object.memory.suspension.take();
        object.memory.suspension =
            Suspension::renew(before, object.host_tag(SUSPEND), self.now.wall);
        if object.observed.reading().is_some() {
            object.memory.created = None;
        }
        let concerns = object.observed.reading().is_some_and(R::concerns);
        // First, since its tags may show that it is ours and has a desired state after all.
        self.claim(key);
        let unwanted = self.objects.get(key).is_none_or(|it| it.wanted.is_none());
        self.publish(key);
        if unwanted && !concerns {
            self.leave(key);
        } else {
            self.reconcile(key);
            self.watch_freshness(key);
        }
    }

    /// Whether an exact reading shows what the last one showed, of an object that was plainly in sync then and is called
    /// synced: then nothing follows from it but the time.
    fn is_as_before(&self, key: &FacetKey, reading: Option<&R::Reading>, started: Mono) -> bool {
        let Some(object) = self.objects.get(key) else { return false };
        object.judged == LastJudgement::PlainlyInSync
            && object.unread.is_none()
            && object.read_started.is_some()
            && started >= object.dirty
            && object.observed.reading().is_some()
            && object.observed.reading() == reading
            && self.freshness(key.facet, object) == Freshness::Verified
    }

    /// Takes in that an exact reading shows what the last one showed.
    fn confirmed_as_before(&mut self, key: &FacetKey, started: Mono) {
        let now = self.now;
        let Some(object) = self.objects.get_mut(key) else { return };
        let moment = Moment::of(started, now);
        object.confirmed = Some(moment);
        object.audited = Some(moment);
        object.read_started = Some(started);
        self.schedule_audit(key);
        self.group_mut(key.facet).breaker.clear(key);
        self.watch_freshness(key);
        self.refresh_times(key);
    }

    /// Tells the other kinds what is known of the object, or why it is not.
    pub(super) fn publish(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get(key) else { return };
        let unread = object.unread.as_ref().map(|it| &it.1);
        let unread = unread.or(self.group(key.facet).lists.failure.as_ref());
        if let Some((of, fact)) = R::fact(key, object.observed.as_ref(), unread) {
            self.tell(of, fact);
        }
    }

    /// Notes that a read failed: what was known stays, the next try is scheduled, and the other
    /// kinds are told why no more is known.
    fn unread(&mut self, key: &FacetKey, failure: Failure) {
        let Some(object) = self.objects.get_mut(key) else { return };
        let attempt = object.unread.as_ref().map_or(1, |it| it.0 + 1);
        let pause = retry_after(&failure, key.name(), attempt);
        object.unread = Some(Box::new((attempt, failure)));
        // It cannot be read, so nobody waits for whether it drifted.
        self.group_mut(key.facet).breaker.clear(key);
        self.schedule.at(key, self.now.mono.after(pause), Priority::Mover);
        self.publish(key);
        self.reconcile(key);
    }
}
