//! What people ask to be read again: paid from a cap, kept together for a moment, then given to each target.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time};

use crate::engine::{
    name::{Key, Name},
    time::{Clock, Mono},
    work::{DocumentKey, Refresh},
};

/// How many documents may be asked for by name at once, and in a minute.
pub(crate) const DOCUMENTS_MAX: u32 = 60;
/// After how long one more document may be asked for by name.
const REFILL: Duration = Duration::from_secs(1);
/// The pause between two readings of everything.
const ALL_PAUSE: Duration = Duration::from_mins(1);
/// The pause between two requests to the engines of one target; what is asked for meanwhile goes together.
const TURN: Duration = Duration::from_secs(1);

/// More was asked for than the cap allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more is asked for than may be read on request now")]
pub(crate) struct TooOften {
    /// After how long it may be asked for again, by the machine's clock.
    pub(crate) after: Duration,
}

/// Whether a request adds to what the engines are going to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It does.
    New,
    /// All of it had been asked for and has not been given to the engines yet.
    Coalesced,
}

/// The cap on what may be asked for, over all targets.
#[derive(Debug, Default)]
struct RefreshCap {
    /// When the documents that have been asked for are paid.
    paid_at: Mono,
    /// When everything may be asked for again.
    all_at: Mono,
}

impl RefreshCap {
    /// Pays for so many documents; `Err`: not before this has passed.
    fn documents(&mut self, count: u32, now: Mono) -> Result<(), Duration> {
        let debt = self.paid_at.since(now) + REFILL * count;
        let over = debt.saturating_sub(REFILL * DOCUMENTS_MAX);
        if !over.is_zero() {
            return Err(over);
        }
        self.paid_at = now.after(debt);
        Ok(())
    }

    /// Pays for one reading of everything; `Err`: not before this has passed.
    fn all(&mut self, now: Mono) -> Result<(), Duration> {
        let wait = self.all_at.since(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.all_at = now.after(ALL_PAUSE);
        Ok(())
    }

    /// Pays for the next reading of everything that may be; when that is.
    fn next_all(&mut self, now: Mono) -> Mono {
        let at = self.all_at.max(now);
        self.all_at = at.after(ALL_PAUSE);
        at
    }
}

/// What one target's engines are going to be asked for.
#[derive(Debug, Default)]
struct PendingRefresh {
    /// From when on everything is to be read.
    all: Option<Mono>,
    documents: BTreeSet<DocumentKey>,
    /// When the engines may be asked again.
    next: Mono,
}

impl PendingRefresh {
    /// When there is something to give to the engines; `None`: nothing is asked for.
    fn due(&self, now: Mono) -> Option<Mono> {
        let documents = (!self.documents.is_empty()).then_some(now);
        let first = self.all.into_iter().chain(documents).min();
        first.map(|at| at.max(self.next))
    }

    /// Takes what is due.
    fn take(&mut self, now: Mono) -> Vec<Refresh> {
        let mut asked = Vec::new();
        if !self.documents.is_empty() {
            asked.push(Refresh::Documents(std::mem::take(&mut self.documents)));
        }
        if self.all.is_some_and(|at| at <= now) {
            self.all = None;
            asked.push(Refresh::All);
        }
        self.next = now.after(TURN);
        asked
    }
}

/// Whether it is time to ask the engines of a target.
#[derive(Debug, PartialEq, Eq)]
enum RefreshTurn {
    /// For this.
    Now(Vec<Refresh>),
    /// After so long.
    In(Duration),
    /// Nothing is asked for.
    Idle,
}

/// What is asked for and has not been given to the engines.
#[derive(Debug, Default)]
struct PendingRefreshes {
    cap: RefreshCap,
    targets: BTreeMap<Name, PendingRefresh>,
}

impl PendingRefreshes {
    fn documents(&mut self, documents: &BTreeSet<Key>, now: Mono) -> Result<Admission, Duration> {
        let meant = |it: &Key| DocumentKey { kind: it.kind, name: it.name.clone() };
        let pending = |it: &&Key| {
            self.targets.get(&it.target).is_some_and(|at| at.documents.contains(&meant(it)))
        };
        let new: Vec<&Key> = documents.iter().filter(|it| !pending(it)).collect();
        if new.is_empty() {
            return Ok(Admission::Coalesced);
        }
        self.cap.documents(u32::try_from(new.len()).unwrap_or(u32::MAX), now)?;
        for key in new {
            if let Some(target) = self.targets.get_mut(&key.target) {
                target.documents.insert(meant(key));
            }
        }
        Ok(Admission::New)
    }

