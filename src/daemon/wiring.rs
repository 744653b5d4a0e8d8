//! Connecting the parts of one target: two engines with their hands, and what keeps them informed.

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
    permits::Permits,
    target::{Snapshots, Supervisor},
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
        policy::Settings,
        time::Clock,
        work::Event,
    },
    kinds::{
        function::{Function, aws::FunctionCloud, hash::HashKey},
        image::{Image, aws::ImageCloud},
    },
};

/// The part of GetFunction's rate that the slow rotation may always have (see `aws::budget`).
const AUDIT_SHARE: f64 = 0.15;

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
}

/// What the engines of one target share.
struct Shared {
    name: Name,
    permits: Permits,
    doubt: Arc<Notify>,
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
        let Target { name, account_id, clients } = target;
        let log: Arc<dyn CallLog> = Arc::clone(&self.metrics) as Arc<dyn CallLog>;
        let calls = Arc::new(Calls::new(name.clone(), self.share, &self.clock, log));
        let doubt = Arc::new(Notify::new());
        let shared =
            Shared { name: name.clone(), permits: Permits::default(), doubt: Arc::clone(&doubt) };
        let (functions, images) = (Line::<Function>::new(), Line::<Image>::new());
        // Images tell functions; nobody tells images.
        let (told, heard) = mpsc::channel(EVENTS_MAX);
        let (_, nothing) = mpsc::channel(1);
        let supervisor = Supervisor {
            name: name.clone(),
            region: clients.region.clone(),
            account_id,
            owner: self.owner.clone(),
            hash_key: self.hash_key.clone(),
            identity: Identity::new(clients.sts, Arc::clone(&calls)),
            functions: functions.sender.clone(),
            images: images.sender.clone(),
            board: Arc::clone(&self.board),
            snapshots: self.snapshots.clone(),
            doubt,
            stop: self.stop.clone(),
        };
        tasks.spawn(supervisor.run());
        let ports = self.ports(&shared, functions, (heard, Vec::new()));
        let cloud = FunctionCloud::new(clients.lambda, Arc::clone(&calls));
        let engine = Engine::new(name.clone(), self.settings());
        tasks.spawn(Driver::new(engine, cloud, ports).run());
        let ports = self.ports(&shared, images, (nothing, vec![told]));
        let cloud = ImageCloud::new(clients.ecr, calls, clients.region);
        tasks.spawn(Driver::new(Engine::new(name, self.settings()), cloud, ports).run());
    }

    fn settings(&self) -> Settings {
        let Working { mode, resync, in_flight_max, trust_lists } = self.settings;
        Settings {
            owner: self.owner.clone(),
            mode,
            resync,
            in_flight_max,
            audit_rate: Bucket::GetFunction.quota() * self.share * AUDIT_SHARE,
            trust_lists,
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
            doubt: Arc::clone(&shared.doubt),
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}
