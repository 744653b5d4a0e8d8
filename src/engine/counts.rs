//! How many objects there are of each membership, kept as objects change: it is asked for after each event,
//! and going over a fleet each time would cost more than the events do.

use std::collections::BTreeMap;

use super::{
    backoff,
    engine::Engine,
    kind::{Kind, Listing},
    name::Name,
    object::Object,
    policy::Settings,
    prune::PruneInput,
    tags::Claim,
    time::Mono,
};

/// What one object adds to the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    role: Role,
    present: bool,
    /// Nobody wants it, and whose it is is still to be read.
    vague: bool,
    /// Its tag allows deletion.
    candidate: bool,
    /// Since when a candidate has had no manifest.
    gone_since: Option<Mono>,
}

/// What an object is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Wanted,
    /// Wanted, but only to be watched for what no manifest asks for.
    Guard,
    /// Ours, and wanted by nobody.
    Orphan,
    Stranger,
}

impl Membership {
    /// Says what an object adds to the numbers: by its tags where nobody wants it, else as wanted.
    fn of<K: Kind>(name: &Name, object: &Object<K>, settings: &Settings) -> Self {
        let reading = object.observed.reading();
        let present = reading.is_some_and(|it| K::is_there(&it.live));
        if let Some(wanted) = &object.wanted {
            // What a list shows and is only watched is another party's still.
            let guard = K::is_guard(&wanted.spec);
            let watched = K::LISTING != Listing::None && guard;
            let strange = watched && !object.is_ours(name, settings);
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
        let orphan = object.is_ours(name, settings);
        let deletable = reading.filter(|_| orphan).map(|it| Claim::of(K::tags(&it.live)));
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

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Wanted, whether or not it is there.
    pub(super) wanted: usize,
    /// Wanted only to be watched.
    pub(super) guards: usize,
    /// Wanted and there.
    pub(super) managed: usize,
    /// Ours, and wanted by nobody.
    pub(super) orphans: usize,
    /// There, wanted by nobody and not ours.
    pub(super) unmanaged: usize,
    vague: usize,
    candidates: BTreeMap<Name, Option<Mono>>,
}

impl Counts {
    fn add(&mut self, name: &Name, membership: Membership) {
        self.count(membership, |number| *number += 1);
        if membership.candidate {
            self.candidates.insert(name.clone(), membership.gone_since);
        }
    }

    /// Takes an object out of the numbers; `membership` is that with which it was added.
    fn take(&mut self, name: &Name, membership: Membership) {
        self.count(membership, |number| *number -= 1);
        if membership.candidate {
            self.candidates.remove(name);
        }
    }

    /// Changes every number that an object is part of; `by` adds one or takes one away.
    fn count(&mut self, membership: Membership, by: impl Fn(&mut usize)) {
        match (membership.role, membership.present) {
            (role @ (Role::Wanted | Role::Guard), present) => {
                by(&mut self.wanted);
                if present {
                    by(&mut self.managed);
                }
                if role == Role::Guard {
                    by(&mut self.guards);
                }
            }
            (Role::Orphan, _) => by(&mut self.orphans),
            (Role::Stranger, true) => by(&mut self.unmanaged),
            (Role::Stranger, false) => {}
        }
        if membership.vague {
            by(&mut self.vague);
        }
    }
}

impl<K: Kind> Engine<K> {
    /// Counts an object as it is now in place of as it was counted last.
    pub(super) fn recount(&mut self, name: &Name) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let now = Membership::of(name, object, &self.settings);
        let before = object.membership.replace(now);
        if before == Some(now) {
            return;
        }
        if let Some(before) = before {
            self.counts.take(name, before);
        }
        self.counts.add(name, now);
    }

    /// Takes an object that left out of the numbers; `membership` is as it was counted last.
    pub(super) fn uncount(&mut self, name: &Name, membership: Option<Membership>) {
        if let Some(membership) = membership {
            self.counts.take(name, membership);
        }
    }

    /// Sums up what the prune gate decides on. `read_at` stays zero while there are no candidates:
    /// a decision holds only for an equal input, and a reread of the manifests must not end it.
    pub(super) fn prune_input(&self) -> PruneInput {
        debug_assert_eq!(self.counts, self.counted(), "an object changed and was not counted");
        let counts = &self.counts;
        let candidates = counts.candidates.clone();
        PruneInput {
            complete: self.lists.complete && counts.vague == 0,
            owned: counts.managed + counts.orphans,
            wanted: counts.wanted,
            read_at: if candidates.is_empty() { Mono::default() } else { self.read_at },
            candidates,
        }
    }

    /// Counts every object from the start, to check in debug builds that no change went uncounted.
    fn counted(&self) -> Counts {
        let mut counts = Counts::default();
        for (name, object) in &self.objects {
            counts.add(name, Membership::of(name, object, &self.settings));
        }
        counts
    }
}
