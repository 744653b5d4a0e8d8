//! The control loop of one resource in one target, as a value: events in, work out.
//!
//! It holds what is wanted and what was seen, asks [`judge`](super::verdict::judge) about each facet of an object
//! that an event touches, and hands out at most one piece of work a facet, and one write an object, at a time. What is
//! wanted lives in `on_desired.rs`, lists in `relist.rs`, the answers to reads and steps in `on_read.rs` and
//! `on_applied.rs`, the act of judging in `reconcile.rs`, what nobody wants in `orphans.rs`, waves in `brake.rs`,
//! whose read is next in `schedule.rs`, what is said of it all in `summary.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    diff::Reason,
    facet::{FacetId, FacetInfo, FacetKey},
    facts::{Fact, FactKey, Facts},
    gate::WriteStop,
    group::FacetGroup,
    kind::Listing,
    name::{Key, Name},
    object::Phase,
    objects::Objects,
    policy::{FacetSettings, Settings},
    prune::PruneDecision,
    queue::{Due, Queue},
    resource::{Resource, facets, info},
    schedule::{Lanes, Schedule},
    status::ShownRow,
    time::{Mono, Now},
    work::{DocumentKey, Event, Priority, Refresh, Trigger, Work},
    writes::Writes,
};

pub use super::{brake::Waves, summary::Summary};

/// One engine. It never waits, never reads the clock and never fails.
pub struct Engine<R: Resource> {
    pub(super) target: Name,
    pub(super) settings: Settings,
    pub(super) facts: Facts,
    pub(super) objects: Objects<R>,
    /// What is held of each facet of all objects, by its place in [`Resource::FACETS`].
    groups: Vec<FacetGroup<R>>,
    /// Who depends on which fact.
    pub(super) needs: BTreeMap<FactKey, BTreeSet<FacetKey>>,
    pub(super) schedule: Schedule,
    /// What counts as verified, and until when.
    pub(super) verified: Queue<FacetKey>,
    pub(super) writes: Writes,
    /// Those with a step to do and no slot for it yet.
    pub(super) ready: BTreeSet<FacetKey>,
    /// Those with a task to do and no slot for it yet.
    pub(super) ready_tasks: BTreeSet<FacetKey>,
    /// Those that are not where they will be in a moment.
    pub(super) unsettled: BTreeSet<FacetKey>,
    /// When a person last asked for everything to be read. An answer from before that does not count.
    pub(super) audit_restarted: Mono,
    /// Writes under way.
    pub(super) writing: usize,
    /// Steps under way that change nothing: they may take minutes, and keep no write from beginning.
    pub(super) tasks: usize,
    /// Slots for writes that are kept for what is read once more before its step.
    reserved: usize,
    pub(super) paused: Option<Reason>,
    /// Why nothing may be written, though reading goes on.
    pub(super) write_stop: Option<WriteStop>,
    pub(super) intact: bool,
    /// When the manifests were last read well.
    pub(super) read_at: Mono,
    /// What may be deleted.
    pub(super) decision: Arc<PruneDecision>,
    /// Rows that changed since they were last taken; `None`: the object left.
    pub(super) changed: BTreeMap<FacetKey, Option<ShownRow>>,
    /// The moment of the event that is being handled, and the work that it makes.
    pub(super) now: Now,
    pub(super) out: Vec<Work<R>>,
    /// The facets of whose objects something may have changed since this was last asked.
    touched: BTreeSet<FacetId>,
    /// Facts that own facets have not heard yet.
    told: Vec<(FactKey, Option<Fact>)>,
}

