//! The control loop of one kind in one target, as a value: events in, work out.
//!
//! It holds what is wanted and what was seen, asks [`judge`](super::verdict::judge) about each object
//! that an event touches, and hands out at most one piece of work an object at a time. What is wanted
//! lives in `on_desired.rs`, lists in `relist.rs`, the answers to reads and steps in `on_read.rs` and `on_applied.rs`, the act of
//! judging in `reconcile.rs`, what nobody wants in `orphans.rs`, waves in `brake.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    audit::{AuditPace, AuditPeriods},
    brake::Brake,
    breaker::{Breaker, Broken},
    counts::Counts,
    desired::Spare,
    diff::Reason,
    facts::{FactKey, Facts},
    fight::Fight,
    gate::WriteStop,
    kind::{Kind, Listing},
    name::{Key, Name},
    object::{Object, Phase},
    policy::Settings,
    prune::{PruneDecision, PruneInput},
    queue::{Due, Queue},
    relist::Lists,
    status::Row,
    time::{Mono, Now},
    work::{DocumentKey, Event, Priority, Refresh, Trigger, Work},
};

pub use super::brake::Waves;

/// How many reads may be under way at once. At 50 reads a second and 200 ms a read, ten keep the
/// bucket busy; a few more cover slow answers.
const READS_MAX: usize = 24;
/// How many of them may belong to the audit, so that what moved never queues behind it.
const AUDITS_MAX: usize = 16;

/// One engine. It never waits, never reads the clock and never fails.
pub struct Engine<K: Kind> {
    pub(super) target: Name,
    pub(super) settings: Settings,
    pub(super) facts: Facts,
    pub(super) objects: BTreeMap<Name, Object<K>>,
    /// What to do about what no document describes any more, once it shows.
    pub(super) spare: Spare<K>,
    /// Fights over what nobody asks for: each time it goes it leaves, and comes back as another object.
    pub(super) feuds: BTreeMap<Name, Fight>,
    /// Who depends on which fact.
    pub(super) needs: BTreeMap<FactKey, BTreeSet<Name>>,
    pub(super) reads: Queue,
    pub(super) audits: Queue,
    /// Objects that count as verified, and until when.
    pub(super) verified: Queue,
    /// How often the audit reads.
    pub(super) pace: AuditPace,
    pub(super) lists: Lists,
    /// Objects with a step to do and no slot for it yet.
    pub(super) ready: BTreeSet<Name>,
    /// Objects that are not where they will be in a moment.
    pub(super) unsettled: BTreeSet<Name>,
    pub(super) applying: usize,
    /// Slots that are kept for objects which are read once more before their step.
    reserved: usize,
    reads_running: usize,
    auditing: BTreeSet<Name>,
    pub(super) paused: Option<Reason>,
    /// Why nothing may be written, though reading goes on.
    pub(super) write_stop: Option<WriteStop>,
    pub(super) intact: bool,
    /// When the manifests were last read well.
    pub(super) read_at: Mono,
    /// What may be deleted.
    pub(super) decision: Arc<PruneDecision>,
    pub(super) brake: Brake,
    pub(super) breaker: Breaker,
    /// How many objects there are of each membership.
    pub(super) counts: Counts,
    /// Rows that changed since they were last taken; `None`: the object left.
    pub(super) changed: BTreeMap<Name, Option<Arc<Row>>>,
    /// The moment of the event that is being handled, and the work that it makes.
    pub(super) now: Now,
    pub(super) out: Vec<Work<K>>,
}

/// What one engine is doing, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Whether a complete list has been read since the start.
    pub listed: bool,
    /// When the next list is due; `None` while one is being read.
    pub next_list: Option<Mono>,
    /// The pause between two lists, as the budget allows it now.
    pub resync: std::time::Duration,
    /// How often the audit reads.
    pub audit_periods: AuditPeriods,
    /// Objects in AWS that nobody wants and that are not ours.
    pub unmanaged: usize,
    /// Objects in AWS that are ours and that nobody wants.
    pub orphans: usize,
    /// The same in detail, for the prune gate.
    pub prune_input: PruneInput,
    /// The update of many that is under way.
    pub waves: Option<Waves>,
    /// The mass-drift breaker, if it is open.
    pub broken: Option<Broken>,
    /// Objects in AWS that are wanted.
    pub managed: usize,
    /// Reads that are due and have not begun.
    pub depth: usize,
    /// Reads and steps under way.
    pub under_way: usize,
    /// Why everything is on hold.
    pub paused: Option<Reason>,
}

