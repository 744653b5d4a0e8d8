//! Reading the manifests whenever it is time, and telling everybody.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time,
};
use tracing::{error, info, warn};

use super::{
    board::{Board, BoardState},
    event_log::{EventLog, EventReason, LoggedEvent, Subject},
    metrics::Metrics,
    source::{ManifestSource, Snapshot, SourceError, SourceRead, watch::Watcher},
    stop::stopped,
    telemetry::PROBLEM,
};
use crate::{
    engine::{
        count::count,
        name::Name,
        time::{Clock, Mono, Now},
    },
    manifest,
};

/// The first pause after a torn read; the next ones double, up to [`TORN_MAX`].
const TORN_MIN: Duration = Duration::from_millis(100);
/// A directory that is torn each time is watched, not hammered.
const TORN_MAX: Duration = Duration::from_secs(5);
/// So many torn readings in a row, which take about ten seconds, are no accident: a link whose end is gone, say.
const TORN_SHOWN: u32 = 8;

/// The manifests, and how reading them goes.
#[derive(Clone, Default)]
pub(super) struct SourceState {
    /// What counts.
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// When the directory was last read well.
    pub(super) read_at: Mono,
    /// Whether it can be read now.
    pub(super) readable: bool,
}

/// Reads the manifests whenever it is time.
pub(super) struct SourceReader {
    pub(super) source: ManifestSource,
    /// The targets that there are.
    pub(super) declared: BTreeSet<Name>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: Arc<Board>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) event_log: Arc<EventLog>,
    pub(super) snapshots: watch::Sender<SourceState>,
    pub(super) rescan: Arc<Notify>,
    pub(super) stop: watch::Receiver<bool>,
    /// How many readings in a row were torn.
    pub(super) torn: u32,
}

