//! The engine on the made-up resource, with lanes that close, reads and writes that are refused, and tasks that take
//! minutes. What must hold for any facet whatever the others do is asserted here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use evenkeel::engine::{
    audit::AuditPeriods,
    desired::{Desired, DesiredObject, FacetDesired, Location},
    engine::Engine,
    facet::{FacetId, FacetKey},
    failure::{AwsError, Class, Failure},
    name::Name,
    page::Page,
    policy::{FacetSettings, ReadMode, Settings},
    resource::Resource as _,
    schedule::{LaneLimits, Lanes},
    status::{ShownRow, Status},
    time::{Mono, Now},
    work::{DocumentKey, Event, Order, Priority, ReadResult, Refresh, Work},
};

use super::toy::{BASE, ITEMS, OWN, RIDES, TASK, Toy, ToyReading, ToySpec, ToyStep, tags};
use crate::common::{facet_settings, settings};

/// How many objects there are, and items of each.
pub const OBJECTS: usize = 16;
const ITEMS_EACH: usize = 3;
/// The lane of each facet, and how many reads a second go through each lane.
const LANES: [usize; 5] = [0, 1, 2, 0, 2];
const RATES: [f64; 3] = [50.0, 7.5, 7.5];
/// How long a read, a write and a task take once they have begun.
const READ: Duration = Duration::from_millis(200);
const WRITE: Duration = Duration::from_millis(500);
const TRY: Duration = Duration::from_mins(3);
/// How old a read may be that a step rests on.
const FRESH: Duration = Duration::from_secs(5);
/// The longest that what AWS refuses is left alone.
const LEFT_ALONE: Duration = Duration::from_hours(1);

/// What is there of one facet.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ToyLive {
    pub value: u32,
    pub tried: u32,
    /// How badly it does, another number each time; 0: it does well.
    pub bad: u32,
}

/// A lane of AWS.
#[derive(Debug, Clone, Copy, Default)]
struct ToyLane {
    /// When the next read may begin.
    free: Mono,
    /// Until when none may.
    closed: Mono,
}

enum Due {
    Read(FacetKey, Mono),
    List(Mono),
    Applied(ToyStep),
}

/// An edit that must be written in time.
struct Edit {
    value: u32,
    until: Mono,
}

pub struct ToyStage {
    pub engine: Engine<Toy>,
    pub now: Mono,
    pub world: BTreeMap<FacetKey, ToyLive>,
    wishes: BTreeMap<FacetKey, u32>,
    lanes: [ToyLane; 3],
    /// Facets whose reads are refused, and whose writes are.
    pub unreadable: BTreeSet<FacetId>,
    pub refused: BTreeSet<FacetId>,
    /// The same for single items.
    pub refused_items: BTreeSet<FacetKey>,
    due: BTreeMap<(Mono, u64), Due>,
    sequence: u64,
    /// Objects that are written to, and when the last write to each ended.
    writing: BTreeSet<Name>,
    wrote: BTreeMap<Name, Mono>,
    reading: BTreeSet<FacetKey>,
    /// How urgent the last read of each was.
    pub priorities: BTreeMap<FacetKey, Priority>,
    trying: BTreeSet<FacetKey>,
    read: BTreeMap<FacetKey, Mono>,
    edits: BTreeMap<FacetKey, Edit>,
    /// When AWS last refused a read or a step of each.
    refusals: BTreeMap<FacetKey, Mono>,
    pub writes: Vec<ToyStep>,
    pub rescues: usize,
    pub tasks: usize,
    /// How often something did badly.
    pub harmed: u32,
}

pub fn object(index: usize) -> Name {
    Name::new(format!("toy-{index:02}"))
}

fn lane(facet: FacetId) -> usize {
    LANES[facet.index()]
}

/// Every facet of every object.
pub fn all() -> Vec<FacetKey> {
    let mut keys = Vec::new();
    for name in (0..OBJECTS).map(object) {
        for facet in [BASE, OWN, RIDES, TASK] {
            keys.push(Toy::key(facet, &name));
        }
        let item = |it| Toy::key(ITEMS, &Name::new(format!("{name}/{it}")));
        keys.extend((0..ITEMS_EACH).map(item));
    }
    keys
}

fn refused() -> Failure {
    let cause = AwsError { code: Some("AccessDenied".into()), message: "no".into() };
    Failure { class: Class::Denied, op: "Toy", cause, retry_after: None }
}

