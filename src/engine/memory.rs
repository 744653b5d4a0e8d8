//! What one process remembers of an object between two looks. Losing it (a restart) costs calls and
//! some certainty about who moved, never correctness.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    diff::{Cause, Change, Origin, Print},
    failure::{Cause as Said, Class, Failure},
    fight::Fight,
    kind::Kind,
    suspend::Hold,
    time::Mono,
};

/// How long a field that does not converge is left alone, the first time, the second and so on. At first
/// not long: somebody may have been fast enough to put the old value back before we looked. In the end
/// long enough to be no load, and short enough that a fault of AWS's that was mended overnight does not
/// wait for a restart.
const STUCK_FOR: [Duration; 4] = [
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(6),
];
/// A creation that left nothing behind is tried again sooner: somebody may have deleted the object
/// before we ever saw it.
const UNMADE_FOR: Duration = Duration::from_mins(1);

/// What is remembered of one object.
pub struct Memory<K: Kind> {
    /// The last spec that was seen fulfilled, and the image digest that it then meant.
    pub fulfilled: Option<(Arc<K::Spec>, String)>,
    /// Whether this process has seen the object with our tags.
    pub seen_ours: bool,
    /// Whether this process has ever seen it usable. What never was may be cleared away by hand: our own
    /// message says so, and it is no drift.
    pub usable: bool,
    /// When this process had AWS make it.
    pub created: Option<Mono>,
    /// The step by which this process made it, until it was seen usable.
    pub made: Option<Made>,
    /// The hold on writes that its tags ask for.
    pub hold: Option<Hold>,
    /// The fingerprint of the settled look after our last write: while it stays the same, nobody else has
    /// changed what a list shows.
    pub(super) ours: Option<Print>,
    /// The step that failed last, and how long to leave it.
    pub(super) held: Option<Box<Held>>,
    /// Who else keeps changing it.
    pub(super) fight: Fight,
    /// What the last accepted step meant to set.
    pub(super) tried: Option<Tried>,
    /// What differed besides when the last step began: that step changes nothing about who did it.
    pub(super) apart: Vec<Change>,
    stuck: BTreeMap<(&'static str, String), Stuck>,
}

/// How and when something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// [`super::verdict::fingerprint`] of the step.
    pub print: Print,
    /// When AWS accepted it.
    pub at: Mono,
}

/// A step that failed.
pub(super) struct Held {
    /// [`super::verdict::fingerprint`].
    pub(super) print: Print,
    /// Until when.
    pub(super) until: Mono,
    /// Whether a single run waits for it.
    pub(super) soon: bool,
    /// What went wrong.
    pub(super) failure: Failure,
}

impl Held {
    /// A step that begins now: it holds up nothing unless it fails.
    pub(super) fn at_once(print: Print, now: Mono) -> Self {
        let cause = Said { code: None, message: String::new() };
        let failure = Failure { class: Class::Unclear, op: "", cause, retry_after: None };
        Self { print, until: now, soon: false, failure }
    }
}

/// A step that AWS accepted, and that no settled look has confirmed yet.
pub(super) struct Tried {
    /// The changes that it meant to end.
    pub(super) changes: Vec<Change>,
    /// How many settled looks have still shown them.
    pub(super) looks: u32,
}

/// A field that AWS accepts and does not change.
struct Stuck {
    /// The change, with who had moved when it was tried.
    change: Change,
    until: Mono,
    /// How often before.
    times: usize,
}

impl<K: Kind> Default for Memory<K> {
    fn default() -> Self {
        Self {
            fulfilled: None,
            seen_ours: false,
            usable: false,
            created: None,
            made: None,
            hold: None,
            ours: None,
            held: None,
            fight: Fight::default(),
            tried: None,
            apart: Vec::new(),
            stuck: BTreeMap::new(),
        }
    }
}

impl<K: Kind> Memory<K> {
    /// The failure that still holds up the step with this fingerprint, for how long, and whether a
    /// single run waits for it.
    pub(super) fn held(&self, print: Print, now: Mono) -> Option<(&Failure, (Duration, bool))> {
        let held = self.held.as_ref().filter(|it| it.print == print && now < it.until)?;
        Some((&held.failure, (held.until.since(now), held.soon)))
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

    /// It was seen as its spec asks: whatever AWS did not change before, it has changed now.
    pub(super) fn converged(&mut self) {
        self.apart.clear();
        self.stuck.clear();
    }

    /// Who had moved when a step of ours tried to end this very difference. What AWS then did of it, in
    /// part or not at all, makes nobody a culprit.
    pub(super) fn origin(&self, change: &Change) -> Option<Origin> {
        let tried = self.tried.iter().flat_map(|it| &it.changes);
        let stuck = self.stuck.get(&(change.step, change.path.clone())).map(|it| &it.change);
        let known = tried.chain(stuck).chain(&self.apart);
        known.into_iter().find(|it| alike(it, change)).map(|it| it.origin)
    }

    /// Compares what the last step meant to set with what a settled look shows. `true` asks for one
    /// more look: AWS may answer a read from a copy that lags.
    pub(super) fn confirm(&mut self, changes: &[Change], now: Mono) -> bool {
        let Some(tried) = &mut self.tried else { return false };
        let left: Vec<&Change> =
            changes.iter().filter(|it| tried.changes.iter().any(|was| same(was, it))).collect();
        tried.looks += 1;
        if !left.is_empty() && tried.looks < 2 {
            return true;
        }
        for change in left {
            let key = (change.step, change.path.clone());
            let before = self.stuck.get(&key).filter(|it| same(&it.change, change));
            let times = before.map_or(0, |it| it.times + 1);
            let [.., longest] = STUCK_FOR;
            let longer = STUCK_FOR.get(times).copied().unwrap_or(longest);
            let pause = if change.cause == Cause::Missing { UNMADE_FOR } else { longer };
            let stuck = Stuck { change: change.clone(), until: now.after(pause), times };
            self.stuck.insert(key, stuck);
        }
        self.tried = None;
        false
    }
}

/// The same difference of the same field, to be ended by the same step.
fn same(a: &Change, b: &Change) -> bool {
    a.step == b.step && alike(a, b)
}

/// The same difference of the same field.
fn alike(a: &Change, b: &Change) -> bool {
    a.path == b.path && a.desired.print == b.desired.print && a.live.print == b.live.print
}
