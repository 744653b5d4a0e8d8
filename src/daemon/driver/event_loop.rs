//! The loop of one driver, and its writes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::OwnedSemaphorePermit, task::JoinSet, time};
use tracing::{Instrument as _, info, info_span, warn};

use super::ports::{Ports, report_credentials, send};
use crate::{
    aws::{
        cloud::{AwsResource, ResourceCloud as _},
        read_priority::ReadPriority,
    },
    daemon::{
        audit_plan::AuditLoadOfKind,
        board::{BatchCounts, EngineStatus, KindStatus},
        event_recorder::{Ended, EventRecorder},
        fact_bus::FactUpdates,
        objects::FacetPath,
        stop::stopped,
    },
    engine::{
        diff::Change,
        engine::Engine,
        facet::{FacetId, FacetKey},
        failure::{Class, chain},
        name::Key,
        resource::{facets, info},
        time::Mono,
        work::{Event, ObjectEvent, Order, Work},
    },
};

/// The loop goes round at least this often, so that a standstill shows.
const BEAT: Duration = Duration::from_secs(10);
/// How long calls under way may take to end after the signal to stop.
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// One engine with its client of AWS.
pub(crate) struct Driver<R: AwsResource> {
    engine: Engine<R>,
    pub(super) cloud: Arc<R::Cloud>,
    pub(super) ports: Ports<R>,
    pub(super) reads: JoinSet<()>,
    writes: JoinSet<()>,
    /// What is under way since when.
    pub(super) under_way: BTreeMap<FacetKey, Mono>,
    /// How urgent each read under way is.
    pub(super) read_priorities: BTreeMap<FacetKey, ReadPriority>,
    batches: BatchCounts,
}

impl<R: AwsResource> Driver<R> {
    /// Makes a driver that has not started; [`Driver::run`] starts it.
    pub(crate) fn new(engine: Engine<R>, cloud: R::Cloud, ports: Ports<R>) -> Self {
        Self {
            engine,
            cloud: Arc::new(cloud),
            ports,
            reads: JoinSet::new(),
            writes: JoinSet::new(),
            under_way: BTreeMap::new(),
            read_priorities: BTreeMap::new(),
            batches: BatchCounts::default(),
        }
    }

    /// Runs the engine's loop until the daemon stops: takes in events and facts, and wakes the
    /// engine when it asks for it, at least every [`BEAT`]. Then reads are aborted, and writes
    /// under way get [`DRAIN_MAX`] to end.
    pub(crate) async fn run(mut self) {
        let mut stop = self.ports.stop.clone();
        loop {
            let now = self.ports.clock.now().mono;
            let wait = self.engine.next_wake().map_or(BEAT, |at| at.since(now).min(BEAT));
            let wait = self.ports.clock.real(wait);
            tokio::select! {
                event = self.ports.events.recv() => match event {
                    Some(event) => self.handle(event),
                    None => break,
                },
                () = self.ports.inbox.rung() => {
                    let (facts, batches) = self.ports.inbox.take();
                    self.batches.received += batches;
                    self.handle(Event::Facts(facts));
                }
                () = time::sleep(wait) => self.handle(Event::Woke),
                Some(_) = self.reads.join_next() => {}
                Some(_) = self.writes.join_next() => {}
                () = stopped(&mut stop) => break,
            }
        }
        self.reads.abort_all();
        // Answers are not taken in any more, but must not block those who send them.
        self.ports.events.close();
        let drained = async { while self.writes.join_next().await.is_some() {} };
        if time::timeout(DRAIN_MAX, drained).await.is_err() {
            warn!(target = %self.ports.target, kind = R::NAME, "gave up waiting for calls under way");
        }
    }