impl ToyStage {
    pub fn new() -> Self {
        let audit = Duration::from_secs(90);
        let audit = AuditPeriods { managed: audit, watched: audit };
        let settings = Settings { audit, ..settings() };
        let own = FacetSettings { read_mode: ReadMode::Watch, ..facet_settings() };
        let limits = RATES.map(LaneLimits::of).to_vec();
        let lanes = Lanes { of: LANES.to_vec(), limits };
        let mut stage = Self {
            engine: Engine::new(Name::new("default"), settings, lanes, |_| own),
            now: Mono(Duration::from_secs(1000)),
            world: all().into_iter().map(|it| (it, ToyLive::default())).collect(),
            wishes: all().into_iter().map(|it| (it, 0)).collect(),
            lanes: [ToyLane::default(); 3],
            unreadable: BTreeSet::new(),
            refused: BTreeSet::new(),
            refused_items: BTreeSet::new(),
            due: BTreeMap::new(),
            sequence: 0,
            writing: BTreeSet::new(),
            wrote: BTreeMap::new(),
            reading: BTreeSet::new(),
            priorities: BTreeMap::new(),
            trying: BTreeSet::new(),
            read: BTreeMap::new(),
            edits: BTreeMap::new(),
            refusals: BTreeMap::new(),
            writes: Vec::new(),
            rescues: 0,
            tasks: 0,
            harmed: 0,
        };
        stage.desire();
        // The first audit: from then on everything is known.
        stage.run(Duration::from_mins(2));
        stage
    }

    pub fn clock(&self) -> Now {
        let ahead = jiff::SignedDuration::try_from(self.now.0).unwrap();
        Now { mono: self.now, wall: jiff::Timestamp::UNIX_EPOCH + ahead }
    }

    fn desire(&mut self) {
        let mut facets: Vec<FacetDesired<ToySpec>> =
            Toy::FACETS.iter().map(|_| FacetDesired::default()).collect();
        for (key, value) in &self.wishes {
            let manifest = Some(Location { file: "m.yaml".into(), line: 1 });
            let (object, facet) = (key.object.clone(), key.facet);
            let wanted = DesiredObject {
                spec: ToySpec { object, facet, value: *value },
                policy: Arc::default(),
                labels: Arc::default(),
                manifest,
                frozen: false,
            };
            facets[facet.index()].wanted.insert(key.name().clone(), wanted);
        }
        self.tell(Event::Desired(Desired { facets, intact: true, read_at: self.now }));
    }

    /// How long a read may wait in its lane while that is open: what can be ahead of it is every other read of the
    /// lane, twice where one is under way when another is asked for.
    fn bound(facet: FacetId) -> Duration {
        let lane = lane(facet);
        let each = |it: usize| if it == ITEMS.index() { ITEMS_EACH } else { 1 };
        let keys: usize =
            (0..LANES.len()).filter(|it| LANES[*it] == lane).map(|it| each(it) * OBJECTS).sum();
        let ahead = u32::try_from(2 * keys + LaneLimits::of(RATES[lane]).reads).unwrap();
        Duration::from_secs_f64(f64::from(ahead) / RATES[lane]) + Duration::from_secs(1)
    }

    /// In what time an edit of one facet is handed out: the reads of its lane that are under way, those that follow
    /// the writes under way, and five seconds.
    fn bound_of_an_edit(facet: FacetId) -> Duration {
        let lane = lane(facet);
        let ahead = u32::try_from(LaneLimits::of(RATES[lane]).reads + 10).unwrap();
        FRESH + Duration::from_secs_f64(f64::from(ahead) / RATES[lane])
    }

    fn is_open(&self, facet: FacetId, since: Duration) -> bool {
        self.now.since(self.lanes[lane(facet)].closed) > since
            || self.lanes[lane(facet)].closed == Mono::default()
    }

    /// Asks for another value of one facet.
    pub fn edit(&mut self, key: &FacetKey, value: u32) {
        self.wishes.insert(key.clone(), value);
        let until = self.now.after(Self::bound_of_an_edit(key.facet));
        self.edits.remove(key);
        let open = self.lanes[lane(key.facet)].closed <= self.now;
        // A task takes its time.
        let tried = self.trying.contains(key);
        if open && !tried && self.world[key].value != value {
            self.edits.insert(key.clone(), Edit { value, until });
        }
        self.desire();
    }

