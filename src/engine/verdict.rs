//! The rules: what to do about one object, given what is wanted, what was seen and what we remember.
//! A pure function; nothing here acts, and nothing here is forgotten or remembered.

#![warn(clippy::wildcard_enum_match_arm)]

use std::{cell::OnceCell, collections::BTreeSet, time::Duration};

use super::{
    diff::{Cause, Change, Diff, Origin, Planned, RECORD, Reason, Wait, step_fingerprint},
    failure::{Class, chain},
    gate::Gate,
    kind::Digests,
    memory::Backoff,
    observed::{Observation as _, Observed},
    own,
    policy::Mode,
    requested::{SpecMatch, is_ours_to_ask},
    resource::Resource,
    time::Mono,
};

/// How long AWS may go on saying "not found" about a function that it just made.
const SETTLING: Duration = Duration::from_secs(15);
/// How long an object that failed at its creation stands before the same is tried again.
const REMAKE_AFTER: Duration = Duration::from_mins(10);
/// How soon to ask again meanwhile.
const SETTLING_RECHECK: Duration = Duration::from_secs(2);

pub use super::case::{Case, Judgement, Verdict, rescues};

/// Judges one object: compares it with its spec, says who moved, takes away what is not ours to do
/// or was tried in vain, and picks what comes next.
pub fn judge<R: Resource>(case: &Case<'_, R>) -> Judgement<R::Step> {
    let mut diff = match case.observed {
        Observed::Unknown => return unknown(case),
        Observed::Absent => R::create(case.key, &case.wanted.spec, case.facts),
        Observed::Present(reading) => R::diff(case.key, &case.wanted.spec, reading, case.facts),
    };
    let origins = Origins::new(case);
    for change in &mut diff.changes {
        change.origin = origins.of(change);
    }
    // What is only watched is nobody's to take over.
    if let Observed::Present(reading) = case.observed
        && reading.is_exact()
        && !R::is_guard(&case.wanted.spec)
    {
        own::weigh(case, reading, &mut diff);
    }
    make_anew(case, &mut diff);
    let stuck = set_stuck_aside(case, &mut diff);
    Judgement { verdict: decide(case, &diff, &stuck), diff, gate: gate(case) }
}

/// Judges an object of which nothing is known: it waits for its first read.
fn unknown<R: Resource>(case: &Case<'_, R>) -> Judgement<R::Step> {
    let reason = Reason::new("NotObserved", "nothing is known of it yet");
    let wait = Wait { reason, on: None, recheck: None, soon: true };
    Judgement { verdict: Verdict::Wait(wait), diff: Diff::default(), gate: gate(case) }
}

/// Plans to delete an object that failed at its creation, so that it is made again: only one that
/// this process made and never saw usable, and only once what would be made has changed or
/// [`REMAKE_AFTER`] is over.
fn make_anew<R: Resource>(case: &Case<'_, R>, diff: &mut Diff<R::Step>) {
    let Some(replace) = diff.replace.take() else { return };
    let Some(made) = &case.memory.made else { return };
    let anew = R::create(case.key, &case.wanted.spec, case.facts);
    let Some(head) = anew.steps.first() else { return };
    let left = made.at.after(REMAKE_AFTER).since(case.now.mono);
    if step_fingerprint(head, &anew.changes) != made.fingerprint || left.is_zero() {
        diff.steps = vec![replace];
    } else if let Some(wait) = diff.waits.first_mut() {
        wait.recheck = Some(left);
    }
}

/// Says of each change of one object who moved. What earlier specs asked for is laid beside the live object once
/// for all changes, and only where the record in AWS does not say enough.
struct Origins<'a, R: Resource> {
    case: &'a Case<'a, R>,
    /// What differs from each spec for which a step began since the object was last in sync.
    asked: OnceCell<Vec<Vec<Change>>>,
    /// What differs from the spec that it was last seen in sync with.
    fulfilled: OnceCell<Vec<Change>>,
}

impl<'a, R: Resource> Origins<'a, R> {
    fn new(case: &'a Case<'a, R>) -> Self {
        Self { case, asked: OnceCell::new(), fulfilled: OnceCell::new() }
    }

