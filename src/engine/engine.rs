//! The control loop of one kind in one target, as a value: events in, work out.
//!
//! It holds what is wanted and what was seen, asks [`judge`](super::verdict::judge) about each object
//! that an event touches, and hands out at most one piece of work an object at a time. What is wanted
//! lives in `wishes.rs`, lists in `lists.rs`, the answers to looks and steps in `answers.rs`, the act of
//! judging in `consider.rs`, what nobody wants in `orphans.rs`, waves in `brake.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    backoff,
    brake::Brake,
    breaker::{Breaker, Broken},
    desired::Spare,
    diff::Said,
    facts::{FactKey, Facts},
    fight::Fight,
    gate::Stop,
    kind::Kind,
    lists::Lists,
    name::{Key, Name},
    object::{Object, Phase},
    policy::Settings,
    prune::{Census, Ruling},
    queue::Queue,
    status::Row,
    tally::Tally,
    time::{Mono, Now},
    work::{Event, Trigger, Urgency, Work},
};

pub use super::brake::Waves;

/// How many looks may be under way at once. At 50 looks a second and 200 ms a look, ten keep the
/// bucket busy; a few more cover slow answers.
const LOOKS_MAX: usize = 24;
/// How many of them may belong to the slow rotation, so that what moved never queues behind it.
const AUDITS_MAX: usize = 6;

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
    pub(super) looks: Queue,
    pub(super) audits: Queue,
    pub(super) lists: Lists,
    /// Objects with a step to do and no slot for it yet.
    pub(super) ready: BTreeSet<Name>,
    /// Objects that are not where they will be in a moment.
    pub(super) unsettled: BTreeSet<Name>,
    pub(super) applying: usize,
    /// Slots that are kept for objects which are looked at once more before their step.
    reserved: usize,
    looking: usize,
    auditing: BTreeSet<Name>,
    pub(super) paused: Option<Said>,
    /// Why nothing may be written, though reading goes on.
    pub(super) held: Option<Stop>,
    pub(super) intact: bool,
    /// When the manifests were last read well.
    pub(super) read_at: Mono,
    /// What may be deleted.
    pub(super) ruling: Arc<Ruling>,
    pub(super) brake: Brake,
    pub(super) breaker: Breaker,
    /// How many objects there are of each standing.
    pub(super) tally: Tally,
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
    /// How long the slow rotation takes to come round.
    pub audit_period: std::time::Duration,
    /// Objects in AWS that nobody wants and that are not ours.
    pub unmanaged: usize,
    /// Objects in AWS that are ours and that nobody wants.
    pub orphans: usize,
    /// The same in detail, for the prune gate.
    pub census: Census,
    /// The update of many that is under way.
    pub waves: Option<Waves>,
    /// The mass-drift breaker, if it is open.
    pub broken: Option<Broken>,
    /// Objects in AWS that are wanted.
    pub managed: usize,
    /// Looks that are due and have not begun.
    pub depth: usize,
    /// Looks and steps under way.
    pub under_way: usize,
    /// Why everything is on hold.
    pub paused: Option<Said>,
}

