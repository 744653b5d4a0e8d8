//! The engine alone: fifty thousand functions, no AWS, no tokio.

use std::time::{Duration, Instant};

use evenkeel::{
    engine::{
        audit::AuditPeriods,
        engine::Engine,
        facet::{FacetId, FacetKey},
        facts::{Digest, Fact, ImageFact},
        kind::Kind as _,
        name::Name,
        observed::{Known, Reading},
        page::Page,
        policy::{FacetSettings, Mode, ReadMode, Settings},
        resource::Resource as _,
        schedule::Lanes,
        time::{Mono, Now},
        work::{Event, ReadResult, Work},
    },
    kinds::{
        facets::{FunctionReading, FunctionResource},
        function::{
            Function,
            live::{Activity, Live, Package, State, Update},
            step::Step,
            unmanaged::Unmanaged,
        },
    },
    manifest::DesiredResources,
};

use super::{
    report::{self, Report},
    stage,
};

const AUDIT: Duration = Duration::from_hours(2);
const COUNT: usize = 50_000;
const PAGE: usize = 50;

/// How many events a second it takes in, when nothing differs.
pub fn measure(report: &mut Report) {
    let desired = stage::desired(COUNT);
    let digest = Digest::parse(&"a".repeat(64)).unwrap();
    let lives: Vec<(Name, Live)> = stage::creations(&desired, &digest)
        .into_iter()
        .filter_map(|it| live(it, &digest))
        .collect();
    let facts: Vec<_> = desired
        .functions
        .wanted
        .values()
        .flat_map(|it| Function::needs(&it.spec))
        .map(|key| (key, Some(Fact::Image(ImageFact::Single(digest.clone())))))
        .collect();
    let lanes = Lanes::one(FunctionResource::FACETS.len());
    let own = FacetSettings { read_mode: ReadMode::Watch, strangers: true, prune: false };
    let engine = Engine::new(Name::new("default"), settings(), lanes, |_| own);
    let mut bench = Bench { engine, now: Mono::default() };
    bench.handle(Event::Facts(facts));
    bench.handle(Event::Desired(DesiredResources::from(desired).functions));
    report::heading(&format!("The engine alone, {COUNT} functions"));
    let first = bench.list(&lives);
    report.add(("engine.first_list_s", COUNT), (first.as_secs_f64(), "s"), None);
    let reads = bench.reads(&lives);
    report.add(
        ("engine.events_per_s", COUNT),
        (COUNT as f64 / reads.as_secs_f64(), "events/s"),
        None,
    );
    let reads = bench.reads(&lives);
    report.add(
        ("engine.unchanged_reads_per_s", COUNT),
        (COUNT as f64 / reads.as_secs_f64(), "events/s"),
        None,
    );
    let again = bench.list(&lives);
    report.add(("engine.rows_per_s", COUNT), (COUNT as f64 / again.as_secs_f64(), "rows/s"), None);
    let began = Instant::now();
    let rounds = 100;
    for _ in 0..rounds {
        assert_eq!(bench.engine.summary(FacetId::BASE, bench.clock()).managed, COUNT);
    }
    let each = began.elapsed() / rounds;
    report.add(("engine.summary_ms", COUNT), (1000.0 * each.as_secs_f64(), "ms"), None);
}

struct Bench {
    engine: Engine<FunctionResource>,
    now: Mono,
}

impl Bench {
    fn clock(&self) -> Now {
        Now { mono: self.now, wall: jiff::Timestamp::UNIX_EPOCH }
    }

    fn handle(&mut self, event: Event<FunctionResource>) {
        self.now = self.now.after(Duration::from_micros(10));
        let works = self.engine.handle(event, self.clock());
        let write = works.iter().any(|it| matches!(it, Work::Apply(..)));
        assert!(!write, "nothing differs, and it writes");
    }

    /// One whole list.
    fn list(&mut self, lives: &[(Name, Live)]) -> Duration {
        self.now = self.now.after(Duration::from_hours(2));
        self.handle(Event::Woke);
        let pages: Vec<Page<FunctionReading>> = lives
            .chunks(PAGE)
            .map(|rows| {
                let rows =
                    rows.iter().map(|(name, live)| (name.clone(), reading(row(live)))).collect();
                Page { started: self.now, rows }
            })
            .collect();
        let began = Instant::now();
        for page in pages {
            self.handle(Event::Page(FacetId::BASE, page));
        }
        self.handle(Event::ListEnded(FacetId::BASE, Ok(())));
        began.elapsed()
    }

    /// Every function is looked at.
    fn reads(&mut self, lives: &[(Name, Live)]) -> Duration {
        let reads: Vec<ReadResult<FunctionResource>> = lives
            .iter()
            .map(|(name, live)| {
                let seen = Reading { live: live.clone(), revision: Some("r".into()), exact: true };
                let found = Ok(Some(reading(seen)));
                ReadResult { key: FacetKey::base(name.clone()), started: self.now, found }
            })
            .collect();
        let began = Instant::now();
        for looked in reads {
            self.handle(Event::Read(looked));
        }
        began.elapsed()
    }
}

fn reading(it: Reading<Live>) -> FunctionReading {
    FunctionReading::Function(Box::new(it))
}

/// What a list shows of it.
fn row(live: &Live) -> Reading<Live> {
    let unknown = || "a list does not show it".to_owned();
    let mut live = live.clone();
    live.repository = Known::No(unknown());
    live.tags = Known::No(unknown());
    live.state = Known::No(unknown());
    Reading { live, revision: Some("r".into()), exact: false }
}

/// What the step would leave behind.
fn live(step: Step, digest: &Digest) -> Option<(Name, Live)> {
    let Step::Create(create) = step else { return None };
    let repository = create.image_uri.split('@').next()?.to_owned();
    let live = Live {
        arn: format!("arn:aws:lambda:us-east-1:123456789012:function:{}", create.name),
        package: Package::Image,
        digest: Some(digest.clone()),
        repository: Known::Yes(repository),
        architecture: create.architecture.clone(),
        config: create.config.clone(),
        environment_error: None,
        image_error: None,
        unmanaged: Unmanaged::default(),
        tags: Known::Yes(create.tags.clone()),
        state: Known::Yes(State {
            activity: Activity::Active,
            reason: None,
            update: Update::Settled,
            update_reason: None,
        }),
        last_modified: None,
    };
    Some((create.name.clone(), live))
}

fn settings() -> Settings {
    Settings {
        owner: "bench".parse::<evenkeel::engine::name::Owner>().unwrap(),
        mode: Mode::Enforce,
        resync: Duration::from_secs(30),
        in_flight_max: 10,
        audit: AuditPeriods { managed: AUDIT, watched: AUDIT },
        confirm: None,
    }
}
