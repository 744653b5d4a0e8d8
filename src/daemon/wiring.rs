//! Connecting the parts of one target: its engines with their hands, and what keeps them informed.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, Semaphore, mpsc, watch},
    task::JoinSet,
};

use super::{
    audit_plan::{AuditPlan, PERIOD_MIN},
    board::Board,
    bulk_reader::{BulkContext, BulkReader, BulkSource},
    driver::{Driver, EVENTS_MAX, Ports},
    event_log::EventLog,
    fact_bus::{FactBus, FactInbox},
    metrics::Metrics,
    options::{Target, Working},
    pause::PauseFile,
    prune::PruneSupervisor,
    refresh::RefreshQueue,
    senders::EngineSenders,
    target::{Snapshots, TargetSupervisor},
};
use crate::{
    aws::{
        calls::{CallLog, Calls, QuotaShares},
        clients::Clients,
        cloud::AwsResource,
        identity::Identity,
        op::Bucket,
    },
    engine::{
        audit::AuditPeriods,
        engine::Engine,
        facet::FacetId,
        kind::Listing,
        name::{Name, Owner},
        policy::{FacetSettings, ReadMode, Settings},
        prune::Terms,
        resource::{Resource, facets, info},
        schedule::{LaneLimits, Lanes},
        time::Clock,
        work::Event,
    },
    kinds::{TAGGED, facets::each_resource, function::hash::HashKey},
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
    credentials_refused: Arc<Notify>,
    prune_input: Arc<Notify>,
    write_slots: Arc<Semaphore>,
    clients: Clients,
    calls: Arc<Calls>,
    audits: Arc<AuditPlan>,
}

/// How one engine is reached, and how it reaches the others.
struct EngineLinks<R: Resource> {
    channel: EngineChannel<R>,
    inbox: FactInbox,
    fact_bus: FactBus,
}

/// The two ends of an engine's events.
struct EngineChannel<R: Resource> {
    sender: mpsc::Sender<Event<R>>,
    receiver: mpsc::Receiver<Event<R>>,
}

impl<R: Resource> EngineChannel<R> {
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
            credentials_refused: Arc::default(),
            prune_input: Arc::default(),
            write_slots: Arc::new(Semaphore::new(self.settings.in_flight_max)),
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

    /// Starts the driver of one engine, with the settings that suit each of its facets.
    fn engine<R: AwsResource>(
        &self,
        context: &TargetContext,
        links: EngineLinks<R>,
        tasks: &mut JoinSet<()>,
    ) {
        let settings = self.settings();
        let own = |facet| self.facet_settings::<R>(facet);
        let lanes = lanes::<R>(&context.calls);
        let engine = Engine::new(context.name.clone(), settings, lanes, own);
        let cloud = R::open(&context.clients, &context.calls);
        let ports = self.ports(context, links);
        tasks.spawn(Driver::new(engine, cloud, ports).run());
    }

    /// The settings that suit a facet.
    fn facet_settings<R: AwsResource>(&self, facet: FacetId) -> FacetSettings {
        let info = info::<R>(facet);
        // Where reads are dear, whoever does not delete need not know whose the others are.
        let cheap = R::read_costs(facet).iter().all(|(_, calls)| *calls <= 1.0);
        // A list of what is wanted leaves nothing out, and only a list shows parts that are wanted no more.
        let lists = info.listing == Listing::Wanted || info.part_of.is_some();
        let read_mode = match self.settings.read_mode {
            ReadMode::Narrow if lists => ReadMode::Once,
            mode => mode,
        };
        FacetSettings {
            read_mode,
            strangers: cheap || self.terms.prune,
            prune: self.terms.prune && TAGGED.contains(&info.kind),
        }
    }

    /// Whether it runs until it is stopped; otherwise it is a single run.
    fn watches(&self) -> bool {
        self.settings.read_mode == ReadMode::Watch
    }

