//! The loop of one driver, and its writes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{task::JoinSet, time};
use tracing::{Instrument as _, info, info_span, warn};

use super::ports::{Ports, report_credentials, send};
use crate::{
    aws::{cloud::Cloud, read_priority::ReadPriority},
    daemon::{
        board::{BatchCounts, EngineStatus},
        event_recorder::{Ended, EventRecorder},
        fact_bus::FactUpdates,
        objects::FacetPath,
        permits::Permit,
        stop::stopped,
    },
    engine::{
        diff::Change,
        engine::Engine,
        failure::{Class, chain},
        kind::Kind,
        name::{Key, Name},
        time::Mono,
        work::{Event, ObjectEvent, Order, Work},
    },
    kinds::document_of,
};

/// The loop goes round at least this often, so that a standstill shows.
const BEAT: Duration = Duration::from_secs(10);
/// How long calls under way may take to end after the signal to stop.
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// One engine with its client of AWS.
pub(crate) struct Driver<K: Kind, C: Cloud<K>> {
    engine: Engine<K>,
    pub(super) cloud: Arc<C>,
    pub(super) ports: Ports<K>,
    pub(super) reads: JoinSet<()>,
    writes: JoinSet<()>,
    /// What is under way since when.
    pub(super) under_way: BTreeMap<Name, Mono>,
    /// How urgent each read under way is.
    pub(super) read_priorities: BTreeMap<Name, ReadPriority>,
    batches: BatchCounts,
}

