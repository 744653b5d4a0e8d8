//! What is wanted, what other kinds say, and whether anything may be done at all.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    desired::{Desired, DesiredObject},
    diff::Reason,
    engine::Engine,
    facts::{Fact, FactKey},
    fight::Fight,
    gate::WriteStop,
    kind::{Kind, Listing},
    name::Name,
    object::{Object, Phase},
    observed::Observed,
    policy::ReadMode,
    prune::PruneDecision,
    time::Mono,
    work::{Priority, Trigger, Work},
};

/// Up to how many objects are read at once for what nobody asks for.
const GUARDS_AT_ONCE: usize = 100;

impl<K: Kind> Engine<K> {
    /// Takes in what the manifests ask for: every object gets its desired state, new ones are made,
    /// and those whose desired state changed are surveyed and then judged.
    pub(super) fn on_desired(&mut self, desired: Desired<K>) {
        let unlisted = self.settings.read_mode == ReadMode::Narrow || K::LISTING == Listing::None;
        self.lists.begin(self.now.mono, unlisted);
        self.intact = desired.intact;
        self.read_at = desired.read_at;
        // What was ruled rests on other manifests.
        self.decision = Arc::default();
        let mut wanted = desired.wanted;
        let mut touched = BTreeSet::new();
        let mut edited = Vec::new();
        for (name, object) in &mut self.objects {
            let entry =
                wanted.remove(name).or_else(|| object.spare(name, &desired.spare, &self.settings));
            if object.wanted == entry && object.wanted.is_some() {
                continue;
            }
            if object.asks_otherwise(entry.as_ref()) {
                object.edited = self.now.mono;
                edited.push(name.clone());
            }
            object.wanted = entry;
            // What is wanted now has not been fought over yet.
            object.memory.fight = Fight::default();
            touched.insert(name.clone());
        }
        let batch = edited.len() + wanted.len();
        for (name, entry) in wanted {
            self.objects.insert(name.clone(), Object::new(Some(entry)));
            touched.insert(name);
        }
        self.spare = desired.spare;
        self.feuds.clear();
        self.call_back(&mut touched);
        self.count_absent();
        self.needs.clear();
        for (name, object) in &self.objects {
            for fact in object.wanted.iter().flat_map(|it| K::needs(&it.spec)) {
                self.needs.entry(fact).or_default().insert(name.clone());
            }
        }
        self.brake.survey();
        self.survey(&touched);
        for name in touched {
            self.desired_changed(&name, batch);
        }
        for name in edited {
            self.edited(&name, batch);
        }
    }

    /// Reads an object whose manifest asks for something else of it: what a list shows, or an older read, does not
    /// say whether it is so.
    fn edited(&mut self, name: &Name, batch: usize) {
        let Some(object) = self.objects.get(name) else { return };
        // A first read is planned as for any other that nobody has seen.
        if !matches!(object.observed, Observed::Unknown) {
            self.schedule_reads(name, self.now.mono, batch);
        }
        self.watch_freshness(name);
    }

    /// Makes objects of what facts show to be left behind, and adds their names to `touched`.
    fn call_back(&mut self, touched: &mut BTreeSet<Name>) {
        let left = self.facts.iter().filter_map(|(key, fact)| K::left_behind(key, fact));
        for name in left.collect::<Vec<Name>>() {
            if self.take_back(&name) {
                touched.insert(name);
            }
        }
    }

    /// Makes an object of what is left behind; `false` if it is one already, or no document
    /// describes what it belongs to.
    fn take_back(&mut self, name: &Name) -> bool {
        if self.objects.contains_key(name) {
            return false;
        }
        let Some(wanted) = self.spare.get(name) else { return false };
        self.depend(name, &wanted);
        self.objects.insert(name.clone(), Object::new(Some(wanted)));
        true
    }

    /// Gives an object that nobody asks for the desired state to go: if it is ours and what it
    /// belongs to has a document, then it was taken out of that.
    pub(super) fn claim(&mut self, name: &Name) {
        let Some(object) = self.objects.get(name).filter(|it| it.wanted.is_none()) else { return };
        let Some(wanted) = object.spare(name, &self.spare, &self.settings) else { return };
        self.depend(name, &wanted);
        if let Some(object) = self.objects.get_mut(name) {
            object.wanted = Some(wanted);
        }
    }

    fn depend(&mut self, name: &Name, wanted: &DesiredObject<K::Spec>) {
        for fact in K::needs(&wanted.spec) {
            self.needs.entry(fact).or_default().insert(name.clone());
        }
    }

