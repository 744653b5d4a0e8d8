//! Both engines on the model, under a virtual clock. Every rule that holds for any two pieces of work is
//! asserted here, whatever the story.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use evenkeel::{
    engine::{
        desired::Desired,
        engine::{Engine, Summary, Waves},
        facet::{FacetId, FacetKey},
        facts::{Fact, FactKey, ImageFact},
        kind::Kind,
        name::Name,
        observed::Reading,
        page::Page,
        policy::{FacetSettings, Mode, ReadMode, Settings},
        prune::{Judge, Manifests, PruneDecision, Terms},
        resource::Single,
        status::ShownRow,
        time::{Mono, Now},
        work::{DocumentKey, Event, ObjectEvent, Order, Priority, ReadResult, Refresh, Work},
    },
    kinds::{
        function::{Function, step::Step},
        image::{Image, Live},
    },
};

use super::world::World;
use crate::common::{desired, engine, facet_settings, settings};

/// The resources that are played here.
type Functions = Single<Function>;
type Images = Single<Image>;

/// How long a call takes; it acts half-way.
const CALL: Duration = Duration::from_millis(200);
/// How long a page of a list is on its way: old news by the time it arrives.
const PAGE: Duration = Duration::from_secs(1);
/// How often the manifests are read again.
const READ_EVERY: Duration = Duration::from_secs(30);

/// Something that will happen.
enum Due {
    /// The model acts on a call.
    Act(Call),
    /// An answer reaches the function engine.
    Function(Event<Functions>),
    /// An answer reaches the image engine.
    Image(Event<Images>),
}

enum Call {
    List(Mono),
    Read(Name, Mono),
    Apply(Name, Box<Step>),
}

/// The stage.
pub struct Stage {
    pub world: World,
    pub now: Mono,
    functions: Engine<Functions>,
    images: Engine<Images>,
    judge: Judge,
    pub decision: Arc<PruneDecision>,
    /// When the manifests are read again.
    next_read: Mono,
    /// Whether every manifest can be used.
    pub intact: bool,
    /// Since when there is no manifest of a name, and how long that must be before a deletion.
    gone: BTreeMap<Name, Mono>,
    known: BTreeSet<Name>,
    grace: Option<Duration>,
    pub deleted: usize,
    due: BTreeMap<(Mono, u64), Due>,
    sequence: u64,
    /// What happened, one line each.
    pub transcript: Vec<String>,
    /// What is under way, to see that it is one thing an object.
    busy: BTreeSet<Name>,
    /// When the last look began at each object whose answer has come, and when it was last written to.
    looked: BTreeMap<Name, Mono>,
    wrote: BTreeMap<Name, Mono>,
    pub applied: usize,
}

impl Stage {
    pub fn new(mode: Mode) -> Self {
        Self::on(World::default(), mode)
    }

    /// A new process on a world that is already there.
    pub fn on(world: World, mode: Mode) -> Self {
        Self::under(world, mode, Terms::default(), None)
    }

    /// The same, under these terms.
    pub fn under(world: World, mode: Mode, terms: Terms, confirm: Option<String>) -> Self {
        let read_mode = if terms.once { ReadMode::Once } else { ReadMode::Watch };
        let settings = Settings { mode, confirm, ..settings() };
        let own = FacetSettings { read_mode, prune: terms.prune, ..facet_settings() };
        let target = Name::new("default");
        let grace = (terms.prune && !terms.once).then_some(terms.grace);
        Self {
            gone: BTreeMap::new(),
            known: BTreeSet::new(),
            grace,
            deleted: 0,
            world,
            now: Mono(Duration::from_secs(1000)),
            functions: engine(settings.clone(), own),
            images: engine(settings, FacetSettings { prune: false, ..own }),
            judge: Judge::new(target, terms),
            decision: Arc::default(),
            next_read: Mono::default(),
            intact: true,
            due: BTreeMap::new(),
            sequence: 0,
            transcript: Vec::new(),
            busy: BTreeSet::new(),
            looked: BTreeMap::new(),
            wrote: BTreeMap::new(),
            applied: 0,
        }
    }

    fn clock(&self) -> Now {
        let ahead = jiff::SignedDuration::try_from(self.now.0).unwrap();
        Now { mono: self.now, wall: jiff::Timestamp::UNIX_EPOCH + ahead }
    }

    fn later(&mut self, wait: Duration, due: Due) {
        self.sequence += 1;
        self.due.insert((self.now.after(wait), self.sequence), due);
    }

    fn note(&mut self, line: String) {
        let at = self.now.0.saturating_sub(Duration::from_secs(1000)).as_secs_f64();
        self.transcript.push(format!("{at:7.1}  {line}"));
    }

