//! Connecting the parts of one target: its engines with their hands, and what keeps them informed.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

use super::{
    audit_plan::{AuditPacer, AuditPlan, PERIOD_MIN},
    board::Board,
    bulk_reader::{BulkContext, BulkReader, BulkSource},
    driver::{Driver, EVENTS_MAX, Ports},
    event_log::EventLog,
    fact_bus::{FactBus, FactInbox},
    metrics::Metrics,
    options::{Target, Working},
    pause::PauseFile,
    permits::Permits,
    prune::PruneSupervisor,
    refresh::RefreshQueue,
    target::{EngineSenders, Snapshots, TargetSupervisor},
};
use crate::{
    aws::{
        calls::{CallLog, Calls, QuotaShares},
        clients::Clients,
        cloud::AwsResource,
        identity::Identity,
    },
    engine::{
        audit::AuditPeriods,
        engine::Engine,
        kind::{Kind, Listing},
        name::{Name, Owner},
        policy::{ReadMode, Settings},
        prune::Terms,
        time::Clock,
        work::Event,
    },
    kinds::{TAGGED, each_kind, function::hash::HashKey},
    manifest::Selection,
};

/// The audit period of a single run, which is longer than any lasts: it reads each object once and has no audit.
const SINGLE_RUN: Duration = Duration::from_hours(24);

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
    pub(super) refresh_queue: Arc<RefreshQueue>,
}

/// What the engines of one target share.
struct TargetContext {
    name: Name,
    permits: Permits,
    credentials_refused: Arc<Notify>,
    prune_input: Arc<Notify>,
    clients: Clients,
    calls: Arc<Calls>,
    audits: Arc<AuditPlan>,
}

/// How one engine is reached, and how it reaches the others.
struct EngineLinks<K: Kind> {
    channel: EngineChannel<K>,
    inbox: FactInbox,
    fact_bus: FactBus,
}

/// The two ends of an engine's events.
struct EngineChannel<K: Kind> {
    sender: mpsc::Sender<Event<K>>,
    receiver: mpsc::Receiver<Event<K>>,
}

impl<K: Kind> EngineChannel<K> {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        Self { sender, receiver }
    }
}

impl Wiring {
    /// Starts the engines and the supervisor of one target. Returns the target's calls, whose
    /// budgets people see.
    pub(super) fn start(&self, target: Target, tasks: &mut JoinSet<()>) -> Arc<Calls> {
        let Target { name, account_id, registry, share, clients } = target;
        let share = share.unwrap_or(self.share);
        let log: Arc<dyn CallLog> = Arc::clone(&self.metrics) as Arc<dyn CallLog>;
        let audit_share = self.settings.audit_share;
        let shares = QuotaShares { ours: share, audit: audit_share };
        let calls = Arc::new(Calls::new(name.clone(), shares, &self.clock, log));
        let audits = Arc::new(AuditPlan::new(Arc::clone(&calls), audit_share));
        // These clients sign nothing before the account of their credentials is confirmed.
        let (clients, identity) = Identity::guard(clients, &calls);
        let context = TargetContext {
            name: name.clone(),
            permits: Permits::default(),
            credentials_refused: Arc::default(),
            prune_input: Arc::default(),
            clients,
            calls,
            audits,
        };
        let senders = self.engines(&context, tasks);
        let log_groups = watch::Sender::default();
        if self.watches() {
            let sources = [BulkSource::Tags, BulkSource::LogGroups(log_groups.subscribe())];
            for source in sources {
                let context = self.bulk_context(&context, senders.clone());
                tasks.spawn(BulkReader::new(context, source).run());
            }
        }
        let supervisor = TargetSupervisor {
            name: name.clone(),
            region: context.clients.region.clone(),
            registry,
            account_id,
            owner: self.owner.clone(),
            hash_key: self.hash_key.clone(),
            selection: self.selection.clone(),
            watches: self.watches(),
            identity,
            unanswered: 0,
            senders,
            log_groups,
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
            refresh_queue: Arc::clone(&self.refresh_queue),
            credentials_refused: Arc::clone(&context.credentials_refused),
            prune_input: Arc::clone(&context.prune_input),
            stop: self.stop.clone(),
        };
        tasks.spawn(supervisor.run());
        context.calls
    }

