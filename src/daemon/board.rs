//! What the daemon shows: rows, numbers and the state of the source. Drivers write, the HTTP side reads.
//! The only lock in the program, and never held across an await.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::source::Snapshot;
use crate::engine::{
    diff::Reason,
    engine::Summary,
    name::{Key, Name},
    prune::PruneDecision,
    status::Row,
    time::Mono,
};

/// The board.
#[derive(Default)]
pub struct Board {
    shown: Mutex<Shown>,
    /// Counted up whenever rows change.
    turns: watch::Sender<u64>,
}

/// Everything on the board.
#[derive(Clone, Default)]
pub struct Shown {
    /// One row for each object.
    pub rows: BTreeMap<Key, Arc<Row>>,
    /// What each engine is doing, by target and kind.
    pub engines: BTreeMap<(Name, &'static str), Pulse>,
    /// Why targets are paused; `None`: they are not.
    pub targets: BTreeMap<Name, Option<Reason>>,
    /// Whose the credentials are, by target, once AWS has said so.
    pub accounts: BTreeMap<Name, String>,
    /// Why nothing is written anywhere, though reading goes on.
    pub held: Option<Reason>,
    /// What may be deleted, by target.
    pub prune_decisions: BTreeMap<Name, Arc<PruneDecision>>,
    /// How many rulings have been sent to engines.
    pub rulings_sent: u64,
    /// The manifests.
    pub source: SourceState,
}

/// What one driver last told.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    /// The engine in numbers.
    pub summary: Summary,
    /// Whether it has nothing to do and expects nothing.
    pub quiet: bool,
    /// How many batches of facts it has sent, and how many of them and of rulings it has received: equal
    /// sums mean that none is on its way.
    pub facts: (u64, u64),
    /// When it last went round.
    pub beat: Mono,
    /// Since when the oldest piece of work has been under way.
    pub oldest: Option<Mono>,
    /// For how long all pieces of work together have been under way.
    pub unfinished: std::time::Duration,
}

/// How reading the manifests goes.
#[derive(Clone, Default)]
pub struct SourceState {
    /// The path, as the operator gave it.
    pub path: String,
    /// What counts.
    pub snapshot: Option<Arc<Snapshot>>,
    /// When the directory was last read well.
    pub good_at: Option<Timestamp>,
    /// What is wrong with the directory itself.
    pub error: Option<String>,
    /// Why some changes, or all, bring no file system event and are only seen every 30 s.
    pub polling: Option<String>,
    /// Documents that name a target which is not declared.
    pub strays: Vec<String>,
}

impl Board {
    /// Reads the board.
    pub fn read<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the board.
    pub fn write<T>(&self, change: impl FnOnce(&mut Shown) -> T) -> T {
        change(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Board {
    /// Rows have changed.
    pub fn turn(&self) {
        self.turns.send_modify(|it| *it += 1);
    }

    /// Wakes whoever waits for rows to change.
    pub fn turns(&self) -> watch::Receiver<u64> {
        self.turns.subscribe()
    }
}

impl Shown {
    /// Whether every engine is quiet, no fact is on its way and nothing waits for the manifests.
    pub fn is_quiet(&self, engines: usize) -> bool {
        let (sent, received) =
            self.engines.values().fold((self.rulings_sent, 0), |(sent, received), it| {
                (sent + it.facts.0, received + it.facts.1)
            });
        self.engines.len() == engines
            && sent == received
            && self.engines.values().all(|it| it.quiet)
    }
}