    /// Judges all of these before anything is done about one of them, so that the brake knows how many
    /// they are.
    fn survey(&mut self, names: &BTreeSet<Name>) {
        for name in names {
            let wanted = self.objects.get(name).and_then(|it| it.wanted.clone());
            if let Some(wanted) = wanted {
                let judgement = self.judged(name, &wanted);
                self.mark(name, &judgement);
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
        let names: Vec<Name> = self.objects.keys().cloned().collect();
        for name in names {
            self.reconcile(&name);
        }
    }

    /// Follows a change of one object's desired state: forgets an object that nobody wants and that
    /// is not there, reads one that no list has shown, and judges the others.
    fn desired_changed(&mut self, name: &Name, batch: usize) {
        let Some(object) = self.objects.get_mut(name) else { return };
        object.trigger = Trigger::Manifest;
        let unseen = object.observed.reading().is_none();
        let gone = unseen || K::LISTING == Listing::None;
        if object.wanted.is_none() && gone && object.phase == Phase::Idle {
            self.leave(name);
            return;
        }
        // A desired state for something that no list has shown: read it.
        if object.wanted.is_some() && unseen && self.lists.complete {
            // Where there is no list, this is one, and need not be as quick: it is dear.
            let guard = object.wanted.as_ref().is_some_and(|it| K::is_guard(&it.spec));
            if guard && self.counts.wanted > GUARDS_AT_ONCE {
                // What nobody asks for is no reason to spend what many calls cost at once.
                self.schedule_audit(name);
                self.reconcile(name);
                return;
            }
            let survey = K::LISTING == Listing::None && self.settings.read_mode == ReadMode::Watch;
            if survey {
                self.schedule_read(name, self.now.mono, Priority::Audit);
            } else {
                self.schedule_reads(name, self.now.mono, batch);
            }
        }
        self.reconcile(name);
    }

    /// Forgets an object: its row, its place in every queue and count, and what it told the other
    /// kinds. It is called for what nobody wants and is not there, and for what is gone as asked.
    pub(super) fn leave(&mut self, name: &Name) {
        self.release(name);
        if let Some(object) = self.objects.remove(name) {
            // It may come back as another object, and the fight goes on.
            if object.wanted.is_some_and(|it| K::is_guard(&it.spec)) {
                self.feuds.insert(name.clone(), object.memory.fight);
            }
            self.uncount(name, object.membership);
            if object.row.is_some() {
                self.changed.insert(name.clone(), None);
            }
            if let Some((key, _)) = object.settled {
                self.out.push(Work::Publish(key, None));
            }
        }
        if let Some((key, _)) = K::fact(name, &Observed::Unknown, None) {
            self.out.push(Work::Publish(key, None));
        }
        for queue in [&mut self.reads, &mut self.audits, &mut self.verified] {
            queue.leave(name);
        }
        self.ready.remove(name);
        self.unsettled.remove(name);
        self.brake.forget(name);
        self.breaker.forget(name);
    }

    /// Takes in news of the other kinds: takes back what they show to be left behind, reads what
    /// they make doubtful, and judges all that depend on them. All are surveyed before the first is
    /// judged, so that the brake knows how many change together.
    pub(super) fn on_facts(&mut self, facts: Vec<(FactKey, Option<Fact>)>) {
        let mut woken = BTreeSet::new();
        for (key, fact) in facts {
            let left = fact.as_ref().and_then(|it| K::left_behind(&key, it));
            if let Some(name) = left
                && self.take_back(&name)
            {
                self.recount(&name);
                self.desired_changed(&name, 1);
            }
            // Asked before the news take the place of what was known.
            let again = K::unsettles(self.facts.get(&key), fact.as_ref());
            let made = Fact::is_made(self.facts.get(&key), fact.as_ref());
            if !self.facts.learn(key.clone(), fact) {
                continue;
            }
            let names: Vec<Name> = self.needs.get(&key).into_iter().flatten().cloned().collect();
            if made && K::LISTING == Listing::None {
                self.host_made(&names);
            }
            // What was never seen is read for the first time anyway.
            let is_known = |name: &&Name| {
                let object = self.objects.get(*name);
                object.is_some_and(|it| !matches!(it.observed, Observed::Unknown))
            };
            let known: Vec<Name> =
                names.iter().filter(|_| again).filter(is_known).cloned().collect();
            for name in &known {
                self.mark_dirty(name, known.len());
            }
            woken.extend(names);
        }
        self.survey(&woken);
        for name in woken {
            if let Some(object) = self.objects.get_mut(&name) {
                object.trigger = Trigger::Fact;
            }
            self.reconcile(&name);
        }
    }

    /// What these belong to was made again: what was seen of them holds no more.
    fn host_made(&mut self, names: &[Name]) {
        for name in names {
            if let Some(object) = self.objects.get_mut(name) {
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
        self.lists.hurry(self.now.mono);
        self.reconcile_all();
    }
}
