//! What is wanted, what other kinds say, and whether anything may be done at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    desired::{Desired, DesiredObject, FacetDesired},
    diff::Reason,
    engine::Engine,
    facet::{FacetId, FacetKey},
    facts::{Fact, FactKey},
    fight::Fight,
    gate::WriteStop,
    kind::Listing,
    object::{Facet, Phase},
    observed::Observed,
    policy::ReadMode,
    prune::PruneDecision,
    resource::{self, Resource},
    time::Mono,
    work::{Priority, Trigger},
};

/// Up to how many objects are read at once for what nobody asks for.
const GUARDS_AT_ONCE: usize = 100;

/// What new manifests change.
#[derive(Default)]
struct DesiredChanges {
    /// What is to be judged again.
    touched: BTreeSet<FacetKey>,
    /// Of these, what the manifests ask something else of.
    edited: Vec<FacetKey>,
    /// How many of each facet that concerns, since few go before many.
    batches: BTreeMap<FacetId, usize>,
}

/// What a fact shows to be ours to take away, though no document describes it any more.
fn left_behind<'a, R: Resource>(
    of: &'a FactKey,
    fact: &'a Fact,
) -> impl Iterator<Item = FacetKey> + 'a {
    let left = |facet| R::left_behind(facet, of, fact).map(|name| R::key(facet, &name));
    resource::facets::<R>().filter_map(left)
}

impl<R: Resource> Engine<R> {
    /// Takes in what the manifests ask for: every object gets its desired state, new ones are made,
    /// and those whose desired state changed are surveyed and then judged.
    pub(super) fn on_desired(&mut self, desired: Desired<R::Spec>) {
        let Desired { facets, intact, read_at } = desired;
        (self.intact, self.read_at) = (intact, read_at);
        // What was ruled rests on other manifests.
        self.decision = Arc::default();
        let mut changes = DesiredChanges::default();
        for (facet, desired) in resource::facets::<R>().zip(facets) {
            self.take_desired(facet, desired, &mut changes);
        }
        self.call_back(&mut changes.touched);
        self.count_absent();
        self.needs.clear();
        for (key, object) in self.objects.iter() {
            for fact in object.wanted.iter().flat_map(|it| R::needs(&it.spec)) {
                self.needs.entry(fact).or_default().insert(key.clone());
            }
        }
        for facet in resource::facets::<R>() {
            self.group_mut(facet).brake.survey();
        }
        let DesiredChanges { touched, edited, batches } = changes;
        self.survey(&touched);
        let batch = |key: &FacetKey| batches.get(&key.facet).copied().unwrap_or(1);
        for key in touched {
            self.desired_changed(&key, batch(&key));
        }
        for key in edited {
            self.edited(&key, batch(&key));
        }
    }

    /// Gives one facet of every object its desired state, and notes whose changed.
    fn take_desired(
        &mut self,
        facet: FacetId,
        desired: FacetDesired<R::Spec>,
        changes: &mut DesiredChanges,
    ) {
        let FacetDesired { mut wanted, spare } = desired;
        let now = self.now.mono;
        let group = self.group_mut(facet);
        let narrow = group.settings.read_mode == ReadMode::Narrow;
        group.lists.begin(now, narrow || Self::info(facet).listing == Listing::None);
        let mut edited = 0;
        for (key, object) in self.objects.iter_mut().filter(|(key, _)| key.facet == facet) {
            let entry = wanted.remove(key.name());
            let entry = entry.or_else(|| object.spare(key, &spare, &self.settings));
            if object.wanted == entry && object.wanted.is_some() {
                continue;
            }
            if object.asks_otherwise(entry.as_ref()) {
                object.edited = now;
                changes.edited.push(key.clone());
                edited += 1;
            }
            object.wanted = entry;
            // What is wanted now has not been fought over yet.
            object.memory.fight = Fight::default();
            changes.touched.insert(key.clone());
        }
        changes.batches.insert(facet, edited + wanted.len());
        for (name, entry) in wanted {
            let key = R::key(facet, &name);
            self.objects.insert(key.clone(), Facet::new(Some(entry)));
            changes.touched.insert(key);
        }
        let group = self.group_mut(facet);
        group.spare = spare;
        group.feuds.clear();
    }

