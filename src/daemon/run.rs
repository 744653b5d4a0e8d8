//! Starting everything, and stopping it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, watch},
    task::JoinSet,
    time,
};
use tracing::{error, info, warn};

use super::{
    board::Board,
    clock::SystemClock,
    driver::{Driver, EVENTS_MAX, Ports},
    exposition::Exposition,
    http::{self, Shared},
    metrics::Metrics,
    permits::Permits,
    source::{Reading, Snapshot, Source, watch::Watcher},
    stop::stopped,
    target::Supervisor,
};
use crate::{
    aws::{
        calls::{CallLog, Calls},
        clients::Clients,
        identity::Identity,
    },
    engine::{
        engine::Engine,
        name::{Name, Owner},
        policy::{Mode, Settings},
        time::Clock,
    },
    kinds::{
        function::{aws::FunctionCloud, hash::HashKey},
        image::aws::ImageCloud,
    },
    manifest,
};

/// The first pause after a torn read; the next ones double, up to [`TORN_MAX`].
const TORN_MIN: Duration = Duration::from_millis(100);
/// A directory that is torn each time is watched, not hammered.
const TORN_MAX: Duration = Duration::from_secs(5);
/// How long everything may take to end, calls under way included.
const GRACE: Duration = Duration::from_secs(29);
/// The part of GetFunction's rate that the slow rotation may always have (see `aws::budget`).
const AUDIT_SHARE: f64 = 0.15;

/// What to run.
pub struct Options {
    /// The manifests.
    pub root: PathBuf,
    /// Who we are.
    pub owner: Owner,
    /// Whether to repair or to report.
    pub mode: Mode,
    /// The pause between two lists.
    pub resync: Duration,
    /// How many steps may be under way at once in one target.
    pub in_flight_max: usize,
    /// What part of AWS's quotas to use, from 0 to 1.
    pub share: f64,
    /// Whether a list's row is good enough after the start.
    pub trust_lists: bool,
    /// The key for environment values in hashes.
    pub hash_key: Option<HashKey>,
    /// Where.
    pub targets: Vec<Target>,
}

/// One account in one Region.
pub struct Target {
    /// Its name.
    pub name: Name,
    /// The account that it must be.
    pub account_id: Option<String>,
    /// How to reach it.
    pub clients: Clients,
}

/// A running daemon.
pub struct Daemon {
    /// What everybody sees.
    pub board: Arc<Board>,
    shared: Shared,
    stop: watch::Sender<bool>,
    rescan: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Daemon {
    /// Starts everything but HTTP.
    pub fn start(options: Options) -> Result<Self, prometheus::Error> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let board = Arc::new(Board::default());
        let metrics = Arc::new(Metrics::new()?);
        let exposition = Exposition::new(Arc::clone(&board), Arc::clone(&clock));
        metrics.registry.register(Box::new(exposition))?;
        let process = prometheus::process_collector::ProcessCollector::for_self();
        metrics.registry.register(Box::new(process))?;
        let (stop, stopped) = watch::channel(false);
        let (snapshots, snapshot) = watch::channel(None);
        let rescan = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let declared = options.targets.iter().map(|it| it.name.clone()).collect();
        let registry = metrics.registry.clone();
        let wiring = Wiring {
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
            metrics: Arc::clone(&metrics),
            stop: stopped.clone(),
        };
        board.write(|it| it.source.path = options.root.display().to_string());
        let engines = options.targets.len() * 2;
        let common = Common {
            owner: options.owner,
            mode: options.mode,
            resync: options.resync,
            in_flight_max: options.in_flight_max,
            share: options.share,
            trust_lists: options.trust_lists,
            hash_key: options.hash_key,
        };
        for target in options.targets {
            start_target(target, &common, &wiring, snapshot.clone(), &mut tasks);
        }
        let reader = Reader {
            source: Source::new(options.root),
            declared,
            wiring,
            snapshots,
            rescan: Arc::clone(&rescan),
        };
        tasks.spawn(reader.run());
        let shared = Shared { board: Arc::clone(&board), registry, clock, engines };
        Ok(Self { board, shared, stop, rescan, tasks })
    }

