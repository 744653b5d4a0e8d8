//! One write at a time for an object, whichever facet it is about. What was read before the last write ended is no
//! ground for the next one.

use std::{collections::BTreeMap, time::Duration};

use super::{name::Name, time::Mono};

/// How long the end of a write is remembered: no step rests on a read as old as that.
const REMEMBERED: Duration = Duration::from_mins(1);
/// Up to so many objects are remembered without looking whether they need be.
const MANY: usize = 64;

/// The writes under way, and when the last one to each object ended.
#[derive(Debug, Default)]
pub(super) struct Writes(BTreeMap<Name, ObjectWrites>);

#[derive(Debug, Clone, Copy, Default)]
struct ObjectWrites {
    under_way: bool,
    ended: Option<Mono>,
}

/// Why a write may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteConflict {
    /// Another write to the object is under way.
    UnderWay,
    /// A write to the object ended after the read began on which this one rests.
    ReadBefore,
}

impl Writes {
    /// Begins a write that rests on a read which began at `read_started`.
    pub(super) fn begin(&mut self, object: &Name, read_started: Mono) -> Result<(), WriteConflict> {
        let writes = self.0.entry(object.clone()).or_default();
        if writes.under_way {
            return Err(WriteConflict::UnderWay);
        }
        if writes.ended.is_some_and(|it| it > read_started) {
            return Err(WriteConflict::ReadBefore);
        }
        writes.under_way = true;
        Ok(())
    }

    /// Takes back a write that did not start.
    pub(super) fn undo(&mut self, object: &Name) {
        if let Some(writes) = self.0.get_mut(object) {
            writes.under_way = false;
        }
    }

    /// A write is over, in success or not.
    pub(super) fn end(&mut self, object: &Name, now: Mono) {
        self.0.insert(object.clone(), ObjectWrites { under_way: false, ended: Some(now) });
        if self.0.len() > MANY {
            let recent = |it: Mono| now.since(it) < REMEMBERED;
            self.0.retain(|_, it| it.under_way || it.ended.is_some_and(recent));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn there_is_one_at_a_time_for_each_object() {
        let mut writes = Writes::default();
        let (a, b) = (Name::new("a"), Name::new("b"));
        assert_eq!(writes.begin(&a, at(5)), Ok(()));
        assert_eq!(writes.begin(&a, at(5)), Err(WriteConflict::UnderWay));
        assert_eq!(writes.begin(&b, at(5)), Ok(()));
        writes.end(&a, at(7));
        // A read from before that write is no ground for another.
        assert_eq!(writes.begin(&a, at(6)), Err(WriteConflict::ReadBefore));
        assert_eq!(writes.begin(&a, at(7)), Ok(()));
        writes.undo(&a);
        assert_eq!(writes.begin(&a, at(8)), Ok(()));
    }

    #[test]
    fn what_ended_long_ago_is_forgotten() {
        let mut writes = Writes::default();
        let held = Name::new("held");
        assert_eq!(writes.begin(&held, at(1)), Ok(()));
        for second in 0..200 {
            writes.end(&Name::new(format!("f{second}")), at(second));
        }
        assert!(writes.0.len() <= 70, "{}", writes.0.len());
        assert_eq!(writes.begin(&held, at(200)), Err(WriteConflict::UnderWay));
        assert_eq!(writes.begin(&Name::new("f199"), at(198)), Err(WriteConflict::ReadBefore));
    }
}