    /// Reads an object whose manifest asks for something else of it: what a list shows, or an older read, does not
    /// say whether it is so.
    fn edited(&mut self, key: &FacetKey, batch: usize) {
        let Some(object) = self.objects.get(key) else { return };
        // A first read is planned as for any other that nobody has seen.
        if !matches!(object.observed, Observed::Unknown) {
            self.schedule_reads(key, self.now.mono, batch);
        }
        self.watch_freshness(key);
    }

    /// Makes objects of what facts show to be left behind, and adds their keys to `touched`.
    fn call_back(&mut self, touched: &mut BTreeSet<FacetKey>) {
        let left = self.facts.iter().flat_map(|(of, fact)| left_behind::<R>(of, fact));
        for key in left.collect::<Vec<FacetKey>>() {
            if self.take_back(&key) {
                touched.insert(key);
            }
        }
    }

    /// Makes an object of what is left behind; `false` if it is one already, or no document
    /// describes what it belongs to.
    fn take_back(&mut self, key: &FacetKey) -> bool {
        if self.objects.contains_key(key) {
            return false;
        }
        let spare = &self.group(key.facet).spare;
        let Some(wanted) = spare.get(&key.object) else { return false };
        self.depend(key, &wanted);
        self.objects.insert(key.clone(), Facet::new(Some(wanted)));
        true
    }

    /// Makes an object of what a fact shows to be left behind, and follows that.
    fn call_back_one(&mut self, key: &FacetKey) {
        if self.take_back(key) {
            self.recount(key);
            self.desired_changed(key, 1);
        }
    }

    /// Gives an object that nobody asks for the desired state to go: if it is ours and what it
    /// belongs to has a document, then it was taken out of that.
    pub(super) fn claim(&mut self, key: &FacetKey) {
        let Some(object) = self.objects.get(key).filter(|it| it.wanted.is_none()) else { return };
        let spare = &self.group(key.facet).spare;
        let Some(wanted) = object.spare(key, spare, &self.settings) else { return };
        self.depend(key, &wanted);
        if let Some(object) = self.objects.get_mut(key) {
            object.wanted = Some(wanted);
        }
    }

    fn depend(&mut self, key: &FacetKey, wanted: &DesiredObject<R::Spec>) {
        for fact in R::needs(&wanted.spec) {
            self.needs.entry(fact).or_default().insert(key.clone());
        }
    }

    /// Judges all of these before anything is done about one of them, so that the brake knows how many
    /// they are.
    fn survey(&mut self, keys: &BTreeSet<FacetKey>) {
        for key in keys {
            let wanted = self.objects.get(key).and_then(|it| it.wanted.clone());
            if let Some(wanted) = wanted {
                let judgement = self.judged(key, &wanted);
                self.mark(key, &judgement);
            }
        }
    }

    /// The manifests were read well again, and are the same.
    pub(super) fn on_reread(&mut self, at: Mono) {
        self.read_at = at;
        self.reconcile_orphans();
    }

    /// What may be deleted was ruled.
    pub(super) fn on_prune_decided(&mut self, decision: Arc<PruneDecision>) {
        self.decision = decision;
        self.reconcile_orphans();
    }

    /// Nothing may be written until further notice (`Some`), or all is well again.
    pub(super) fn on_write_stop(&mut self, why: Option<WriteStop>) {
        if self.write_stop != why {
            self.write_stop = why;
            self.reconcile_all();
        }
    }

    fn reconcile_all(&mut self) {
        let keys: Vec<FacetKey> = self.objects.keys().cloned().collect();
        for key in keys {
            self.reconcile(&key);
        }
    }

    /// Follows a change of one object's desired state: forgets an object that nobody wants and that
    /// is not there, reads one that no list has shown, and judges the others.
    fn desired_changed(&mut self, key: &FacetKey, batch: usize) {
        if let Some(object) = self.objects.get_mut(key) {
            object.trigger = Trigger::Manifest;
        }
        let Some(object) = self.objects.get(key) else { return };
        let unseen = object.observed.reading().is_none();
        let group = self.group(key.facet);
        let unlisted = Self::info(key.facet).listing == Listing::None;
        let gone = unseen || unlisted;
        if object.wanted.is_none() && gone && object.phase == Phase::Idle {
            self.leave(key);
            return;
        }
        // A desired state for something that no list has shown: read it.
        if object.wanted.is_some() && unseen && group.lists.complete {
            // Where there is no list, this is one, and need not be as quick: it is dear.
            let guard = object.wanted.as_ref().is_some_and(|it| R::is_guard(&it.spec));
            if guard && group.counts.wanted > GUARDS_AT_ONCE {
                // What nobody asks for is no reason to spend what many calls cost at once.
                self.schedule_audit(key);
                self.reconcile(key);
                return;
            }
            let survey = unlisted && group.settings.read_mode == ReadMode::Watch;
            if survey {
                self.schedule_read(key, self.now.mono, Priority::Audit);
            } else {
                self.schedule_reads(key, self.now.mono, batch);
            }
        }
        self.reconcile(key);
    }