    /// Says who moved. Where the record in AWS cannot tell, memory may: what a step of ours asked
    /// for is nobody's drift, what was counted as drift stays so, and if this process saw the field
    /// fulfilled, another party moved.
    fn of(&self, change: &Change) -> Origin {
        let memory = self.case.memory;
        if let Some(origin) = memory.origin(change) {
            return origin;
        }
        match change.origin {
            Origin::NoRecord if change.cause == Cause::Missing => {
                if memory.seen_ours && memory.usable { Origin::Drift } else { Origin::Pending }
            }
            Origin::Pending | Origin::Both => change.origin,
            Origin::Drift | Origin::Unclear | Origin::Gone | Origin::NoRecord => {
                let ask = is_ours_to_ask(change.cause);
                if ask { self.by_memory(change) } else { change.origin }
            }
        }
    }

    /// Returns the origin of a change that may be another party's doing, as far as the record knows.
    fn by_memory(&self, change: &Change) -> Origin {
        let memory = self.case.memory;
        let (asked, fulfilled) = (self.asked(change), self.fulfilled(change));
        if asked == SpecMatch::Asked || fulfilled == SpecMatch::Asked {
            return Origin::Pending;
        }
        let unchanged = self.is_unchanged();
        match memory.requested().and_then(|it| it.counted(change)) {
            Some(Origin::Gone) => return Origin::Gone,
            Some(_) if unchanged || change.origin == Origin::Drift => return Origin::Drift,
            Some(_) => return Origin::Both,
            None => {}
        }
        let others = asked == SpecMatch::Other;
        let both = others && fulfilled == SpecMatch::Other;
        match change.origin {
            Origin::Drift | Origin::Unclear if self.is_untouched(change) => Origin::Pending,
            Origin::Drift if !others => Origin::Unclear,
            // Our own step may be what took it away.
            Origin::Gone if memory.has_begun() => Origin::Pending,
            // It may be still to come: nobody can tell.
            Origin::Gone if memory.new_host => Origin::NoRecord,
            Origin::Gone | Origin::NoRecord if unchanged && others => Origin::Drift,
            Origin::Gone | Origin::NoRecord | Origin::Unclear if both => Origin::Both,
            origin @ (Origin::Pending
            | Origin::Drift
            | Origin::Both
            | Origin::Unclear
            | Origin::Gone
            | Origin::NoRecord) => origin,
        }
    }

    /// Whether a step of ours asked for the live value since the object was last in sync.
    fn asked(&self, change: &Change) -> SpecMatch {
        let Some(asked) = self.case.memory.requested() else { return SpecMatch::Other };
        if asked.is_value(change) {
            return SpecMatch::Asked;
        }
        let others = asked.specs().iter().filter(|it| !self.is_wanted(it));
        let differences = || others.map(|it| self.differences(it)).collect();
        // What an image tag means moves without the spec: there the values alone speak.
        let all = (change.cause != Cause::Image).then(|| self.asked.get_or_init(differences));
        let all = all.into_iter().flatten().map(|it| SpecMatch::of(change, it));
        let first = if asked.has_overflowed() { SpecMatch::Unknown } else { SpecMatch::Other };
        all.fold(first, SpecMatch::or)
    }

    /// Whether the live value is the one with which the object was last in sync. `Unknown` as well
    /// if it never was.
    fn fulfilled(&self, change: &Change) -> SpecMatch {
        let Some((spec, digest)) = &self.case.memory.fulfilled else { return SpecMatch::Unknown };
        if change.cause == Cause::Image {
            let live = self.digests().live;
            // Another repository may hold the same image.
            let known = change.origin == Origin::Unclear && !live.is_empty();
            let found = if live == *digest { SpecMatch::Asked } else { SpecMatch::Other };
            return if known { found } else { SpecMatch::Unknown };
        }
        if self.is_wanted(spec) {
            return SpecMatch::Other;
        }
        SpecMatch::of(change, self.fulfilled.get_or_init(|| self.differences(spec)))
    }

