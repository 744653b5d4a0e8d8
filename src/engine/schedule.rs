//! Whose read is next, by lanes. A lane is a quota of AWS: reads that wait for the tokens of one never keep those of
//! another from beginning, and the audit leaves room in each lane for what is more urgent.

use std::collections::BTreeSet;

use super::{
    facet::{FacetId, FacetKey},
    priority::Priority,
    queue::{Due, Queue},
    time::Mono,
};

/// How many reads of one lane may be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneLimits {
    /// All of them. At 50 reads a second and 200 ms a read, ten keep a quota busy; a few more cover slow answers.
    pub reads: usize,
    /// Those of the audit, so that what moved never queues behind it.
    pub audits: usize,
}

impl LaneLimits {
    /// The limits of a lane whose quota is so large that it need not be known.
    pub const WIDE: Self = Self { reads: 24, audits: 16 };

    /// The limits of a lane through which so many reads go in a second: what is begun later is decided later, so that
    /// no more begin than keep the quota busy.
    pub fn of(rate: f64) -> Self {
        let reads = [4, 6, 9, 12, 16, 20].into_iter().find(|it| f64::from(*it) >= rate);
        let reads = reads.and_then(|it| usize::try_from(it).ok()).unwrap_or(Self::WIDE.reads);
        Self { reads, audits: (reads * 2).div_ceil(3).min(reads.saturating_sub(1)) }
    }
}

/// Which facet's reads go through which lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    /// The lane of each facet, by its place in `limits`.
    pub of: Vec<usize>,
    /// Each lane.
    pub limits: Vec<LaneLimits>,
}

impl Lanes {
    /// One lane for all facets.
    pub fn one(facets: usize) -> Self {
        Self { of: vec![0; facets], limits: vec![LaneLimits::WIDE] }
    }
}

/// The reads that wait, and those under way.
pub(super) struct Schedule {
    facets: Vec<FacetReads>,
    lanes: Vec<LaneUse>,
    /// The reads of the audit that are under way, and have not become more urgent.
    auditing: BTreeSet<FacetKey>,
}

/// The reads of one facet.
#[derive(Default)]
struct FacetReads {
    lane: usize,
    reads: Queue<FacetKey>,
    audits: Queue<FacetKey>,
}

impl FacetReads {
    fn queue(&mut self, audit: bool) -> &mut Queue<FacetKey> {
        if audit { &mut self.audits } else { &mut self.reads }
    }
}

/// The reads of one lane that are under way.
struct LaneUse {
    limits: LaneLimits,
    running: usize,
    auditing: usize,
}

impl LaneUse {
    /// Whether one more read may begin, or one more of the audit.
    fn is_open(&self, audit: bool) -> bool {
        self.running < self.limits.reads && (!audit || self.auditing < self.limits.audits)
    }
}

impl Schedule {
    pub(super) fn new(lanes: Lanes) -> Self {
        let Lanes { of, limits } = lanes;
        let facets = of.into_iter().map(|lane| FacetReads { lane, ..FacetReads::default() });
        let lanes = limits.into_iter().map(|limits| LaneUse { limits, running: 0, auditing: 0 });
        Self { facets: facets.collect(), lanes: lanes.collect(), auditing: BTreeSet::new() }
    }

    fn facet(&mut self, facet: FacetId) -> Option<&mut FacetReads> {
        self.facets.get_mut(facet.index())
    }

    /// Asks for a read at `at`, or earlier if that was asked for already. With [`Priority::Audit`] it waits its turn
    /// in the audit.
    pub(super) fn at(&mut self, key: &FacetKey, at: Mono, priority: Priority) {
        if let Some(facet) = self.facet(key.facet) {
            facet.queue(priority == Priority::Audit).at(key, at, priority);
        }
    }

    /// Notes that a read which waits is one of so many that were asked for together.
    pub(super) fn belongs(&mut self, key: &FacetKey, batch: usize) {
        if let Some(facet) = self.facet(key.facet) {
            facet.reads.belongs(key, batch);
        }
    }

