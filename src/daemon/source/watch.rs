//! When to read the directory again. Events only say "look"; what happened is found by reading.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use tokio::{sync::mpsc, time};

/// Writers seldom pause this long in the middle of one change.
const QUIET: Duration = Duration::from_millis(100);
/// A writer that never pauses is not waited for any longer.
const LATEST: Duration = Duration::from_secs(1);
/// Network and overlay file systems give no events.
const POLL: Duration = Duration::from_secs(30);

/// Watches a path, what it leads to, and the directory that holds it.
pub struct Watcher {
    root: PathBuf,
    events: mpsc::Receiver<()>,
    sender: mpsc::Sender<()>,
    /// The watches that are on, and what they are on.
    active: Option<(RecommendedWatcher, Vec<PathBuf>)>,
}

impl Watcher {
    /// A watcher of this path. If the system has no watches to give, it polls; the error says why.
    pub fn new(root: PathBuf) -> (Self, Option<notify::Error>) {
        // One waiting event is as good as many.
        let (sender, events) = mpsc::channel(1);
        let mut watcher = Self { root, events, sender, active: None };
        let error = watcher.arm().err();
        (watcher, error)
    }

    /// Resolves when it is time to read again.
    pub async fn changed(&mut self) {
        // The root may be another directory than before, with watches on the old one.
        if self.active.as_ref().is_none_or(|(_, paths)| *paths != places(&self.root)) {
            match self.arm() {
                // What changed before the watches were on was not told.
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "no watches; polling"),
            }
        }
        if time::timeout(POLL, self.events.recv()).await.is_err() {
            return;
        }
        let latest = time::Instant::from_std(std_now()) + LATEST;
        while let Ok(Some(())) = time::timeout(QUIET, self.events.recv()).await {
            if time::Instant::from_std(std_now()) >= latest {
                break;
            }
        }
    }

    fn arm(&mut self) -> Result<(), notify::Error> {
        self.active = None;
        let sender = self.sender.clone();
        // Whatever else the event says, an error or an overflow too, it means "read again". If one is
        // waiting already, that one will do.
        let (root, seen) = (self.root.clone(), places(&self.root));
        let mut watcher = notify::recommended_watcher(move |event| {
            if is_reading(&event) || is_beside(&event, &root, &seen) {
                return;
            }
            let full = sender.try_send(()).is_err();
            tracing::trace!(full, "file event");
        })?;
        let paths = places(&self.root);
        let mut result = Ok(());
        for (index, path) in paths.iter().enumerate() {
            let last = index + 1 == paths.len();
            let mode = if last { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            // The path itself may be missing now; its parent tells when it comes.
            if let Err(error) = watcher.watch(path, mode) {
                result = Err(error);
            }
        }
        self.active = Some((watcher, paths));
        result
    }
}

/// Whether somebody only looked. We do so ourselves, and would go round for ever.
fn is_reading(event: &notify::Result<Event>) -> bool {
    let kind = event.as_ref().map(|it| it.kind);
    match kind {
        Ok(EventKind::Access(AccessKind::Close(AccessMode::Write))) => false,
        Ok(EventKind::Access(_)) => true,
        Ok(_) | Err(_) => false,
    }
}

/// Whether it is about the root's neighbours only: they may come and go all day.
fn is_beside(event: &notify::Result<Event>, root: &Path, places: &[PathBuf]) -> bool {
    let Ok(event) = event else { return false };
    let (parent, within) = (places.first().map(PathBuf::as_path), places.get(1));
    let beside = |path: &PathBuf| {
        path.parent() == parent
            && path.file_name() != root.file_name()
            && within.is_none_or(|it| !path.starts_with(it))
    };
    // An overflow names no path.
    !event.paths.is_empty() && event.paths.iter().all(beside)
}

#[expect(clippy::disallowed_methods, reason = "the debounce is about real time only")]
fn std_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// What to watch: the parent, in which the path is swapped, and what the path leads to.
fn places(root: &Path) -> Vec<PathBuf> {
    let parent = match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        Some(_) | None => PathBuf::from("."),
    };
    let mut places = vec![parent];
    places.extend(std::fs::canonicalize(root));
    places
}
