//! Who is next, and when. One entry a key; the earliest time wins.

use std::collections::{BTreeMap, BTreeSet};

use super::{priority::Priority, time::Mono};

/// What nobody counted as a batch: it goes after all that is one.
const MANY: usize = usize::MAX;

/// What waits for a read.
#[derive(Debug)]
pub(super) struct Queue<T> {
    by_key: BTreeMap<T, QueueEntry>,
    /// Those whose time has not come, as far as that is known.
    later: BTreeSet<(Mono, T)>,
    /// Those whose time has come: the more urgent first, then the smaller batch, then who has waited longest.
    ready: BTreeSet<(Priority, usize, Mono, T)>,
}

/// Where a key stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QueueEntry {
    at: Mono,
    priority: Priority,
    /// How many asked together with it.
    batch: usize,
}

/// A read whose time has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due<T> {
    pub(super) key: T,
    pub(super) priority: Priority,
    /// When its time came.
    pub(super) since: Mono,
}

/// Who goes first: how urgent it is, of how many, and since when it waits.
pub(super) type Rank = (Priority, usize, Mono);

/// Not derived: that would ask for `T: Default`.
impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), later: BTreeSet::new(), ready: BTreeSet::new() }
    }
}

impl<T: Ord + Clone> Queue<T> {
    /// Asks for a read at `at`, or earlier if that was asked for already.
    pub(super) fn at(&mut self, key: &T, at: Mono, priority: Priority) {
        let turn = match self.forget(key) {
            Some(was) => QueueEntry {
                at: was.at.min(at),
                priority: if was.at <= at { was.priority.min(priority) } else { priority },
                batch: was.batch,
            },
            None => QueueEntry { at, priority, batch: MANY },
        };
        self.put(key, turn);
    }

    /// Notes that one which waits is one of so many that ask together.
    pub(super) fn belongs(&mut self, key: &T, batch: usize) {
        if let Some(was) = self.forget(key) {
            self.put(key, QueueEntry { batch: was.batch.min(batch), ..was });
        }
    }

    fn put(&mut self, key: &T, turn: QueueEntry) {
        self.by_key.insert(key.clone(), turn);
        self.later.insert((turn.at, key.clone()));
    }

    /// Takes a key out; returns where it stood.
    fn forget(&mut self, key: &T) -> Option<QueueEntry> {
        let turn = self.by_key.remove(key)?;
        if !self.later.remove(&(turn.at, key.clone())) {
            self.ready.remove(&(turn.priority, turn.batch, turn.at, key.clone()));
        }
        Some(turn)
    }

    /// Takes a key out.
    pub(super) fn leave(&mut self, key: &T) {
        self.forget(key);
    }

    /// The rank of the first whose time has come: the lowest of several goes first.
    pub(super) fn first(&mut self, now: Mono) -> Option<Rank> {
        self.turn(now);
        self.ready.first().map(|(priority, batch, at, _)| (*priority, *batch, *at))
    }

    /// Takes out the first whose time has come.
    pub(super) fn due(&mut self, now: Mono) -> Option<Due<T>> {
        self.turn(now);
        let (priority, _, since, key) = self.ready.pop_first()?;
        self.by_key.remove(&key);
        Some(Due { key, priority, since })
    }

    /// Notes whose time has come.
    fn turn(&mut self, now: Mono) {
        while let Some((at, key)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, key));
                break;
            }
            if let Some(turn) = self.by_key.get(&key) {
                self.ready.insert((turn.priority, turn.batch, at, key));
            }
        }
    }

    /// When the next is due; the past if some are.
    pub(super) fn next(&self) -> Option<Mono> {
        let ready = self.ready.first().map(|(_, _, at, _)| *at);
        ready.into_iter().chain(self.later.first().map(|(at, _)| *at)).min()
    }

    /// When this one is due.
    pub(super) fn when(&self, key: &T) -> Option<Mono> {
        self.by_key.get(key).map(|it| it.at)
    }

    /// How many are due by `now`.
    pub(super) fn depth(&self, now: Mono) -> usize {
        self.ready.len() + self.later.iter().take_while(|(at, _)| *at <= now).count()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::name::Name;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn the_earliest_time_and_the_higher_priority_win() {
        let mut queue = Queue::default();
        let name = Name::new("a");
        queue.at(&name, at(9), Priority::Audit);
        queue.at(&name, at(5), Priority::Mover);
        queue.at(&name, at(7), Priority::InFlight);
        queue.at(&Name::new("b"), at(6), Priority::Audit);
        assert_eq!(queue.next(), Some(at(5)));
        assert_eq!(queue.due(at(4)), None);
        assert_eq!(queue.depth(at(6)), 2);
        assert_eq!(
            queue.due(at(6)),
            Some(Due { key: name.clone(), priority: Priority::InFlight, since: at(5) })
        );
        assert_eq!(queue.when(&name), None);
        assert_eq!(queue.due(at(6)).map(|it| it.key), Some(Name::new("b")));
        assert_eq!(queue.due(at(99)), None);
    }

    #[test]
    fn one_edit_does_not_wait_behind_a_mass_edit() {
        let mut queue = Queue::default();
        let many: Vec<Name> = (0..100).map(|it| Name::new(format!("f{it}"))).collect();
        for name in &many {
            queue.at(name, at(1), Priority::Mover);
            queue.belongs(name, many.len());
        }
        assert!(queue.due(at(1)).is_some());
        let one = Name::new("one");
        queue.at(&one, at(2), Priority::Mover);
        queue.belongs(&one, 1);
        queue.at(&Name::new("seen"), at(2), Priority::Mover);
        let busy = Name::new("busy");
        queue.at(&busy, at(2), Priority::InFlight);
        assert_eq!(queue.depth(at(2)), 102);
        assert_eq!(queue.due(at(2)).map(|it| it.key), Some(busy));
        assert_eq!(queue.due(at(2)).map(|it| it.key), Some(one));
        queue.leave(&many[1]);
        let rest: Vec<Name> = std::iter::from_fn(|| queue.due(at(2))).map(|it| it.key).collect();
        assert_eq!((rest.len(), rest.last()), (99, Some(&Name::new("seen"))));
    }
}