    /// Forgets all reads of this key that wait.
    pub(super) fn leave(&mut self, key: &FacetKey) {
        self.leave_reads(key);
        self.leave_audit(key);
    }

    /// Forgets the read of this key that waits, but for its turn of the audit.
    pub(super) fn leave_reads(&mut self, key: &FacetKey) {
        if let Some(facet) = self.facet(key.facet) {
            facet.reads.leave(key);
        }
    }

    /// Forgets the turn of the audit of this key.
    pub(super) fn leave_audit(&mut self, key: &FacetKey) {
        if let Some(facet) = self.facet(key.facet) {
            facet.audits.leave(key);
        }
    }

    /// When this key is read next.
    pub(super) fn when(&self, key: &FacetKey) -> Option<Mono> {
        let facet = self.facets.get(key.facet.index())?;
        [facet.reads.when(key), facet.audits.when(key)].into_iter().flatten().min()
    }

    /// When the next read may begin; the past if one may now. `audits`: whether the audit of a facet may begin.
    pub(super) fn next(&self, audits: impl Fn(FacetId) -> bool) -> Option<Mono> {
        let next = |(index, it): (usize, &FacetReads)| {
            let lane = self.lanes.get(it.lane)?;
            let read = it.reads.next().filter(|_| lane.is_open(false));
            let open = lane.is_open(true) && audits(id(index));
            read.into_iter().chain(it.audits.next().filter(|_| open)).min()
        };
        self.facets.iter().enumerate().filter_map(next).min()
    }

    /// Takes out the read that is to begin now, and counts it as under way until [`Schedule::ended`]: the most
    /// urgent, of the smallest batch, that has waited longest, among those whose lanes are open.
    pub(super) fn begin(
        &mut self,
        now: Mono,
        audits: impl Fn(FacetId) -> bool,
    ) -> Option<Due<FacetKey>> {
        self.take(false, now, |_| true).or_else(|| self.take(true, now, audits))
    }

    /// The same for the reads of the audit, or for all others. `may`: whether a facet's may begin.
    fn take(
        &mut self,
        audit: bool,
        now: Mono,
        may: impl Fn(FacetId) -> bool,
    ) -> Option<Due<FacetKey>> {
        let mut first = None;
        for (index, facet) in self.facets.iter_mut().enumerate() {
            if self.lanes.get(facet.lane).is_some_and(|it| it.is_open(audit))
                && may(id(index))
                && let Some(rank) = facet.queue(audit).first(now)
            {
                first = first.into_iter().chain([(rank, index)]).min();
            }
        }
        let facet = self.facets.get_mut(first?.1)?;
        let due = facet.queue(audit).due(now)?;
        if let Some(lane) = self.lanes.get_mut(facet.lane) {
            lane.running += 1;
            lane.auditing += usize::from(audit);
        }
        if audit {
            self.auditing.insert(due.key.clone());
        }
        Some(due)
    }

    /// A read that was under way is over.
    pub(super) fn ended(&mut self, key: &FacetKey) {
        let audit = self.auditing.remove(key);
        let Some(facet) = self.facets.get(key.facet.index()) else { return };
        if let Some(lane) = self.lanes.get_mut(facet.lane) {
            lane.running = lane.running.saturating_sub(1);
            lane.auditing = lane.auditing.saturating_sub(usize::from(audit));
        }
    }

    /// Makes a read of the audit that is under way one of what is more urgent; `false` if it is none.
    pub(super) fn raise(&mut self, key: &FacetKey) -> bool {
        let raised = self.auditing.remove(key);
        let lane = self.facets.get(key.facet.index()).map(|it| it.lane);
        if let Some(lane) = lane.and_then(|it| self.lanes.get_mut(it)).filter(|_| raised) {
            lane.auditing = lane.auditing.saturating_sub(1);
        }
        raised
    }

