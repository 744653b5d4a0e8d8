//! Who is next, and when. One entry a name; the earliest time wins.

use std::collections::{BTreeMap, BTreeSet};

use super::{name::Name, time::Mono, work::Priority};

/// The names that wait for a read.
#[derive(Debug, Default)]
pub(super) struct Queue {
    by_name: BTreeMap<Name, (Mono, Priority)>,
    by_time: BTreeSet<(Mono, Priority, Name)>,
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
        let (at, priority) = match self.by_name.get(name) {
            Some(&(was, how)) if was <= at => (was, how.min(priority)),
            Some(_) | None => (at, priority),
        };
        self.forget(name);
        self.by_name.insert(name.clone(), (at, priority));
        self.by_time.insert((at, priority, name.clone()));
    }

    /// Takes a name out.
    pub(super) fn forget(&mut self, name: &Name) {
        if let Some((at, priority)) = self.by_name.remove(name) {
            self.by_time.remove(&(at, priority, name.clone()));
        }
    }

    /// Takes out one name whose time has come.
    pub(super) fn due(&mut self, now: Mono) -> Option<Due> {
        let (at, priority, name) = self.by_time.first()?.clone();
        if at > now {
            return None;
        }
        self.forget(&name);
        Some(Due { name, priority, since: at })
    }

    /// When the next name is due.
    pub(super) fn next(&self) -> Option<Mono> {
        self.by_time.first().map(|(at, ..)| *at)
    }

    /// When this name is due.
    pub(super) fn when(&self, name: &Name) -> Option<Mono> {
        self.by_name.get(name).map(|(at, _)| *at)
    }

    /// How many names are due by `now`.
    pub(super) fn depth(&self, now: Mono) -> usize {
        self.by_time.iter().take_while(|(at, ..)| *at <= now).count()
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
}