    /// Serves HTTP on a listener that is already bound.
    pub fn serve(&mut self, listener: TcpListener) {
        let (shared, stop) = (self.shared.clone(), self.stop.subscribe());
        self.tasks.spawn(async move {
            if let Err(error) = http::serve(listener, shared, stop).await {
                error!(%error, "HTTP has ended");
            }
        });
    }

    /// How many engines run.
    pub fn engines(&self) -> usize {
        self.shared.engines
    }

    /// Reads the manifests again now.
    pub fn rescan(&self) {
        self.rescan.notify_one();
    }

    /// Ends everything: no new work, the calls under way finish. `false` if something had to be left.
    pub async fn stop(mut self) -> bool {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        time::timeout(GRACE, all).await.is_ok()
    }
}

/// What every part is connected to.
#[derive(Clone)]
struct Wiring {
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
}

/// What holds for every target.
struct Common {
    owner: Owner,
    mode: Mode,
    resync: Duration,
    in_flight_max: usize,
    share: f64,
    trust_lists: bool,
    hash_key: Option<HashKey>,
}

fn start_target(
    target: Target,
    common: &Common,
    wiring: &Wiring,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    tasks: &mut JoinSet<()>,
) {
    let Target { name, account_id, clients } = target;
    let log: Arc<dyn CallLog> = Arc::clone(&wiring.metrics) as Arc<dyn CallLog>;
    let calls = Arc::new(Calls::new(name.clone(), common.share, &wiring.clock, log));
    let rate = crate::aws::op::Bucket::GetFunction.quota() * common.share * AUDIT_SHARE;
    let settings = Settings {
        owner: common.owner.clone(),
        mode: common.mode,
        resync: common.resync,
        in_flight_max: common.in_flight_max,
        audit_rate: rate,
        trust_lists: common.trust_lists,
    };
    let doubt = Arc::new(Notify::new());
    let permits = Permits::default();
    let (functions, function_events) = mpsc::channel(EVENTS_MAX);
    let (images, image_events) = mpsc::channel(EVENTS_MAX);
    let (facts, function_facts) = mpsc::channel(EVENTS_MAX);
    let (_, image_facts) = mpsc::channel(1);
    let ports = Ports {
        target: name.clone(),
        events: function_events,
        answers: functions.clone(),
        facts_in: function_facts,
        facts_out: Vec::new(),
        board: Arc::clone(&wiring.board),
        metrics: Arc::clone(&wiring.metrics),
        permits: permits.clone(),
        doubt: Arc::clone(&doubt),
        stop: wiring.stop.clone(),
        clock: Arc::clone(&wiring.clock),
    };
    let cloud = FunctionCloud::new(clients.lambda, Arc::clone(&calls));
    let engine = Engine::new(name.clone(), settings.clone());
    tasks.spawn(Driver::new(engine, cloud, ports).run());
    let ports = Ports {
        target: name.clone(),
        events: image_events,
        answers: images.clone(),
        facts_in: image_facts,
        facts_out: vec![facts],
        board: Arc::clone(&wiring.board),
        metrics: Arc::clone(&wiring.metrics),
        permits,
        doubt: Arc::clone(&doubt),
        stop: wiring.stop.clone(),
        clock: Arc::clone(&wiring.clock),
    };
    let cloud = ImageCloud::new(clients.ecr, Arc::clone(&calls), clients.region.clone());
    tasks.spawn(Driver::new(Engine::new(name.clone(), settings), cloud, ports).run());
    let supervisor = Supervisor {
        name,
        region: clients.region,
        account_id,
        owner: common.owner.clone(),
        hash_key: common.hash_key.clone(),
        identity: Identity::new(clients.sts, calls),
        functions,
        images,
        board: Arc::clone(&wiring.board),
        snapshots,
        doubt,
        stop: wiring.stop.clone(),
    };
    tasks.spawn(supervisor.run());
}