impl<K: Kind> Engine<K> {
    /// An engine that knows nothing yet. It does nothing before [`Event::Desired`].
    pub fn new(target: Name, settings: Settings) -> Self {
        Self {
            target,
            lists: Lists::new(settings.resync),
            pace: AuditPace::new(settings.audit),
            settings,
            facts: Facts::default(),
            objects: BTreeMap::new(),
            spare: Spare::default(),
            feuds: BTreeMap::new(),
            needs: BTreeMap::new(),
            reads: Queue::default(),
            audits: Queue::default(),
            verified: Queue::default(),
            ready: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            applying: 0,
            reserved: 0,
            reads_running: 0,
            auditing: BTreeSet::new(),
            paused: None,
            write_stop: None,
            intact: true,
            read_at: Mono::default(),
            decision: Arc::default(),
            brake: Brake::default(),
            breaker: Breaker::default(),
            counts: Counts::default(),
            changed: BTreeMap::new(),
            now: Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH },
            out: Vec::new(),
        }
    }

    /// Takes in one event and says what is to be done now.
    pub fn handle(&mut self, event: Event<K>, now: Now) -> Vec<Work<K>> {
        self.now = now;
        match event {
            Event::Desired(desired) => self.on_desired(desired),
            Event::Page(page) => self.on_page(page),
            Event::ListEnded(result) => self.on_list_ended(result),
            Event::Read(result) => {
                self.reads_running = self.reads_running.saturating_sub(1);
                self.auditing.remove(&result.name);
                self.on_read(result);
            }
            Event::Applied { name, result } => self.on_applied(&name, result),
            Event::Blocked(name) => self.on_blocked(&name),
            Event::Facts(facts) => self.on_facts(facts),
            Event::Refresh(asked) => self.on_refresh(&asked),
            Event::AuditPeriods(periods) => self.on_audit_periods(periods),
            Event::BulkRows(rows) => self.on_bulk_rows(&rows),
            Event::Resync => self.lists.hurry(self.now.mono),
            Event::Paused(why) => self.on_paused(why),
            Event::WriteStop(why) => self.on_write_stop(why),
            Event::Reread(at) => self.on_reread(at),
            Event::PruneDecided(decision) => self.on_prune_decided(decision),
            Event::Woke => {}
        }
        self.hand_out();
        std::mem::take(&mut self.out)
    }

    /// When the engine wants [`Event::Woke`], if nothing happens before.
    pub fn next_wake(&self) -> Option<Mono> {
        if self.paused.is_some() {
            return None;
        }
        let reads = self.reads.next().filter(|_| self.reads_running < READS_MAX);
        let audits = self.audits.next().filter(|_| self.may_audit());
        [self.lists.due(), reads, audits, self.verified.next()].into_iter().flatten().min()
    }

    /// Whether nothing is under way and nothing would change in the next seconds without news from
    /// outside. Objects that wait for a fact are quiet: another engine is not, if the fact is to come.
    pub fn is_quiet(&self) -> bool {
        let idle = self.reads_running == 0 && self.applying == 0 && self.ready.is_empty();
        let prune_decided =
            !self.settings.prune || self.decision.covers(K::NAME, &self.prune_input());
        let settled = self.lists.is_quiet() && self.unsettled.is_empty();
        self.paused.is_some() || (idle && prune_decided && settled)
    }

    /// Every row, by name.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.objects.values().filter_map(|it| it.row.as_ref())
    }

    /// The rows that changed since this was last asked; `None`: the object left.
    pub fn take_changed(&mut self) -> BTreeMap<Name, Option<Arc<Row>>> {
        std::mem::take(&mut self.changed)
    }

    /// Sums up what the engine is doing, for metrics, views and the prune gate.
    pub fn summary(&self, now: Now) -> Summary {
        let counts = &self.counts;
        Summary {
            listed: self.lists.complete,
            next_list: self.lists.due(),
            resync: self.lists.period(),
            audit_periods: self.audit_periods(),
            depth: self.depth(now.mono),
            under_way: self.reads_running + self.applying,
            paused: self.paused.clone(),
            prune_input: self.prune_input(),
            waves: self.brake.waves(),
            broken: self.broken_now(),
            unmanaged: counts.unmanaged,
            orphans: counts.orphans,
            managed: counts.managed,
        }
    }

    /// Counts the reads and steps that are due and have not begun; none while the target is on
    /// hold, since nobody would do them.
    fn depth(&self, now: Mono) -> usize {
        let due = || self.reads.depth(now) + self.audits.depth(now) + self.ready.len();
        if self.paused.is_some() { 0 } else { due() }
    }

    /// Whether one more step may begin.
    pub(super) fn has_slot(&self) -> bool {
        self.applying + self.reserved < self.settings.in_flight_max
    }

    /// Keeps a slot for an object, until [`Engine::release`].
    pub(super) fn reserve(&mut self, name: &Name) {
        if let Some(object) = self.objects.get_mut(name).filter(|it| !it.reserved) {
            object.reserved = true;
            self.reserved += 1;
        }
    }

    /// Gives back the slot that [`Engine::reserve`] kept for an object, if there is one.
    pub(super) fn release(&mut self, name: &Name) {
        if let Some(object) = self.objects.get_mut(name).filter(|it| it.reserved) {
            object.reserved = false;
            self.reserved = self.reserved.saturating_sub(1);
        }
    }

    pub(super) fn key(&self, name: &Name) -> Key {
        Key { target: self.target.clone(), kind: K::NAME, name: name.clone() }
    }

    /// Asks for a read at `at`, or as soon as the one under way is back. With [`Priority::Audit`]
    /// it waits in the queue of the audit.
    pub(super) fn schedule_read(&mut self, name: &Name, at: Mono, priority: Priority) {
        let Some(object) = self.objects.get_mut(name) else { return };
        match object.phase {
            // What is not urgent waits its turn in the audit.
            Phase::Idle if priority == Priority::Audit => self.audits.at(name, at, priority),
            Phase::Idle => self.reads.at(name, at, priority),
            Phase::Reading => {
                object.again = Some(object.again.map_or(at, |it| it.max(at)));
                self.raise_priority(name, priority);
            }
            // A read follows every step anyway.
            Phase::Applying(_) => {}
        }
    }

    /// Asks for a read now, as one of `batch` objects that ask for one together: an object of a
    /// small batch never waits behind a large one.
    pub(super) fn schedule_reads(&mut self, name: &Name, at: Mono, batch: usize) {
        self.schedule_read(name, at, Priority::Mover);
        if self.objects.get(name).is_some_and(|it| it.phase == Phase::Idle) {
            self.reads.belongs(name, batch);
        }
    }

    /// Makes a read that is under way more urgent, since it may still wait for its turn.
    fn raise_priority(&mut self, name: &Name, priority: Priority) {
        if self.auditing.contains(name) && priority < Priority::Audit {
            self.out.push(Work::RaisePriority(name.clone(), priority));
        }
    }

    /// Reads what a person asks for.
    fn on_refresh(&mut self, asked: &Refresh) {
        let Refresh::Documents(documents) = asked else { return self.restart_audit() };
        // Which images a document means stands in its facts; a list shows them all.
        if K::LISTING == Listing::Wanted {
            self.lists.hurry(self.now.mono);
        }
        let kind = K::PART_OF.unwrap_or(K::NAME);
        let meant = |name: &Name| DocumentKey { kind, name: K::host(name) };
        let names = self.objects.keys().filter(|it| documents.contains(&meant(it)));
        for name in names.cloned().collect::<Vec<_>>() {
            self.mark_dirty(&name, documents.len());
        }
    }

    /// Whether one more read of the audit may begin. None does before the first list is
    /// complete.
    fn may_audit(&self) -> bool {
        self.reads_running < READS_MAX && self.auditing.len() < AUDITS_MAX && self.lists.complete
    }

    /// Starts what may start: a list, steps, reads, audits, in this order.
    fn hand_out(&mut self) {
        if self.paused.is_some() {
            return;
        }
        if self.lists.start(self.now.mono) {
            let wanted = self.objects.iter().filter_map(|(name, object)| {
                Some((name.clone(), Arc::clone(&object.wanted.as_ref()?.spec)))
            });
            self.out.push(Work::List(Arc::new(wanted.collect())));
        }
        self.expire();
        self.weigh_breaker();
        self.turn_wave();
        while self.has_slot()
            && let Some(name) = self.ready.pop_first()
        {
            self.reconcile(&name);
        }
        while self.reads_running < READS_MAX
            && let Some(due) = self.reads.due(self.now.mono)
        {
            self.start_read(due);
        }
        while self.may_audit()
            && let Some(due) = self.audits.due(self.now.mono)
        {
            self.start_read(due);
        }
    }

    /// Starts a read that is due. If the object is being read already, it is read again afterwards;
    /// after a step a read follows anyway.
    fn start_read(&mut self, Due { name, priority, since }: Due) {
        let Some(object) = self.objects.get_mut(&name) else { return };
        if object.phase != Phase::Idle {
            if object.phase == Phase::Reading {
                object.again = Some(self.now.mono);
            }
            return;
        }
        object.phase = Phase::Reading;
        object.touched = self.now.mono;
        let wanted = object.wanted.as_ref().map(|it| Arc::clone(&it.spec));
        self.reads_running += 1;
        if priority == Priority::Audit {
            object.trigger = Trigger::Resync;
            self.auditing.insert(name.clone());
        }
        let late = self.now.mono.since(since);
        self.out.push(Work::Read(name, wanted, priority, late));
    }
}
