//! What one process remembers of an object between two reads. Losing it (a restart) costs calls and
//! some certainty about who moved, never correctness.

use std::{collections::BTreeMap, time::Duration};

use super::{
    diff::{Cause, Change, Fingerprint, Origin},
    failure::{Class, Failure},
    fight::Fight,
    requested::{Requested, is_ours_to_ask},
    suspension::Suspension,
    time::{Mono, Now},
};

/// How long a field that does not converge is left alone, the first time, the second and so on. At first
/// not long: another party may have been fast enough to put the old value back before we read. In the end
/// long enough to be no load, and short enough that a fault of AWS's that was repaired overnight does not
/// wait for a restart.
const STUCK_FOR: [Duration; 4] = [
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
];
/// So many values that are not the desired one may follow each other, each after a step that should have ended the
/// difference: AWS keeps the value in a form of its own that changes every time.
const MISSES_MAX: usize = 8;
/// A creation that left nothing behind is tried again sooner: another party may have deleted the object
/// before we ever saw it.
const UNMADE_FOR: Duration = Duration::from_mins(1);

/// What is remembered of one object.
pub struct Memory<S> {
    /// The last spec that was seen fulfilled, and the image digest that it then meant.
    pub fulfilled: Option<(S, String)>,
    /// Whether this process has seen the object with our tags.
    pub seen_ours: bool,
    /// Whether this process has ever seen it usable. What never was may be cleared away by hand: our own
    /// message says so, and it is no drift.
    pub usable: bool,
    /// Whether it may be still to come, rather than gone: what it belongs to was made while this process
    /// watched, or was new when this process first looked, and it has not been seen whole since.
    pub(super) new_host: bool,
    /// When this process had AWS make it.
    pub created: Option<Mono>,
    /// The step by which this process made it, until it was seen usable.
    pub made: Option<Made>,
    /// The suspension that its tags ask for.
    pub suspension: Option<Suspension>,
    /// The fingerprint of the settled read after our last write: while it stays the same, nobody else has
    /// changed what a list shows.
    pub(super) ours: Option<Fingerprint>,
    /// What our steps asked for since it was last seen as its spec asks; hardly any object has any.
    requested: Option<Box<Requested<S>>>,
    /// The steps that failed, by their fingerprints, and how long to leave each.
    backoffs: BTreeMap<Fingerprint, Backoff>,
    /// Who else keeps changing it.
    pub(super) fight: Fight,
    /// What the last accepted step meant to set.
    pub(super) tried: Option<Tried>,
    /// What differed besides when the last step began: that step changes nothing about who did it.
    pub(super) apart: Vec<Change>,
    /// What was there instead of the desired values after steps that should have ended these differences.
    missed: Vec<Change>,
    stuck: BTreeMap<(&'static str, String), Stuck>,
}

/// How and when something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// [`super::diff::step_fingerprint`] of the step.
    pub fingerprint: Fingerprint,
    /// When AWS accepted it.
    pub at: Mono,
}

/// How long to leave a step that failed.
pub(super) struct Backoff {
    /// Until when.
    pub(super) until: Mono,
    /// Whether a single run waits for it.
    pub(super) soon: bool,
    /// What went wrong.
    pub(super) failure: Failure,
}

/// A step that AWS accepted, and that no settled read has confirmed yet.
pub(super) struct Tried {
    /// The changes that it meant to end.
    pub(super) changes: Vec<Change>,
    /// Whether it may leave them with another live value ([`super::diff::Scope::partial`]).
    pub(super) partial: bool,
    /// How many settled reads have still shown them.
    pub(super) reads: u32,
}

/// A field that AWS accepts and does not change.
struct Stuck {
    /// The change, with who had moved when it was tried.
    change: Change,
    until: Mono,
    /// How often before.
    times: usize,
}

/// Not derived: that would ask for `S: Default`.
impl<S> Default for Memory<S> {
    fn default() -> Self {
        Self {
            fulfilled: None,
            seen_ours: false,
            usable: false,
            new_host: false,
            created: None,
            made: None,
            suspension: None,
            ours: None,
            requested: None,
            backoffs: BTreeMap::new(),
            fight: Fight::default(),
            tried: None,
            apart: Vec::new(),
            missed: Vec::new(),
            stuck: BTreeMap::new(),
        }
    }
}

