//! How many objects there are of each standing, kept as objects change: it is asked for after each event,
//! and going over a fleet each time would cost more than the events do.

use std::collections::BTreeMap;

use super::{
    backoff,
    engine::Engine,
    kind::{Kind, Listing},
    name::Name,
    object::Object,
    policy::Settings,
    prune::Census,
    tags::Claim,
    time::Mono,
};

/// What one object adds to the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    part: Part,
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
enum Part {
    Wanted,
    /// Ours, and wanted by nobody.
    Orphan,
    Stranger,
}

impl Standing {
    fn of<K: Kind>(name: &Name, object: &Object<K>, settings: &Settings) -> Self {
        let seen = object.sight.seen();
        let present = seen.is_some_and(|it| K::is_there(&it.live));
        if let Some(wanted) = &object.wanted {
            // What a list shows and is only watched is somebody else's still.
            let watched = K::LISTING != Listing::None && K::is_guard(&wanted.spec);
            let strange = watched && !object.is_ours(name, settings);
            let part = if strange { Part::Stranger } else { Part::Wanted };
            return Self { part, present, vague: false, candidate: false, gone_since: None };
        }
        // What cannot be read, and will not be soon, is known to be unknown: it is not ours to delete.
        let unread = object.unread.as_ref();
        let given_up = unread.is_some_and(|it| !backoff::soon(it.1.class, it.0));
        let orphan = object.is_ours(name, settings);
        let deletable = seen.filter(|_| orphan).map(|it| Claim::of(K::tags(&it.live)));
        let candidate = matches!(deletable, Some(Claim::Owner { deletable: true, .. }));
        Self {
            part: if orphan { Part::Orphan } else { Part::Stranger },
            present,
            vague: !object.is_exact() && !given_up,
            candidate,
            gone_since: object.gone_since.filter(|_| candidate),
        }
    }
}

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Wanted, whether or not it is there.
    pub(super) wanted: usize,
    /// Wanted and there.
    pub(super) managed: usize,
    /// Ours, and wanted by nobody.
    pub(super) orphans: usize,
    /// There, wanted by nobody and not ours.
    pub(super) unmanaged: usize,
    vague: usize,
    candidates: BTreeMap<Name, Option<Mono>>,
}

impl Tally {
    fn add(&mut self, name: &Name, standing: Standing) {
        self.count(standing, |number| *number += 1);
        if standing.candidate {
            self.candidates.insert(name.clone(), standing.gone_since);
        }
    }

    /// Takes away what was added.
    fn take(&mut self, name: &Name, standing: Standing) {
        self.count(standing, |number| *number -= 1);
        if standing.candidate {
            self.candidates.remove(name);
        }
    }

    fn count(&mut self, standing: Standing, by: impl Fn(&mut usize)) {
        match (standing.part, standing.present) {
            (Part::Wanted, present) => {
                by(&mut self.wanted);
                if present {
                    by(&mut self.managed);
                }
            }
            (Part::Orphan, _) => by(&mut self.orphans),
            (Part::Stranger, true) => by(&mut self.unmanaged),
            (Part::Stranger, false) => {}
        }
        if standing.vague {
            by(&mut self.vague);
        }
    }
}

impl<K: Kind> Engine<K> {
    /// An object changed: count it as it is now.
    pub(super) fn recount(&mut self, name: &Name) {
        let Some(object) = self.objects.get_mut(name) else { return };
        let now = Standing::of(name, object, &self.settings);
        let before = object.standing.replace(now);
        if before == Some(now) {
            return;
        }
        if let Some(before) = before {
            self.tally.take(name, before);
        }
        self.tally.add(name, now);
    }

    /// An object left.
    pub(super) fn uncount(&mut self, name: &Name, standing: Option<Standing>) {
        if let Some(standing) = standing {
            self.tally.take(name, standing);
        }
    }

    /// What the prune gate must know.
    pub(super) fn census(&self) -> Census {
        debug_assert_eq!(self.tally, self.counted(), "an object changed and was not counted");
        let tally = &self.tally;
        let candidates = tally.candidates.clone();
        Census {
            complete: self.lists.complete && tally.vague == 0,
            owned: tally.managed + tally.orphans,
            wanted: tally.wanted,
            read_at: if candidates.is_empty() { Mono::default() } else { self.read_at },
            candidates,
        }
    }

    /// The same numbers, counted anew.
    fn counted(&self) -> Tally {
        let mut tally = Tally::default();
        for (name, object) in &self.objects {
            tally.add(name, Standing::of(name, object, &self.settings));
        }
        tally
    }
}