    /// New manifests: one YAML text.
    pub fn manifests(&mut self, text: &str) {
        let desired = desired(text, self.intact, self.now);
        let (intact, read_at) = (desired.intact, desired.read_at);
        self.tell_images(Event::Desired(Desired::one(desired.images, intact, read_at)));
        let names: BTreeSet<&Name> = desired.functions.wanted.keys().collect();
        // What was wanted may still be on its way into the world.
        self.known.extend(self.world.names().into_iter().map(Name::new));
        self.known.extend(names.iter().copied().cloned());
        self.gone.retain(|name, _| !names.contains(name));
        for name in self.known.iter().filter(|it| !names.contains(it)) {
            self.gone.entry(name.clone()).or_insert(self.now);
        }
        self.decision = Arc::default();
        self.next_read = self.now.after(READ_EVERY);
        self.tell(Event::Desired(Desired::one(desired.functions, intact, read_at)));
    }

    pub fn tell(&mut self, event: Event<Functions>) {
        let works = self.functions.handle(event, self.clock());
        for work in works {
            self.start(work);
        }
        self.rule();
    }

    /// A person asks for a read of a function.
    pub fn refresh(&mut self, name: &str) {
        let key = DocumentKey { kind: Function::NAME, name: Name::new(name) };
        self.tell(Event::Refresh(Arc::new(Refresh::Documents(BTreeSet::from([key])))));
    }

    /// What the supervisor does: rules again when there is news.
    fn rule(&mut self) {
        let prune_input = self.functions.summary(FacetId::BASE, self.clock()).prune_input;
        let manifests = Manifests { intact: self.intact, readable: true };
        let prune_input = BTreeMap::from([(Function::NAME, prune_input)]);
        let decision = Arc::new(self.judge.rule(prune_input, manifests, self.now));
        if decision != self.decision {
            self.decision = Arc::clone(&decision);
            self.tell(Event::PruneDecided(decision));
        }
    }

    /// The update of many that is under way.
    pub fn waves(&self) -> Option<Waves> {
        self.summary().waves
    }

    /// The function engine in numbers.
    pub fn summary(&self) -> Summary {
        self.functions.summary(FacetId::BASE, self.clock())
    }

    /// The hash of everything that could be deleted.
    pub fn prune_hash(&self) -> String {
        self.decision.hash.clone()
    }

    fn tell_images(&mut self, event: Event<Images>) {
        let mut facts: Vec<(FactKey, Option<Fact>)> = Vec::new();
        for work in self.images.handle(event, self.clock()) {
            match work {
                Work::List(facet, wanted) => {
                    let rows = wanted.keys().map(|name| (name.clone(), self.image(name)));
                    let page = Page { started: self.now, rows: rows.collect() };
                    self.later(CALL, Due::Image(Event::Page(facet, page)));
                    self.later(CALL, Due::Image(Event::ListEnded(facet, Ok(()))));
                }
                Work::Read(key, ..) => {
                    let found = Ok(Some(self.image(key.name())));
                    let looked = ReadResult { key, started: self.now, found };
                    self.later(CALL, Due::Image(Event::Read(looked)));
                }
                Work::Publish(key, fact) => facts.push((key, fact)),
                Work::Report(..) | Work::RaisePriority(..) => {}
                Work::Apply(..) => unreachable!("images are only read"),
            }
        }
        if !facts.is_empty() {
            self.tell(Event::Facts(facts));
        }
    }

    fn image(&self, name: &Name) -> Reading<Live> {
        let missing = ImageFact::Missing("nobody pushed it".into());
        let image = self.world.images.get(name.as_str()).cloned().unwrap_or(missing);
        Reading { live: Live { tag: None, image }, revision: None, exact: true }
    }

    fn start(&mut self, work: Work<Functions>) {
        match work {
            Work::List(..) => self.later(CALL / 2, Due::Act(Call::List(self.now))),
            Work::Read(key, _, priority, _) => {
                let name = key.object;
                assert!(self.busy.insert(name.clone()), "two things at once: {name}");
                if priority != Priority::Audit {
                    self.note(format!("look at {name}"));
                }
                self.later(CALL / 2, Due::Act(Call::Read(name, self.now)));
            }
            Work::Apply(Order { key, planned, .. }) => {
                let name = key.object;
                assert!(self.busy.insert(name.clone()), "two things at once: {name}");
                self.assert_fresh(&name);
                if let Step::Delete(name) = &planned.step {
                    self.assert_long_gone(name);
                }
                self.applied += 1;
                self.note(planned.step.to_string());
                self.later(CALL / 2, Due::Act(Call::Apply(name, Box::new(planned.step))));
            }
            Work::Publish(..) | Work::RaisePriority(..) => {}
            Work::Report(key, object_events) => self.report(&key.object, &object_events),
        }
    }