    fn differences(&self, spec: &R::Spec) -> Vec<Change> {
        let Case { key, facts, .. } = *self.case;
        match self.case.observed {
            Observed::Present(reading) => R::diff(key, spec, reading, facts).changes,
            Observed::Absent | Observed::Unknown => R::create(key, spec, facts).changes,
        }
    }

    fn is_wanted(&self, spec: &R::Spec) -> bool {
        *spec == self.case.wanted.spec
    }

    fn digests(&self) -> Digests {
        R::digests(
            self.case.key.facet,
            Some(&self.case.wanted.spec),
            self.case.observed.as_ref(),
            self.case.facts,
        )
    }

    /// Whether this process saw the very desired state of now fulfilled.
    fn is_unchanged(&self) -> bool {
        let same = |(spec, digest): &(R::Spec, String)| {
            self.is_wanted(spec) && *digest == self.digests().desired
        };
        self.case.memory.fulfilled.as_ref().is_some_and(same)
    }

    /// Whether everything is still as our own last write left it. What AWS made of that write, in
    /// part or not at all, is nobody's drift.
    fn is_untouched(&self, change: &Change) -> bool {
        let shown = matches!(change.cause, Cause::Image | Cause::Config);
        let fingerprint = self.case.observed.reading().map(R::fingerprint);
        shown && fingerprint.is_some() && fingerprint == self.case.memory.ours
    }
}

/// Takes out the steps that would only repeat what AWS accepted and ignored. Returns the paths of
/// the fields concerned.
fn set_stuck_aside<R: Resource>(case: &Case<'_, R>, diff: &mut Diff<R::Step>) -> Vec<String> {
    let stuck = |change: &Change| case.memory.is_stuck(change, case.now.mono);
    let fields: Vec<String> =
        diff.changes.iter().filter(|it| stuck(it)).map(|it| it.path.clone()).collect();
    let changes = &diff.changes;
    let mut lanes = BTreeSet::new();
    diff.steps.retain(|planned| {
        let mut own = changes.iter().filter(|it| planned.is_about(it)).peekable();
        let vain = own.peek().is_some() && own.all(stuck);
        // The old must not go before the new is there.
        let lane = planned.scope.lane.clone().map(|it| (it, planned.kind));
        if vain {
            lanes.extend(lane.clone());
        }
        !vain && lane.is_none_or(|it| !lanes.contains(&it))
    });
    // A record of what was not reached would be a lie.
    if !fields.is_empty() {
        diff.steps.retain(|planned| planned.kind != RECORD);
    }
    fields
}

/// Picks the verdict: a refusal, then the wait after a creation, the next step, fields that do not
/// converge, and at last whatever else is waited for.
fn decide<R: Resource>(
    case: &Case<'_, R>,
    diff: &Diff<R::Step>,
    stuck: &[String],
) -> Verdict<R::Step> {
    if let Some(reason) = &diff.refusal {
        return Verdict::Refuse(reason.clone());
    }
    if let Some(wait) = settling(case) {
        return Verdict::Wait(wait);
    }
    if let Some(verdict) = act_or_back_off(case, diff) {
        return verdict;
    }
    if !stuck.is_empty() {
        let fields = stuck.join(", ");
        let message = match fields.as_str() {
            "" => "not converging: AWS accepted the creation and shows nothing".to_owned(),
            fields => {
                format!(
                    "not converging: {fields}: AWS accepted the value and shows another one; see \
                     whether AWS supports it here, or whether another party puts it back"
                )
            }
        };
        return Verdict::Refuse(Reason::new("NotConverging", message));
    }
    match diff.waits.first() {
        Some(wait) => Verdict::Wait(wait.clone()),
        None => Verdict::InSync,
    }
}