    /// Asks for another value of many facets at once.
    pub fn commit(&mut self, keys: &[FacetKey], value: u32) {
        self.wishes.extend(keys.iter().map(|it| (it.clone(), value)));
        self.desire();
    }

    /// Closes the lane of a facet for a while.
    pub fn close(&mut self, facet: FacetId, time: Duration) {
        let lane = &mut self.lanes[lane(facet)];
        lane.closed = lane.closed.max(self.now.after(time));
        lane.free = lane.free.max(lane.closed);
        // What waits in this lane cannot be in time.
        self.edits.retain(|key, _| LANES[key.facet.index()] != LANES[facet.index()]);
    }

    /// A person, or an event, asks for a read of these.
    pub fn hint(&mut self, objects: &[usize]) {
        let key = |it: &usize| DocumentKey { kind: Toy::NAME, name: object(*it) };
        let asked = Refresh::Documents(objects.iter().map(key).collect());
        self.tell(Event::Refresh(Arc::new(asked)));
    }

    pub fn tell(&mut self, event: Event<Toy>) {
        let rescue = self.must_rescue(&event);
        let works = self.engine.handle(event, self.clock());
        if let Some(key) = rescue {
            let saved = |it: &Work<Toy>| {
                let Work::Apply(order) = it else { return false };
                order.planned.step == ToyStep::Rescue(key.clone())
            };
            assert!(works.iter().any(saved), "no rescue of {key:?} though its grounds are fresh");
        }
        for work in works {
            self.start(work);
        }
    }

    /// The third law: callers are saved in the event that shows that they must be.
    fn must_rescue(&self, event: &Event<Toy>) -> Option<FacetKey> {
        let Event::Read(ReadResult { key, started, found: Ok(Some(reading)) }) = event else {
            return None;
        };
        let wrote = self.wrote.get(&key.object).copied().unwrap_or_default();
        let fresh = *started >= wrote && self.now.since(*started) <= FRESH;
        let free = !self.writing.contains(&key.object);
        // What AWS has just refused is left alone for a while, a rescue too.
        let tried = self.refusals.get(key).is_some_and(|it| self.now.since(*it) < LEFT_ALONE);
        (reading.bad > 0 && fresh && free && !tried).then(|| key.clone())
    }

    fn start(&mut self, work: Work<Toy>) {
        match work {
            Work::List(..) => self.later(READ, Due::List(self.now)),
            Work::Read(key, _, priority, late) => self.begin_read(key, priority, late),
            Work::Apply(Order { key, planned, .. }) => self.begin_step(&key, planned.step),
            Work::Publish(..) | Work::RaisePriority(..) | Work::Report(..) => {}
        }
    }

    /// The first law: while its own lane is open a read that something asked for begins in time, whatever the others
    /// wait for.
    fn begin_read(&mut self, key: FacetKey, priority: Priority, late: Duration) {
        assert!(self.reading.insert(key.clone()), "read twice at once: {key:?}");
        let bound = Self::bound(key.facet);
        if priority < Priority::Audit && self.is_open(key.facet, bound + late) {
            assert!(late <= bound, "{key:?} waited {late:?} in an open lane, bound {bound:?}");
        }
        self.priorities.insert(key.clone(), priority);
        let index = lane(key.facet);
        let own = &mut self.lanes[index];
        let started = self.now.max(own.free).max(own.closed);
        own.free = started.after(Duration::from_secs_f64(1.0 / RATES[index]));
        let wait = started.since(self.now) + READ;
        self.later(wait, Due::Read(key, started));
    }

    fn begin_step(&mut self, key: &FacetKey, step: ToyStep) {
        let read = self.read.get(key).copied().unwrap_or_else(|| panic!("not read: {step}"));
        assert!(self.now.since(read) <= FRESH, "an old read: {step}");
        self.edits.remove(key);
        if Toy::writes(&step) {
            let wrote = self.wrote.get(&key.object).copied().unwrap_or_default();
            assert!(read >= wrote, "the read began before the last write to the object: {step}");
            assert!(self.writing.insert(key.object.clone()), "two writes at once: {step}");
            self.writes.push(step.clone());
        } else {
            self.trying.insert(key.clone());
        }
        self.rescues += usize::from(Toy::rescues(&step));
        self.tasks += usize::from(!Toy::writes(&step));
        let time = if Toy::writes(&step) { WRITE } else { TRY };
        self.later(time, Due::Applied(step));
    }