    fn all(&mut self, now: Mono) -> Result<Admission, Duration> {
        if self.is_all_asked() {
            return Ok(Admission::Coalesced);
        }
        self.cap.all(now)?;
        self.ask_all(now);
        Ok(Admission::New)
    }

    fn all_when_allowed(&mut self, now: Mono) {
        if !self.is_all_asked() {
            let at = self.cap.next_all(now);
            self.ask_all(at);
        }
    }

    /// What the engines of a target are to be asked for now.
    fn turn(&mut self, target: &Name, now: Mono) -> RefreshTurn {
        let Some(target) = self.targets.get_mut(target) else { return RefreshTurn::Idle };
        match target.due(now) {
            Some(at) if at <= now => RefreshTurn::Now(target.take(now)),
            Some(at) => RefreshTurn::In(at.since(now)),
            None => RefreshTurn::Idle,
        }
    }

    fn is_all_asked(&self) -> bool {
        self.targets.values().all(|it| it.all.is_some())
    }

    fn ask_all(&mut self, at: Mono) {
        for target in self.targets.values_mut() {
            target.all.get_or_insert(at);
        }
    }
}

/// Where requests to read again come in, and where the targets fetch them.
pub(crate) struct RefreshQueue {
    pending: Mutex<PendingRefreshes>,
    /// Changes when something is asked for.
    changed: watch::Sender<()>,
    clock: Arc<dyn Clock>,
}

impl RefreshQueue {
    /// A queue for these targets.
    pub(super) fn new(targets: impl Iterator<Item = Name>, clock: Arc<dyn Clock>) -> Self {
        let targets = targets.map(|it| (it, PendingRefresh::default())).collect();
        let pending = Mutex::new(PendingRefreshes { targets, ..PendingRefreshes::default() });
        Self { pending, changed: watch::Sender::default(), clock }
    }

    /// Asks for documents, each by its key. All are paid for, or none; those that are asked for already cost nothing.
    pub(crate) fn documents(&self, documents: &BTreeSet<Key>) -> Result<Admission, TooOften> {
        self.ask(|pending, now| pending.documents(documents, now))
    }

    /// Asks for everything, at the pace of a first audit.
    pub(crate) fn all(&self) -> Result<Admission, TooOften> {
        self.ask(PendingRefreshes::all)
    }

    /// Asks for everything, as soon as the cap allows it.
    pub(super) fn all_when_allowed(&self) {
        self.locked(PendingRefreshes::all_when_allowed);
        self.changed.send_replace(());
    }

    /// What the engines of a target are to be asked for, once there is something. What comes soon after goes together.
    pub(super) async fn next(&self, target: &Name) -> Vec<Refresh> {
        let mut changed = self.changed.subscribe();
        loop {
            let wait = match self.locked(|pending, now| pending.turn(target, now)) {
                RefreshTurn::Now(asked) => return asked,
                RefreshTurn::In(wait) => self.clock.real(wait),
                RefreshTurn::Idle => Duration::MAX,
            };
            tokio::select! {
                () = time::sleep(wait) => {}
                _ = changed.changed() => {}
            }
        }
    }

    fn ask(
        &self,
        ask: impl FnOnce(&mut PendingRefreshes, Mono) -> Result<Admission, Duration>,
    ) -> Result<Admission, TooOften> {
        let asked = self.locked(ask);
        self.changed.send_replace(());
        asked.map_err(|wait| TooOften { after: self.clock.real(wait) })
    }

