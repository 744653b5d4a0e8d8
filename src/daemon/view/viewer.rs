//! The copies of the board that pages and the API read, and how long each serves.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::daemon::{
    board::{Board, BoardState},
    event_log::EventLog,
    objects::{BoardObject, objects},
};
use crate::{
    aws::calls::Calls,
    engine::{
        kind::Kind as _,
        name::{Key, Name},
        status::{ShownRow, Status},
        time::{Clock, Mono, Now},
    },
    kinds::{self, image::Image},
};

/// The time between two copies.
const APART: Duration = Duration::from_millis(100);

/// What does not change while it runs.
pub(crate) struct About {
    /// Who this Evenkeel is.
    pub owner: String,
    /// `enforce` or `observe`, as the operator said.
    pub(crate) mode: &'static str,
    /// When it started.
    pub started: Timestamp,
    /// The targets.
    pub targets: Vec<TargetInfo>,
}

/// A target, as far as a page needs it.
pub(crate) struct TargetInfo {
    /// Its name.
    pub name: Name,
    /// Its Region.
    pub region: String,
    /// Its calls.
    pub calls: Arc<Calls>,
}

/// The board at one moment.
pub(crate) struct View {
    /// The copy.
    pub shown: BoardState,
    /// When it was made.
    pub at: Now,
    objects: Vec<BoardObject>,
}

impl View {
    pub(in crate::daemon) fn new(shown: BoardState, at: Now) -> Self {
        let objects = objects(&shown);
        Self { shown, at, objects }
    }

    /// All objects, in the order of their keys: those of documents, and orphans.
    pub(crate) fn objects(&self) -> &[BoardObject] {
        &self.objects
    }

    /// The objects that documents ask for, in the order of their keys.
    pub(in crate::daemon) fn documents(&self) -> impl Iterator<Item = &BoardObject> {
        self.objects.iter().filter(|it| it.is_document())
    }

    /// All rows but those of images, which are only a means.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &ShownRow> {
        self.shown.rows.values().filter(|it| it.key.kind != Image::NAME)
    }

    /// How many objects of documents there are in each status; 0 for a status that none has.
    pub(in crate::daemon) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<_, _> = Status::ALL.map(|it| (it.as_str(), 0)).into();
        for it in self.documents() {
            *counts.entry(it.status.as_str()).or_default() += 1;
        }
        counts
    }

    /// An object by its key.
    pub(crate) fn object(&self, key: &Key) -> Option<&BoardObject> {
        let at = self.objects.binary_search_by(|it| it.key().cmp(key)).ok()?;
        self.objects.get(at)
    }

    /// The account of a target, once it is known.
    pub(crate) fn account(&self, target: &Name) -> Option<&str> {
        self.shown.accounts.get(target).map(String::as_str)
    }
}

/// Reads a key, as `default/Function/resize`; `None` if it is none.
pub(in crate::daemon) fn parse_key(text: &str) -> Option<Key> {
    let (target, kind, name) = split(text)?;
    let kind = kinds::ALL.iter().find(|it| **it == kind)?;
    Some(Key { target: Name::new(target), kind, name: Name::new(name) })
}

/// The parts of a key; `None` if it is none.
pub(in crate::daemon) fn split(key: &str) -> Option<(&str, &str, &str)> {
    let mut parts = key.splitn(3, '/').filter(|it| !it.is_empty());
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Makes copies of the board, and shares each among those who ask at about the same time.
pub(crate) struct Viewer {
    /// What does not change.
    pub about: About,
    /// What happened.
    pub event_log: Arc<EventLog>,
    pub(in crate::daemon) board: Arc<Board>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Arc<View>>>,
}

impl Viewer {
    pub(in crate::daemon) fn new(
        about: About,
        board: Arc<Board>,
        event_log: Arc<EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { about, event_log, board, clock, last: Mutex::default() }
    }

    /// The time.
    pub(crate) fn now(&self) -> Mono {
        self.clock.now().mono
    }

    /// How long to wait before a copy may be made again.
    pub(in crate::daemon) fn pause(&self) -> Duration {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let age = last.as_ref().map_or(APART, |it| self.now().since(it.at.mono));
        self.clock.real(APART.saturating_sub(age))
    }

    /// A copy of the board that is no older than `since`: the last one, if it will do. Takes
    /// milliseconds with a large fleet: not for a thread that others wait for.
    pub(crate) fn view(&self, since: Mono) -> Arc<View> {
        // Whoever comes while the copy is made waits for it here, and takes the same.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = last.as_ref().filter(|it| it.at.mono >= since) {
            return Arc::clone(view);
        }
        let now = self.clock.now();
        let view = Arc::new(View::new(self.board.read(BoardState::clone), now));
        *last = Some(Arc::clone(&view));
        view
    }

    /// The Region of a target.
    pub(crate) fn region(&self, target: &Name) -> Option<&str> {
        self.about.targets.iter().find(|it| it.name == *target).map(|it| it.region.as_str())
    }
}