impl<S: Clone + PartialEq> Memory<S> {
    /// A step for this spec begins, which is to end `changes`.
    pub(super) fn requests(&mut self, spec: &S, changes: &[Change]) {
        self.requested.get_or_insert_default().begin(spec, changes);
    }

    /// Whether a step of ours began since it was last seen as its spec asks.
    pub(super) fn has_begun(&self) -> bool {
        self.requested().is_some_and(|it| !it.specs().is_empty())
    }

    /// What our steps asked for since it was last seen as its spec asks.
    pub(super) fn requested(&self) -> Option<&Requested<S>> {
        self.requested.as_deref()
    }

    /// Remembers which of these differences were counted as drift: they stay drift, also when an edit
    /// comes on top.
    pub(super) fn note_drift(&mut self, changes: &[Change]) {
        let counted = |it: &&Change| it.origin.is_drift() && is_ours_to_ask(it.cause);
        let mut drifted = changes.iter().filter(counted).peekable();
        if drifted.peek().is_some() {
            self.requested.get_or_insert_default().drifted(drifted);
        }
    }

    /// An exact read showed it as this spec asks, whose image digest is `digest`: whatever differs
    /// from that later, and was not asked for by a step of ours, is another party's doing.
    pub(super) fn seen_whole(&mut self, spec: &S, digest: String) {
        self.fulfilled = Some((spec.clone(), digest));
        self.requested = None;
        self.new_host = false;
    }

    /// What it belongs to was made again, so nothing that was seen of it holds any more.
    pub(super) fn host_made(&mut self) {
        self.fulfilled = None;
        self.requested = None;
        self.new_host = true;
    }

    /// The failure that still holds up the step with this fingerprint.
    pub(super) fn backoff(&self, fingerprint: Fingerprint, now: Mono) -> Option<&Backoff> {
        self.backoffs.get(&fingerprint).filter(|it| now < it.until)
    }

    /// Whether a step that failed is left alone for now.
    pub(super) fn is_failing(&self, now: Mono) -> bool {
        self.backoffs.values().any(|it| now < it.until)
    }

    /// Forgets the failures whose time is over, when a step begins.
    pub(super) fn begins(&mut self, now: Mono) {
        self.backoffs.retain(|_, it| now < it.until);
    }

    /// AWS accepted the step under way, so what it refused before may be possible now. What makes room for another step
    /// has repaired nothing yet.
    pub(super) fn done(&mut self, lasts: Duration, now: Now) {
        self.backoffs.retain(|_, it| !it.failure.class.is_refusal());
        if let Some(tried) = self.tried.as_ref().filter(|it| !it.partial) {
            self.fight.mending(&tried.changes, lasts, now);
        }
    }

    /// The step under way changed nothing, as far as is known; nor who did what it was to end.
    pub(super) fn undone(&mut self) {
        self.apart.extend(self.tried.take().into_iter().flat_map(|it| it.changes));
    }

    /// Remembers that a step failed, and how long to leave it.
    pub(super) fn fails(&mut self, fingerprint: Fingerprint, backoff: Backoff) {
        self.backoffs.insert(fingerprint, backoff);
    }

    /// Ends the wait for what AWS had no room for; says whether there was one.
    pub(super) fn has_room(&mut self, now: Mono) -> bool {
        let lacks = |it: &Backoff| it.failure.class == Class::MissingInput && it.until > now;
        let before = self.backoffs.len();
        self.backoffs.retain(|_, it| !lacks(it));
        self.backoffs.len() < before
    }

    /// Whether this very change was made, accepted, and had no effect.
    pub(super) fn is_stuck(&self, change: &Change, now: Mono) -> bool {
        let stuck = self.stuck.get(&(change.step, change.path.clone()));
        stuck.is_some_and(|it| same(&it.change, change) && now < it.until)
    }

    /// When a field that is left alone is tried again, the first of them.
    pub(super) fn stuck_until(&self, now: Mono) -> Option<Mono> {
        self.stuck.values().map(|it| it.until).filter(|it| *it > now).min()
    }