    fn locked<T>(&self, change: impl FnOnce(&mut PendingRefreshes, Mono) -> T) -> T {
        let now = self.clock.now().mono;
        change(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    fn keys(target: &str, numbers: std::ops::Range<u32>) -> BTreeSet<Key> {
        let key = |it| Key {
            target: Name::new(target),
            kind: "Function",
            name: Name::new(format!("f{it}")),
        };
        numbers.map(key).collect()
    }

    fn pending() -> PendingRefreshes {
        let targets = ["a", "b"].map(|it| (Name::new(it), PendingRefresh::default()));
        PendingRefreshes { targets: targets.into(), ..PendingRefreshes::default() }
    }

    #[test]
    fn documents_are_paid_from_a_cap_that_fills_again() {
        let mut it = pending();
        assert_eq!(it.documents(&keys("a", 0..60), at(100)), Ok(Admission::New));
        // The cap is one for all targets, and nothing of what it refuses is kept.
        assert_eq!(it.documents(&keys("b", 0..2), at(100)), Err(Duration::from_secs(2)));
        assert_eq!(it.turn(&Name::new("b"), at(100)), RefreshTurn::Idle);
        assert_eq!(it.documents(&keys("b", 0..2), at(102)), Ok(Admission::New));
        assert_eq!(it.documents(&keys("b", 2..3), at(102)), Err(Duration::from_secs(1)));
        assert_eq!(it.documents(&keys("b", 2..62), at(1000)), Ok(Admission::New));
    }

    #[test]
    fn more_than_the_cap_never_pays() {
        assert!(pending().documents(&keys("a", 0..61), at(1_000_000)).is_err());
    }

    #[test]
    fn what_is_asked_for_already_costs_nothing() {
        let mut it = pending();
        assert_eq!(it.documents(&keys("a", 0..60), at(0)), Ok(Admission::New));
        assert_eq!(it.documents(&keys("a", 0..60), at(0)), Ok(Admission::Coalesced));
        assert_eq!(it.documents(&keys("a", 59..61), at(0)), Err(Duration::from_secs(1)));
        assert_eq!(it.documents(&keys("a", 59..61), at(1)), Ok(Admission::New));
    }

    #[test]
    fn the_engines_of_a_target_are_asked_once_a_second() {
        let (mut it, a) = (pending(), Name::new("a"));
        it.documents(&keys("a", 0..1), at(10)).unwrap();
        let RefreshTurn::Now(first) = it.turn(&a, at(10)) else { panic!("not at once") };
        assert!(matches!(first.as_slice(), [Refresh::Documents(of)] if of.len() == 1));
        it.documents(&keys("a", 1..2), at(10)).unwrap();
        it.documents(&keys("a", 2..4), at(10)).unwrap();
        assert_eq!(it.turn(&a, at(10)), RefreshTurn::In(TURN));
        let RefreshTurn::Now(second) = it.turn(&a, at(11)) else { panic!("not together") };
        assert!(matches!(second.as_slice(), [Refresh::Documents(of)] if of.len() == 3));
        assert_eq!(it.turn(&a, at(20)), RefreshTurn::Idle);
    }

    #[test]
    fn everything_is_read_once_a_minute_and_a_signal_is_not_lost() {
        let (mut it, all) = (pending(), || RefreshTurn::Now(vec![Refresh::All]));
        let [a, b] = ["a", "b"].map(Name::new);
        assert_eq!(it.all(at(5)), Ok(Admission::New));
        assert_eq!(it.all(at(5)), Ok(Admission::Coalesced));
        assert_eq!([it.turn(&a, at(5)), it.turn(&b, at(5))], [all(), all()]);
        assert_eq!(it.all(at(5)), Err(ALL_PAUSE));
        it.all_when_allowed(at(10));
        it.all_when_allowed(at(11));
        assert_eq!(it.turn(&a, at(11)), RefreshTurn::In(Duration::from_secs(54)));
        assert_eq!([it.turn(&a, at(65)), it.turn(&b, at(65))], [all(), all()]);
        assert_eq!(it.all(at(66)), Err(Duration::from_secs(59)));
        assert_eq!(it.all(at(125)), Ok(Admission::New));
    }

    #[test]
    fn a_signal_that_waits_holds_up_no_name() {
        let (mut it, a) = (pending(), Name::new("a"));
        it.all(at(5)).unwrap();
        it.turn(&a, at(5));
        it.all_when_allowed(at(6));
        it.documents(&keys("a", 0..1), at(7)).unwrap();
        let RefreshTurn::Now(asked) = it.turn(&a, at(7)) else { panic!("held up") };
        assert!(matches!(asked.as_slice(), [Refresh::Documents(_)]));
        assert_eq!(it.turn(&a, at(8)), RefreshTurn::In(Duration::from_secs(57)));
    }
}