    /// Gives the engine an event and starts the work that it asks for; then tells the other engines
    /// its facts, puts its rows on the board, and records what happened to its objects.
    fn handle(&mut self, event: Event<R>) {
        let answered = match &event {
            Event::Read(read) => Some(&read.key),
            Event::Applied { key, .. } | Event::Blocked(key) => Some(key),
            Event::Desired(_)
            | Event::Page(..)
            | Event::ListEnded(..)
            | Event::Facts(_)
            | Event::Refresh(_)
            | Event::AuditPeriods(..)
            | Event::BulkRows(_)
            | Event::Resync
            | Event::Paused(_)
            | Event::WriteStop(_)
            | Event::Reread(_)
            | Event::PruneDecided(_)
            | Event::Woke => None,
        };
        if let Some(key) = answered {
            self.under_way.remove(key);
            self.read_priorities.remove(key);
        }
        let all = matches!(event, Event::Woke);
        self.batches.received += u64::from(matches!(event, Event::PruneDecided(_)));
        let (mut facts, mut object_events) = (FactUpdates::new(), Vec::new());
        self.process(vec![event], &mut facts, &mut object_events);
        self.process(self.audit_news(), &mut facts, &mut object_events);
        // Before the board shows this engine: with the batch uncounted, all engines could look
        // quiet while it is on its way.
        self.batches.sent += self.ports.fact_bus.send(R::NAME, &facts);
        self.show(all);
        self.record(&object_events);
    }

    /// Gives the engine events one by one, and starts the work that it asks for. A write that cannot start now is an
    /// event too. Facts and reports are collected.
    fn process(
        &mut self,
        mut events: Vec<Event<R>>,
        facts: &mut FactUpdates,
        object_events: &mut Vec<(FacetKey, ObjectEvent)>,
    ) {
        while let Some(event) = events.pop() {
            for work in self.engine.handle(event, self.ports.clock.now()) {
                match work {
                    Work::Publish(key, fact) => facts.push((key, fact)),
                    Work::Report(key, describe) => object_events.push((key, describe)),
                    work => events.extend(self.start(work)),
                }
            }
        }
    }

    /// How often the audit of each facet may read, where that is news.
    fn audit_news(&self) -> Vec<Event<R>> {
        let Some(plan) = &self.ports.audits else { return Vec::new() };
        let news = |facet| {
            let load = AuditLoadOfKind {
                kind: info::<R>(facet).kind,
                costs: R::read_costs(facet),
                load: self.engine.audit_load(facet),
            };
            let periods = plan.news(load, self.engine.audit_periods(facet))?;
            Some(Event::AuditPeriods(facet, periods))
        };
        facets::<R>().filter_map(news).collect()
    }

    /// Starts a piece of work. Returns an event instead of starting it if it is a write while all writing is on hold,
    /// or while as many are under way in the target as may be.
    fn start(&mut self, work: Work<R>) -> Option<Event<R>> {
        match work {
            Work::List(facet, wanted) => self.list(facet, wanted),
            Work::Read(key, wanted, priority, late) => {
                self.ports.metrics.waited(info::<R>(key.facet).kind, late);
                self.read(key, wanted, priority);
            }
            Work::RaisePriority(key, priority) => self.raise_priority(&key, priority),
            Work::Apply(order) if !R::writes(&order.planned.step) => self.apply(order, None),
            Work::Apply(order) => {
                let slot = Arc::clone(&self.ports.write_slots).try_acquire_owned().ok();
                // What saves callers waits for no other write.
                let goes = slot.is_some() || R::rescues(&order.planned.step);
                if !goes || self.ports.pause.why().is_some() {
                    return Some(Event::Blocked(order.key));
                }
                self.apply(order, slot);
            }
            // `process` keeps these back until all other work has started.
            Work::Publish(..) | Work::Report(..) => {}
        }
        None
    }

    fn record(&self, object_events: &[(FacetKey, ObjectEvent)]) {
        let Ports { metrics, event_log, board, clock, .. } = &self.ports;
        let recorder = EventRecorder { metrics, event_log, board, at: clock.now().wall };
        for (key, event) in object_events {
            recorder.record(&self.key(key), event);
        }
    }

    pub(super) fn key(&self, key: &FacetKey) -> Key {
        let (kind, name) = (info::<R>(key.facet).kind, key.name().clone());
        Key { target: self.ports.target.clone(), kind, name }
    }

