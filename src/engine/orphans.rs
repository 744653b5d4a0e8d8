//! Objects of ours that no manifest asks for: they are told, and deleted if the prune gate is open.

use super::{
    diff::{Planned, Reason, step_fingerprint},
    engine::Engine,
    failure::chain,
    kind::Kind,
    name::Name,
    object::Phase,
    policy::{Mode, ReadMode},
    prune::PruneBlock,
    rows::Blank,
    status::Status,
    tags::Claim,
    work::{ObjectEvent, Priority, Work},
};

/// What to do about an orphan now.
enum Fate<S> {
    /// It stays, and why.
    Stays(Reason),
    /// It would be deleted by this step; what holds that up.
    Waits(Planned<S>, Reason),
    /// It is deleted.
    Goes(Planned<S>),
}

impl<K: Kind> Engine<K> {
    /// Judges an object that no manifest asks for: an orphan of ours stays or is deleted, and is
    /// reported once; what is not ours has no row.
    pub(super) fn reconcile_unwanted(&mut self, name: &Name) {
        let Some(object) = self.objects.get_mut(name) else { return };
        // No read confirms a step on an orphan, and `act` would wait for that.
        object.memory.tried = None;
        let orphan = object.is_orphan(name, &self.settings);
        let exact = object.is_exact();
        self.brake.forget(name);
        self.breaker.forget(name);
        if !orphan {
            self.ignore(name, exact);
            return;
        }
        let new = self.objects.get(name).and_then(|it| it.row.as_ref()).is_none_or(|it| !it.orphan);
        match self.fate(name) {
            Fate::Stays(reason) => {
                self.unsettle(name, false);
                self.show_blank(name, Blank { status: Status::Unknown, reason });
            }
            Fate::Waits(planned, reason) => {
                self.unsettle(name, false);
                self.show_deletion(name, Blank { status: Status::Unknown, reason }, &planned);
            }
            Fate::Goes(planned) => self.bury(name, &planned),
        }
        if new {
            self.out.push(Work::Report(name.clone(), ObjectEvent::Orphaned));
        }
    }

    /// Takes an object that is not ours, as far as can be told, off the board. One that only a list
    /// has shown is read, since its tags may say that it is ours.
    fn ignore(&mut self, name: &Name, exact: bool) {
        self.unsettle(name, false);
        let Some(object) = self.objects.get_mut(name) else { return };
        if object.row.take().is_some() {
            self.changed.insert(name.clone(), None);
        }
        if !exact && object.unread.is_none() {
            self.read_stranger(name);
        }
    }

    /// Schedules the read of an object that nobody asks for: a daemon takes its time, a single run
    /// reads it at once or not at all. What may have been taken out of a document is read in any
    /// case.
    pub(super) fn read_stranger(&mut self, name: &Name) {
        let parted = self.spare.get(&K::host(name)).is_some();
        if self.settings.read_mode == ReadMode::Watch && !parted {
            self.schedule_read(name, self.now.mono, Priority::Audit);
        } else if self.settings.strangers || parted {
            self.schedule_read(name, self.now.mono, Priority::Mover);
            self.unsettle(name, true);
        }
    }

    /// Begins the deletion of an orphan if a read of just now allows it, else reads it first. When
    /// the deletion begins, all that is known of the object is reported.
    fn bury(&mut self, name: &Name, planned: &Planned<K::Step>) {
        let reason = Reason::new("Pruning", planned.step.to_string());
        let idle = self.objects.get(name).is_some_and(|it| it.phase == Phase::Idle);
        let goes = !idle || self.act(name, planned, &[]);
        self.unsettle(name, goes);
        self.show_deletion(name, Blank { status: Status::Progressing, reason }, planned);
        let Some(object) = self.objects.get(name) else { return };
        if idle && matches!(object.phase, Phase::Applying(_)) {
            let live =
                object.observed.reading().map(|it| K::describe(&it.live)).unwrap_or_default();
            // In front of the order to delete it.
            self.out.insert(0, Work::Report(name.clone(), ObjectEvent::Buried(live.to_string())));
        }
    }