    fn report(&mut self, name: &Name, object_events: &ObjectEvent) {
        let text = match object_events {
            ObjectEvent::Turned { from, to, reason, .. } => {
                format!(
                    "{name}: {} → {} ({}: {})",
                    from.as_str(),
                    to.as_str(),
                    reason.code,
                    reason.message
                )
            }
            ObjectEvent::Drifted(cause, _) => format!("{name}: drifted: {}", cause.as_str()),
            ObjectEvent::Corrected(cause, outcome) => {
                format!("{name}: drift ended: {}, {}", cause.as_str(), outcome.as_str())
            }
            ObjectEvent::Orphaned => format!("{name}: orphaned"),
            ObjectEvent::Buried(was) => {
                let digest = was.contains(&"a".repeat(64));
                format!("{name}: buried (with its digest: {digest})")
            }
            ObjectEvent::Broken { drifted, because } => {
                format!("{name}: broken, {drifted}: {because}")
            }
            ObjectEvent::Halted { waiting, because } => {
                format!("{name}: {waiting} others wait: {because}")
            }
        };
        self.note(text);
    }

    /// The law of the gate: a step rests on a look that began after the last write, and is fresh. No
    /// list, whenever it began, can be its ground.
    fn assert_fresh(&self, name: &Name) {
        let looked = self.looked.get(name).copied();
        let looked = looked.unwrap_or_else(|| panic!("a step without a look: {name}"));
        let wrote = self.wrote.get(name).copied().unwrap_or_default();
        assert!(looked >= wrote, "the look at {name} began before the last write");
        assert!(self.now.since(looked) <= Duration::from_secs(5), "the look at {name} is old");
    }

    /// The law of the prune gate: only what has had no manifest for the grace time is deleted.
    fn assert_long_gone(&mut self, name: &Name) {
        self.deleted += 1;
        if let Some(grace) = self.grace {
            let gone = self.gone.get(name).unwrap_or_else(|| panic!("{name} has a manifest"));
            assert!(self.now.since(*gone) >= grace, "{name} goes too soon");
        }
    }

    fn act(&mut self, call: Call) {
        match call {
            Call::List(started) => match self.world.list(self.now) {
                Ok(rows) => {
                    let page = Page { started, rows };
                    self.later(PAGE, Due::Function(Event::Page(FacetId::BASE, page)));
                    self.later(PAGE, Due::Function(Event::ListEnded(FacetId::BASE, Ok(()))));
                }
                Err(failure) => {
                    self.later(
                        CALL / 2,
                        Due::Function(Event::ListEnded(FacetId::BASE, Err(failure))),
                    );
                }
            },
            Call::Read(name, started) => {
                let found = self.world.get(&name, self.now);
                if let Err(failure) = &found {
                    self.note(format!("look at {name}: {}", failure.class));
                }
                let looked = ReadResult { key: FacetKey::base(name), started, found };
                self.later(CALL / 2, Due::Function(Event::Read(looked)));
            }
            Call::Apply(name, step) => {
                let result = self.world.apply(&step, self.now);
                if let Err(failure) = &result {
                    self.note(format!("{name}: {}", failure.class));
                }
                self.later(
                    CALL / 2,
                    Due::Function(Event::Applied { key: FacetKey::base(name), result }),
                );
            }
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now.after(time);
        loop {
            let wake = [
                self.functions.next_wake(),
                self.images.next_wake(),
                self.decision.next,
                Some(self.next_read),
            ];
            let answer = self.due.first_key_value().map(|((at, _), _)| *at);
            let Some(next) =
                wake.into_iter().chain([answer]).flatten().min().filter(|it| *it <= end)
            else {
                break;
            };
            self.now = self.now.max(next);
            match self.due.first_key_value() {
                Some(((at, _), _)) if *at <= self.now => self.deliver(),
                _ if self.next_read <= self.now => {
                    self.next_read = self.now.after(READ_EVERY);
                    if self.intact {
                        self.tell(Event::Reread(self.now));
                    }
                }
                _ => {
                    self.tell(Event::Woke);
                    self.tell_images(Event::Woke);
                }
            }
        }
        self.now = end;
    }

    fn deliver(&mut self) {
        let Some((_, due)) = self.due.pop_first() else { return };
        match due {
            Due::Act(call) => self.act(call),
            Due::Image(event) => self.tell_images(event),
            Due::Function(event) => {
                match &event {
                    Event::Read(looked) => {
                        self.busy.remove(&looked.key.object);
                        if looked.found.is_ok() {
                            self.looked.insert(looked.key.object.clone(), looked.started);
                        }
                    }
                    Event::Applied { key, .. } => {
                        self.busy.remove(&key.object);
                        self.wrote.insert(key.object.clone(), self.now);
                    }
                    _ => {}
                }
                self.tell(event);
            }
        }
    }

    /// Runs until both engines are quiet; `false` if they are not within an hour.
    pub fn settle(&mut self) -> bool {
        for _ in 0..3600 {
            self.run(Duration::from_secs(1));
            if self.functions.is_quiet() && self.images.is_quiet() && self.due.is_empty() {
                return true;
            }
        }
        false
    }

    pub fn rows(&self) -> Vec<ShownRow> {
        self.functions.rows().cloned().collect()
    }
}