    /// Forgets an object: its row, its place in every queue and count, and what it told the other
    /// kinds. It is called for what nobody wants and is not there, and for what is gone as asked.
    pub(super) fn leave(&mut self, key: &FacetKey) {
        self.release(key);
        if let Some(object) = self.objects.remove(key) {
            // It may come back as another object, and the fight goes on.
            if object.wanted.is_some_and(|it| R::is_guard(&it.spec)) {
                let feuds = &mut self.group_mut(key.facet).feuds;
                feuds.insert(key.clone(), object.memory.fight);
            }
            self.uncount(key, object.membership);
            if object.row.is_some() {
                self.changed.insert(key.clone(), None);
            }
            if let Some((of, _)) = object.settled {
                self.tell(of, None);
            }
        }
        if let Some((of, _)) = R::fact(key, Observed::Unknown, None) {
            self.tell(of, None);
        }
        self.schedule.leave(key);
        self.verified.leave(key);
        self.ready.remove(key);
        self.ready_tasks.remove(key);
        self.unsettled.remove(key);
        let group = self.group_mut(key.facet);
        group.brake.forget(key);
        group.breaker.forget(key);
    }

    /// Takes in news of the other kinds: takes back what they show to be left behind, reads what
    /// they make doubtful, and judges all that depend on them. All are surveyed before the first is
    /// judged, so that the brake knows how many change together.
    pub(super) fn on_facts(&mut self, facts: Vec<(FactKey, Option<Fact>)>) {
        let mut woken = BTreeSet::new();
        for (of, fact) in facts {
            let left: Vec<FacetKey> =
                fact.iter().flat_map(|it| left_behind::<R>(&of, it)).collect();
            for key in left {
                self.call_back_one(&key);
            }
            // Asked before the news take the place of what was known.
            let before = self.facts.get(&of).cloned();
            let made = Fact::is_made(before.as_ref(), fact.as_ref());
            if !self.facts.learn(of.clone(), fact.clone()) {
                continue;
            }
            let keys: Vec<FacetKey> = self.needs.get(&of).into_iter().flatten().cloned().collect();
            if made {
                self.host_made(&keys);
            }
            // What is still to be read for the first time is read anyway; a read under way may be older than the news.
            let doubted = |key: &&FacetKey| {
                let object = self.objects.get(key);
                let seen = |it: &Facet<R>| !matches!(it.observed, Observed::Unknown);
                object.is_some_and(|it| seen(it) || it.phase == Phase::Reading)
                    && R::unsettles(key.facet, before.as_ref(), fact.as_ref())
            };
            let known: Vec<FacetKey> = keys.iter().filter(doubted).cloned().collect();
            for key in &known {
                let batch = known.iter().filter(|it| it.facet == key.facet).count();
                self.mark_dirty(key, batch);
            }
            woken.extend(keys);
        }
        self.survey(&woken);
        for key in woken {
            if let Some(object) = self.objects.get_mut(&key) {
                object.trigger = Trigger::Fact;
            }
            self.reconcile(&key);
        }
    }

    /// What these belong to was made again: what was seen of them holds no more.
    fn host_made(&mut self, keys: &[FacetKey]) {
        for key in keys.iter().filter(|it| Self::info(it.facet).listing == Listing::None) {
            if let Some(object) = self.objects.get_mut(key) {
                object.memory.host_made();
                object.read_started = None;
            }
        }
    }

    /// Holds everything (`Some`), or lets it go on (`None`) with a list at once.
    pub(super) fn on_paused(&mut self, why: Option<Reason>) {
        if self.paused == why {
            return;
        }
        self.paused = why;
        self.hurry_lists();
        self.reconcile_all();
    }
}