    /// Decides whether an orphan goes: only if every manifest is readable, its own tag allows it,
    /// the operator prunes and [`Self::obstacle`] finds nothing in the way.
    fn fate(&self, name: &Name) -> Fate<K::Step> {
        if !self.intact {
            let message = "no readable manifest asks for it, and some cannot be read; it is left";
            return Fate::Stays(Reason::new("ManifestInvalid", message));
        }
        let object = self.objects.get(name);
        let reading = object.and_then(|it| it.observed.reading());
        let deletable = reading.map(|it| Claim::of(K::tags(&it.live)));
        let deletable = matches!(deletable, Some(Claim::Owner { deletable: true, .. }));
        let gone = |why: &str| {
            let message = format!("no manifest asks for it any more; it is left as it is: {why}");
            Fate::Stays(Reason::new("ManifestGone", message))
        };
        let step = reading.and_then(|it| K::delete(name, &it.live));
        // The tag decides, since the manifest that could say it is gone.
        let Some(step) = step.filter(|_| deletable) else {
            return gone("its tag `evenkeel.dev/deletion` says to retain it");
        };
        if !self.settings.prune {
            return gone("its tag allows deletion, and this Evenkeel runs without --prune");
        }
        match self.obstacle(name, &step) {
            Some(reason) => Fate::Waits(step, reason),
            None => Fate::Goes(step),
        }
    }

    /// Returns why a candidate is not deleted now; `None`: nothing keeps it.
    fn obstacle(&self, name: &Name, step: &Planned<K::Step>) -> Option<Reason> {
        if let Some((block, why)) = &self.decision.blocked {
            let word = match block {
                PruneBlock::Unconfirmed | PruneBlock::Threshold => "PruneUnconfirmed",
                PruneBlock::EmptySource | PruneBlock::InvalidManifest | PruneBlock::FirstPass => {
                    "PruneBlocked"
                }
            };
            return Some(Reason { code: word, message: format!("no manifest asks for it: {why}") });
        }
        // A ruling that rests on anything but what is known now is none.
        let allowed = self.decision.allowed.contains(&self.key(name));
        if !allowed || !self.decision.covers(K::NAME, &self.prune_input()) {
            let message = "no manifest asks for it any more; it is deleted after the grace time, \
                           unless one does again";
            return Some(Reason::new("PruneWaiting", message));
        }
        if let Some(broken) = self.broken() {
            return Some(broken.reason);
        }
        if let Some(stop) = &self.write_stop {
            return Some(stop.reason.clone());
        }
        if self.settings.mode == Mode::Observe {
            let message = "no manifest asks for it; this Evenkeel runs in mode observe";
            return Some(Reason::new("Observing", message));
        }
        let memory = &self.objects.get(name)?.memory;
        if let Some(active) = memory.suspension.as_ref().and_then(|it| it.active(self.now.wall)) {
            return Some(Reason::new("Suspended", active.message));
        }
        let failure = &memory.backoff(step_fingerprint(step, &[]), self.now.mono)?.failure;
        let message = format!("could not {}: {}", step.step, chain(failure));
        Some(Reason::new(super::verdict::reason_code(failure.class), message))
    }

    /// Notes for each object that nobody wants the first good reading of the manifests without it.
    /// A faulty reading ends this time, since the document may only be unreadable.
    pub(super) fn count_absent(&mut self) {
        let (intact, read_at) = (self.intact, self.read_at);
        let names: Vec<Name> = self.objects.keys().cloned().collect();
        for name in names {
            if let Some(object) = self.objects.get_mut(&name) {
                let gone = object.wanted.is_none() && intact;
                object.gone_since = gone.then(|| object.gone_since.unwrap_or(read_at));
            }
            self.recount(&name);
        }
    }

    /// Judges every orphan again.
    pub(super) fn reconcile_orphans(&mut self) {
        let orphans = self.objects.iter().filter(|(name, it)| it.is_orphan(name, &self.settings));
        let orphans: Vec<Name> = orphans.map(|(name, _)| name.clone()).collect();
        for name in orphans {
            self.reconcile(&name);
        }
    }
}
