//! What the daemon shows: rows, numbers and the state of the source. Drivers write, the HTTP side reads.
//! The only lock in the program, and never held across an await.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::source::{Snapshot, SourceError};
use crate::engine::{
    diff::Reason,
    engine::Summary,
    name::{Key, Name},
    prune::PruneDecision,
    status::ShownRow,
    time::Mono,
};

/// The board.
#[derive(Default)]
pub struct Board {
    shown: Mutex<BoardState>,
    /// Counted up whenever rows change.
    turns: watch::Sender<u64>,
}

/// Everything on the board.
#[derive(Clone, Default)]
pub struct BoardState {
    /// One row for each object.
    pub rows: BTreeMap<Key, ShownRow>,
    /// How each engine is doing, by target and kind of document.
    pub engines: BTreeMap<(Name, &'static str), EngineStatus>,
    /// What is being done about each kind, by target and kind.
    pub facets: BTreeMap<(Name, &'static str), KindStatus>,
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
    pub source: SourceStatus,
}

/// How one engine is doing, as its driver last reported.
#[derive(Debug, Clone, Default)]
pub struct EngineStatus {
    /// Whether it has nothing to do and expects nothing.
    pub quiet: bool,
    /// The batches that it has sent and received: equal sums over all engines mean that none is on its way.
    pub batches: BatchCounts,
    /// When it last went round.
    pub beat: Mono,
}

/// What an engine is doing about one facet of all its objects, as its driver last reported.
#[derive(Debug, Clone, Default)]
pub struct KindStatus {
    /// In numbers.
    pub summary: Summary,
    /// Since when the oldest piece of work has been under way.
    pub oldest: Option<Mono>,
    /// For how long all pieces of work together have been under way.
    pub unfinished: std::time::Duration,
    /// How many pieces of work are under way.
    pub under_way: usize,
}

/// How many batches of facts an engine has sent, and how many of them and of rulings it has received.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchCounts {
    /// Of facts.
    pub sent: u64,
    /// Of facts, and rulings.
    pub received: u64,
}

/// How reading the manifests goes.
#[derive(Clone, Default)]
pub struct SourceStatus {
    /// The path, as the operator gave it.
    pub path: String,
    /// What counts.
    pub snapshot: Option<Arc<Snapshot>>,
    /// When the directory was last read well.
    pub good_at: Option<Timestamp>,
    /// What is wrong with the directory itself.
    pub error: Option<SourceError>,
    /// Why some changes, or all, bring no file system event and are only seen every 30 s.
    pub polling: Option<String>,
    /// Documents that name a target which is not declared.
    pub strays: Vec<String>,
}

impl Board {
    /// Reads the board.
    pub fn read<T>(&self, read: impl FnOnce(&BoardState) -> T) -> T {
        read(&self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the board.
    pub fn write<T>(&self, change: impl FnOnce(&mut BoardState) -> T) -> T {
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

impl BoardState {
    /// Whether every engine is quiet, no fact is on its way and nothing waits for the manifests.
    pub fn is_quiet(&self, engines: usize) -> bool {
        let all = || self.engines.values();
        let sent = self.rulings_sent + all().map(|it| it.batches.sent).sum::<u64>();
        self.engines.len() == engines
            && sent == all().map(|it| it.batches.received).sum::<u64>()
            && all().all(|it| it.quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fact that one engine has told and another has not heard yet may wake it.
    #[test]
    fn who_has_news_on_the_way_is_not_quiet() {
        let is_quiet = |quiet: bool, sent: u64, rulings_sent: u64, received: u64| {
            let mut shown = BoardState { rulings_sent, ..BoardState::default() };
            for (kind, batches) in [
                ("Image", BatchCounts { sent, received: 0 }),
                ("Function", BatchCounts { sent: 0, received }),
            ] {
                let engine = EngineStatus { quiet, batches, ..EngineStatus::default() };
                shown.engines.insert((Name::new("default"), kind), engine);
            }
            shown.is_quiet(2) && !shown.is_quiet(3)
        };
        assert!(is_quiet(true, 2, 0, 2) && is_quiet(true, 2, 1, 3));
        assert!(!is_quiet(false, 2, 0, 2) && !is_quiet(true, 2, 0, 1) && !is_quiet(true, 2, 1, 2));
    }
}