impl<K: Kind, C: Cloud<K>> Driver<K, C> {
    /// Makes a driver that has not started; [`Driver::run`] starts it.
    pub(crate) fn new(engine: Engine<K>, cloud: C, ports: Ports<K>) -> Self {
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
            warn!(target = %self.ports.target, kind = K::NAME, "gave up waiting for calls under way");
        }
    }

    /// Gives the engine an event and starts the work that it asks for; then tells the other engines
    /// its facts, puts its rows on the board, and records what happened to its objects.
    fn handle(&mut self, event: Event<K>) {
        let answered = match &event {
            Event::Read(read_started) => Some(read_started.name.clone()),
            Event::Applied { name, .. } | Event::Blocked(name) => Some(name.clone()),
            Event::Desired(_)
            | Event::Page(_)
            | Event::ListEnded(_)
            | Event::Facts(_)
            | Event::Refresh(_)
            | Event::AuditPeriods(_)
            | Event::BulkRows(_)
            | Event::Resync
            | Event::Paused(_)
            | Event::WriteStop(_)
            | Event::Reread(_)
            | Event::PruneDecided(_)
            | Event::Woke => None,
        };
        self.batches.received += u64::from(matches!(event, Event::PruneDecided(_)));
        if let Some(name) = answered {
            self.under_way.remove(&name);
            self.read_priorities.remove(&name);
        }
        let (mut facts, mut object_events) = (FactUpdates::new(), Vec::new());
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for work in self.engine.handle(event, self.ports.clock.now()) {
                match work {
                    Work::Publish(key, fact) => facts.push((key, fact)),
                    Work::Report(name, describe) => object_events.push((name, describe)),
                    work => events.extend(self.start(work)),
                }
            }
        }
        self.pace();
        // Before the board shows this engine: with the batch uncounted, all engines could look
        // quiet while it is on its way.
        self.batches.sent += self.ports.fact_bus.send(K::NAME, &facts);
        self.show();
        self.record(&object_events);
    }

    /// Tells the engine how often its audit may read, if that is news.
    fn pace(&mut self) {
        let Some(pacer) = &self.ports.pacer else { return };
        let news = pacer.news(K::NAME, self.engine.audit_load(), self.engine.audit_periods());
        let Some(periods) = news else { return };
        for work in self.engine.handle(Event::AuditPeriods(periods), self.ports.clock.now()) {
            // It only plans reads; what is due already is handed out all the same.
            self.start(work);
        }
    }

    /// Starts a piece of work. Returns an event instead of starting it if it is a step whose permit
    /// is not free.
    fn start(&mut self, work: Work<K>) -> Option<Event<K>> {
        match work {
            Work::List(wanted) => self.list(wanted),
            Work::Read(name, wanted, priority, late) => {
                self.ports.metrics.waited(K::NAME, late);
                self.read(name, wanted, priority);
            }
            Work::RaisePriority(name, priority) => self.raise_priority(&name, priority),
            // A step that changes nothing needs no permit.
            Work::Apply(order) if !K::writes(&order.planned.step) => self.apply(order, None),
            Work::Apply(order) => match self.permit(&order.name, order.read_started) {
                Some(permit) => self.apply(order, Some(permit)),
                None => return Some(Event::Blocked(order.name)),
            },
            // `handle` keeps these back until all other work has started.
            Work::Publish(..) | Work::Report(..) => {}
        }
        None
    }

    fn record(&self, object_events: &[(Name, ObjectEvent)]) {
        let Ports { metrics, event_log, board, clock, .. } = &self.ports;
        let recorder = EventRecorder { metrics, event_log, board, at: clock.now().wall };
        for (name, event) in object_events {
            recorder.record(&self.key(name), event);
        }
    }

    /// Leave to write, if nobody else writes to the same thing and nothing holds all writes.
    fn permit(&self, name: &Name, read_started: Mono) -> Option<Permit> {
        let free = self.ports.pause.why().is_none();
        free.then(|| self.ports.permits.take(K::PERMIT, &K::host(name), read_started)).flatten()
    }

    pub(super) fn key(&self, name: &Name) -> Key {
        Key { target: self.ports.target.clone(), kind: K::NAME, name: name.clone() }
    }

    /// Puts the engine's changed rows and its status on the board, wakes those who wait for changed
    /// rows, and rings the supervisor if what a prune decision rests on has changed.
    fn show(&mut self) {
        let now = self.ports.clock.now();
        let changed = self.engine.take_changed();
        let turned = !changed.is_empty();
        let started = self.under_way.values();
        let status = EngineStatus {
            summary: self.engine.summary(now),
            quiet: self.engine.is_quiet(),
            batches: self.batches,
            beat: now.mono,
            oldest: started.clone().min().copied(),
            unfinished: started.map(|it| now.mono.since(*it)).sum(),
        };
        let target = &self.ports.target;
        let prune_input = status.summary.prune_input.clone();
        let before = self.ports.board.write(|board| {
            for (name, row) in changed {
                let key = Key { target: target.clone(), kind: K::NAME, name };
                match row {
                    Some(row) => board.rows.insert(key, row),
                    None => board.rows.remove(&key),
                };
            }
            board.engines.insert((target.clone(), K::NAME), status)
        });
        if turned {
            self.ports.board.turn();
        }
        if before.is_none_or(|it| it.summary.prune_input != prune_input) {
            self.ports.prune_input.notify_one();
        }
    }

    /// Starts a task that makes the call of a step, records what came of it, and answers with
    /// [`Event::Applied`]. `permit` is `None` for a step that changes nothing.
    fn apply(&mut self, order: Order<K>, permit: Option<Permit>) {
        let Order { name, planned, revision, changes, trigger, .. } = order;
        self.under_way.insert(name.clone(), self.ports.clock.now().mono);
        let (cloud, answers) = (Arc::clone(&self.cloud), self.ports.answers.clone());
        let (metrics, clock) = (Arc::clone(&self.ports.metrics), Arc::clone(&self.ports.clock));
        let credentials_refused = Arc::clone(&self.ports.credentials_refused);
        metrics.work(K::NAME);
        let (event_log, board) = (Arc::clone(&self.ports.event_log), Arc::clone(&self.ports.board));
        let key = self.key(&name);
        let FacetPath { object, facet } = FacetPath::of(&key);
        let span = info_span!("apply", %object, %facet);
        let task = async move {
            let began = clock.now().mono;
            let result = cloud.apply(&planned.step).await;
            let ended = clock.now().mono;
            let took = ended.since(began);
            // Also after a failure: the call may have changed something all the same.
            if let Some(permit) = permit {
                permit.wrote(ended);
            }
            metrics.duration(K::NAME, "apply", took);
            metrics.step(document_of(K::NAME, &name).0, result.is_ok(), trigger);
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
                    metrics.retry(K::NAME);
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
            send(&answers, Event::Applied { name, result }).await;
        };
        self.writes.spawn(task.instrument(span));
    }
}

/// Every field with what it was and what it is to be; what is secret is sealed already.
fn describe(changes: &[Change]) -> String {
    let lines = changes.iter().map(|it| format!("{}: {} → {}", it.path, it.live, it.desired));
    lines.collect::<Vec<_>>().join("; ")
}
