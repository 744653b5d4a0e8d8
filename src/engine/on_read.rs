//! What a read brought: it is taken in, told to the other kinds, and judged.

use super::{
    engine::Engine,
    failure::Failure,
    kind::Kind,
    name::Name,
    object::{Moment, Phase},
    observed::{Observed, Reading},
    on_applied::retry_after,
    suspension::Suspension,
    tags::SUSPEND,
    time::Mono,
    work::{Priority, ReadResult, Work},
};

impl<K: Kind> Engine<K> {
    /// Takes in the answer to a read and judges the object; a read that failed is tried again at
    /// its own pace. If something happened while the read was under way, another one follows.
    pub(super) fn on_read(&mut self, result: ReadResult<K>) {
        let ReadResult { name, started, found } = result;
        self.release(&name);
        let Some(object) = self.objects.get_mut(&name) else { return };
        object.phase = Phase::Idle;
        object.touched = self.now.mono;
        // A read that began later has seen it.
        let again = std::mem::take(&mut object.again).filter(|it| started < *it);
        match found {
            Ok(reading) => self.take_in(&name, reading, started),
            Err(failure) => self.unread(&name, failure),
        }
        if again.is_some() {
            self.schedule_read(&name, self.now.mono, Priority::Mover);
        }
    }

    /// Takes in an exact reading and judges the object; `None`: AWS says that it is not there.
    /// `started`: when the request began, the moment that the reading speaks for.
    pub(super) fn take_in(
        &mut self,
        name: &Name,
        reading: Option<Reading<K::Live>>,
        started: Mono,
    ) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let moment = Moment::of(started, self.now);
        object.confirmed = Some(moment);
        object.audited = Some(moment);
        object.read_started = Some(started);
        object.unread = None;
        // First, since what it is found to wait for may want an earlier read.
        self.schedule_audit(name);
        let Some(object) = self.objects.get_mut(name) else { return };
        self.breaker.clear(name);
        object.fingerprint = reading.as_ref().map(K::fingerprint);
        let before = object.observed.reading().filter(|it| it.exact);
        if let Some((before, now)) = before.zip(reading.as_ref())
            && let Some(ending) = K::seen_ending(&before.live, &now.live)
        {
            *object.endings.entry(ending).or_default() += 1;
        }
        object.observed = reading.map_or(Observed::Absent, Observed::Present);
        let ours = object.is_ours(name, &self.settings);
        object.memory.seen_ours |= ours;
        let new = |it: &Reading<K::Live>| !K::is_there(&it.live) && K::is_host_new(&it.live);
        if object.memory.fulfilled.is_none() && object.observed.reading().is_some_and(new) {
            object.memory.new_host = true;
        }
        let before = object.memory.suspension.take();
        object.memory.suspension =
            Suspension::renew(before, object.host_tag(SUSPEND), self.now.wall);
        if object.observed.reading().is_some() {
            object.memory.created = None;
        }
        let concerns = object.observed.reading().is_some_and(|reading| K::concerns(&reading.live));
        // First, since its tags may show that it is ours and has a desired state after all.
        self.claim(name);
        let unwanted = self.objects.get(name).is_none_or(|it| it.wanted.is_none());
        self.publish(name);
        if unwanted && !concerns {
            self.leave(name);
        } else {
            self.reconcile(name);
            self.watch_freshness(name);
        }
    }

    /// Tells the other kinds what is known of the object, or why it is not.
    pub(super) fn publish(&mut self, name: &Name) {
        let Some(object) = self.objects.get(name) else { return };
        let unread = object.unread.as_ref().map(|it| &it.1);
        let unread = unread.or(self.lists.failure.as_ref());
        if let Some((key, fact)) = K::fact(name, &object.observed, unread) {
            self.out.push(Work::Publish(key, fact));
        }
    }

    /// Notes that a read failed: what was known stays, the next try is scheduled, and the other
    /// kinds are told why no more is known.
    fn unread(&mut self, name: &Name, failure: Failure) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let attempt = object.unread.as_ref().map_or(1, |it| it.0 + 1);
        let pause = retry_after(&failure, name, attempt);
        object.unread = Some(Box::new((attempt, failure)));
        // It cannot be read, so nobody waits for whether it drifted.
        self.breaker.clear(name);
        self.reads.at(name, self.now.mono.after(pause), Priority::Mover);
        self.publish(name);
        self.reconcile(name);
    }
}
