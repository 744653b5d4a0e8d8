//! What differs between a block as it should be and as it is, and the steps that repair it.

use std::time::Duration;

use super::{
    Block, Extra, FacetState, FacetStep, Live, Spec, Step,
    changes::{BLOCK, changes, entire, pointer, presence_change, preview, told_apart},
    claims::{ClaimTag, SetClaim, hash, value},
    host::{missing, no_alias},
    left,
    place::Fields,
};
use crate::engine::{
    diff::{Cause, Change, Diff, Origin, Planned, Reason, Scope, Shown, Wait},
    facts::Facts,
    name::Name,
    observed::Known,
};

/// Kinds of steps, by which changes refer to them. `record` is a word of the engine too.
const CLAIM: &str = "claim";
/// Calls about the whole block that follow the first one, each on a read of its own.
const LATER: &str = "later";
const RECORD: &str = "record";
/// Takes away what nobody asks for.
const EXTRA: &str = "extra";

/// How soon to come back to what AWS is at work on: it takes seconds to minutes.
const WORKING_RECHECK: Duration = Duration::from_secs(5);
/// How soon to come back to what AWS says has failed: a person repairs it, or AWS tries again with the next version.
const FAILED_RECHECK: Duration = Duration::from_mins(5);

/// Compares a block with nothing, since there is no function that it could belong to: it waits for
/// that.
pub(super) fn hostless<B: Block>(name: &Name, spec: &Spec<B>, facts: &Facts) -> Diff<Step<B>> {
    let mut diff = Diff::default();
    if let Some(wanted) = &spec.config {
        // It goes with its function, and that is told once.
        let fields = B::fields(wanted);
        diff.changes.push(presence_change::<B>(Some(&fields), Origin::Pending));
        diff.preview = preview::<B>(&fields);
        diff.waits.push(missing(name, facts));
        warn::<B>(wanted, &mut diff);
    }
    diff
}

/// What people should know before it is made.
fn warn<B: Block>(wanted: &B::Config, diff: &mut Diff<Step<B>>) {
    if let Some(reason) = B::warning(wanted) {
        diff.conditions.insert("Warning", reason);
    }
}

/// Compares a block with what a read shows, and plans the steps. Nothing is written while the
/// function is not ours or AWS is at work on it.
pub(super) fn diff<B: Block>(
    name: &Name,
    spec: &Spec<B>,
    live: &Live<B>,
    facts: &Facts,
) -> Diff<Step<B>> {
    let mut diff = Diff::default();
    let config = match &live.config {
        Known::Yes(config) => {
            let wanted = spec.config.as_ref().filter(|_| live.at == spec.at);
            let config = config.as_ref();
            if let (Some(wanted), true) =
                (wanted, spec.keeping.ends(live.host.claim(B::FIELD).is_some()))
            {
                let found = config.and_then(|it| B::concern(it, Some(wanted)));
                if !found.as_ref().is_some_and(|it| B::is_as_asked(it, wanted)) {
                    let found = found.as_ref().map(B::fields).unwrap_or_default();
                    let told = changes::<B>(&B::fields(wanted), &found, Origin::Pending);
                    diff.conditions.insert("Ignored", left::told(&told));
                }
                let untouched = config.and_then(B::untouched);
                let untouched = untouched.and_then(|it| B::concern(&it, Some(wanted)));
                let Some(untouched) = untouched.filter(|it| !B::is_as_asked(it, wanted)) else {
                    return diff;
                };
                Some(untouched)
            } else {
                config.and_then(|it| B::concern(it, wanted))
            }
        }
        Known::No(why) => {
            let reason = diff.hide("BlockUnknown", B::FIELD, why);
            diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
            return diff;
        }
    };
    let comparison: FacetComparison<'_, B> =
        FacetComparison { name, spec, live, facts, claim: live.host.claim(B::FIELD) };
    match (&spec.config, config.as_ref()) {
        (Some(wanted), found) if live.at != spec.at => comparison.moved(wanted, found, &mut diff),
        (Some(wanted), found) => comparison.wanted(wanted, found, &mut diff),
        (None, Some(found)) => comparison.unwanted(found, &mut diff),
        (None, None) if comparison.claim.is_some() => {
            diff.steps.push(comparison.claim_step(RECORD, None));
        }
        (None, None) => {}
    }
    comparison.state(&mut diff);
    comparison.extras(&mut diff);
    // Where there is nothing that could be changed yet, that is waited for as well.
    let idle = spec.config.is_some() && !diff.changes.is_empty() && diff.waits.is_empty();
    if (idle || !diff.steps.is_empty())
        && let Some(wait) = comparison.wait()
    {
        diff.steps.clear();
        diff.waits.insert(0, wait);
    }
    look_again(&mut diff);
    diff
}

/// Waits where a difference has no call that would end it and nothing says why: AWS shows less than there must be for
/// the call to be about. A difference is never in sync.
fn look_again<S>(diff: &mut Diff<S>) {
    if !diff.changes.is_empty() && diff.steps.is_empty() && diff.waits.is_empty() {
        let message = "AWS does not show yet what is to be changed; it is looked at again";
        let reason = Reason::new("NotShown", message);
        diff.waits.push(Wait { reason, on: None, recheck: Some(WORKING_RECHECK), soon: false });
    }
}

