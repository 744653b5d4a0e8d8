//! Connecting the parts of one target: its engines with their hands, and what keeps them informed.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    board::Board,
    driver::{Driver, EVENTS_MAX, Facts, Ports},
    metrics::Metrics,
    options::{Target, Working},
    pause::PauseFile,
    permits::Permits,
    ruling::Registrar,
    target::{Lines, Snapshots, Supervisor},
};
use crate::{
    aws::{
        calls::{CallLog, Calls},
        identity::Identity,
        op::Bucket,
    },
    engine::{
        engine::Engine,
        kind::Kind,
        name::{Name, Owner},
        policy::{Reading, Settings},
        prune::Terms,
        time::Clock,
        work::Event,
    },
    kinds::{
        function::{Function, aws::FunctionCloud, hash::HashKey},
        image::{Image, aws::ImageCloud},
        repository::{Repository, aws::RepositoryCloud},
    },
    manifest::Selection,
};

/// The part of a rate that the slow rotation may always have (see `aws::budget`).
const AUDIT_SHARE: f64 = 0.15;
/// What a look at a repository costs in calls.
const REPOSITORY_CALLS: f64 = 4.0;
/// How many engines a target has.
pub(super) const ENGINES: usize = 3;

/// What every part is connected to, and what holds for every target.
pub(super) struct Wiring {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: Arc<Board>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) snapshots: Snapshots,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) owner: Owner,
    pub(super) hash_key: Option<HashKey>,
    pub(super) share: f64,
    pub(super) settings: Working,
    pub(super) selection: Selection,
    pub(super) terms: Terms,
    pub(super) confirm: Option<String>,
    pub(super) pause: PauseFile,
}

/// What the engines of one target share.
struct Shared {
    name: Name,
    permits: Permits,
    doubt: Arc<Notify>,
    census: Arc<Notify>,
}

/// The two ends of an engine's events.
struct Line<K: Kind> {
    sender: mpsc::Sender<Event<K>>,
    receiver: mpsc::Receiver<Event<K>>,
}

impl<K: Kind> Line<K> {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        Self { sender, receiver }
    }
}

impl Wiring {
    /// Starts one target.
    pub(super) fn start(&self, target: Target, tasks: &mut JoinSet<()>) {
        let Target { name, account_id, registry, share, clients } = target;
        let share = share.unwrap_or(self.share);
        let log: Arc<dyn CallLog> = Arc::clone(&self.metrics) as Arc<dyn CallLog>;
        let calls = Arc::new(Calls::new(name.clone(), share, &self.clock, log));
        let shared = Shared {
            name: name.clone(),
            permits: Permits::default(),
            doubt: Arc::default(),
            census: Arc::default(),
        };
        let functions = Line::<Function>::new();
        let (images, repositories) = (Line::<Image>::new(), Line::<Repository>::new());
        // Images and repositories tell functions; nobody tells them.
        let (told, heard) = mpsc::channel(EVENTS_MAX);
        let supervisor = Supervisor {
            name: name.clone(),
            region: clients.region.clone(),
            registry,
            account_id,
            owner: self.owner.clone(),
            hash_key: self.hash_key.clone(),
            selection: self.selection.clone(),
            identity: Identity::new(clients.sts, Arc::clone(&calls)),
            lines: Lines {
                functions: functions.sender.clone(),
                images: images.sender.clone(),
                repositories: repositories.sender.clone(),
            },
            board: Arc::clone(&self.board),
            snapshots: self.snapshots.clone(),
            current: None,
            registrar: Registrar::new(name.clone(), self.terms.clone(), Arc::clone(&self.board)),
            pause: self.pause.clone(),
            held: None,
            clock: Arc::clone(&self.clock),
            doubt: Arc::clone(&shared.doubt),
            census: Arc::clone(&shared.census),
            stop: self.stop.clone(),
        };
        tasks.spawn(supervisor.run());
        let looks = Bucket::GetFunction.quota() * share * AUDIT_SHARE;
        let engine = Engine::new(name.clone(), self.settings(looks));
        let cloud = FunctionCloud::new(clients.lambda, Arc::clone(&calls));
        let ports = self.ports(&shared, functions, (heard, Vec::new()));
        tasks.spawn(Driver::new(engine, cloud, ports).run());
        // Images are looked up by name: there is no list to leave out.
        let mut settings = Settings { prune: false, ..self.settings(looks) };
        if settings.reading == Reading::Narrow {
            settings.reading = Reading::Once;
        }
        let cloud = ImageCloud::new(clients.ecr.clone(), Arc::clone(&calls), clients.region);
        let ports = self.ports(&shared, images, (nobody(), vec![told.clone()]));
        tasks.spawn(Driver::new(Engine::new(name.clone(), settings), cloud, ports).run());
        let looks = Bucket::Ecr.quota() * share * AUDIT_SHARE / REPOSITORY_CALLS;
        // A look costs four calls of few: whoever does not delete need not know whose the others are.
        let settings = Settings { strangers: self.terms.prune, ..self.settings(looks) };
        let engine = Engine::new(name, settings);
        let cloud = RepositoryCloud::new(clients.ecr, calls);
        let ports = self.ports(&shared, repositories, (nobody(), vec![told]));
        tasks.spawn(Driver::new(engine, cloud, ports).run());
    }

    fn settings(&self, audit_rate: f64) -> Settings {
        let Working { mode, resync, in_flight_max, reading } = self.settings;
        Settings {
            owner: self.owner.clone(),
            mode,
            resync,
            in_flight_max,
            audit_rate,
            reading,
            strangers: true,
            prune: self.terms.prune,
            confirm: self.confirm.clone(),
        }
    }

    fn ports<K: Kind>(
        &self,
        shared: &Shared,
        line: Line<K>,
        (facts_in, facts_out): (mpsc::Receiver<Facts>, Vec<mpsc::Sender<Facts>>),
    ) -> Ports<K> {
        Ports {
            target: shared.name.clone(),
            events: line.receiver,
            answers: line.sender,
            facts_in,
            facts_out,
            board: Arc::clone(&self.board),
            metrics: Arc::clone(&self.metrics),
            permits: shared.permits.clone(),
            pause: self.pause.clone(),
            census: Arc::clone(&shared.census),
            doubt: Arc::clone(&shared.doubt),
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

/// Facts from nobody.
fn nobody() -> mpsc::Receiver<Facts> {
    let (_, nothing) = mpsc::channel(1);
    nothing
}
