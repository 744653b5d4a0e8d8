//! An alias that is there: where it should lead for now and in the end, and what holds it up.

use std::time::Duration;

use super::{
    canary::{self, Course, WATCH},
    diff::{HOLD, PRUNE, PUBLISH, Proof, RECORD, ROUTE, ReleaseDiff, To, change, version},
    live::{Alias, Live, Stock},
    note::{RejectedVersion, ReleaseNote, Rolling},
    spec::{DesiredRelease, Strategy},
    step::Step,
    tag::ReleaseTag,
};
use crate::engine::{
    diff::{Change, Origin, Planned, Reason, Wait},
    observed::Known,
    status::Ending,
};

/// How soon to come back to an alias whose provisioned concurrency AWS is moving: that takes minutes.
const MOVING_RECHECK: Duration = Duration::from_secs(10);

/// An alias that we keep, and where it should lead.
struct ManagedAlias<'a> {
    wanted: &'a DesiredRelease,
    alias: &'a Alias,
    note: ReleaseNote,
    /// The version that callers should get for now.
    current: Option<u64>,
}

impl ReleaseDiff<'_> {
    /// Plans the next step for an alias that is there. An alias that we did not make stays, unless
    /// the document takes it over or it leads where it should already.
    pub(super) fn keep(&mut self, wanted: &DesiredRelease, alias: &Alias) {
        let target = self.live.target();
        let right = alias.weight.is_none() && alias.version.is_some() && alias.version == target;
        let ours = alias.note.is_some() || self.claim().is_some_and(|it| it.alias == wanted.alias);
        if !ours && !right && !self.spec.adopts {
            let desired = target.map_or_else(|| "a new version".into(), version);
            let leads = alias.leads();
            let change = change("/version", &desired, &leads, ROUTE);
            self.diff.changes.push(Change { origin: Origin::NoRecord, ..change });
            let message = format!(
                "it has an alias {} that Evenkeel did not make; to take it over, set \
                 `policy.adopt: true`",
                wanted.alias
            );
            self.wait(Reason::new("NotOwned", message), None);
            return;
        }
        let note = alias.note.clone().unwrap_or_default();
        let known = |it: &u64| self.live.versions.contains_key(it);
        let current = note.current.filter(known).or(alias.version);
        let kept = ManagedAlias { wanted, alias, note, current };
        if self.back(&kept) || self.astray(&kept) {
            return;
        }
        if let Some(target) = target {
            self.towards(&kept, target);
            return;
        }
        if kept.rolling().is_some() && self.settled() {
            // It is not what the document asks for any more, and nobody would watch it meanwhile.
            self.stop(&kept);
            return;
        }
        let change = change("/version", "a new version", &alias.leads(), PUBLISH);
        self.diff.changes.push(Change { origin: kept.origin(), ..change });
        self.publish(wanted);
        self.watch_on(&kept);
    }

    /// Plans to take the callers from a version on its way that does badly, whatever else there is
    /// to do. `true`: it does, and all is said.
    fn back(&mut self, kept: &ManagedAlias<'_>) -> bool {
        let gradual = match &kept.wanted.strategy {
            Strategy::Gradual(it) => Some(it),
            Strategy::AllAtOnce => None,
        };
        let Some((rolling, watch)) = kept.rolling().zip(self.live.watch.as_ref()) else {
            return false;
        };
        let Some(why) = canary::bad(kept.wanted, gradual, watch) else { return false };
        self.hold_back(kept, rolling.version, &why);
        true
    }

    /// Plans to keep callers from a version, and to write down why in the alias's description:
    /// another process has to know it too.
    fn hold_back(&mut self, kept: &ManagedAlias<'_>, rejected: u64, why: &str) {
        // The alias leads to `$LATEST`, so there is no version to which callers could go.
        let Some(current) = kept.current else {
            let message = format!("version {rejected} is held back: {why}");
            self.diff.refusal = Some(Reason::new("ReleaseHeld", message));
            return;
        };
        let before =
            kept.note.rejected.as_ref().map_or_else(|| "none".into(), |it| version(it.version));
        let change = change("/held", &version(rejected), &before, HOLD);
        self.diff.changes.push(change);
        let message = format!("version {rejected} is held back: {why}");
        self.diff.conditions.insert("Held", Reason::new("ReleaseHeld", message.clone()));
        let rejected = RejectedVersion { version: rejected, why: why.to_owned() };
        let before = kept.note.before;
        let note =
            ReleaseNote { current: Some(current), before, rolling: None, rejected: Some(rejected) };
        let had_callers = kept.rolling().is_some();
        let ending = if had_callers { Ending::RolledBack } else { Ending::Rejected };
        let to = To { why: message, ending: Some(ending), ..To::all(current, note) };
        self.route(HOLD, Some(kept.alias), to);
    }

    /// Plans to move an alias back that another party moved. `true`: it was moved, and all is said.
    fn astray(&mut self, kept: &ManagedAlias<'_>) -> bool {
        let ManagedAlias { alias, note, current, .. } = kept;
        let rolling = note.rolling.filter(|it| self.live.versions.contains_key(&it.version));
        let weight = rolling.map(|it| (it.version, it.percent));
        // Without a description of ours it is not known where the alias led.
        let (Some(current), Some(_)) = (*current, &alias.note) else { return false };
        if alias.version == Some(current) && alias.weight == weight {
            return false;
        }
        if self.is_aws_moving(alias, current) {
            return true;
        }
        let should = Alias { version: Some(current), weight, ..(*alias).clone() };
        let (desired, found) = (should.leads(), alias.leads());
        let change = change("/version", &desired, &found, ROUTE);
        self.diff.changes.push(Change { origin: Origin::Drift, ..change });
        let note = ReleaseNote { current: Some(current), rolling, ..note.clone() };
        self.route(ROUTE, Some(alias), To { weight, ..To::all(current, note) });
        // It ends the difference by itself: whoever moves the alias again and again is not fought for ever.
        if let Some(step) = self.diff.steps.last_mut() {
            step.scope.partial = false;
        }
        true
    }

    /// Says that AWS itself shows weights while it moves provisioned concurrency from one version to the other: it
    /// takes them away when it is done. `false`: it does not, and another party set them.
    fn is_aws_moving(&mut self, alias: &Alias, current: u64) -> bool {
        if !alias.has_strange_weights() || !alias.versions().contains(&current) {
            return false;
        }
        let reason = match &self.live.moving {
            Known::Yes(false) => return false,
            Known::Yes(true) => {
                let message = format!(
                    "AWS is moving the provisioned concurrency of the alias; meanwhile it leads to {}",
                    alias.leads()
                );
                Reason::new("Provisioning", message)
            }
            // Not knowing never moves an alias.
            Known::No(why) => {
                let message = format!(
                    "the alias leads to {}, and whether AWS is moving its provisioned concurrency cannot be told: {why}",
                    alias.leads()
                );
                Reason::new("Unreadable", message)
            }
        };
        let soon = self.live.moving == Known::Yes(true);
        self.diff.waits.push(Wait { reason, on: None, recheck: Some(MOVING_RECHECK), soon });
        true
    }

    /// Plans the way to the version that callers should get in the end: it is tested, then gets its
    /// callers.
    fn towards(&mut self, kept: &ManagedAlias<'_>, target: u64) {
        let ManagedAlias { wanted, alias, note, current } = kept;
        let rejected = note.rejected.as_ref().filter(|it| it.version == target);
        if *current == Some(target) || rejected.is_some() {
            // One read that came too late must not end what is under way, nor say that all is well.
            if self.behind() || kept.rolling().is_some() && !self.settled() {
                self.unsettled();
                self.watch_on(kept);
                return;
            }
            self.stop(kept);
            if let Some(RejectedVersion { why, .. }) = rejected {
                self.refuse(kept, target, why);
            } else if self.diff.steps.is_empty() {
                self.rest(wanted, alias);
            }
            return;
        }
        let change = change("/version", &version(target), &alias.leads(), ROUTE);
        self.diff.changes.push(Change { origin: kept.origin(), ..change });
        if !self.settled() {
            self.unsettled();
            self.watch_on(kept);
            return;
        }
        let rolling = kept.rolling();
        if rolling.is_some_and(|it| it.version != target) {
            // While the newer one is tested, nobody would watch it.
            self.stop(kept);
            return;
        }
        if rolling.is_none() {
            match self.proof(wanted, target) {
                Proof::Waits => return self.watch_on(kept),
                Proof::Bad(why) => return self.hold_back(kept, target, &why),
                Proof::Good => {}
            }
        }
        self.advance(kept, target, rolling);
    }

    /// Gives a tested version its callers: all at once, or the next part of them. `rolling`: what
    /// it has already.
    fn advance(&mut self, kept: &ManagedAlias<'_>, target: u64, rolling: Option<&Rolling>) {
        let ManagedAlias { wanted, alias, current, .. } = kept;
        // What was held back is of no concern any more: this one is newer.
        let before = current.filter(|it| *it != target);
        let whole = ReleaseNote { current: Some(target), before, ..ReleaseNote::default() };
        let (Strategy::Gradual(gradual), Some(current)) = (&wanted.strategy, *current) else {
            self.route(ROUTE, Some(alias), To::promoted(target, whole));
            return;
        };
        if rolling.is_none() && self.apart(current, target) {
            let message = format!(
                "AWS splits calls only between versions with the same role and dead-letter queue, and version \
                 {target} has others: use `strategy: allAtOnce` for this change"
            );
            self.diff.refusal = Some(Reason::new("VersionsApart", message));
            return;
        }
        let percent = match rolling {
            None => gradual.steps.first().copied(),
            Some(rolling) => {
                match canary::course(wanted, gradual, rolling, self.live.watch.as_ref()) {
                    Course::Back(why) => return self.hold_back(kept, target, &why),
                    Course::Stay(wait) => {
                        self.diff.waits.push(wait);
                        return;
                    }
                    Course::On(percent) => percent,
                }
            }
        };
        // After the last step it gets all.
        let Some(percent) = percent else {
            self.route(ROUTE, Some(alias), To::promoted(target, whole));
            return;
        };
        // The time is that of the call.
        let since = jiff::Timestamp::UNIX_EPOCH;
        let rolling = Some(Rolling { version: target, percent, since });
        let note = ReleaseNote { current: Some(current), rolling, ..ReleaseNote::default() };
        let weight = Some((target, percent));
        self.route(ROUTE, Some(alias), To { weight, ..To::all(current, note) });
    }

    /// Whether AWS would not lead one alias to both.
    fn apart(&self, one: u64, other: u64) -> bool {
        let base = |number| self.live.versions.get(&number).map(|it| &it.base);
        base(one).zip(base(other)).is_some_and(|(one, other)| one != other)
    }

    /// Plans to take the callers from whatever version is on its way; nothing if there is none.
    fn stop(&mut self, kept: &ManagedAlias<'_>) {
        let ManagedAlias { alias, note, current, .. } = kept;
        let (Some(current), true) = (*current, alias.weight.is_some()) else { return };
        let change = change("/version", &version(current), &alias.leads(), ROUTE);
        self.diff.changes.push(change);
        let note = ReleaseNote { current: Some(current), rolling: None, ..note.clone() };
        self.route(ROUTE, Some(alias), To::all(current, note));
    }

    /// Refuses a version that is held back, unless a step has to be done before.
    fn refuse(&mut self, kept: &ManagedAlias<'_>, target: u64, why: &str) {
        if !self.diff.steps.is_empty() {
            return;
        }
        let change = change("/version", &version(target), &kept.alias.leads(), ROUTE);
        self.diff.changes.push(change);
        let message = format!(
            "version {target} is held back: {why}; the alias {} stays as it is: a new image or \
             configuration goes on, and so does `evenkeel rollback {} --resume`",
            kept.wanted.alias, self.spec.function
        );
        self.diff.refusal = Some(Reason::new("ReleaseHeld", message));
    }

    /// Writes down what is not written yet, takes away the trace of a rollback that is over, and
    /// deletes a version that is one too many, once everything is where it should be.
    fn rest(&mut self, wanted: &DesiredRelease, alias: &Alias) {
        let holds = alias.note.as_ref().is_some_and(|it| it.rejected.is_some());
        let plain = ReleaseTag::of(&wanted.alias);
        let told = |it: ReleaseTag<'_>| it == plain || it.alias == wanted.alias && holds;
        if !self.claim().is_some_and(told) {
            self.diff.steps.push(self.claim_step(RECORD, Some(plain.value())));
        } else if let (None, Some(current)) = (&alias.note, alias.version) {
            let note = ReleaseNote { current: Some(current), ..ReleaseNote::default() };
            self.route(RECORD, Some(alias), To::all(current, note));
        }
        if let Some(number) = self.surplus(wanted)
            && self.diff.steps.is_empty()
        {
            let step = Step::DeleteVersion(self.spec.function.clone(), number);
            self.diff.steps.push(Planned::new(PRUNE, step));
            if let Some(keep) = wanted.keep.filter(|_| wanted.keeps_few) {
                let message = format!(
                    "version {number} goes: on managed instances every version costs also while nobody calls it, so \
                     {keep} stay besides those in use unless `keepVersions` says otherwise"
                );
                self.diff.conditions.insert("Versions", Reason::new("OldVersions", message));
            }
        }
    }

    /// Returns the oldest version that is one too many and that nothing uses; `None`: all stay,
    /// also while it is not known what uses them.
    fn surplus(&mut self, wanted: &DesiredRelease) -> Option<u64> {
        let Live { aliases, stock, .. } = self.live;
        let Stock { published, provisioned } = match stock {
            Known::Yes(stock) => stock,
            Known::No(why) => {
                let message =
                    format!("old versions stay, since what uses them is not known: {why}");
                self.diff.conditions.insert("Versions", Reason::new("VersionsUnknown", message));
                return None;
            }
        };
        let used = |number: &u64| {
            aliases.values().any(|it| it.uses(*number)) || provisioned.contains(&number.to_string())
        };
        let surplus = published.len().saturating_sub(wanted.keep?);
        published.iter().take(surplus).copied().find(|it| !used(it))
    }

    /// Shortens the wait while a version is on its way, so that it is watched whatever else is
    /// waited for.
    fn watch_on(&mut self, kept: &ManagedAlias<'_>) {
        if kept.rolling().is_some()
            && let Some(wait) = self.diff.waits.first_mut()
        {
            wait.recheck = Some(wait.recheck.map_or(WATCH, |it| it.min(WATCH)));
        }
    }
}

impl ManagedAlias<'_> {
    /// The version that is on its way, if the alias shows it.
    fn rolling(&self) -> Option<&Rolling> {
        self.note
            .rolling
            .as_ref()
            .filter(|it| self.alias.weight.is_some_and(|(v, _)| v == it.version))
    }

    fn origin(&self) -> Origin {
        if self.alias.note.is_some() { Origin::Pending } else { Origin::NoRecord }
    }
}
