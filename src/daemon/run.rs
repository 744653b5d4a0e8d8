//! Starting everything, and stopping it.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
    time,
};
use tracing::error;

use super::{
    board::Board,
    exposition::Exposition,
    http::{self, Shared},
    metrics::Metrics,
    options::Options,
    reader::{Manuscript, Reader},
    source::Source,
    wiring::{ENGINES, Wiring},
};

/// How long everything may take to end, calls under way included.
const GRACE: Duration = Duration::from_secs(29);
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
        let clock = options.clock;
        let board = Arc::new(Board::default());
        let metrics = Arc::new(Metrics::new()?);
        let exposition = Arc::new(Exposition::new(Arc::clone(&board), Arc::clone(&clock)));
        let process = prometheus::process_collector::ProcessCollector::for_self();
        metrics.registry.register(Box::new(process))?;
        let (stop, stopped) = watch::channel(false);
        let (snapshots, snapshot) = watch::channel(Manuscript::default());
        let rescan = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let declared = options.targets.iter().map(|it| it.name.clone()).collect();
        let registry = metrics.registry.clone();
        let wiring = Wiring {
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
            metrics,
            snapshots: snapshot,
            stop: stopped,
            owner: options.owner,
            hash_key: options.hash_key,
            share: options.share,
            settings: options.settings,
            selection: options.selection,
            terms: options.terms,
            confirm: options.confirm,
            pause: options.pause,
        };
        board.write(|it| it.source.path = options.root.display().to_string());
        let engines = options.targets.len() * ENGINES;
        for target in options.targets {
            wiring.start(target, &mut tasks);
        }
        let reader = Reader {
            source: Source::new(options.root),
            declared,
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
            metrics: wiring.metrics,
            stop: wiring.stop,
            snapshots,
            rescan: Arc::clone(&rescan),
        };
        tasks.spawn(reader.run());
        let shared = Shared { board: Arc::clone(&board), registry, exposition, clock, engines };
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