    /// Collects what a task that reads in bulk needs.
    fn bulk_context(&self, context: &TargetContext, senders: EngineSenders) -> BulkContext {
        BulkContext {
            target: context.name.clone(),
            clients: context.clients.clone(),
            calls: Arc::clone(&context.calls),
            senders,
            board: Arc::clone(&self.board),
            clock: Arc::clone(&self.clock),
            resync: self.settings.resync,
            stop: self.stop.clone(),
        }
    }

    /// Starts the driver of one engine, with the settings that suit its kind.
    fn engine<K: AwsResource>(
        &self,
        context: &TargetContext,
        links: EngineLinks<K>,
        tasks: &mut JoinSet<()>,
    ) {
        let mut settings = self.settings();
        // Where reads are dear, whoever does not delete need not know whose the others are.
        let cheap = K::READ_COSTS.iter().all(|(_, calls)| *calls <= 1.0);
        settings.strangers = cheap || self.terms.prune;
        settings.prune &= TAGGED.contains(&K::NAME);
        // A list of what is wanted leaves nothing out, and only a list shows parts that are wanted no more.
        let lists = K::LISTING == Listing::Wanted || K::PART_OF.is_some();
        if lists && settings.read_mode == ReadMode::Narrow {
            settings.read_mode = ReadMode::Once;
        }
        let engine = Engine::new(context.name.clone(), settings);
        let cloud = K::open(&context.clients, Arc::clone(&context.calls));
        let pacer = || AuditPacer { plan: Arc::clone(&context.audits), costs: K::READ_COSTS };
        let pacer = self.watches().then(pacer);
        let ports = self.ports(context, links, pacer);
        tasks.spawn(Driver::new(engine, cloud, ports).run());
    }

    /// Whether it runs until it is stopped; otherwise it is a single run.
    fn watches(&self) -> bool {
        self.settings.read_mode == ReadMode::Watch
    }

    /// The settings of an engine before its kind changes any.
    fn settings(&self) -> Settings {
        let Working { mode, resync, in_flight_max, read_mode, audit_share: _ } = self.settings;
        let audit = if self.watches() { PERIOD_MIN } else { SINGLE_RUN };
        Settings {
            owner: self.owner.clone(),
            mode,
            resync,
            in_flight_max,
            audit: AuditPeriods { managed: audit, watched: audit },
            read_mode,
            strangers: true,
            prune: self.terms.prune,
            confirm: self.confirm.clone(),
        }
    }

    /// Collects what the driver of one engine needs besides its engine and its cloud.
    fn ports<K: Kind>(
        &self,
        context: &TargetContext,
        links: EngineLinks<K>,
        pacer: Option<AuditPacer>,
    ) -> Ports<K> {
        let EngineLinks { channel, inbox, fact_bus } = links;
        Ports {
            target: context.name.clone(),
            events: channel.receiver,
            answers: channel.sender,
            inbox,
            fact_bus,
            board: Arc::clone(&self.board),
            metrics: Arc::clone(&self.metrics),
            event_log: Arc::clone(&self.event_log),
            permits: context.permits.clone(),
            pacer,
            pause: self.pause.clone(),
            prune_input: Arc::clone(&context.prune_input),
            credentials_refused: Arc::clone(&context.credentials_refused),
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

macro_rules! engines {
    ($($field:ident: $kind:ty;)*) => {
        impl Wiring {
            /// Starts every engine of a target, and returns where each takes its events. All boxes
            /// for facts are opened first, so that each engine reaches all the others.
            fn engines(
                &self,
                context: &TargetContext,
                tasks: &mut JoinSet<()>,
            ) -> EngineSenders {
                let mut fact_bus = FactBus::default();
                $(let $field = (EngineChannel::<$kind>::new(), fact_bus.open::<$kind>());)*
                let senders = EngineSenders { $($field: $field.0.sender.clone(),)* };
                $(
                    let (channel, inbox) = $field;
                    let links = EngineLinks { channel, inbox, fact_bus: fact_bus.clone() };
                    self.engine(context, links, tasks);
                )*
                senders
            }
        }
    };
}
each_kind!(engines);