    /// How many reads of a facet are due by `now` and have not begun.
    pub(super) fn depth(&self, facet: FacetId, now: Mono) -> usize {
        let facet = self.facets.get(facet.index());
        facet.map_or(0, |it| it.reads.depth(now) + it.audits.depth(now))
    }

    /// Whether no read is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.iter().all(|it| it.running == 0)
    }
}

fn id(index: usize) -> FacetId {
    FacetId(u8::try_from(index).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::name::Name;

    const NOW: Mono = Mono(Duration::from_secs(9));

    /// A facet of an object with this name. Two facets have lanes of their own; a third shares the first lane.
    fn key(facet: u8, name: &str) -> FacetKey {
        FacetKey { object: Name::new(name), facet: FacetId(facet), item: None }
    }

    fn schedule() -> Schedule {
        let limits = LaneLimits { reads: 3, audits: 2 };
        Schedule::new(Lanes { of: vec![0, 1, 0], limits: vec![limits; 2] })
    }

    /// Asks for reads of these, the first of them first.
    fn ask(schedule: &mut Schedule, facet: u8, names: &str, priority: Priority) {
        for (second, name) in (1..).zip(names.chars()) {
            let at = Mono(Duration::from_secs(second));
            schedule.at(&key(facet, &name.to_string()), at, priority);
        }
    }

    /// The reads that begin now, as `0a 1b`.
    fn begun(schedule: &mut Schedule) -> String {
        let due = std::iter::from_fn(|| schedule.begin(NOW, |_| true));
        let all = due.map(|it| format!("{}{}", it.key.facet.0, it.key.object));
        all.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_full_lane_holds_up_those_that_share_it_and_no_other() {
        let mut schedule = schedule();
        ask(&mut schedule, 0, "abcd", Priority::Mover);
        assert_eq!(begun(&mut schedule), "0a 0b 0c");
        ask(&mut schedule, 1, "e", Priority::Mover);
        ask(&mut schedule, 2, "f", Priority::InFlight);
        assert_eq!(begun(&mut schedule), "1e");
        assert!(schedule.next(|_| true).is_none() && schedule.depth(FacetId(0), NOW) == 1);
        schedule.ended(&key(0, "b"));
        assert_eq!(begun(&mut schedule), "2f");
        for done in [key(0, "a"), key(0, "c"), key(1, "e"), key(2, "f")] {
            assert!(!schedule.is_idle());
            schedule.ended(&done);
        }
        assert_eq!(begun(&mut schedule), "0d");
    }

    #[test]
    fn the_audit_leaves_room_and_comes_last() {
        let mut schedule = schedule();
        ask(&mut schedule, 0, "abc", Priority::Audit);
        assert_eq!(begun(&mut schedule), "0a 0b");
        ask(&mut schedule, 2, "d", Priority::Mover);
        assert_eq!(begun(&mut schedule), "2d");
        schedule.ended(&key(0, "a"));
        ask(&mut schedule, 2, "e", Priority::Mover);
        // Both may begin, and there is room for one.
        assert_eq!(begun(&mut schedule), "2e");
        schedule.ended(&key(2, "d"));
        assert_eq!(begun(&mut schedule), "0c");
    }

    #[test]
    fn a_read_of_the_audit_that_becomes_urgent_gives_its_place_back() {
        let mut schedule = schedule();
        ask(&mut schedule, 0, "abc", Priority::Audit);
        assert_eq!(begun(&mut schedule), "0a 0b");
        assert!(schedule.raise(&key(0, "a")) && !schedule.raise(&key(0, "a")));
        assert_eq!(begun(&mut schedule), "0c");
        for name in ["a", "b", "c"] {
            schedule.ended(&key(0, name));
        }
        ask(&mut schedule, 0, "def", Priority::Audit);
        assert_eq!(begun(&mut schedule), "0d 0e");
    }
}