impl<K: Kind> Engine<K> {
    /// An engine that knows nothing yet. It does nothing before [`Event::Desired`].
    pub fn new(target: Name, settings: Settings) -> Self {
        Self {
            target,
            lists: Lists::new(settings.resync),
            settings,
            facts: Facts::default(),
            objects: BTreeMap::new(),
            spare: Spare::default(),
            feuds: BTreeMap::new(),
            needs: BTreeMap::new(),
            looks: Queue::default(),
            audits: Queue::default(),
            ready: BTreeSet::new(),
            unsettled: BTreeSet::new(),
            applying: 0,
            reserved: 0,
            looking: 0,
            auditing: BTreeSet::new(),
            paused: None,
            held: None,
            intact: true,
            read_at: Mono::default(),
            ruling: Arc::default(),
            brake: Brake::default(),
            breaker: Breaker::default(),
            tally: Tally::default(),
            changed: BTreeMap::new(),
            now: Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH },
            out: Vec::new(),
        }
    }

    /// Takes in one event and says what is to be done now.
    pub fn handle(&mut self, event: Event<K>, now: Now) -> Vec<Work<K>> {
        self.now = now;
        match event {
            Event::Desired(desired) => self.desire(desired),
            Event::Page(page) => self.page(page),
            Event::ListEnded(result) => self.list_ended(result),
            Event::Looked(looked) => {
                self.looking = self.looking.saturating_sub(1);
                self.auditing.remove(&looked.name);
                self.looked(looked);
            }
            Event::Applied { name, result } => self.applied(&name, result),
            Event::Blocked(name) => self.blocked(&name),
            Event::Facts(facts) => self.learn(facts),
            Event::Hint(name) => self.look_at(&name, self.now.mono, Urgency::Mover),
            Event::Resync => self.lists.hurry(self.now.mono),
            Event::Paused(why) => self.pause(why),
            Event::Held(why) => self.hold(why),
            Event::Reread(at) => self.reread(at),
            Event::Ruled(ruling) => self.ruled(ruling),
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
        let looks = self.looks.next().filter(|_| self.looking < LOOKS_MAX);
        let audits = self.audits.next().filter(|_| self.may_audit());
        [self.lists.due(), looks, audits].into_iter().flatten().min()
    }

    /// Whether nothing is under way and nothing would change in the next seconds without news from
    /// outside. Objects that wait for a fact are quiet: another engine is not, if the fact is to come.
    pub fn is_quiet(&self) -> bool {
        let idle = self.looking == 0 && self.applying == 0 && self.ready.is_empty();
        let ruled = !self.settings.prune || self.ruling.covers(K::NAME, &self.census());
        let settled = self.lists.is_quiet() && self.unsettled.is_empty();
        self.paused.is_some() || (idle && ruled && settled)
    }

    /// Every row, by name.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.objects.values().filter_map(|it| it.row.as_ref())
    }

    /// The rows that changed since this was last asked; `None`: the object left.
    pub fn take_changed(&mut self) -> BTreeMap<Name, Option<Arc<Row>>> {
        std::mem::take(&mut self.changed)
    }

    /// The engine in numbers.
    pub fn summary(&self, now: Now) -> Summary {
        let tally = &self.tally;
        Summary {
            listed: self.lists.complete,
            next_list: self.lists.due(),
            resync: self.lists.period(),
            audit_period: self.audit_period(),
            depth: self.depth(now.mono),
            under_way: self.looking + self.applying,
            paused: self.paused.clone(),
            census: self.census(),
            waves: self.brake.waves(),
            broken: self.broken_now(),
            unmanaged: tally.unmanaged,
            orphans: tally.orphans,
            managed: tally.managed,
        }
    }

    /// What is due. While the target is on hold nothing is: nobody would do it.
    fn depth(&self, now: Mono) -> usize {
        let due = || self.looks.depth(now) + self.audits.depth(now) + self.ready.len();
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

    /// Gives the slot back, if there is one.
    pub(super) fn release(&mut self, name: &Name) {
        if let Some(object) = self.objects.get_mut(name).filter(|it| it.reserved) {
            object.reserved = false;
            self.reserved = self.reserved.saturating_sub(1);
        }
    }

    pub(super) fn key(&self, name: &Name) -> Key {
        Key { target: self.target.clone(), kind: K::NAME, name: name.clone() }
    }

    /// Asks for a look at `at`, or as soon as the one under way is back.
    pub(super) fn look_at(&mut self, name: &Name, at: Mono, urgency: Urgency) {
        let Some(object) = self.objects.get_mut(name) else { return };
        match object.phase {
            // What is not urgent waits its turn in the slow rotation.
            Phase::Idle if urgency == Urgency::Audit => self.audits.at(name, at, urgency),
            Phase::Idle => self.looks.at(name, at, urgency),
            Phase::Looking => object.again = true,
            // A look follows every step anyway.
            Phase::Applying(_) => {}
        }
    }

    /// Schedules the next turn of the slow rotation, spread by name.
    pub(super) fn schedule_audit(&mut self, name: &Name, first: bool) {
        let period = self.audit_period();
        let share = backoff::share(name, 0);
        let wait = period.mul_f64(if first { share } else { 0.9 + 0.1 * share });
        self.audits.forget(name);
        self.audits.at(name, self.now.mono.after(wait), Urgency::Audit);
    }

    fn audit_period(&self) -> std::time::Duration {
        let objects = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        let slowest = f64::from(objects) / self.settings.audit_rate.max(0.01);
        K::AUDIT_PERIOD.max(std::time::Duration::from_secs_f64(slowest))
    }

    fn may_audit(&self) -> bool {
        self.looking < LOOKS_MAX && self.auditing.len() < AUDITS_MAX && self.lists.complete
    }

    /// Starts what may start: a list, steps, looks, audits, in this order.
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
        self.weigh_breaker();
        self.turn_wave();
        while self.has_slot()
            && let Some(name) = self.ready.pop_first()
        {
            self.consider(&name);
        }
        while self.looking < LOOKS_MAX
            && let Some((name, due)) = self.looks.due(self.now.mono)
        {
            self.start_look(&name, due);
        }
        while self.may_audit()
            && let Some((name, due)) = self.audits.due(self.now.mono)
        {
            self.start_look(&name, due);
        }
    }

    fn start_look(&mut self, name: &Name, (urgency, due): (Urgency, Mono)) {
        let Some(object) = self.objects.get_mut(name) else { return };
        if object.phase != Phase::Idle {
            object.again |= object.phase == Phase::Looking;
            return;
        }
        object.phase = Phase::Looking;
        object.touched = self.now.mono;
        let wanted = object.wanted.as_ref().map(|it| Arc::clone(&it.spec));
        self.looking += 1;
        if urgency == Urgency::Audit {
            object.trigger = Trigger::Resync;
            self.auditing.insert(name.clone());
        }
        let late = self.now.mono.since(due);
        self.out.push(Work::Look(name.clone(), wanted, urgency, late));
    }
}
