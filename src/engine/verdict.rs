//! The rules: what to do about one object, given what is wanted, what was seen and what we remember.
//! A pure function; nothing here acts, and nothing here is forgotten or remembered.

#![warn(clippy::wildcard_enum_match_arm)]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    desired::DesiredObject,
    diff::{Cause, Change, Diff, Fingerprint, Origin, Planned, Reason, Wait},
    facts::Facts,
    failure::{Class, chain},
    gate::{Gate, gate},
    kind::Kind,
    memory::{Backoff, Memory},
    name::Name,
    observed::Observed,
    own,
    policy::Settings,
    time::{Mono, Now},
};

/// How long AWS may go on saying "not found" about a function that it just made.
const SETTLING: Duration = Duration::from_secs(15);
/// How long an object that failed at its creation stands before the same is tried again.
const REMAKE_AFTER: Duration = Duration::from_mins(10);
/// How soon to ask again meanwhile.
const SETTLING_RECHECK: Duration = Duration::from_secs(2);

/// What to do about one object.
pub enum Verdict<S> {
    /// Nothing: it is as it should be.
    InSync,
    /// This, if the gate is open.
    Act(Planned<S>),
    /// Nothing yet.
    Wait(Wait),
    /// Nothing, until a person decides.
    Refuse(Reason),
}

/// A verdict and everything that led to it.
pub struct Judgement<S> {
    /// What to do.
    pub verdict: Verdict<S>,
    /// What differs, who moved, and all the steps; without those that have been tried in vain.
    pub diff: Diff<S>,
    /// Why nothing may be written just now, though there may be reason to.
    pub gate: Option<Gate>,
}

/// Whether callers are to be saved from something ([`Kind::rescues`]).
pub fn rescues<K: Kind>(verdict: &Verdict<K::Step>) -> bool {
    matches!(verdict, Verdict::Act(planned) if K::rescues(&planned.step))
}

/// Everything that a verdict depends on.
pub struct Case<'a, K: Kind> {
    /// The object.
    pub name: &'a Name,
    /// What the manifest asks for.
    pub wanted: &'a DesiredObject<K::Spec>,
    /// What was seen.
    pub observed: &'a Observed<K::Live>,
    /// What the other kinds say.
    pub facts: &'a Facts,
    /// What the operator set.
    pub settings: &'a Settings,
    /// What this process remembers of the object.
    pub memory: &'a Memory<K>,
    /// The moment.
    pub now: Now,
}

/// Judges one object: compares it with its spec, says who moved, takes away what is not ours to do
/// or was tried in vain, and picks what comes next.
pub fn judge<K: Kind>(case: &Case<'_, K>) -> Judgement<K::Step> {
    let mut diff = match case.observed {
        Observed::Unknown => return unknown(case),
        Observed::Absent => K::create(case.name, &case.wanted.spec, case.facts),
        Observed::Present(reading) => K::diff(case.name, &case.wanted.spec, reading, case.facts),
    };
    for change in &mut diff.changes {
        change.origin = origin(case, change);
    }
    // What is only watched is nobody's to take over.
    if let Observed::Present(reading) = case.observed
        && reading.exact
        && !K::is_guard(&case.wanted.spec)
    {
        own::weigh(case, reading, &mut diff);
    }
    make_anew(case, &mut diff);
    let stuck = set_stuck_aside(case, &mut diff);
    Judgement { verdict: decide(case, &diff, &stuck), diff, gate: gate(case) }
}

/// Judges an object of which nothing is known: it waits for its first read.
fn unknown<K: Kind>(case: &Case<'_, K>) -> Judgement<K::Step> {
    let reason = Reason::new("NotObserved", "nothing is known of it yet");
    let wait = Wait { reason, on: None, recheck: None, soon: true };
    Judgement { verdict: Verdict::Wait(wait), diff: Diff::default(), gate: gate(case) }
}