    /// Puts the engine's changed rows and its status on the board, wakes those who wait for changed
    /// rows, and rings the supervisor if what a prune decision rests on has changed. `all`: whether facets are shown
    /// too of which nothing has changed but time.
    fn show(&mut self, all: bool) {
        let now = self.ports.clock.now();
        let changed = self.engine.take_changed();
        let turned = !changed.is_empty();
        let touched = self.engine.take_touched();
        let statuses: Vec<(&'static str, KindStatus)> = facets::<R>()
            .filter(|it| all || touched.contains(it))
            .map(|it| (info::<R>(it).kind, self.kind_status(it)))
            .collect();
        let engine =
            EngineStatus { quiet: self.engine.is_quiet(), batches: self.batches, beat: now.mono };
        let target = &self.ports.target;
        let rows: Vec<_> = changed.into_iter().map(|(key, row)| (self.key(&key), row)).collect();
        let mut news = false;
        self.ports.board.write(|board| {
            for (key, row) in rows {
                match row {
                    Some(row) => board.rows.insert(key, row),
                    None => board.rows.remove(&key),
                };
            }
            for (kind, status) in statuses {
                let input = status.summary.prune_input.clone();
                let before = board.facets.insert((target.clone(), kind), status);
                news |= before.is_none_or(|it| it.summary.prune_input != input);
            }
            board.engines.insert((target.clone(), R::NAME), engine);
        });
        if turned {
            self.ports.board.turn();
        }
        if news {
            self.ports.prune_input.notify_one();
        }
    }

    fn kind_status(&self, facet: FacetId) -> KindStatus {
        let now = self.ports.clock.now();
        let started = self.under_way.iter().filter(|(key, _)| key.facet == facet);
        let started = started.map(|(_, since)| *since);
        KindStatus {
            summary: self.engine.summary(facet, now),
            oldest: started.clone().min(),
            under_way: started.clone().count(),
            unfinished: started.map(|it| now.mono.since(it)).sum(),
        }
    }

    /// Starts a task that makes the call of a step, records what came of it, and answers with
    /// [`Event::Applied`]. `slot`: kept until the call has ended.
    fn apply(&mut self, order: Order<R>, slot: Option<OwnedSemaphorePermit>) {
        let Order { key: of, planned, revision, changes, trigger, .. } = order;
        let kind = info::<R>(of.facet).kind;
        self.under_way.insert(of.clone(), self.ports.clock.now().mono);
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        metrics.work(kind);
        let (event_log, board) = (Arc::clone(&self.ports.event_log), Arc::clone(&self.ports.board));
        let key = self.key(&of);
        let FacetPath { object, facet } = FacetPath::of(&key);
        let span = info_span!("apply", %object, %facet);
        let task = async move {
            let began = clock.now().mono;
            let result = cloud.apply(&planned.step).await;
            drop(slot);
            let ended = clock.now().mono;
            let took = ended.since(began);
            metrics.duration(kind, "apply", took);
            metrics.step(R::NAME, result.is_ok(), trigger);
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            match &result {
                Ok(()) => {
                    let changes = describe(&changes);
                    let revision = revision.unwrap_or_default();
                    let (step, trigger) = (&planned.step, trigger.as_str());
                    info!(%step, changes, revision, trigger, took_ms, "applied");
                }
                // Waiting is not failing.
                Err(failure) if failure.class == Class::Busy => {
                    info!(step = %planned.step, "AWS is busy with it; later");
                }
                Err(failure) => {
                    metrics.retry(kind);
                    report_credentials(failure, &credentials_refused);
                    let error = chain(failure);
                    warn!(step = %planned.step, class = %failure.class, error, "step failed");
                }
            }
            let error = result.as_ref().err();
            if error.is_none_or(|it| it.class != Class::Busy) {
                let at = clock.now().wall;
                let recorder =
                    EventRecorder { metrics: &metrics, event_log: &event_log, board: &board, at };
                let (step, error) = (planned.step.to_string(), error.map(|it| chain(it)));
                recorder.ended(&key, Ended { step, trigger, changes, error, took_ms });
            }
            send(&answers, Event::Applied { key: of, result }).await;
        };
        self.writes.spawn(task.instrument(span));
    }
}

/// Every field with what it was and what it is to be; what is secret is sealed already.
fn describe(changes: &[Change]) -> String {
    let lines = changes.iter().map(|it| format!("{}: {} → {}", it.path, it.live, it.desired));
    lines.collect::<Vec<_>>().join("; ")
}