struct FacetComparison<'a, B: Block> {
    name: &'a Name,
    spec: &'a Spec<B>,
    live: &'a Live<B>,
    facts: &'a Facts,
    /// What it was made last, if it is ours.
    claim: Option<ClaimTag<'a>>,
}

impl<B: Block> FacetComparison<'_, B> {
    /// Plans to make `found` what is wanted; `None`: there is no block yet. A block that another
    /// party made stays unless the document takes it over.
    fn wanted(&self, wanted: &B::Config, found: Option<&B::Config>, diff: &mut Diff<Step<B>>) {
        let (fields, fingerprint) = (B::fields(wanted), hash(&B::remembered(wanted)));
        let recorded = self.claim.is_some_and(|it| it.hash == fingerprint);
        warn::<B>(wanted, diff);
        if found.is_some_and(|it| B::is_as_asked(it, wanted)) {
            if !recorded {
                diff.steps.push(self.claim_step(RECORD, Some(fingerprint)));
            }
            return;
        }
        let calls = B::put(&self.spec.at, wanted, found);
        let changes = match found {
            None if !apart::<B>(&calls) => {
                diff.preview = preview::<B>(&fields);
                vec![presence_change::<B>(Some(&fields), self.absence(&fingerprint))]
            }
            None => changes::<B>(&fields, &Fields::new(), self.absence(&fingerprint)),
            Some(found) => {
                let origin = self.origin(found, &fingerprint);
                told_apart::<B>(found, changes::<B>(&fields, &B::fields(found), origin))
            }
        };
        diff.changes.extend(changes);
        let ours = B::NAMED || self.claim.is_some();
        if found.is_some_and(|it| !B::is_free(it)) && !ours && !self.spec.adopts {
            let message = format!(
                "it has a {} that Evenkeel did not make; to take it over, set `policy.adopt: true`",
                B::FIELD
            );
            let reason = Reason::new("NotOwned", message);
            diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
            return;
        }
        // Whose it is, and what it is to be, is written down before it is made.
        if !recorded {
            diff.steps.push(self.claim_step(CLAIM, Some(fingerprint)));
        }
        diff.steps.extend(planned::<B>(calls));
    }

    /// Plans to take a block away that no document asks for, if its tag says that we made it.
    fn unwanted(&self, found: &B::Config, diff: &mut Diff<Step<B>>) {
        if self.claim.is_none() {
            return;
        }
        let calls = B::remove(&self.live.at, found);
        let changes = if apart::<B>(&calls) {
            changes::<B>(&Fields::new(), &B::fields(found), Origin::Pending)
        } else {
            vec![presence_change::<B>(None, Origin::Pending)]
        };
        diff.changes.extend(changes);
        diff.steps.extend(planned::<B>(calls));
    }

    /// Plans to move a block that is on another alias, or on the function, than it should be: it is
    /// taken away there, the tag then names the new place, and later reads look for it here.
    fn moved(&self, wanted: &B::Config, found: Option<&B::Config>, diff: &mut Diff<Step<B>>) {
        // It may take several calls: what is left after each is another difference.
        let there = |found| entire(self.live.at.words(), &B::fields(found));
        diff.changes.push(Change {
            path: pointer::<B>(""),
            desired: Shown::open(self.spec.at.words()),
            live: found.map_or_else(|| Shown::open("absent"), there),
            cause: B::CAUSE,
            origin: Origin::Pending,
            step: if found.is_some() { BLOCK } else { CLAIM },
        });
        match found {
            _ if self.claim.is_none() => {
                let reason = Reason::new("Looking", "it was looked for in another place");
                let recheck = Some(Duration::ZERO);
                diff.waits.push(Wait { reason, on: None, recheck, soon: true });
            }
            // Together they end the one difference.
            Some(found) => {
                let calls = B::remove(&self.live.at, found).into_iter().enumerate();
                diff.steps.extend(calls.map(|(index, it)| plain::<B>(index, it).partial()));
            }
            None => diff.steps.push(self.claim_step(CLAIM, Some(hash(&B::remembered(wanted))))),
        }
    }

    /// Tells what opens the function to others though no document asks for it. It is taken away
    /// only with `policy.exclusive`.
    fn extras(&self, diff: &mut Diff<Step<B>>) {
        let own = self.live.config.get().and_then(Option::as_ref);
        let ours = self.claim.is_some() || self.spec.config.is_some();
        let mut extras = own.map_or_else(Vec::new, |it| B::extras(&self.live.at, it, ours));
        match &self.live.elsewhere {
            Known::Yes(others) => extras.extend(others.iter().cloned()),
            Known::No(why) => {
                let message = format!(
                    "AWS does not show {} on other aliases and versions, so nobody watches them: {why}",
                    B::FIELD
                );
                diff.conditions.insert("BlockUnknown", Reason::new("Unreadable", message));
            }
        }
        if !extras.is_empty() && !self.spec.exclusive {
            let words: Vec<&str> = extras.iter().map(|it| it.words.as_str()).collect();
            let message = format!(
                "no manifest asks for this: {}; describe it, take it away, or let Evenkeel do that with \
                 `policy.exclusive: true`",
                words.join(", ")
            );
            let reason = Reason::new("UnmanagedChange", message);
            diff.waits.push(Wait { reason, on: None, recheck: None, soon: false });
        }
        for Extra { path, words, call } in extras {
            let path = pointer::<B>(&path);
            diff.changes.push(Change {
                path: path.clone(),
                desired: Shown::open("absent"),
                live: Shown::open(words),
                cause: Cause::Unmanaged,
                origin: Origin::Drift,
                step: EXTRA,
            });
            if self.spec.exclusive {
                let mut step = Planned::new(EXTRA, FacetStep::Call(call)).in_lane(&path);
                step.scope.paths.push(path);
                diff.steps.push(step);
            }
        }
    }

    /// Adds the wait for what AWS is at work on, or what it says has failed; steps that are left
    /// are done first.
    fn state(&self, diff: &mut Diff<Step<B>>) {
        let live = self.live.config.get().and_then(Option::as_ref);
        let (Some(wanted), Some(live)) = (&self.spec.config, live) else { return };
        if let Some(notice) = B::notice(live, wanted) {
            diff.conditions.insert("SetElsewhere", notice);
        }
        let (reason, recheck, soon) = match B::state(live, wanted) {
            FacetState::Settled => return,
            FacetState::Working(reason) => (reason, WORKING_RECHECK, true),
            FacetState::Failed(reason) => {
                diff.failed = Some(reason.clone());
                (reason, FAILED_RECHECK, false)
            }
        };
        diff.waits.push(Wait { reason, on: None, recheck: Some(recheck), soon });
    }

    /// Returns what has to happen before anything may be written; `None`: nothing.
    fn wait(&self) -> Option<Wait> {
        let wait = self.live.host.wait(self.name, &self.spec.owner, self.facts);
        // Until there is an alias for it, it stays where it is.
        let comes = self.spec.config.is_some();
        wait.or_else(|| no_alias(&self.spec.at, self.facts).filter(|_| comes))
    }

    /// Plans to write the block's tag, or to take it away without a fingerprint.
    fn claim_step(&self, kind: &'static str, fingerprint: Option<String>) -> Planned<Step<B>> {
        let value = fingerprint.map(|it| value(&it, &self.spec.at));
        let (function, arn) = (self.name.clone(), self.live.host.arn.clone());
        Planned::new(kind, FacetStep::SetClaim(SetClaim { function, arn, word: B::FIELD, value }))
    }

    /// Says who moved where there is no block. Without its alias there can be none. If the tag names
    /// what is asked for, and the function that carries the tag is ours, the block is gone, or has
    /// not come to be yet: the engine may know.
    fn absence(&self, fingerprint: &str) -> Origin {
        let Spec::<B> { owner, at, .. } = self.spec;
        if no_alias(at, self.facts).is_some() {
            return Origin::Pending;
        }
        let made = self.claim.is_some_and(|it| it.hash == fingerprint);
        let ours = self.live.host.claimed(self.name, owner, self.facts).is_none();
        if made && ours { Origin::Gone } else { Origin::NoRecord }
    }

    /// Says who moved, by the hash in the block's tag: the manifest if AWS still shows what was
    /// made last, another party if the document still asks for that; unclear if neither is so.
    fn origin(&self, found: &B::Config, fingerprint: &str) -> Origin {
        if B::is_untouched(found) {
            return Origin::Pending;
        }
        let found = hash(&B::remembered(found));
        match self.claim {
            None => Origin::NoRecord,
            Some(claim) => match (claim.hash == found, claim.hash == fingerprint) {
                (true, _) => Origin::Pending,
                (false, true) => Origin::Drift,
                (false, false) => Origin::Unclear,
            },
        }
    }
}

/// Whether the calls are about single fields.
fn apart<B: Block>(calls: &[B::Call]) -> bool {
    calls.iter().any(|it| !B::touches(it).is_empty())
}

/// Plans the steps of these calls. One that is about single fields ends the changes of those,
/// whenever its turn comes; of the others the first ends the change, and the rest follow it.
fn planned<B: Block>(calls: Vec<B::Call>) -> impl Iterator<Item = Planned<Step<B>>> {
    calls.into_iter().enumerate().map(|(index, call)| {
        let paths: Vec<String> = B::touches(&call).iter().map(|path| pointer::<B>(path)).collect();
        let scope = Scope { lane: B::lane(&call), paths, partial: B::makes_room(&call) };
        let index = if scope.paths.is_empty() { index } else { 0 };
        Planned { scope, ..plain::<B>(index, call) }
    })
}

/// Plans a step that names no fields; `index`: its place among the calls of the block.
fn plain<B: Block>(index: usize, call: B::Call) -> Planned<Step<B>> {
    Planned::new(if index == 0 { BLOCK } else { LATER }, FacetStep::Call(call))
}