impl<R: Resource> Engine<R> {
    /// An engine that knows nothing yet. It does nothing before [`Event::Desired`]. `own`: what holds for a facet by
    /// itself.
    pub fn new(
        target: Name,
        settings: Settings,
        lanes: Lanes,
        own: impl Fn(FacetId) -> FacetSettings,
    ) -> Self {
        Self {
            target,
            groups: facets::<R>().map(|it| FacetGroup::new(&settings, own(it))).collect(),
            settings,
            facts: Facts::default(),
            objects: Objects::default(),
            needs: BTreeMap::new(),
            schedule: Schedule::new(lanes),
            verified: Queue::default(),
            writes: Writes::default(),
            ready: BTreeSet::new(),
            ready_tasks: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            audit_restarted: Mono::default(),
            writing: 0,
            tasks: 0,
            reserved: 0,
            paused: None,
            write_stop: None,
            intact: true,
            read_at: Mono::default(),
            decision: Arc::default(),
            changed: BTreeMap::new(),
            now: Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH },
            out: Vec::new(),
            touched: facets::<R>().collect(),
            told: Vec::new(),
        }
    }

    /// Takes in one event and says what is to be done now.
    pub fn handle(&mut self, event: Event<R>, now: Now) -> Vec<Work<R>> {
        self.now = now;
        match event {
            Event::Desired(desired) => self.on_desired(desired),
            Event::Page(facet, page) => self.on_page(facet, page),
            Event::ListEnded(facet, result) => self.on_list_ended(facet, result),
            Event::Read(result) => {
                self.schedule.ended(&result.key);
                self.on_read(result);
            }
            Event::Applied { key, result } => self.on_applied(&key, result),
            Event::Blocked(key) => self.on_blocked(&key),
            Event::Facts(facts) => self.on_facts(facts),
            Event::Refresh(asked) => self.on_refresh(&asked),
            Event::AuditPeriods(facet, periods) => self.on_audit_periods(facet, periods),
            Event::BulkRows(rows) => self.on_bulk_rows(&rows),
            Event::Resync => self.hurry_lists(),
            Event::Paused(why) => self.on_paused(why),
            Event::WriteStop(why) => self.on_write_stop(why),
            Event::Reread(at) => self.on_reread(at),
            Event::PruneDecided(decision) => self.on_prune_decided(decision),
            Event::Woke => {}
        }
        self.hear();
        self.hand_out();
        while self.hear() {
            self.hand_out();
        }
        std::mem::take(&mut self.out)
    }

    /// Tells a fact: to own facets, and to other engines.
    pub(super) fn tell(&mut self, key: FactKey, fact: Option<Fact>) {
        if R::FACETS.iter().any(|it| (it.hears)(&key)) {
            self.told.push((key.clone(), fact.clone()));
        }
        self.out.push(Work::Publish(key, fact));
    }

    /// Lets own facets hear what others of them told; `false` if there was nothing.
    fn hear(&mut self) -> bool {
        let any = !self.told.is_empty();
        while !self.told.is_empty() {
            let facts = std::mem::take(&mut self.told);
            self.on_facts(facts);
        }
        any
    }

    /// What is held of a facet of all objects.
    pub(super) fn group(&self, facet: FacetId) -> &FacetGroup<R> {
        self.groups.get(facet.index()).expect("there is a group for each facet")
    }

    /// The same, to be changed.
    pub(super) fn group_mut(&mut self, facet: FacetId) -> &mut FacetGroup<R> {
        self.touched.insert(facet);
        self.groups.get_mut(facet.index()).expect("there is a group for each facet")
    }

    /// The facets, with what is held of each.
    pub(super) fn groups(&self) -> impl Iterator<Item = (FacetId, &FacetGroup<R>)> {
        facets::<R>().zip(&self.groups)
    }

    /// The facets of which something may be otherwise than when this was last asked.
    pub fn take_touched(&mut self) -> BTreeSet<FacetId> {
        std::mem::take(&mut self.touched)
    }

    /// What the engine has to know of a facet.
    pub(super) fn info(facet: FacetId) -> &'static FacetInfo {
        info::<R>(facet)
    }

    /// The keys of one facet of all objects.
    pub(super) fn keys_of(&self, facet: FacetId) -> Vec<FacetKey> {
        self.objects.keys().filter(|it| it.facet == facet).cloned().collect()
    }

    /// When the engine wants [`Event::Woke`], if nothing happens before.
    pub fn next_wake(&self) -> Option<Mono> {
        if self.paused.is_some() {
            return None;
        }
        let lists = self.groups.iter().filter_map(|it| it.lists.due()).min();
        let reads = self.schedule.next(|it| self.may_audit(it));
        [lists, reads, self.verified.next()].into_iter().flatten().min()
    }

    /// Whether one more step may begin: a write has as many slots as the operator says, and a task as many of its own.
    /// What saves callers waits for none.
    pub(super) fn has_slot(&self, step: &R::Step) -> bool {
        let slot = if R::writes(step) { self.has_write_slot() } else { self.has_task_slot() };
        slot || R::rescues(step)
    }

    /// Whether one more write may begin.
    pub(super) fn has_write_slot(&self) -> bool {
        self.writing + self.reserved < self.settings.in_flight_max
    }

    fn has_task_slot(&self) -> bool {
        self.tasks < self.settings.in_flight_max
    }

    /// Keeps a slot for a facet, until [`Engine::release`].
    pub(super) fn reserve(&mut self, key: &FacetKey) {
        if let Some(facet) = self.objects.get_mut(key).filter(|it| !it.reserved) {
            facet.reserved = true;
            self.reserved += 1;
        }
    }

    /// Gives back the slot that [`Engine::reserve`] kept for a facet, if there is one.
    pub(super) fn release(&mut self, key: &FacetKey) {
        if let Some(facet) = self.objects.get_mut(key).filter(|it| it.reserved) {
            facet.reserved = false;
            self.reserved = self.reserved.saturating_sub(1);
        }
    }

    pub(super) fn key(&self, key: &FacetKey) -> Key {
        let (kind, name) = (Self::info(key.facet).kind, key.name().clone());
        Key { target: self.target.clone(), kind, name }
    }

    /// Asks for a read at `at`, or as soon as the one under way is back. With [`Priority::Audit`]
    /// it waits in the queue of the audit.
    pub(super) fn schedule_read(&mut self, key: &FacetKey, at: Mono, priority: Priority) {
        let Some(facet) = self.objects.get_mut(key) else { return };
        match facet.phase {
            Phase::Idle => self.schedule.at(key, at, priority),
            Phase::Reading => {
                facet.again = Some(facet.again.map_or(at, |it| it.max(at)));
                self.raise_priority(key, priority);
            }
            // A read follows every step anyway.
            Phase::Applying(_) => {}
        }
    }

    /// Asks for a read now, as one of `batch` that ask for one together: what belongs to a small batch never waits
    /// behind a large one.
    pub(super) fn schedule_reads(&mut self, key: &FacetKey, at: Mono, batch: usize) {
        self.schedule_read(key, at, Priority::Mover);
        if self.objects.get(key).is_some_and(|it| it.phase == Phase::Idle) {
            self.schedule.belongs(key, batch);
        }
    }

    /// Makes a read that is under way more urgent, since it may still wait for its turn.
    fn raise_priority(&mut self, key: &FacetKey, priority: Priority) {
        if priority < Priority::Audit && self.schedule.raise(key) {
            self.out.push(Work::RaisePriority(key.clone(), priority));
        }
    }

    /// Reads what a person asks for.
    fn on_refresh(&mut self, asked: &Refresh) {
        let Refresh::Documents(documents) = asked else { return self.restart_audit() };
        // Which images a document means stands in its facts; a list shows them all.
        let now = self.now.mono;
        for facet in facets::<R>().filter(|it| Self::info(*it).listing == Listing::Wanted) {
            self.group_mut(facet).lists.hurry(now);
        }
        let meant = |key: &FacetKey| {
            let facet = Self::info(key.facet);
            DocumentKey { kind: facet.part_of.unwrap_or(facet.kind), name: key.object.clone() }
        };
        let keys = self.objects.keys().filter(|it| documents.contains(&meant(it)));
        for key in keys.cloned().collect::<Vec<_>>() {
            self.mark_dirty(&key, documents.len());
        }
    }

    pub(super) fn hurry_lists(&mut self) {
        let now = self.now.mono;
        self.groups.iter_mut().for_each(|it| it.lists.hurry(now));
    }

    /// Whether the audit of a facet may begin: not before the first list is complete.
    fn may_audit(&self, facet: FacetId) -> bool {
        self.group(facet).lists.complete
    }

    /// Starts what may start: lists, steps, reads, audits, in this order.
    fn hand_out(&mut self) {
        if self.paused.is_some() {
            return;
        }
        self.start_lists();
        self.expire();
        for facet in facets::<R>() {
            self.weigh_breaker(facet);
            self.turn_wave(facet);
        }
        self.try_ready();
        let now = self.now.mono;
        while let Some(due) = {
            let groups = &self.groups;
            let listed = |it: FacetId| groups.get(it.index()).is_some_and(|it| it.lists.complete);
            self.schedule.begin(now, listed)
        } {
            self.start_read(due);
        }
    }

    /// Begins the steps that wait for a slot, as long as there are slots.
    fn try_ready(&mut self) {
        while self.has_write_slot()
            && let Some(key) = self.ready.pop_first()
        {
            self.reconcile(&key);
        }
        while self.has_task_slot()
            && let Some(key) = self.ready_tasks.pop_first()
        {
            self.reconcile(&key);
        }
    }

    fn start_lists(&mut self) {
        let now = self.now.mono;
        for facet in facets::<R>() {
            if !self.group_mut(facet).lists.start(now) {
                continue;
            }
            let of = self.objects.iter().filter(|(key, _)| key.facet == facet);
            let wanted = of.filter_map(|(key, it)| {
                Some((key.name().clone(), it.wanted.as_ref()?.spec.clone()))
            });
            self.out.push(Work::List(facet, Arc::new(wanted.collect())));
        }
    }

    /// Starts a read that is due. If the object is being read already, it is read again afterwards;
    /// after a step a read follows anyway.
    fn start_read(&mut self, Due { key, priority, since }: Due<FacetKey>) {
        let idle = self.objects.get_mut(&key).filter(|it| it.phase == Phase::Idle);
        let Some(facet) = idle else {
            self.schedule.ended(&key);
            let facet = self.objects.get_mut(&key).filter(|it| it.phase == Phase::Reading);
            if let Some(facet) = facet {
                facet.again = Some(self.now.mono);
            }
            return;
        };
        self.touched.insert(key.facet);
        facet.phase = Phase::Reading;
        facet.touched = self.now.mono;
        let wanted = facet.wanted.as_ref().map(|it| it.spec.clone());
        if priority == Priority::Audit {
            facet.trigger = Trigger::Resync;
        }
        let late = self.now.mono.since(since);
        self.out.push(Work::Read(key, wanted, priority, late));
    }
}
