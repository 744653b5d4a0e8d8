//! Objects of ours that no manifest asks for: they are told, and deleted if the prune gate is open.

use super::{
    diff::{Planned, Reason, step_fingerprint},
    engine::Engine,
    facet::FacetKey,
    failure::chain,
    object::Phase,
    policy::{Mode, ReadMode},
    prune::PruneBlock,
    resource::Resource,
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

impl<R: Resource> Engine<R> {
    /// Judges an object that no manifest asks for: an orphan of ours stays or is deleted, and is
    /// reported once; what is not ours has no row.
    pub(super) fn reconcile_unwanted(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get_mut(key) else { return };
        // No read confirms a step on an orphan, and `act` would wait for that.
        object.memory.tried = None;
        let orphan = object.is_orphan(key, &self.settings);
        let exact = object.is_exact();
        let group = self.group_mut(key.facet);
        group.brake.forget(key);
        group.breaker.forget(key);
        if !orphan {
            self.ignore(key, exact);
            return;
        }
        let new = self.objects.get(key).and_then(|it| it.row.as_ref()).is_none_or(|it| !it.orphan);
        match self.fate(key) {
            Fate::Stays(reason) => {
                self.unsettle(key, false);
                self.show_blank(key, Blank { status: Status::Unknown, reason });
            }
            Fate::Waits(planned, reason) => {
                self.unsettle(key, false);
                self.show_deletion(key, Blank { status: Status::Unknown, reason }, &planned);
            }
            Fate::Goes(planned) => self.bury(key, &planned),
        }
        if new {
            self.out.push(Work::Report(key.clone(), ObjectEvent::Orphaned));
        }
    }

    /// Takes an object that is not ours, as far as can be told, off the board. One that only a list
    /// has shown is read, since its tags may say that it is ours.
    fn ignore(&mut self, key: &FacetKey, exact: bool) {
        self.unsettle(key, false);
        let Some(object) = self.objects.get_mut(key) else { return };
        if object.row.take().is_some() {
            self.changed.insert(key.clone(), None);
        }
        if !exact && object.unread.is_none() {
            self.read_stranger(key);
        }
    }

    /// Schedules the read of an object that nobody asks for: a daemon takes its time, a single run
    /// reads it at once or not at all. What may have been taken out of a document is read in any
    /// case.
    pub(super) fn read_stranger(&mut self, key: &FacetKey) {
        let group = self.group(key.facet);
        let parted = group.spare.get(&key.object).is_some();
        let strangers = group.settings.strangers;
        if group.settings.read_mode == ReadMode::Watch && !parted {
            self.schedule_read(key, self.now.mono, Priority::Audit);
        } else if strangers || parted {
            self.schedule_read(key, self.now.mono, Priority::Mover);
            self.unsettle(key, true);
        }
    }

    /// Begins the deletion of an orphan if a read of just now allows it, else reads it first. When
    /// the deletion begins, all that is known of the object is reported.
    fn bury(&mut self, key: &FacetKey, planned: &Planned<R::Step>) {
        let reason = Reason::new("Pruning", planned.step.to_string());
        let idle = self.objects.get(key).is_some_and(|it| it.phase == Phase::Idle);
        let goes = !idle || self.act(key, planned, &[]);
        self.unsettle(key, goes);
        self.show_deletion(key, Blank { status: Status::Progressing, reason }, planned);
        let Some(object) = self.objects.get(key) else { return };
        if idle && matches!(object.phase, Phase::Applying(_)) {
            let live = object.observed.reading().map(|it| R::describe(it)).unwrap_or_default();
            // In front of the order to delete it.
            self.out.insert(0, Work::Report(key.clone(), ObjectEvent::Buried(live.to_string())));
        }
    }

    /// Decides whether an orphan goes: only if every manifest is readable, its own tag allows it,
    /// the operator prunes and [`Self::obstacle`] finds nothing in the way.
    fn fate(&self, key: &FacetKey) -> Fate<R::Step> {
        if !self.intact {
            let message = "no readable manifest asks for it, and some cannot be read; it is left";
            return Fate::Stays(Reason::new("ManifestInvalid", message));
        }
        let object = self.objects.get(key);
        let reading = object.and_then(|it| it.observed.reading());
        let deletable = reading.map(|it| Claim::of(R::tags(it)));
        let deletable = matches!(deletable, Some(Claim::Owner { deletable: true, .. }));
        let gone = |why: &str| {
            let message = format!("no manifest asks for it any more; it is left as it is: {why}");
            Fate::Stays(Reason::new("ManifestGone", message))
        };
        let step = reading.and_then(|it| R::delete(key, it));
        // The tag decides, since the manifest that could say it is gone.
        let Some(step) = step.filter(|_| deletable) else {
            return gone("its tag `evenkeel.dev/deletion` says to retain it");
        };
        if !self.group(key.facet).settings.prune {
            return gone("its tag allows deletion, and this Evenkeel runs without --prune");
        }
        match self.obstacle(key, &step) {
            Some(reason) => Fate::Waits(step, reason),
            None => Fate::Goes(step),
        }
    }

    /// Returns why a candidate is not deleted now; `None`: nothing keeps it.
    fn obstacle(&self, key: &FacetKey, step: &Planned<R::Step>) -> Option<Reason> {
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
        let allowed = self.decision.allowed.contains(&self.key(key));
        if !allowed
            || !self.decision.covers(Self::info(key.facet).kind, &self.prune_input(key.facet))
        {
            let message = "no manifest asks for it any more; it is deleted after the grace time, \
                           unless one does again";
            return Some(Reason::new("PruneWaiting", message));
        }
        if let Some(broken) = self.broken(key.facet) {
            return Some(broken.reason);
        }
        if let Some(stop) = &self.write_stop {
            return Some(stop.reason.clone());
        }
        if self.settings.mode == Mode::Observe {
            let message = "no manifest asks for it; this Evenkeel runs in mode observe";
            return Some(Reason::new("Observing", message));
        }
        let memory = &self.objects.get(key)?.memory;
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
        let keys: Vec<FacetKey> = self.objects.keys().cloned().collect();
        for key in keys {
            if let Some(object) = self.objects.get_mut(&key) {
                let gone = object.wanted.is_none() && intact;
                object.gone_since = gone.then(|| object.gone_since.unwrap_or(read_at));
            }
            self.recount(&key);
        }
    }

    /// Judges every orphan again.
    pub(super) fn reconcile_orphans(&mut self) {
        let orphans = self.objects.iter().filter(|(key, it)| it.is_orphan(key, &self.settings));
        let orphans: Vec<FacetKey> = orphans.map(|(key, _)| key.clone()).collect();
        for key in orphans {
            self.reconcile(&key);
        }
    }
}