impl SourceReader {
    /// Reads the manifests, then again whenever they change, a signal asks for it, or a reading was
    /// torn; until told to stop.
    pub(super) async fn run(mut self) {
        let mut watcher = Watcher::new(self.source.root());
        let mut stop = self.stop.clone();
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
            let Some(armed) = self.watch(watcher).await else { return };
            watcher = armed;
            tokio::select! {
                () = watcher.changed() => {}
                () = time::sleep(self.clock.real(again)) => {}
                () = self.rescan.notified() => info!("reading the manifests on request"),
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// Reads the manifests once and shows what came of it. `Some(true)` if the reading was torn,
    /// `None` if the reader itself broke or is told to stop.
    async fn read(&mut self) -> Option<bool> {
        // The source goes to the blocking thread and comes back; when the daemon stops, it is lost.
        let mut source = std::mem::replace(&mut self.source, ManifestSource::new(PathBuf::new()));
        let (source, reading) = self
            .block(move || {
                let reading = source.read();
                (source, reading)
            })
            .await?;
        self.source = source;
        let torn = matches!(reading, SourceRead::Torn(_));
        self.show(reading);
        Some(torn)
    }

    /// Watches what was read last, and returns the watcher; `None` if that broke or the daemon
    /// stops. Logs when changes are found by polling only, and when they no longer are.
    async fn watch(&self, mut watcher: Watcher) -> Option<Watcher> {
        let places = self.source.watched().clone();
        let (watcher, result) = self
            .block(move || {
                let result = watcher.arm(&places);
                (watcher, result)
            })
            .await?;
        let polling = result.err().map(|error| error.to_string());
        let before =
            self.board.write(|it| std::mem::replace(&mut it.source.polling, polling.clone()));
        match polling {
            Some(error) if before.as_ref() != Some(&error) => {
                warn!(
                    error,
                    "some changes of the manifests bring no file system event; reading every 30 s"
                );
            }
            None if before.is_some() => {
                info!("every change of the manifests brings a file system event again");
            }
            Some(_) | None => {}
        }
        Some(watcher)
    }

    /// Runs blocking work beside the async workers. `None` if it panicked or the daemon stops; then
    /// nobody waits for it, and it ends by itself.
    async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let mut stop = self.stop.clone();
        let done = tokio::select! {
            done = tokio::task::spawn_blocking(work) => done,
            () = stopped(&mut stop) => return None,
        };
        if let Err(error) = &done {
            error!(%error, "reading the manifests broke off");
        }
        done.ok()
    }

    /// Puts what a reading brought on the board and into the counters, and passes a new snapshot on
    /// to the targets. A torn reading counts as a failure once [`TORN_SHOWN`] came in a row.
    fn show(&mut self, reading: SourceRead) {
        let Now { mono: read_at, wall } = self.clock.now();
        let metrics = &self.metrics;
        self.torn = if matches!(reading, SourceRead::Torn(_)) { self.torn + 1 } else { 0 };
        let good = |board: &mut BoardState| {
            board.source.error = None;
            board.source.good_at = Some(wall);
        };
        match reading {
            SourceRead::Fresh(snapshot) => {
                metrics.load("success");
                log_snapshot(&snapshot);
                self.event(EventReason::normal("SourceRead"), &read(&snapshot));
                for note in &snapshot.diagnostics {
                    self.event(EventReason::warning("ManifestInvalid"), &note.to_string());
                }
                let strays = self.strays(&snapshot);
                self.board.write(|board| {
                    good(board);
                    board.source.strays = strays;
                    board.source.snapshot = Some(Arc::clone(&snapshot));
                });
                let snapshot = Some(snapshot);
                self.snapshots.send_replace(SourceState { snapshot, read_at, readable: true });
            }
            SourceRead::Unchanged => {
                metrics.load("unchanged");
                self.board.write(good);
                self.snapshots.send_modify(|it| (it.read_at, it.readable) = (read_at, true));
            }
            SourceRead::Torn(why) if self.torn >= TORN_SHOWN => {
                metrics.load("torn");
                self.failed(SourceError::Unsteady { change: why });
            }
            SourceRead::Torn(why) => {
                metrics.load("torn");
                tracing::debug!(why, "the manifests changed while they were read; again");
            }
            SourceRead::Cancelled => {}
            SourceRead::Failed(error) => {
                metrics.load("error");
                self.failed(error);
            }
        }
    }

    /// Notes that the manifests cannot be read; the last good snapshot stays. The log and the event
    /// log get the same failure only once.
    fn failed(&self, error: SourceError) {
        self.snapshots.send_modify(|it| it.readable = false);
        let why = error.text();
        let new = self.board.write(|board| {
            board.source.error.replace(error).is_none_or(|before| before.text() != why)
        });
        if new {
            error!(target: PROBLEM, why, "the manifests cannot be read; the last good ones still count");
            self.event(EventReason::warning("SourceFailed"), &why);
        }
    }

    fn event(&self, reason: EventReason, message: &str) {
        let at = self.clock.now().wall;
        self.event_log.event(LoggedEvent::new(at, Subject::Source, reason, message));
    }

    /// Documents for targets that nobody declared: they would be silently without effect.
    fn strays(&self, snapshot: &Snapshot) -> Vec<String> {
        let named = manifest::targets(&snapshot.documents);
        let strays: Vec<String> =
            named.difference(&self.declared).map(ToString::to_string).collect();
        for target in &strays {
            warn!(target: PROBLEM, target, "manifests name a target that is not declared; they have no effect");
        }
        strays
    }
}

/// The snapshot in one sentence.
fn read(snapshot: &Snapshot) -> String {
    let Snapshot { documents, valid, invalid, .. } = snapshot;
    let revision = snapshot.revision.as_ref().map(|it| format!(" at revision {it}"));
    let (documents, files) = (count(documents.len(), "document"), count(*valid, "file"));
    let revision = revision.unwrap_or_default();
    format!("{documents} read{revision}: {files} without fault, {invalid} with one")
}

/// Logs one line for the snapshot, and one for everything that is wrong with it.
fn log_snapshot(snapshot: &Snapshot) {
    info!(
        snapshot = snapshot.id,
        revision = snapshot.revision.as_deref().unwrap_or(""),
        documents = snapshot.documents.len(),
        valid = snapshot.valid,
        invalid = snapshot.invalid,
        "manifests read"
    );
    for note in &snapshot.diagnostics {
        warn!(target: PROBLEM, file = %note.file, line = note.line, "{}", note.message);
    }
}
