//! Who is next, and when. One entry a name; the earliest time wins.

use std::collections::{BTreeMap, BTreeSet};

use super::{name::Name, time::Mono, work::Priority};

/// What nobody counted as a batch: it goes after all that is one.
const MANY: usize = usize::MAX;

/// The names that wait for a read.
#[derive(Debug, Default)]
pub(super) struct Queue {
    by_name: BTreeMap<Name, QueueEntry>,
    /// Those whose time has not come, as far as that is known.
    later: BTreeSet<(Mono, Name)>,
    /// Those whose time has come: the more urgent first, then the smaller batch, then who has waited longest.
    ready: BTreeSet<(Priority, usize, Mono, Name)>,
}

/// Where a name stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QueueEntry {
    at: Mono,
    priority: Priority,
    /// How many names asked together with it.
    batch: usize,
}

/// A read whose time has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) name: Name,
    pub(super) priority: Priority,
    /// When its time came.
    pub(super) since: Mono,
}

impl Queue {
    /// Asks for a read at `at`, or earlier if that was asked for already.
    pub(super) fn at(&mut self, name: &Name, at: Mono, priority: Priority) {
        let turn = match self.forget(name) {
            Some(was) => QueueEntry {
                at: was.at.min(at),
                priority: if was.at <= at { was.priority.min(priority) } else { priority },
                batch: was.batch,
            },
            None => QueueEntry { at, priority, batch: MANY },
        };
        self.put(name, turn);
    }

    /// Notes that a name which waits is one of so many that ask together.
    pub(super) fn belongs(&mut self, name: &Name, batch: usize) {
        if let Some(was) = self.forget(name) {
            self.put(name, QueueEntry { batch: was.batch.min(batch), ..was });
        }
    }

    fn put(&mut self, name: &Name, turn: QueueEntry) {
        self.by_name.insert(name.clone(), turn);
        self.later.insert((turn.at, name.clone()));
    }

    /// Takes a name out; returns where it stood.
    fn forget(&mut self, name: &Name) -> Option<QueueEntry> {
        let turn = self.by_name.remove(name)?;
        if !self.later.remove(&(turn.at, name.clone())) {
            self.ready.remove(&(turn.priority, turn.batch, turn.at, name.clone()));
        }
        Some(turn)
    }

    /// Takes a name out.
    pub(super) fn leave(&mut self, name: &Name) {
        self.forget(name);
    }

    /// Takes out the first name whose time has come.
    pub(super) fn due(&mut self, now: Mono) -> Option<Due> {
        while let Some((at, name)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, name));
                break;
            }
            if let Some(turn) = self.by_name.get(&name) {
                self.ready.insert((turn.priority, turn.batch, at, name));
            }
        }
        let (priority, _, since, name) = self.ready.pop_first()?;
        self.by_name.remove(&name);
        Some(Due { name, priority, since })
    }

    /// When the next name is due; the past if some are.
    pub(super) fn next(&self) -> Option<Mono> {
        let ready = self.ready.first().map(|(_, _, at, _)| *at);
        ready.into_iter().chain(self.later.first().map(|(at, _)| *at)).min()
    }

    /// When this name is due.
    pub(super) fn when(&self, name: &Name) -> Option<Mono> {
        self.by_name.get(name).map(|it| it.at)
    }

    /// How many names are due by `now`.
    pub(super) fn depth(&self, now: Mono) -> usize {
        self.ready.len() + self.later.iter().take_while(|(at, _)| *at <= now).count()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
            Some(Due { name: name.clone(), priority: Priority::InFlight, since: at(5) })
        );
        assert_eq!(queue.when(&name), None);
        assert_eq!(queue.due(at(6)).map(|it| it.name), Some(Name::new("b")));
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
        assert_eq!(queue.due(at(2)).map(|it| it.name), Some(busy));
        assert_eq!(queue.due(at(2)).map(|it| it.name), Some(one));
        queue.leave(&many[1]);
        let rest: Vec<Name> = std::iter::from_fn(|| queue.due(at(2))).map(|it| it.name).collect();
        assert_eq!((rest.len(), rest.last()), (99, Some(&Name::new("seen"))));
    }
}
