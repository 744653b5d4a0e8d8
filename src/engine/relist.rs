//! What lists show of an engine's objects. A list nominates; only a read decides.

use super::{
    engine::Engine,
    facet::{FacetId, FacetKey},
    failure::Failure,
    object::{Facet, Moment, Phase},
    observed::{Observation as _, Observed},
    page::Page,
    policy::ReadMode,
    resource::Resource,
    time::Mono,
    work::Trigger,
};

impl<R: Resource> Engine<R> {
    /// Takes in the rows of one page of a list.
    pub(super) fn on_page(&mut self, facet: FacetId, page: Page<R::Reading>) {
        for (name, reading) in page.rows {
            self.row(&R::key(facet, &name), reading, page.started);
        }
    }

    /// Takes in one row of a list. It confirms what is known, or nominates the object for an exact
    /// read; in watch mode it stands in for an object that was never read. `started`: when the
    /// request began.
    fn row(&mut self, key: &FacetKey, reading: R::Reading, started: Mono) {
        let group = self.group_mut(key.facet);
        let pass = group.lists.pass;
        let trust = group.settings.read_mode == ReadMode::Watch;
        let (intact, read_at) = (self.intact, self.read_at);
        // What nobody asks for becomes an object only if it may be ours.
        let Some(object) = self.objects.get_mut(key) else {
            if R::concerns(&reading) {
                let mut object = Facet::new(None);
                let feuds = &mut self.group_mut(key.facet).feuds;
                object.memory.fight = feuds.remove(key).unwrap_or_default();
                object.listed = pass;
                object.gone_since = intact.then_some(read_at);
                object.fingerprint = Some(R::fingerprint(&reading));
                object.observed = Observed::Present(reading);
                object.confirmed = Some(Moment::of(started, self.now));
                self.objects.insert(key.clone(), object);
                self.claim(key);
                self.recount(key);
                self.nominate(key);
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
        if reading.is_exact() {
            self.take_in(key, Some(reading), started);
            return;
        }
        let fingerprint = R::fingerprint(&reading);
        match &object.observed {
            Observed::Present(_) if object.fingerprint == Some(fingerprint) => {
                object.confirmed = Some(Moment::of(started, self.now));
                self.refresh_times(key);
            }
            Observed::Unknown if trust && object.wanted.is_some() && object.unread.is_none() => {
                object.fingerprint = Some(fingerprint);
                object.observed = Observed::Present(reading);
                object.confirmed = Some(Moment::of(started, self.now));
                self.recount(key);
                self.schedule_audit(key);
            }
            Observed::Present(_) | Observed::Absent | Observed::Unknown => self.nominate(key),
        }
    }

    /// Schedules an exact read of an object that a list shows otherwise than it is known. One whose
    /// last read failed keeps the pace of its retries.
    pub(super) fn nominate(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get_mut(key) else { return };
        if object.unread.is_some() {
            return;
        }
        object.trigger = Trigger::Resync;
        let wanted = object.wanted.as_ref();
        // What is only watched has not drifted.
        if wanted.is_some_and(|it| !R::is_guard(&it.spec)) {
            self.group_mut(key.facet).breaker.suspect(key);
            self.mark_dirty(key, usize::MAX);
        } else {
            self.read_stranger(key);
        }
    }

    /// Takes in that a list is complete or broke off, and plans the next one. A complete list
    /// nominates what it did not show; the first one lets every object be judged.
    pub(super) fn on_list_ended(&mut self, facet: FacetId, result: Result<(), Failure>) {
        let whole = result.is_ok();
        let lists = &self.group(facet).lists;
        let (complete, pass) = (lists.complete, lists.pass);
        let keys: Vec<FacetKey> = match whole {
            // Each is judged now, or its row says why nothing is known.
            _ if !complete => self.keys_of(facet),
            true => self.unlisted(facet, pass),
            false => Vec::new(),
        };
        let (target, now) = (self.target.clone(), self.now.mono);
        self.group_mut(facet).lists.end(result, &target, now);
        for key in keys {
            if whole {
                self.missed(&key, pass);
            } else {
                self.publish(&key);
            }
            self.reconcile(&key);
        }
    }

    /// The objects that the list did not show.
    fn unlisted(&self, facet: FacetId, pass: u64) -> Vec<FacetKey> {
        let missed =
            |(key, object): &(&FacetKey, &Facet<R>)| key.facet == facet && object.listed != pass;
        self.objects.iter().filter(missed).map(|(key, _)| key.clone()).collect()
    }

    /// Follows that a complete list did not show an object: if nobody wants it, it is forgotten,
    /// else it is read, since only a read may say that it is absent.
    fn missed(&mut self, key: &FacetKey, pass: u64) {
        let began = self.group(key.facet).lists.began;
        let Some(object) = self.objects.get_mut(key) else { return };
        if object.listed == pass || object.phase != Phase::Idle || object.touched > began {
            return;
        }
        let gone = match &object.observed {
            Observed::Unknown => false,
            Observed::Absent => true,
            // What it belongs to is there, and it is not.
            Observed::Present(reading) => reading.is_exact() && !R::is_there(reading),
        };
        match (&object.wanted, gone) {
            (None, _) => self.leave(key),
            // A list confirms an absence that a read has found.
            (Some(_), true) => object.confirmed = Some(Moment::of(began, self.now)),
            (Some(_), false) => self.nominate(key),
        }
    }
}
