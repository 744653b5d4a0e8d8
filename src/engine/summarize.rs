//! Summing up what an engine is doing, and whether it is at rest.

use std::collections::BTreeMap;

use super::{
    engine::Engine,
    facet::{FacetId, FacetKey},
    resource::Resource,
    status::ShownRow,
    summary::Summary,
    time::{Mono, Now},
};

impl<R: Resource> Engine<R> {
    /// Whether nothing is under way and nothing would change in the next seconds without news from
    /// outside. Objects that wait for a fact are quiet: another engine is not, if the fact is to come.
    pub fn is_quiet(&self) -> bool {
        let steps = self.writing + self.tasks;
        let idle = self.schedule.is_idle()
            && steps == 0
            && self.ready.is_empty()
            && self.ready_tasks.is_empty();
        let decided =
            |facet| self.decision.covers(Self::info(facet).kind, &self.prune_input(facet));
        let prune_decided = self.groups().all(|(facet, it)| !it.settings.prune || decided(facet));
        let listed = self.groups().all(|(_, it)| it.lists.is_quiet());
        self.paused.is_some() || (idle && prune_decided && listed && self.unsettled.is_empty())
    }

    /// Every row, by name.
    pub fn rows(&self) -> impl Iterator<Item = &ShownRow> {
        self.objects.iter().filter_map(|(_, it)| it.row.as_ref())
    }

    /// The rows that changed since this was last asked; `None`: the object left.
    pub fn take_changed(&mut self) -> BTreeMap<FacetKey, Option<ShownRow>> {
        std::mem::take(&mut self.changed)
    }

    /// Sums up what the engine is doing about a facet, for metrics, views and the prune gate.
    pub fn summary(&self, facet: FacetId, now: Now) -> Summary {
        let group = self.group(facet);
        let counts = &group.counts;
        Summary {
            listed: group.lists.complete,
            next_list: group.lists.due(),
            resync: group.lists.period(),
            audit_periods: self.audit_periods(facet),
            depth: self.depth(facet, now.mono),
            paused: self.paused.clone(),
            prune_input: self.prune_input(facet),
            waves: group.brake.waves(),
            broken: self.broken_now(facet),
            unmanaged: counts.unmanaged,
            orphans: counts.orphans,
            managed: counts.managed,
        }
    }

    /// Counts the reads and steps that are due and have not begun; none while the target is on
    /// hold, since nobody would do them.
    fn depth(&self, facet: FacetId, now: Mono) -> usize {
        if self.paused.is_some() {
            return 0;
        }
        let ready = self.ready.iter().chain(&self.ready_tasks);
        let ready = ready.filter(|it| it.facet == facet).count();
        self.schedule.depth(facet, now) + ready
    }
}
