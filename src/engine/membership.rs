//! As what each facet counts, kept as it changes.

use super::{
    backoff,
    counts::{Counts, Membership, Role},
    engine::Engine,
    facet::{FacetId, FacetKey},
    kind::Listing,
    object::Facet,
    policy::Settings,
    prune::PruneInput,
    resource::{Resource, info},
    tags::Claim,
    time::Mono,
};

impl Membership {
    /// Says what an object adds to the numbers: by its tags where nobody wants it, else as wanted.
    fn of<R: Resource>(key: &FacetKey, object: &Facet<R>, settings: &Settings) -> Self {
        let reading = object.observed.reading();
        let present = reading.is_some_and(|it| R::is_there(it));
        if let Some(wanted) = &object.wanted {
            // What a list shows and is only watched is another party's still.
            let guard = R::is_guard(&wanted.spec);
            let watched = info::<R>(key.facet).listing != Listing::None && guard;
            let strange = watched && !object.is_ours(key, settings);
            let role = match (strange, guard) {
                (true, _) => Role::Stranger,
                (false, true) => Role::Guard,
                (false, false) => Role::Wanted,
            };
            return Self { role, present, vague: false, candidate: false, gone_since: None };
        }
        // What cannot be read, and will not be soon, is known to be unknown: it is not ours to delete.
        let unread = object.unread.as_ref();
        let given_up = unread.is_some_and(|it| !backoff::soon(it.1.class, it.0));
        let orphan = object.is_ours(key, settings);
        let deletable = reading.filter(|_| orphan).map(|it| Claim::of(R::tags(it)));
        let candidate = matches!(deletable, Some(Claim::Owner { deletable: true, .. }));
        Self {
            role: if orphan { Role::Orphan } else { Role::Stranger },
            present,
            vague: !object.is_exact() && !given_up,
            candidate,
            gone_since: object.gone_since.filter(|_| candidate),
        }
    }
}

impl<R: Resource> Engine<R> {
    /// Counts an object as it is now in place of as it was counted last.
    pub(super) fn recount(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get_mut(key) else { return };
        let now = Membership::of(key, object, &self.settings);
        let before = object.membership.replace(now);
        if before == Some(now) {
            return;
        }
        let counts = &mut self.group_mut(key.facet).counts;
        if let Some(before) = before {
            counts.take(key, before);
        }
        counts.add(key, now);
    }

    /// Takes an object that left out of the numbers; `membership` is as it was counted last.
    pub(super) fn uncount(&mut self, key: &FacetKey, membership: Option<Membership>) {
        if let Some(membership) = membership {
            self.group_mut(key.facet).counts.take(key, membership);
        }
    }

    /// Sums up what the prune gate decides on. `read_at` stays zero while there are no candidates:
    /// a decision holds only for an equal input, and a reread of the manifests must not end it.
    pub(super) fn prune_input(&self, facet: FacetId) -> PruneInput {
        let group = self.group(facet);
        let counts = &group.counts;
        debug_assert_eq!(*counts, self.counted(facet), "an object changed and was not counted");
        let candidates = counts.candidates.clone();
        PruneInput {
            complete: group.lists.complete && counts.vague == 0,
            owned: counts.managed + counts.orphans,
            wanted: counts.wanted,
            read_at: if candidates.is_empty() { Mono::default() } else { self.read_at },
            candidates,
        }
    }

    /// Counts every object from the start, to check in debug builds that no change went uncounted.
    fn counted(&self, facet: FacetId) -> Counts {
        let mut counts = Counts::default();
        for (key, object) in self.objects.iter().filter(|(key, _)| key.facet == facet) {
            counts.add(key, Membership::of(key, object, &self.settings));
        }
        counts
    }
}