/// Reads the manifests whenever it is time.
struct Reader {
    source: Source,
    declared: std::collections::BTreeSet<Name>,
    wiring: Wiring,
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    rescan: Arc<Notify>,
}

impl Reader {
    async fn run(mut self) {
        let (mut watcher, refused) = Watcher::new(self.source.root().to_path_buf());
        if let Some(error) = refused {
            warn!(%error, "the file system gives no events for the manifests; reading every 30 s");
        }
        let mut stop = self.wiring.stop.clone();
        let mut torn = TORN_MIN;
        loop {
            let again = match self.read().await {
                Some(true) => {
                    torn = (torn * 2).min(TORN_MAX);
                    torn
                }
                Some(false) => {
                    torn = TORN_MIN;
                    Duration::MAX
                }
                None => return,
            };
            tokio::select! {
                () = watcher.changed() => {}
                () = time::sleep(again) => {}
                () = self.rescan.notified() => info!("reading the manifests on request"),
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Reads once; `Some(true)` if the read was torn, `None` if the reader itself broke.
    async fn read(&mut self) -> Option<bool> {
        let wall = self.wiring.clock.now().wall;
        let mut source = std::mem::replace(&mut self.source, Source::new(PathBuf::new()));
        let read = tokio::task::spawn_blocking(move || {
            let reading = source.read(wall);
            (source, reading)
        });
        let (source, reading) = match read.await {
            Ok(read) => read,
            Err(error) => {
                error!(%error, "reading the manifests broke off");
                return None;
            }
        };
        self.source = source;
        let torn = matches!(reading, Reading::Torn(_));
        self.show(reading);
        Some(torn)
    }

    fn show(&self, reading: Reading) {
        let wall = self.wiring.clock.now().wall;
        let metrics = &self.wiring.metrics;
        let good = |board: &mut super::board::Shown| {
            board.source.error = None;
            board.source.good_at = Some(wall);
        };
        match reading {
            Reading::Fresh(snapshot) => {
                metrics.load("success");
                self.tell(&snapshot);
                let strays = self.strays(&snapshot);
                self.wiring.board.write(|board| {
                    good(board);
                    board.source.strays = strays;
                    board.source.snapshot = Some(Arc::clone(&snapshot));
                });
                self.snapshots.send_replace(Some(snapshot));
            }
            Reading::Unchanged => {
                metrics.load("unchanged");
                self.wiring.board.write(good);
            }
            Reading::Torn(why) => {
                metrics.load("torn");
                tracing::debug!(why, "the manifests changed while they were read; again");
            }
            Reading::Failed(why) => {
                metrics.load("error");
                let new = self.wiring.board.write(|board| {
                    board.source.error.replace(why.clone()).is_none_or(|before| before != why)
                });
                if new {
                    error!(why, "the manifests cannot be read; the last good ones still count");
                }
            }
        }
    }

    fn tell(&self, snapshot: &Snapshot) {
        info!(
            snapshot = snapshot.id,
            revision = snapshot.revision.as_deref().unwrap_or(""),
            documents = snapshot.documents.len(),
            valid = snapshot.valid,
            invalid = snapshot.invalid,
            "manifests read"
        );
        for note in &snapshot.notes {
            warn!(file = %note.file, line = note.line, "{}", note.message);
        }
    }

    /// Documents for targets that nobody declared: they would be silently without effect.
    fn strays(&self, snapshot: &Snapshot) -> Vec<String> {
        let named = manifest::targets(&snapshot.documents);
        let strays: Vec<String> =
            named.difference(&self.declared).map(|it| it.to_string()).collect();
        for target in &strays {
            warn!(target, "manifests name a target that is not declared; they have no effect");
        }
        strays
    }
}
