//! The rules: what to do about one object, given what is wanted, what was seen and what we remember.
//! A pure function; nothing here acts, and nothing here is forgotten or remembered.

#![warn(clippy::wildcard_enum_match_arm)]

use std::{sync::Arc, time::Duration};

use super::{
    desired::Wanted,
    diff::{Cause, Change, Diff, Hold, Origin, Planned, Print, Said},
    facts::Facts,
    failure::{Class, Failure, chain},
    gate::{Gate, gate},
    kind::Kind,
    memory::Memory,
    name::Name,
    own,
    policy::Settings,
    sight::Sight,
    time::Now,
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
    Wait(Hold),
    /// Nothing, until a person decides.
    Refuse(Said),
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
    pub wanted: &'a Wanted<K>,
    /// What was seen.
    pub sight: &'a Sight<K::Live>,
    /// What the other kinds say.
    pub facts: &'a Facts,
    /// What the operator set.
    pub settings: &'a Settings,
    /// What this process remembers of the object.
    pub memory: &'a Memory<K>,
    /// The moment.
    pub now: Now,
}

/// Judges one object.
pub fn judge<K: Kind>(case: &Case<'_, K>) -> Judgement<K::Step> {
    let mut diff = match case.sight {
        Sight::Unknown => return unknown(case),
        Sight::Absent => K::create(case.name, &case.wanted.spec, case.facts),
        Sight::Present(seen) => K::diff(case.name, &case.wanted.spec, seen, case.facts),
    };
    for change in &mut diff.changes {
        change.origin = origin(case, change);
    }
    // What is only watched is nobody's to take over.
    if let Sight::Present(seen) = case.sight
        && seen.exact
        && !K::is_guard(&case.wanted.spec)
    {
        own::weigh(case, seen, &mut diff);
    }
    make_anew(case, &mut diff);
    let stuck = set_stuck_aside(case, &mut diff);
    Judgement { verdict: decide(case, &diff, &stuck), diff, gate: gate(case) }
}

fn unknown<K: Kind>(case: &Case<'_, K>) -> Judgement<K::Step> {
    let said = Said::new("NotObserved", "nothing is known of it yet");
    let hold = Hold { said, on: None, recheck: None, soon: true };
    Judgement { verdict: Verdict::Wait(hold), diff: Diff::default(), gate: gate(case) }
}

/// An object that failed at its creation, and that this process itself has made and never seen usable,
/// may be deleted and made anew: once what would be made has changed, or after a while.
fn make_anew<K: Kind>(case: &Case<'_, K>, diff: &mut Diff<K::Step>) {
    let Some(replace) = diff.replace.take() else { return };
    let Some(made) = &case.memory.made else { return };
    let anew = K::create(case.name, &case.wanted.spec, case.facts);
    let Some(head) = anew.steps.first() else { return };
    let left = made.at.after(REMAKE_AFTER).since(case.now.mono);
    if fingerprint(head, &anew.changes) != made.print || left.is_zero() {
        diff.steps = vec![replace];
    } else if let Some(hold) = diff.waits.first_mut() {
        hold.recheck = Some(left);
    }
}

/// Who moved. Where the record in AWS cannot tell, our own memory may: if we saw the very same wish
/// fulfilled, then it was not the wish that changed.
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
            let digests = K::digests(Some(&case.wanted.spec), case.sight, case.facts);
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
    let print = case.sight.seen().map(K::print);
    shown && print.is_some() && print == case.memory.ours
}

/// Takes out the steps that would only repeat what AWS accepted and ignored; names their fields.
fn set_stuck_aside<K: Kind>(case: &Case<'_, K>, diff: &mut Diff<K::Step>) -> Vec<String> {
    let stuck = |change: &Change| case.memory.is_stuck(change, case.now.mono);
    let fields: Vec<String> =
        diff.changes.iter().filter(|it| stuck(it)).map(|it| it.path.clone()).collect();
    let changes = &diff.changes;
    diff.steps.retain(|planned| {
        let mut own = changes.iter().filter(|it| it.step == planned.kind).peekable();
        own.peek().is_none() || !own.all(stuck)
    });
    // A record of what was not reached would be a lie.
    if !fields.is_empty() {
        diff.steps.retain(|planned| changes.iter().any(|it| it.step == planned.kind));
    }
    fields
}

fn decide<K: Kind>(case: &Case<'_, K>, diff: &Diff<K::Step>, stuck: &[String]) -> Verdict<K::Step> {
    if let Some(said) = &diff.refusal {
        return Verdict::Refuse(said.clone());
    }
    if let Some(hold) = settling(case) {
        return Verdict::Wait(hold);
    }
    if let Some(head) = diff.steps.first() {
        let print = fingerprint(head, &diff.changes);
        return match case.memory.held(print, case.now.mono) {
            Some((failure, hold)) => Verdict::Wait(held(head, failure, hold)),
            None => Verdict::Act(head.clone()),
        };
    }
    if !stuck.is_empty() {
        let fields = stuck.join(", ");
        let message = match fields.as_str() {
            "" => "not converging: AWS accepted the creation and shows nothing".to_owned(),
            fields => {
                format!(
                    "not converging: {fields}: AWS accepted the value and shows the old one; see \
                     whether AWS supports it here, or whether somebody puts it back"
                )
            }
        };
        return Verdict::Refuse(Said::new("NotConverging", message));
    }
    match diff.waits.first() {
        Some(hold) => Verdict::Wait(hold.clone()),
        None => Verdict::InSync,
    }
}

/// Right after a create, AWS may not find the function yet.
fn settling<K: Kind>(case: &Case<'_, K>) -> Option<Hold> {
    let made = case.memory.created.filter(|_| matches!(case.sight, Sight::Absent))?;
    (case.now.mono.since(made) < SETTLING).then(|| Hold {
        said: Said::new("Settling", "AWS accepted the creation and does not show it yet"),
        on: None,
        recheck: Some(SETTLING_RECHECK),
        soon: true,
    })
}

/// The wait after a failed step.
fn held<S: std::fmt::Display>(
    head: &Planned<S>,
    failure: &Failure,
    (wait, soon): (Duration, bool),
) -> Hold {
    let next = match failure.class {
        Class::Denied => "; grant our credentials the permission",
        Class::Invalid => "; mend the manifest",
        Class::MissingInput => "; it goes on by itself once that is there",
        Class::Throttled
        | Class::Busy
        | Class::Precondition
        | Class::Gone
        | Class::Credentials
        | Class::Unclear => "",
    };
    let message = format!("could not {}: {}{next}", head.step, chain(failure));
    Hold { said: Said::new(reason(failure.class), message), on: None, recheck: Some(wait), soon }
}

/// The reason of a condition that comes from a failed call.
pub fn reason(class: Class) -> &'static str {
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

/// What a step would do, as a number: the same step for the same differences is the same attempt.
pub fn fingerprint<S: std::fmt::Display>(planned: &Planned<S>, changes: &[Change]) -> Print {
    let mut text = format!("{}\n{}", planned.kind, planned.step);
    for change in changes.iter().filter(|it| it.step == planned.kind) {
        let (desired, live) = (change.desired.print, change.live.print);
        text.push_str(&["\n", &change.path, &format!(" {desired:?} {live:?}")].concat());
    }
    Print::of(text.as_bytes())
}