    /// The settings of an engine before its kind changes any.
    fn settings(&self) -> Settings {
        let Working { mode, resync, in_flight_max, read_mode: _, audit_share: _ } = self.settings;
        let audit = if self.watches() { PERIOD_MIN } else { SINGLE_RUN };
        Settings {
            owner: self.owner.clone(),
            mode,
            resync,
            in_flight_max,
            audit: AuditPeriods { managed: audit, watched: audit },
            confirm: self.confirm.clone(),
        }
    }

    /// Collects what the driver of one engine needs besides its engine and its cloud.
    fn ports<R: Resource>(&self, context: &TargetContext, links: EngineLinks<R>) -> Ports<R> {
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
            audits: self.watches().then(|| Arc::clone(&context.audits)),
            write_slots: Arc::clone(&context.write_slots),
            pause: self.pause.clone(),
            prune_input: Arc::clone(&context.prune_input),
            credentials_refused: Arc::clone(&context.credentials_refused),
            stop: self.stop.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

macro_rules! engines {
    ($($field:ident: $resource:ty;)*) => {
        impl Wiring {
            /// Starts every engine of a target, and returns where each takes its events. All boxes
            /// for facts are opened first, so that each engine reaches all the others.
            fn engines(
                &self,
                context: &TargetContext,
                tasks: &mut JoinSet<()>,
            ) -> EngineSenders {
                let mut fact_bus = FactBus::default();
                $(let $field = (EngineChannel::<$resource>::new(), fact_bus.open::<$resource>());)*
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
each_resource!(engines);

/// The lanes of a resource's reads: each facet's is the scarcest quota that a read of it spends.
fn lanes<R: AwsResource>(calls: &Calls) -> Lanes {
    let rate = |bucket: Bucket| calls.allowance(bucket).rate;
    let scarcest = |facet| {
        let costs = R::read_costs(facet).iter();
        let rated = costs.map(|(bucket, cost)| (*bucket, rate(*bucket) / cost.max(0.01)));
        rated.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(bucket, _)| bucket)
    };
    let mut buckets: Vec<Option<Bucket>> = Vec::new();
    let of = facets::<R>().map(|facet| {
        let bucket = scarcest(facet);
        let known = buckets.iter().position(|it| *it == bucket);
        known.unwrap_or_else(|| {
            buckets.push(bucket);
            buckets.len() - 1
        })
    });
    let of = of.collect();
    let limits =
        buckets.iter().map(|it| it.map_or(LaneLimits::WIDE, |it| LaneLimits::of(rate(it))));
    Lanes { of, limits: limits.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{daemon::clock::SystemClock, kinds::facets::FunctionResource};

    /// Reads that wait for one quota never keep those of another from beginning.
    #[test]
    fn each_quota_has_a_lane_of_its_own() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let log = Arc::new(Metrics::new().unwrap());
        let calls = Calls::new(Name::new("default"), QuotaShares::of(0.5), &clock, log);
        let Lanes { of, limits } = lanes::<FunctionResource>(&calls);
        assert_eq!((of.len(), limits.len()), (FunctionResource::FACETS.len(), 5));
        let lane = |kind: &str| {
            let facet = FunctionResource::FACETS.iter().position(|it| it.kind == kind).unwrap();
            of[facet]
        };
        for (bucket, kinds) in [
            (Bucket::GetFunction, ["Function", "Concurrency"].as_slice()),
            (Bucket::Lambda, &["Release", "Url", "AsyncInvoke", "EventSource"]),
            (Bucket::GetPolicy, &["Permissions"]),
        ] {
            for kind in kinds {
                assert_eq!(lane(kind), lane(kinds[0]), "{kind}");
                let rate = calls.allowance(bucket).rate;
                assert_eq!(limits[lane(kind)], LaneLimits::of(rate), "{kind}");
            }
        }
        let firsts = ["Function", "Url", "Permissions"].map(lane);
        assert!(firsts[0] != firsts[1] && firsts[1] != firsts[2] && firsts[0] != firsts[2]);
    }
}
