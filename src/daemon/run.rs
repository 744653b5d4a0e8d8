//! Starting everything, and stopping it.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
    time,
};

use super::{
    board::Board,
    event_log::EventLog,
    http::{self, HttpOptions, ServerContext},
    metrics::Metrics,
    options::Options,
    reader::{SourceReader, SourceState},
    refresh::RefreshQueue,
    senders::ENGINES,
    source::ManifestSource,
    systemd,
    view::{About, TargetInfo, Viewer},
    wiring::Wiring,
};

/// How long everything may take to end, calls under way included.
const GRACE: Duration = Duration::from_secs(29);
/// A running daemon.
pub(crate) struct Daemon {
    /// What everybody sees.
    pub board: Arc<Board>,
    /// What pages and the API show.
    pub viewer: Arc<Viewer>,
    context: ServerContext,
    stop: watch::Sender<bool>,
    rescan: Arc<Notify>,
    refresh_queue: Arc<RefreshQueue>,
    tasks: JoinSet<()>,
}

impl Daemon {
    /// Starts every target with its engines, and the reader of the manifests, but no HTTP.
    pub(crate) fn start(options: Options) -> Result<Self, prometheus::Error> {
        let clock = options.clock;
        let mut about = About {
            owner: options.owner.to_string(),
            mode: options.settings.mode.as_str(),
            started: clock.now().wall,
            targets: Vec::new(),
        };
        let board = Arc::new(Board::default());
        let event_log = Arc::new(EventLog::new(clock.now().wall));
        let metrics = Arc::new(Metrics::new()?);
        let process = prometheus::process_collector::ProcessCollector::for_self();
        metrics.registry.register(Box::new(process))?;
        let (stop, stopped) = watch::channel(false);
        let (snapshots, snapshot) = watch::channel(SourceState::default());
        let rescan = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let declared = options.targets.iter().map(|it| it.name.clone()).collect();
        let names = options.targets.iter().map(|it| it.name.clone());
        let refresh_queue = Arc::new(RefreshQueue::new(names, Arc::clone(&clock)));
        let wiring = Wiring {
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
            metrics: Arc::clone(&metrics),
            event_log: Arc::clone(&event_log),
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
            refresh_queue: Arc::clone(&refresh_queue),
        };
        board.write(|it| it.source.path = options.root.display().to_string());
        let engines = options.targets.len() * ENGINES;
        for target in options.targets {
            let (name, region) = (target.name.clone(), target.clients.region.clone());
            let calls = wiring.start(target, &mut tasks);
            about.targets.push(TargetInfo { name, region, calls });
        }
        let viewer =
            Viewer::new(about, Arc::clone(&board), Arc::clone(&event_log), Arc::clone(&clock));
        let viewer = Arc::new(viewer);
        let reader = SourceReader {
            source: ManifestSource::new(options.root)
                .with(options.source)
                .until(wiring.stop.clone()),
            declared,
            clock: Arc::clone(&clock),
            board: Arc::clone(&board),
            metrics: wiring.metrics,
            event_log,
            stop: wiring.stop,
            snapshots,
            rescan: Arc::clone(&rescan),
            torn: 0,
        };
        tasks.spawn(reader.run());
        let context = ServerContext {
            viewer: Arc::clone(&viewer),
            board: Arc::clone(&board),
            metrics,
            refresh_queue: Arc::clone(&refresh_queue),
            clock,
            engines,
        };
        Ok(Self { board, viewer, context, stop, rescan, refresh_queue, tasks })
    }

    /// Serves HTTP on a listener that is already bound; tells systemd that we are there.
    pub(crate) fn serve(&mut self, listener: TcpListener, serving: HttpOptions) {
        let (board, clock) = (Arc::clone(&self.board), Arc::clone(&self.context.clock));
        self.tasks.spawn(systemd::report(board, clock, self.stop.subscribe()));
        let (context, stop) = (self.context.clone(), self.stop.subscribe());
        self.tasks.spawn(async move {
            http::serve(listener, context, serving, stop).await;
        });
    }

    /// How many engines run.
    pub(crate) fn engines(&self) -> usize {
        self.context.engines
    }

    /// Reads the manifests again now, and everything in AWS as soon as the cap on such requests allows it.
    pub(crate) fn rescan(&self) {
        self.rescan.notify_one();
        self.refresh_queue.all_when_allowed();
    }

    /// Ends everything: no new work, the calls under way finish. `false` if something had to be left.
    pub(crate) async fn stop(mut self) -> bool {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        time::timeout(GRACE, all).await.is_ok()
    }
}