    /// What a settled read shows: whatever is as it should be again says nothing of what differs later.
    pub(super) fn shown(&mut self, changes: &[Change]) {
        let differs = |it: &Change| changes.iter().any(|now| now.path == it.path);
        if let Some(requested) = &mut self.requested {
            requested.shown(|path| changes.iter().any(|now| now.path == path));
        }
        self.apart.retain(differs);
        self.missed.retain(differs);
        self.stuck.retain(|_, it| differs(&it.change));
    }

    /// It was seen as its spec asks: whatever AWS did not change before, it has changed now.
    pub(super) fn converged(&mut self) {
        self.backoffs.clear();
        self.apart.clear();
        self.missed.clear();
        self.stuck.clear();
    }

    /// Who had moved when a step of ours tried to end this very difference. What AWS then did of it, in
    /// part or not at all, makes nobody a culprit.
    pub(super) fn origin(&self, change: &Change) -> Option<Origin> {
        let mut tried = self.tried.iter().flat_map(|it| &it.changes);
        if let Some(tried) = tried.find(|it| asks_same(it, change)) {
            return Some(tried.origin);
        }
        let stuck = self.stuck.get(&(change.step, change.path.clone())).map(|it| &it.change);
        let known = stuck.into_iter().chain(&self.missed).chain(&self.apart);
        known.into_iter().find(|it| alike(it, change)).map(|it| it.origin)
    }

    /// Compares what the last step meant to set with what a settled read shows: a field that still
    /// differs is left alone for a while. `true` asks for one more read before that is decided,
    /// since AWS may answer a read from a copy that lags.
    pub(super) fn confirm(&mut self, changes: &[Change], now: Mono) -> bool {
        let Some(tried) = &mut self.tried else { return false };
        let left: Vec<&Change> =
            changes.iter().filter(|it| tried.changes.iter().any(|was| same(was, it))).collect();
        tried.reads += 1;
        if !left.is_empty() && tried.reads < 2 {
            return true;
        }
        let Some(tried) = self.tried.take() else { return false };
        for change in left {
            self.stick(change, now);
        }
        self.missed.retain(|it| changes.iter().any(|now| asks_same(it, now)));
        let missed = |it: &&Change| tried.changes.iter().any(|was| misses(was, it));
        for change in changes.iter().filter(missed) {
            if tried.partial {
                self.apart.push(change.clone());
            } else {
                self.miss(change, now);
            }
        }
        false
    }

    /// A step should have ended this difference, and AWS shows a third value. That may be the way to the desired one,
    /// or another party's doing, once; what comes back to where it was, or never arrives, does not converge.
    fn miss(&mut self, change: &Change, now: Mono) {
        let before = self.missed.iter().filter(|it| asks_same(it, change)).count();
        if before >= MISSES_MAX || self.missed.iter().any(|it| same(it, change)) {
            self.stick(change, now);
        } else {
            self.missed.push(change.clone());
        }
    }

    /// Leaves a field alone that AWS accepts and does not change: each time longer for the same
    /// desired value, up to six hours.
    fn stick(&mut self, change: &Change, now: Mono) {
        let key = (change.step, change.path.clone());
        let before = self.stuck.get(&key).filter(|it| asks_same(&it.change, change));
        let times = before.map_or(0, |it| it.times + 1);
        let [.., longest] = STUCK_FOR;
        let longer = STUCK_FOR.get(times).copied().unwrap_or(longest);
        let pause = if change.cause == Cause::Missing { UNMADE_FOR } else { longer };
        let stuck = Stuck { change: change.clone(), until: now.after(pause), times };
        self.stuck.insert(key, stuck);
    }
}

/// The same difference of the same field, to be ended by the same step.
fn same(a: &Change, b: &Change) -> bool {
    a.step == b.step && alike(a, b)
}

/// The same difference of the same field.
fn alike(a: &Change, b: &Change) -> bool {
    a.path == b.path
        && a.desired.fingerprint == b.desired.fingerprint
        && a.live.fingerprint == b.live.fingerprint
}

/// The same desired value of the same field.
fn asks_same(a: &Change, b: &Change) -> bool {
    a.path == b.path && a.desired.fingerprint == b.desired.fingerprint
}