    fn later(&mut self, wait: Duration, due: Due) {
        self.sequence += 1;
        self.due.insert((self.now.after(wait), self.sequence), due);
    }

    fn reading(&self, key: &FacetKey, exact: bool) -> ToyReading {
        let ToyLive { value, tried, bad } = self.world[key];
        ToyReading { facet: key.facet, value, tried, bad, exact, tags: tags(&key.object) }
    }

    fn deliver(&mut self, due: Due) {
        match due {
            Due::Read(key, started) => {
                self.reading.remove(&key);
                let refused_read = self.unreadable.contains(&key.facet);
                let found =
                    if refused_read { Err(refused()) } else { Ok(Some(self.reading(&key, true))) };
                if found.is_ok() {
                    self.read.insert(key.clone(), started);
                } else {
                    self.refusals.insert(key.clone(), self.now);
                }
                self.tell(Event::Read(ReadResult { key, started, found }));
            }
            Due::List(started) => {
                let keys = self.world.keys().filter(|it| it.facet == BASE);
                let rows = keys.map(|it| (it.object.clone(), self.reading(it, false))).collect();
                self.tell(Event::Page(BASE, Page { started, rows }));
                self.tell(Event::ListEnded(BASE, Ok(())));
            }
            Due::Applied(step) => self.applied(&step),
        }
    }

    fn applied(&mut self, step: &ToyStep) {
        let key = step.key().clone();
        self.trying.remove(&key);
        let bad = self.refused.contains(&key.facet) || self.refused_items.contains(&key);
        let result = if bad { Err(refused()) } else { Ok(()) };
        if result.is_ok() {
            let live = self.world.get_mut(&key).unwrap();
            match step {
                ToyStep::Put(_, value) => live.value = *value,
                ToyStep::Try(_, value) => live.tried = *value,
                ToyStep::Rescue(_) => live.bad = 0,
            }
            if key.facet == BASE {
                // What rides on it is gone.
                let rides = Toy::key(RIDES, &key.object);
                self.world.get_mut(&rides).unwrap().value = 0;
            }
        }
        if result.is_err() {
            self.refusals.insert(key.clone(), self.now);
        }
        if Toy::writes(step) {
            self.writing.remove(&key.object);
            self.wrote.insert(key.object.clone(), self.now);
        }
        self.tell(Event::Applied { key, result });
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        loop {
            let answer = self.due.first_key_value().map(|((at, _), _)| *at);
            let next = [self.engine.next_wake(), answer].into_iter().flatten().min();
            let Some(next) = next.filter(|it| *it <= end) else { break };
            self.now = self.now.max(next);
            self.check_edits();
            match answer.filter(|at| *at <= self.now) {
                Some(_) => {
                    let (_, due) = self.due.pop_first().unwrap();
                    self.deliver(due);
                }
                None => self.tell(Event::Woke),
            }
        }
        self.now = end;
        self.check_edits();
    }

    /// The second law: an edit of one facet is handed out in time, however much else is asked for.
    fn check_edits(&mut self) {
        let gone = |key: &FacetKey, edit: &Edit| {
            self.world[key].value == edit.value
                || self.refusals.get(key).is_some_and(|it| self.now.since(*it) < LEFT_ALONE)
        };
        let late = self.edits.iter().find(|(key, it)| it.until < self.now && !gone(key, it));
        if let Some((key, _)) = late {
            let row = self.row(key);
            panic!("the edit of {key:?} is late: {:?}", row.map(|it| (it.status, &it.reason)));
        }
        let now = self.now;
        self.edits.retain(|_, it| it.until >= now);
    }

    pub fn row(&self, key: &FacetKey) -> Option<&ShownRow> {
        let kind = Toy::FACETS[key.facet.index()].kind;
        self.engine.rows().find(|it| it.key.kind == kind && it.key.name == *key.name())
    }

    /// Everything is as it is wished, and is said to be.
    pub fn assert_converged(&self) {
        for (key, wish) in &self.wishes {
            let live = self.world[key];
            assert_eq!((live.value, live.bad), (*wish, 0), "{key:?}");
            let row = self.row(key).unwrap_or_else(|| panic!("no row of {key:?}"));
            assert_eq!(row.status, Status::Synced, "{key:?}: {:?}", row.reason);
        }
    }
}