/// Returns the first step that nothing holds up, or the wait for the first one that failed; `None`:
/// there is no step. What AWS refuses holds up its own lane, and what has none; any other failure
/// holds up the whole object.
fn act_or_back_off<R: Resource>(
    case: &Case<'_, R>,
    diff: &Diff<R::Step>,
) -> Option<Verdict<R::Step>> {
    let mut first: Option<Wait> = None;
    let mut shut = BTreeSet::new();
    for planned in &diff.steps {
        let lane = planned.scope.lane.as_deref();
        if first.is_some() && lane.is_none() {
            break;
        }
        if lane.is_some_and(|it| shut.contains(it)) {
            continue;
        }
        let fingerprint = step_fingerprint(planned, &diff.changes);
        let Some(failed) = case.memory.backoff(fingerprint, case.now.mono) else {
            return Some(Verdict::Act(planned.clone()));
        };
        let wait = backing_off(planned, failed, case.now.mono);
        let recheck =
            first.as_ref().and_then(|it| it.recheck).into_iter().chain(wait.recheck).min();
        let soon = wait.soon || first.as_ref().is_some_and(|it| it.soon);
        first = Some(Wait { recheck, soon, ..first.unwrap_or(wait) });
        match lane {
            Some(lane) if failed.failure.class.is_refusal() => shut.insert(lane),
            _ => break,
        };
    }
    first.map(Verdict::Wait)
}

/// Right after a create, AWS may not find the function yet.
fn settling<R: Resource>(case: &Case<'_, R>) -> Option<Wait> {
    let made = case.memory.created.filter(|_| matches!(case.observed, Observed::Absent))?;
    (case.now.mono.since(made) < SETTLING).then(|| Wait {
        reason: Reason::new("Settling", "AWS accepted the creation and does not show it yet"),
        on: None,
        recheck: Some(SETTLING_RECHECK),
        soon: true,
    })
}

/// Returns the wait after a failed step, which says what failed and what a person can do.
fn backing_off<S: std::fmt::Display>(planned: &Planned<S>, backoff: &Backoff, now: Mono) -> Wait {
    let Backoff { until, soon, failure } = backoff;
    let next = match failure.class {
        Class::Denied => "; grant our credentials the permission",
        Class::Invalid => "; mend the manifest",
        Class::MissingInput => {
            "; what AWS names does not exist yet, is not ready, or is misspelt: Evenkeel tries again within a minute"
        }
        Class::Throttled
        | Class::Busy
        | Class::Precondition
        | Class::Gone
        | Class::Credentials
        | Class::Unclear => "",
    };
    let message = format!("could not {}: {}{next}", planned.step, chain(failure));
    let reason = Reason::new(reason_code(failure.class), message);
    Wait { reason, on: None, recheck: Some(until.since(now)), soon: *soon }
}

/// The reason of a condition that comes from a failed call.
pub fn reason_code(class: Class) -> &'static str {
    match class {
        Class::Throttled => "Throttled",
        Class::Busy => "UpdateInProgress",
        Class::Precondition => "ChangedMeanwhile",
        Class::MissingInput => "InputMissing",
        Class::Denied => "AccessDenied",
        Class::Invalid => "InvalidRequest",
        Class::Gone => "Vanished",
        Class::Credentials => "CredentialsInvalid",
        Class::Unclear => "CallFailed",
    }
}

/// Returns why nothing may be written to the object; `None` if it may. A hold, by tag or by
/// manifest, comes before the mode.
fn gate<R: Resource>(case: &Case<'_, R>) -> Option<Gate> {
    let policy = &case.wanted.policy;
    if let Some(active) = case.memory.suspension.as_ref().and_then(|it| it.active(case.now.wall)) {
        return Some(Gate::suspended(active.message, Some(active.until)));
    }
    if let Some(suspend) = policy.suspend.as_ref().filter(|it| it.holds(case.now.wall)) {
        let until = suspend.until.map(|it| format!(" until {it}")).unwrap_or_default();
        let message = format!("suspended by the manifest{until}: {}", suspend.reason);
        return Some(Gate::suspended(message, suspend.until));
    }
    let message = match (case.settings.mode, policy.mode) {
        (Mode::Enforce, Mode::Enforce) => return None,
        (_, Mode::Observe) => "the manifest says `policy.mode: observe`",
        (Mode::Observe, Mode::Enforce) => {
            "this Evenkeel runs in mode observe: it reports and writes nothing"
        }
    };
    Some(Gate::shut(Reason::new("Observing", message)))
}