/// Whether a step that should have ended the first difference left the second one.
fn misses(tried: &Change, change: &Change) -> bool {
    tried.step == change.step
        && asks_same(tried, change)
        && tried.live.fingerprint != change.live.fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{diff::Shown, failure::AwsError};

    fn change(live: &str) -> Change {
        Change {
            path: "/field".into(),
            desired: Shown::open("asked"),
            live: Shown::open(live),
            cause: Cause::Config,
            origin: Origin::Pending,
            step: "step",
        }
    }

    struct Steps(Memory<()>);

    impl Steps {
        /// A step for what differs, and the settled read after it; whether what that shows is stuck.
        fn step(&mut self, partial: bool, (before, after): (&str, &str)) -> bool {
            let changes = vec![change(before)];
            self.0.tried = Some(Tried { changes, partial, reads: 0 });
            let now = Mono::default();
            while self.0.confirm(&[change(after)], now) {}
            self.0.is_stuck(&change(after), now)
        }
    }

    #[test]
    fn a_value_that_comes_back_after_every_step_does_not_converge() {
        let mut steps = Steps(Memory::default());
        // What AWS makes of the value is seen once: another party may have been at it.
        assert!(!steps.step(false, ("absent", "other")));
        assert_eq!(
            steps.0.origin(&Change { origin: Origin::Drift, ..change("other") }),
            Some(Origin::Pending)
        );
        assert!(!steps.step(true, ("other", "absent")));
        assert!(steps.step(false, ("absent", "other")));
    }

    #[test]
    fn a_value_that_is_another_one_each_time_does_not_converge() {
        let mut steps = Steps(Memory::default());
        let values: Vec<String> = (0..40).map(|it| it.to_string()).collect();
        let stuck = values.windows(2).position(|it| steps.step(false, (&it[0], &it[1])));
        assert_eq!(stuck, Some(MISSES_MAX));
    }

    #[test]
    fn what_goes_on_step_by_step_is_no_loop() {
        let mut steps = Steps(Memory::default());
        for _ in 0..20 {
            assert!(!steps.step(true, ("10", "50")));
            assert!(!steps.step(true, ("50", "10")));
        }
        // A step without any effect is one all the same.
        assert!(steps.step(true, ("10", "10")));
    }

    #[test]
    fn a_step_that_is_done_lets_what_was_refused_try_again() {
        let mut memory = Memory::<()>::default();
        let (now, later) = (Mono::default(), Mono(Duration::from_hours(1)));
        let backoff = |class| {
            let cause = AwsError { code: None, message: String::new() };
            let failure = Failure { class, op: "Put", cause, retry_after: None };
            Backoff { until: later, soon: false, failure }
        };
        let [refused, slow] = ["a", "b"].map(|it| Fingerprint::of(it.as_bytes()));
        memory.fails(refused, backoff(Class::Invalid));
        memory.fails(slow, backoff(Class::Throttled));
        assert!(memory.is_failing(now) && !memory.is_failing(later));
        let wall = jiff::Timestamp::UNIX_EPOCH;
        memory.done(Duration::ZERO, Now { mono: now, wall });
        assert!(memory.backoff(refused, now).is_none());
        assert!(memory.backoff(slow, now).is_some());
    }

    #[test]
    fn a_field_that_was_right_meanwhile_begins_anew_though_others_differ() {
        let mut steps = Steps(Memory::default());
        assert!(steps.step(false, ("other", "other")));
        let another = Change { path: "/another".into(), ..change("x") };
        steps.0.shown(std::slice::from_ref(&another));
        assert!(!steps.0.is_stuck(&change("other"), Mono::default()));
        let drifted = Change { origin: Origin::Drift, ..change("other") };
        assert_eq!(steps.0.origin(&drifted), None);
    }

    #[test]
    fn what_was_in_sync_meanwhile_begins_anew() {
        let mut steps = Steps(Memory::default());
        for _ in 0..5 {
            assert!(!steps.step(false, ("absent", "other")));
            steps.0.tried =
                Some(Tried { changes: vec![change("other")], partial: false, reads: 0 });
            assert!(!steps.0.confirm(&[], Mono::default()));
        }
    }
}
