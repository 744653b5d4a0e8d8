//! Connecting the parts of one target: its engines with their hands, and what keeps them informed.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    board::Board,
    driver::{Driver, EVENTS_MAX, Ports},
    event_log::EventLog,
    fact_bus::{FactBus, FactInbox},
    metrics::Metrics,
    options::{Target, Working},
    pause::PauseFile,
    permits::Permits,
    prune::PruneSupervisor,
    target::{Lines, Snapshots, Supervisor},
};
use crate::{
    aws::{
        calls::{CallLog, Calls},
        clients::Clients,
        cloud::AwsResource,
        identity::Identity,
        op::Bucket,
    },
    engine::{
        engine::Engine,
        kind::{Kind, Listing},
        name::{Name, Owner},
        policy::{ReadMode, Settings},
        prune::Terms,
        time::Clock,
        work::Event,
    },
    kinds::{ALL, TAGGED, each_kind, function::hash::HashKey},
    manifest::Selection,
};

/// The part of a rate that the slow rotation may always have (see `aws::budget`).
const AUDIT_SHARE: f64 = 0.15;
/// How many engines a target has.
pub(super) const ENGINES: usize = ALL.len();

/// What every part is connected to, and what holds for every target.
pub(super) struct Wiring {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: Arc<Board>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) event_log: Arc<EventLog>,
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
    prune_input: Arc<Notify>,
}

/// The way of a target's engines to AWS.
#[derive(Clone, Copy)]
struct Means<'a> {
    clients: &'a Clients,
    calls: &'a Arc<Calls>,
    share: f64,
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
    pub(super) fn start(&self, target: Target, tasks: &mut JoinSet<()>) -> Arc<Calls> {
        let Target { name, account_id, registry, share, clients } = target;
        let share = share.unwrap_or(self.share);
        let log: Arc<dyn CallLog> = Arc::clone(&self.metrics) as Arc<dyn CallLog>;
        let calls = Arc::new(Calls::new(name.clone(), share, &self.clock, log));
        let shared = Shared {
            name: name.clone(),
            permits: Permits::default(),
            doubt: Arc::default(),
            prune_input: Arc::default(),
        };
        let (clients, identity) = Identity::guard(clients, &calls);
        let clients = &clients;
        let means = Means { clients, calls: &calls, share };
        let lines = self.engines(&shared, means, tasks);
        let supervisor = Supervisor {
            name: name.clone(),
            region: clients.region.clone(),
            registry,
            account_id,
            owner: self.owner.clone(),
            hash_key: self.hash_key.clone(),
            selection: self.selection.clone(),
            watches: self.settings.read_mode == ReadMode::Watch,
            identity,
            unanswered: 0,
            lines,
            board: Arc::clone(&self.board),
            event_log: Arc::clone(&self.event_log),
            snapshots: self.snapshots.clone(),
            current: None,
            prune_supervisor: PruneSupervisor::new(
                name.clone(),
                self.terms.clone(),
                Arc::clone(&self.board),
            ),
            pause: self.pause.clone(),
            write_stop: None,
            clock: Arc::clone(&self.clock),
            doubt: Arc::clone(&shared.doubt),
            prune_input: Arc::clone(&shared.prune_input),
            stop: self.stop.clone(),
        };
        tasks.spawn(supervisor.run());
        calls
    }

    /// Starts one engine with its hands.
    fn engine<K: AwsResource>(
        &self,
        (shared, means): (&Shared, Means<'_>),
        (line, inbox, fact_bus): (Line<K>, FactInbox, FactBus),
        tasks: &mut JoinSet<()>,
    ) {
        let Means { clients, calls, share } = means;
        let (_, cost) = K::READ_COST;
        let mut settings = self.settings(audit_rate::<K>() * share);
        // Where reads are dear, whoever does not delete need not know whose the others are.
        settings.strangers = cost <= 1.0 || self.terms.prune;
        settings.prune &= TAGGED.contains(&K::NAME);
        // A list of what is wanted leaves nothing out, and only a list shows parts that are wanted no more.
        let lists = K::LISTING == Listing::Wanted || K::PART_OF.is_some();
        if lists && settings.read_mode == ReadMode::Narrow {
            settings.read_mode = ReadMode::Once;
        }
        let engine = Engine::new(shared.name.clone(), settings);
        let cloud = K::open(clients, Arc::clone(calls));
        let ports = self.ports(shared, line, (inbox, fact_bus));
        tasks.spawn(Driver::new(engine, cloud, ports).run());
    }

    fn settings(&self, audit_rate: f64) -> Settings {
        let Working { mode, resync, in_flight_max, read_mode } = self.settings;
        Settings {
            owner: self.owner.clone(),
            mode,
            resync,
            in_flight_max,
            audit_rate,
            read_mode,
            strangers: true,
            prune: self.terms.prune,
            confirm: self.confirm.clone(),
        }
    }

    fn ports<K: Kind>(
        &self,
        shared: &Shared,
        line: Line<K>,
        (inbox, fact_bus): (FactInbox, FactBus),
    ) -> Ports<K> {
        Ports {
            target: shared.name.clone(),
            events: line.receiver,
            answers: line.sender,
            inbox,
            fact_bus,
            board: Arc::clone(&self.board),
            metrics: Arc::clone(&self.metrics),
            event_log: Arc::clone(&self.event_log),
            permits: shared.permits.clone(),
            pause: self.pause.clone(),
            prune_input: Arc::clone(&shared.prune_input),
            doubt: Arc::clone(&shared.doubt),
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

/// What one read after the other at an object of this kind asks of its quota, in calls a second.
fn weight<K: AwsResource>() -> f64 {
    K::READ_COST.1 / K::AUDIT_PERIOD.as_secs_f64()
}

/// How many reads a second the slow rotation of a kind may cost: its part of what the rotations of all kinds
/// with the same quota may, of the whole quota.
fn audit_rate<K: AwsResource>() -> f64 {
    let (bucket, cost) = K::READ_COST;
    bucket.quota() * AUDIT_SHARE / cost * weight::<K>() / weights(bucket)
}

macro_rules! engines {
    ($($field:ident: $kind:ty;)*) => {
        /// What the rotations of all kinds together ask of a quota.
        fn weights(bucket: Bucket) -> f64 {
            let all = [$((<$kind as AwsResource>::READ_COST.0, weight::<$kind>())),*];
            all.into_iter().filter(|(it, _)| *it == bucket).map(|(_, weight)| weight).sum()
        }

        impl Wiring {
            /// Starts every engine of a target.
            fn engines(
                &self,
                shared: &Shared,
                means: Means<'_>,
                tasks: &mut JoinSet<()>,
            ) -> Lines {
                let mut fact_bus = FactBus::default();
                $(let $field = (Line::<$kind>::new(), fact_bus.open::<$kind>());)*
                let lines = Lines { $($field: $field.0.sender.clone(),)* };
                $(self.engine((shared, means), ($field.0, $field.1, fact_bus.clone()), tasks);)*
                lines
            }
        }
    };
}
each_kind!(engines);
