//! Lists: cheap reads of many objects. A list nominates; only a read decides.

use std::time::Duration;

use super::{
    backoff,
    engine::Engine,
    failure::Failure,
    kind::Kind,
    name::Name,
    object::{Moment, Object, Phase},
    observed::{Observed, Reading},
    page::Page,
    policy::ReadMode,
    time::Mono,
    work::Trigger,
};

/// A list may take at most this share of the time: one part in four.
const REST: u32 = 4;

/// When the next list is due, and how the last one went.
pub(super) struct Lists {
    resync: Duration,
    due: Option<Mono>,
    running: Option<Mono>,
    /// When the last one began.
    began: Mono,
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
    fn end(&mut self, result: Result<(), Failure>, target: &Name, now: Mono) {
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

impl<K: Kind> Engine<K> {
    /// Takes in the rows of one page of a list.
    pub(super) fn on_page(&mut self, page: Page<K>) {
        for (name, reading) in page.rows {
            self.row(&name, reading, page.started);
        }
    }

    /// Takes in one row of a list. It confirms what is known, or nominates the object for an exact
    /// read; in watch mode it stands in for an object that was never read. `started`: when the
    /// request began.
    fn row(&mut self, name: &Name, reading: Reading<K::Live>, started: Mono) {
        let pass = self.lists.pass;
        let trust = self.settings.read_mode == ReadMode::Watch;
        let (intact, read_at) = (self.intact, self.read_at);
        // What nobody asks for becomes an object only if it may be ours.
        let Some(object) = self.objects.get_mut(name) else {
            if K::concerns(&reading.live) {
                let mut object = Object::new(None);
                object.memory.fight = self.feuds.remove(name).unwrap_or_default();
                object.listed = pass;
                object.gone_since = intact.then_some(read_at);
                object.fingerprint = Some(K::fingerprint(&reading));
                object.observed = Observed::Present(reading);
                object.confirmed = Some(Moment::of(started, self.now));
                self.objects.insert(name.clone(), object);
                self.claim(name);
                self.recount(name);
                self.nominate(name);
            }
            return;
        };
        object.listed = pass;
        // The object is being read or changed, or was after the request began: the row may be older
        // than what is known.
        if object.phase != Phase::Idle || object.touched > started {
            return;
        }
        // This kind's list shows as much as a read does.
        if reading.exact {
            self.take_in(name, Some(reading), started);
            return;
        }
        let fingerprint = K::fingerprint(&reading);
        match &object.observed {
            Observed::Present(_) if object.fingerprint == Some(fingerprint) => {
                object.confirmed = Some(Moment::of(started, self.now));
                self.refresh_times(name);
            }
            Observed::Unknown if trust && object.wanted.is_some() && object.unread.is_none() => {
                object.fingerprint = Some(fingerprint);
                object.observed = Observed::Present(reading);
                object.confirmed = Some(Moment::of(started, self.now));
                self.recount(name);
                self.schedule_audit(name);
            }
            Observed::Present(_) | Observed::Absent | Observed::Unknown => self.nominate(name),
        }
    }

    /// Schedules an exact read of an object that a list shows otherwise than it is known. One whose
    /// last read failed keeps the pace of its retries.
    pub(super) fn nominate(&mut self, name: &Name) {
        let Some(object) = self.objects.get_mut(name) else { return };
        if object.unread.is_some() {
            return;
        }
        object.trigger = Trigger::Resync;
        let wanted = object.wanted.as_ref();
        // What is only watched has not drifted.
        if wanted.is_some_and(|it| !K::is_guard(&it.spec)) {
            self.breaker.suspect(name);
            self.mark_dirty(name, usize::MAX);
        } else {
            self.read_stranger(name);
        }
    }

    /// Takes in that a list is complete or broke off, and plans the next one. A complete list
    /// nominates what it did not show; the first one lets every object be judged.
    pub(super) fn on_list_ended(&mut self, result: Result<(), Failure>) {
        let whole = result.is_ok();
        let first = whole && !self.lists.complete;
        let pass = self.lists.pass;
        let target = self.target.clone();
        let names: Vec<Name> = match whole {
            true if first => self.objects.keys().cloned().collect(),
            true => self.unlisted(pass),
            // The rows say why nothing is known.
            false if !self.lists.complete => self.objects.keys().cloned().collect(),
            false => Vec::new(),
        };
        self.lists.end(result, &target, self.now.mono);
        for name in names {
            if whole {
                self.missed(&name, pass);
            } else {
                self.publish(&name);
            }
            self.reconcile(&name);
        }
    }

    /// The objects that the list did not show.
    fn unlisted(&self, pass: u64) -> Vec<Name> {
        let missed = |(_, object): &(&Name, &Object<K>)| object.listed != pass;
        self.objects.iter().filter(missed).map(|(name, _)| name.clone()).collect()
    }

    /// Follows that a complete list did not show an object: if nobody wants it, it is forgotten,
    /// else it is read, since only a read may say that it is absent.
    fn missed(&mut self, name: &Name, pass: u64) {
        let began = self.lists.began;
        let Some(object) = self.objects.get_mut(name) else { return };
        if object.listed == pass || object.phase != Phase::Idle || object.touched > began {
            return;
        }
        let gone = match &object.observed {
            Observed::Unknown => false,
            Observed::Absent => true,
            // What it belongs to is there, and it is not.
            Observed::Present(reading) => reading.exact && !K::is_there(&reading.live),
        };
        match (&object.wanted, gone) {
            (None, _) => self.leave(name),
            // A list confirms an absence that a read has found.
            (Some(_), true) => object.confirmed = Some(Moment::of(began, self.now)),
            (Some(_), false) => self.nominate(name),
        }
    }
}
