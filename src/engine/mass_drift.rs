//! When an engine's breaker opens and closes, and what it holds.

use std::collections::BTreeSet;

use super::{
    breaker::{Broken, FEW, PART, too_many},
    diff::Reason,
    engine::Engine,
    facet::{FacetId, FacetKey},
    gate::Gate,
    name::Key,
    prune,
    resource::Resource,
    work::{ObjectEvent, Work},
};

impl<R: Resource> Engine<R> {
    /// Opens the breaker when too many objects have drifted, and closes it when about half as many
    /// are left or a person confirmed these. The objects that this concerns are judged again.
    pub(super) fn weigh_breaker(&mut self, facet: FacetId) {
        if self.group(facet).breaker.is_idle() {
            return;
        }
        let of = self.group(facet).counts.wanted;
        let told = |hash: &String| *hash == self.drift_hash(facet);
        let agreed = self.settings.confirm.as_ref().is_some_and(told);
        let breaker = &mut self.group_mut(facet).breaker;
        if agreed {
            breaker.agreed.clone_from(&breaker.drifted);
        }
        let drifted = breaker.drifted.len();
        let was = breaker.open;
        breaker.open = !breaker.agrees()
            && if was {
                // It closes at half of what opens it.
                drifted > FEW / 2 && drifted * PART * 2 > of
            } else {
                too_many(drifted, of)
            };
        if breaker.open && !was {
            let first = breaker.drifted.first().cloned();
            let because = self.broken_because(facet);
            let event =
                first.map(|key| Work::Report(key, ObjectEvent::Broken { drifted, because }));
            self.out.extend(event);
        }
        let known = self.is_drift_known(facet);
        let breaker = &mut self.group_mut(facet).breaker;
        if breaker.open != was || known && !breaker.waiting.is_empty() {
            // They show the breaker, or go on.
            let mut keys = std::mem::take(&mut breaker.waiting);
            if breaker.open != was {
                keys.extend(breaker.drifted.iter().cloned());
            }
            self.ready.extend(keys);
        }
    }

    /// Whether it is clear how many have drifted, or clear that they are few.
    fn is_drift_known(&self, facet: FacetId) -> bool {
        let group = self.group(facet);
        let breaker = &group.breaker;
        let all = breaker.drifted.union(&breaker.suspects).count();
        all <= FEW || breaker.suspects.is_empty() && !group.lists.is_running()
    }

    /// Why nothing is to be written to anything, if too much has drifted.
    pub(super) fn broken(&self, facet: FacetId) -> Option<Gate> {
        let open = self.group(facet).breaker.open;
        open.then(|| Gate::shut(Reason::new("MassDrift", self.broken_because(facet))))
    }

    /// Returns the gate that holds a drifted object until it is known how many drifted with it;
    /// `None` lets it go on.
    pub(super) fn uncounted(&mut self, key: &FacetKey) -> Option<Gate> {
        let breaker = &self.group(key.facet).breaker;
        let drifted = breaker.drifted.contains(key) && !breaker.agreed.contains(key);
        if !drifted || self.is_drift_known(key.facet) {
            return None;
        }
        self.group_mut(key.facet).breaker.waiting.insert(key.clone());
        let reason =
            Reason::new("Surveying", "how many others have drifted with it is not known yet");
        Some(Gate::shut(reason))
    }

    /// The breaker, if it is open.
    pub(super) fn broken_now(&self, facet: FacetId) -> Option<Broken> {
        let group = self.group(facet);
        group.breaker.open.then(|| Broken {
            drifted: group.breaker.drifted.len(),
            of: group.counts.wanted,
            hash: self.drift_hash(facet),
        })
    }

    fn broken_because(&self, facet: FacetId) -> String {
        let group = self.group(facet);
        let (drifted, of) = (group.breaker.drifted.len(), group.counts.wanted);
        format!(
            "{drifted} of {of} have drifted at once, so nothing is written: find out who changed them; \
             it goes on by itself when most are as they were, or with `--confirm {}`",
            self.drift_hash(facet)
        )
    }

    fn drift_hash(&self, facet: FacetId) -> String {
        let drifted = &self.group(facet).breaker.drifted;
        let keys: BTreeSet<Key> = drifted.iter().map(|it| self.key(it)).collect();
        prune::hash(&keys)
    }
}