/// Plans to delete an object that failed at its creation, so that it is made again: only one that
/// this process made and never saw usable, and only once what would be made has changed or
/// [`REMAKE_AFTER`] is over.
fn make_anew<K: Kind>(case: &Case<'_, K>, diff: &mut Diff<K::Step>) {
    let Some(replace) = diff.replace.take() else { return };
    let Some(made) = &case.memory.made else { return };
    let anew = K::create(case.name, &case.wanted.spec, case.facts);
    let Some(head) = anew.steps.first() else { return };
    let left = made.at.after(REMAKE_AFTER).since(case.now.mono);
    if step_fingerprint(head, &anew.changes) != made.fingerprint || left.is_zero() {
        diff.steps = vec![replace];
    } else if let Some(wait) = diff.waits.first_mut() {
        wait.recheck = Some(left);
    }
}

/// Says who moved. Where the record in AWS cannot tell, our own memory may: if this process saw the
/// same desired state fulfilled, another party moved.
fn origin<K: Kind>(case: &Case<'_, K>, change: &Change) -> Origin {
    if let Some(origin) = case.memory.origin(change) {
        return origin;
    }
    let ours = |yes: bool| if yes { Origin::Drift } else { Origin::Pending };
    match change.origin {
        Origin::NoRecord if change.cause == Cause::Missing => {
            ours(case.memory.seen_ours && case.memory.usable)
        }
        Origin::NoRecord => {
            let digests = K::digests(Some(&case.wanted.spec), case.observed, case.facts);
            let same = |(spec, desired): &(Arc<K::Spec>, String)| {
                **spec == *case.wanted.spec && *desired == digests.desired
            };
            let unchanged = case.memory.fulfilled.as_ref().is_some_and(same);
            if unchanged { Origin::Drift } else { Origin::NoRecord }
        }
        Origin::Drift | Origin::Both if untouched(case, change) => Origin::Pending,
        origin @ (Origin::Pending | Origin::Drift | Origin::Both) => origin,
    }
}

/// Whether everything is still as our own last write left it. What AWS made of that write, in part or
/// not at all, is nobody's drift.
fn untouched<K: Kind>(case: &Case<'_, K>, change: &Change) -> bool {
    let shown = matches!(change.cause, Cause::Image | Cause::Config);
    let fingerprint = case.observed.reading().map(K::fingerprint);
    shown && fingerprint.is_some() && fingerprint == case.memory.ours
}

/// Takes out the steps that would only repeat what AWS accepted and ignored. Returns the paths of
/// the fields concerned.
fn set_stuck_aside<K: Kind>(case: &Case<'_, K>, diff: &mut Diff<K::Step>) -> Vec<String> {
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
        diff.steps.retain(|planned| planned.kind != super::on_applied::RECORD);
    }
    fields
}

/// Picks the verdict: a refusal, then the wait after a creation, the next step, fields that do not
/// converge, and at last whatever else is waited for.
fn decide<K: Kind>(case: &Case<'_, K>, diff: &Diff<K::Step>, stuck: &[String]) -> Verdict<K::Step> {
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
                     whether AWS supports it here, or whether somebody puts it back"
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
fn act_or_back_off<K: Kind>(case: &Case<'_, K>, diff: &Diff<K::Step>) -> Option<Verdict<K::Step>> {
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
fn settling<K: Kind>(case: &Case<'_, K>) -> Option<Wait> {
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

/// Returns what a step would do as a number: its text and the differences that it ends. The same
/// number is the same attempt, which waits after a failure; another one is tried at once.
pub fn step_fingerprint<S: std::fmt::Display>(
    planned: &Planned<S>,
    changes: &[Change],
) -> Fingerprint {
    let mut text = format!("{}\n{}", planned.kind, planned.step);
    for change in changes.iter().filter(|it| planned.is_about(it)) {
        let (desired, live) = (change.desired.fingerprint, change.live.fingerprint);
        text.push_str(&["\n", &change.path, &format!(" {desired:?} {live:?}")].concat());
    }
    Fingerprint::of(text.as_bytes())
}
