//! When to read the directory again. Events only say "read"; what happened is found by reading.

use std::{
    collections::BTreeSet,
    fs,
    path::{self, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use notify::{
    ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::{sync::mpsc, time};

use super::{
    links::links,
    walk::{Folders, Inode},
};
use crate::daemon::stop::Cancel;

/// What is watched; folders by their paths without symbolic links.
type Places = Folders;

/// Writers seldom pause this long in the middle of one change.
const QUIET: Duration = Duration::from_millis(100);
/// A writer that never pauses is not waited for any longer.
const LATEST: Duration = Duration::from_secs(1);
/// Network and overlay file systems give no events.
const POLL: Duration = Duration::from_secs(30);

/// How many files and folders are watched at most; beyond, Evenkeel polls. Each takes about 1 KiB of the
/// kernel's memory and counts against `fs.inotify.max_user_watches`, which all processes of a user share.
const WATCHES_MAX: usize = 4_096;

/// Why some changes bring no event, or none does.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoEvents {
    /// The directory is too large to be watched.
    #[error("{0} directories are more than the {WATCHES_MAX} that Evenkeel watches")]
    TooMany(usize),
    /// The system gives no watch, or none on one of the directories.
    #[error("{0}")]
    Refused(String),
}

impl From<notify::Error> for NoEvents {
    fn from(error: notify::Error) -> Self {
        Self::Refused(error.to_string())
    }
}

/// What a source has read last, for its watcher.
#[derive(Clone, Default)]
pub struct Watched {
    pub(super) folders: Arc<Folders>,
    pub(super) cancel: Cancel,
}

/// Watches the folders that a source has read, and the directories that hold its root and the links on the way there.
/// It follows no links inside the root: what they lead to is among those folders.
pub struct Watcher {
    root: PathBuf,
    events: mpsc::Receiver<()>,
    sender: mpsc::Sender<()>,
    active: Option<Active>,
    /// Set when something that was watched went away: what stands there now may read the same, and has no watch.
    lost: Arc<AtomicBool>,
}

/// The watches that are on.
struct Active {
    /// Holds them.
    _watcher: RecommendedWatcher,
    /// What they are on.
    places: Places,
    /// Why one of the places has none.
    refused: Option<NoEvents>,
}

impl Watcher {
    /// A watcher of this path that watches nothing yet, and so polls.
    pub fn new(root: &Path) -> Self {
        // One waiting event is as good as many.
        let (sender, events) = mpsc::channel(1);
        // The kernel's events have absolute paths.
        let root = path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        Self { root, events, sender, active: None, lost: Arc::default() }
    }

    /// Resolves when it is time to read again: after half a minute, or once file system events have
    /// paused for a moment, but at most about a second after the first of them.
    pub async fn changed(&mut self) {
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

    /// Watches what the source has read last. Blocking, up to a second; it ends early as the source's readings do.
    /// To be called after each reading. [`Watcher::changed`] resolves once after new watches are on, since nobody
    /// told what happened before. After an error, some changes or all are found by polling only.
    pub fn arm(&mut self, source: &Watched) -> Result<(), NoEvents> {
        let places = places(&self.root, &source.folders);
        let lost = self.lost.swap(false, Ordering::Relaxed);
        if let Some(active) = self.active.as_ref().filter(|it| !lost && it.places == places) {
            return active.refused.clone().map_or(Ok(()), Err);
        }
        self.active = None;
        if places.is_empty() {
            return Err(NoEvents::Refused(format!("{} is not there", self.root.display())));
        }
        if places.len() > WATCHES_MAX {
            return Err(NoEvents::TooMany(places.len()));
        }
        let mut watcher = self.watcher(&places)?;
        let mut refused = None;
        for place in places.keys() {
            if source.cancel.is_cancelled() {
                return Ok(());
            }
            match watcher.watch(place, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    return Err(error.into());
                }
                // It has just gone; the watch on what held it, or the next reading, tells.
                Err(_) if !place.exists() => {}
                Err(error) => refused = Some(error.into()),
            }
        }
        let result = refused.clone().map_or(Ok(()), Err);
        self.active = Some(Active { _watcher: watcher, places, refused });
        wake(&self.sender);
        result
    }

    /// Makes a watcher that watches nothing yet. Its events wake [`Watcher::changed`]; those that
    /// take one of `places` away are also noted in `lost`.
    fn watcher(&self, places: &Places) -> Result<RecommendedWatcher, notify::Error> {
        let (sender, lost) = (self.sender.clone(), Arc::clone(&self.lost));
        let (way, places) = (RootWay::to(&self.root), places.clone());
        // Whatever else the event says, an error or an overflow too, it means "read again".
        notify::recommended_watcher(move |event| {
            if is_reading(&event) || way.is_beside(&event) {
                return;
            }
            if is_loss(&event, &places) {
                lost.store(true, Ordering::Relaxed);
            }
            wake(&sender);
        })
    }
}

/// Leaves word that it is time to read. If one is waiting already, that one will do.
fn wake(sender: &mpsc::Sender<()>) {
    let full = sender.try_send(()).is_err();
    tracing::trace!(full, "time to read");
}

/// Whether another party only read. We do so ourselves, and would go round for ever.
fn is_reading(event: &notify::Result<Event>) -> bool {
    let kind = event.as_ref().map(|it| it.kind);
    match kind {
        Ok(EventKind::Access(AccessKind::Close(AccessMode::Write))) => false,
        Ok(EventKind::Access(_)) => true,
        Ok(_) | Err(_) => false,
    }
}

/// The way that leads to the root, as it was when the watches were set.
struct RootWay {
    root: PathBuf,
    /// The root, and the links that its path leads through.
    steps: BTreeSet<PathBuf>,
    /// Where it led.
    end: Option<PathBuf>,
}

impl RootWay {
    fn to(root: &Path) -> Self {
        let mut steps = links(root);
        steps.insert(root.to_path_buf());
        Self { root: root.to_path_buf(), steps, end: real(root) }
    }

    /// The directories in which a change may lead the path elsewhere.
    fn holders(&self) -> impl Iterator<Item = &Path> {
        self.steps.iter().filter_map(|it| it.parent())
    }

    /// Whether an event is about the neighbours of the root, and of the links that lead to it, only: they may come and
    /// go all day. If the root leads elsewhere now, the answer is no.
    fn is_beside(&self, event: &notify::Result<Event>) -> bool {
        let Ok(event) = event else { return false };
        let beside = |path: &PathBuf| {
            !self.steps.contains(path)
                && self.holders().any(|it| path.parent() == Some(it))
                && self.end.as_ref().is_none_or(|it| !path.starts_with(it))
        };
        // An overflow names no path. A neighbour may be a link by which the path leads elsewhere now.
        !event.paths.is_empty() && event.paths.iter().all(beside) && real(&self.root) == self.end
    }
}

/// Whether a watch may have gone with what it was on.
fn is_loss(event: &notify::Result<Event>, places: &Places) -> bool {
    let Ok(event) = event else { return true };
    let goes = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
    event.need_rescan() || goes && event.paths.iter().any(|it| places.contains_key(it))
}

#[expect(clippy::disallowed_methods, reason = "the debounce is about real time only")]
fn std_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// What to watch: the directories in which the path or a link on its way is swapped, what the path leads to, and what
/// was read there.
fn places(root: &Path, folders: &Folders) -> Places {
    let (mut places, way) = (folders.clone(), RootWay::to(root));
    for path in way.holders().map(Path::to_path_buf).chain(way.end.clone()) {
        if let Ok(meta) = fs::metadata(&path) {
            places.insert(path, Inode::of(&meta));
        }
    }
    places
}

/// A path without symbolic links, if it leads to something.
fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}
