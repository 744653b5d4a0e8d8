//! What differs between where an alias leads and where it should, and the next step there.

use std::time::Duration;

use super::{
    FIELD,
    live::{Alias, Live, VersionState},
    note::{BY_HAND, RejectedVersion, ReleaseNote},
    preview,
    spec::{DesiredRelease, Spec, Strategy},
    step::{Route, Step},
    tag::ReleaseTag,
};
use crate::{
    engine::{
        diff::{Cause, Change, Diff, Origin, Planned, Reason, Shown, Wait},
        facts::{Fact, FactKey, Facts},
        name::Name,
        observed::Known,
        status::Ending,
        tags::Tags,
    },
    kinds::block::{
        claims::{self, SetClaim},
        host::missing,
    },
};

/// Kinds of steps, by which changes refer to them. `record` is a word of the engine too.
pub(super) const RECORD: &str = "record";
const CLAIM: &str = "claim";
pub(super) const PUBLISH: &str = "publish";
pub(super) const TEST: &str = "test";
pub(super) const ROUTE: &str = "route";
pub(super) const HOLD: &str = "hold";
const REMOVE: &str = "remove";
pub(super) const PRUNE: &str = "prune";
/// Steps that follow one whose outcome has to be seen first.
pub(super) const LATER: &str = "later";

/// The word in the function's tags for provisioned concurrency.
const PROVISIONED: &str = "concurrency/provisioned";

/// How soon to come back to an alias to which something still belongs.
const IN_USE_RECHECK: Duration = Duration::from_secs(2);

/// How soon to read again where one read shows the function at another revision than another.
const BEHIND_RECHECK: Duration = Duration::from_secs(3);

/// Compares a release with nothing, since there is no function: it waits for that.
pub(super) fn hostless(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
    let mut diff = Diff::default();
    if let Some(wanted) = &spec.wanted {
        diff.preview.steps = preview::release(wanted, name, None);
        // It goes with its function, and that is told once.
        diff.changes.push(change("", "present", "absent", ROUTE));
        diff.waits.push(missing(name, facts));
    }
    diff
}

/// Compares where the alias leads with what the document asks for, and plans the next step.
pub(super) fn diff(spec: &Spec, live: &Live, facts: &Facts) -> Diff<Step> {
    let mut release = ReleaseDiff { spec, live, facts, diff: Diff::default() };
    match &spec.wanted {
        Some(wanted) => release.wanted(wanted),
        None => release.unwanted(),
    }
    release.hold_up();
    release.diff
}

/// The alias that the function's tags say is kept for callers.
pub fn alias(tags: &Tags) -> Option<&str> {
    Some(ReleaseTag::read(claims::claim(tags, FIELD)?)?.alias)
}

/// One release: both sides, and what follows.
pub(super) struct ReleaseDiff<'a> {
    pub(super) spec: &'a Spec,
    pub(super) live: &'a Live,
    pub(super) facts: &'a Facts,
    pub(super) diff: Diff<Step>,
}

/// Whether a version may have callers.
pub(super) enum Proof {
    /// It may.
    Good,
    /// It may not, and why.
    Bad(String),
    /// That is not known yet; what has to happen first was said.
    Waits,
}

/// Where an alias is to lead.
pub(super) struct To {
    pub(super) version: u64,
    pub(super) weight: Option<(u64, u32)>,
    pub(super) note: ReleaseNote,
    /// Why, for people.
    pub(super) why: String,
    /// What the release comes to with that, if it ends.
    pub(super) ending: Option<Ending>,
}

impl To {
    /// All callers to one version.
    pub(super) fn all(version: u64, note: ReleaseNote) -> Self {
        Self { version, weight: None, note, why: String::new(), ending: None }
    }

    /// The same, at the end of a release that went well.
    pub(super) fn promoted(version: u64, note: ReleaseNote) -> Self {
        Self { ending: Some(Ending::Promoted), ..Self::all(version, note) }
    }
}

impl<'a> ReleaseDiff<'a> {
    /// What the function's tag says of the release; `None` if it names no alias.
    pub(super) fn claim(&self) -> Option<ReleaseTag<'a>> {
        self.live.host.claim(FIELD).and_then(ReleaseTag::read)
    }
}

impl ReleaseDiff<'_> {
    /// Plans the way to a release; nothing while AWS does not show all of a version, since then it
    /// cannot be told which version is the same as what is deployed.
    fn wanted(&mut self, wanted: &DesiredRelease) {
        let unknown = std::iter::once(&self.live.latest.content)
            .chain(self.live.versions.values().map(|it| &it.content))
            .find_map(|it| if let Known::No(why) = it { Some(why.clone()) } else { None });
        if let Some(why) = unknown {
            let message = format!("AWS does not show all of a version, so it is left alone: {why}");
            self.wait(Reason::new("Unreadable", message), None);
            return;
        }
        if !self.settled() {
            let from = self.live.alias().map(Alias::leads);
            let function = &self.spec.function;
            self.diff.preview.steps = preview::release(wanted, function, from.as_deref());
        }
        self.warn(wanted);
        match self.live.alias() {
            None => self.first(wanted),
            Some(alias) => self.keep(wanted, alias),
        }
    }

    /// Says what is known, and what not, of weights and provisioned concurrency on one alias.
    fn warn(&mut self, wanted: &DesiredRelease) {
        let provisioned = self.live.host.claim(PROVISIONED).is_some();
        if wanted.strategy == Strategy::AllAtOnce || !provisioned {
            return;
        }
        let message = "a canary leads the alias to two versions, and AWS refuses provisioned concurrency for an alias \
                       that does; whether it takes the second version on an alias that has provisioned concurrency \
                       is not known: if it refuses, callers keep the old version. `strategy: allAtOnce` needs neither";
        self.diff.conditions.insert("Warning", Reason::new("CanaryProvisioned", message));
    }

    /// Plans the way to an alias that is not there yet: a version is published and tested, and the
    /// alias is made. A version that fails is held back by the function's tag.
    fn first(&mut self, wanted: &DesiredRelease) {
        let claim = self.claim();
        if claim.is_none_or(|it| it.alias != wanted.alias) {
            let tag = ReleaseTag::of(&wanted.alias);
            self.diff.steps.push(self.claim_step(CLAIM, Some(tag.value())));
        }
        let target = self.live.target();
        let desired = target.map_or_else(|| "a new version".into(), |it| format!("version {it}"));
        let step = if target.is_some() { ROUTE } else { PUBLISH };
        let change = change("", &desired, "absent", step);
        self.diff.changes.push(Change { origin: Origin::NoRecord, ..change });
        let Some(target) = target else {
            self.publish(wanted);
            return;
        };
        if let Some(held) = claim.filter(|it| it.rejected == Some(target)) {
            self.held(wanted, target, held.led_to);
            return;
        }
        match self.proof(wanted, target) {
            Proof::Waits => {}
            Proof::Bad(why) => {
                let message = format!("version {target} is held back: {why}");
                self.diff.conditions.insert("Held", Reason::new("ReleaseHeld", message));
                let rejected = Some(target);
                let tag = ReleaseTag { rejected, ..ReleaseTag::of(&wanted.alias) };
                self.diff.steps.push(self.claim_step(HOLD, Some(tag.value())));
            }
            Proof::Good => {
                // What has to be proven first may never have come to be, though the tag is there.
                if self.claims(&wanted.alias)
                    && let Some(change) = self.diff.changes.last_mut()
                {
                    change.origin = Origin::Gone;
                }
                let note = ReleaseNote { current: Some(target), ..ReleaseNote::default() };
                self.route(ROUTE, None, To::promoted(target, note));
            }
        }
    }

    /// Plans the way to an alias that is not there while the version that is deployed is held back: callers get the
    /// version to which a person led them before the alias was deleted, if that can be used; else nobody gets any.
    fn held(&mut self, wanted: &DesiredRelease, target: u64, led_to: Option<u64>) {
        let usable = |it: &u64| {
            let found = self.live.versions.get(it);
            found.is_some_and(|it| matches!(it.state, VersionState::Active))
        };
        if let Some(to) = led_to.filter(usable) {
            let rejected = RejectedVersion { version: target, why: BY_HAND.to_owned() };
            let (current, rejected) = (Some(to), Some(rejected));
            let note = ReleaseNote { current, rejected, ..ReleaseNote::default() };
            self.route(ROUTE, None, To::all(to, note));
            return;
        }
        let unsaid = if led_to.is_some() { BY_HAND } else { "it failed before" };
        let why = self.failed(wanted, target).unwrap_or_else(|| unsaid.into());
        let message = format!(
            "version {target} is held back: {why}; there is no alias {}: a new image or configuration goes on, and so \
             does `evenkeel rollback {} --resume`",
            wanted.alias, self.spec.function
        );
        self.diff.refusal = Some(Reason::new("ReleaseHeld", message));
    }

    /// Whether the function is ours, and its tag says that we keep this alias and hold back nothing.
    fn claims(&self, alias: &str) -> bool {
        let Spec { owner, function, .. } = self.spec;
        let host = &self.live.host;
        let tagged = host.tags.get().and_then(|it| it.get(&claims::key(FIELD)));
        tagged == Some(&ReleaseTag::of(alias).value())
            && host.claimed(function, owner, self.facts).is_none()
    }

    /// Plans to delete the alias that we made, once nothing else belongs to it any more, and then
    /// its tag.
    fn unwanted(&mut self) {
        let Some(claim) = self.live.host.claim(FIELD) else { return };
        let alias = ReleaseTag::read(claim).map_or_else(String::new, |it| it.alias.to_owned());
        if !self.live.aliases.contains_key(&alias) {
            self.diff.steps.push(self.claim_step(RECORD, None));
            return;
        }
        self.diff.changes.push(change("", "absent", "present", REMOVE));
        let left = self.live.host.on_alias(&alias, FIELD);
        if !left.is_empty() {
            let message =
                format!("waiting until nothing hangs on the alias {alias}: {}", left.join(", "));
            let reason = Reason::new("AliasInUse", message);
            let recheck = Some(IN_USE_RECHECK);
            self.diff.waits.push(Wait { reason, on: None, recheck, soon: true });
            return;
        }
        let step = Step::DeleteAlias(self.spec.function.clone(), alias);
        self.diff.steps.push(Planned::new(REMOVE, step));
    }

    /// Whether the function is as its document asks, at the revision that was seen here.
    pub(super) fn settled(&self) -> bool {
        let fact = self.facts.get(&FactKey::Settled(self.spec.function.clone()));
        matches!(fact, Some(Fact::Settled(revision)) if **revision == *self.live.latest.revision)
    }

    /// Whether the function was seen in sync at another revision than here.
    pub(super) fn behind(&self) -> bool {
        let fact = self.facts.get(&FactKey::Settled(self.spec.function.clone()));
        matches!(fact, Some(Fact::Settled(revision)) if **revision != *self.live.latest.revision)
    }

    /// Adds the wait for the function to be as its document asks.
    pub(super) fn unsettled(&mut self) {
        let message = "waiting for the function to be as its manifest asks";
        let reason = Reason::new("FunctionUnsettled", message);
        // If one read came too late, no news will follow.
        let behind = self.behind();
        let on = Some(FactKey::Settled(self.spec.function.clone())).filter(|_| !behind);
        let recheck = behind.then_some(BEHIND_RECHECK);
        self.diff.waits.push(Wait { reason, on, recheck, soon: behind });
    }

    /// Adds a wait that does not end in seconds.
    pub(super) fn wait(&mut self, reason: Reason, recheck: Option<Duration>) {
        self.diff.waits.push(Wait { reason, on: None, recheck, soon: false });
    }

    /// Plans to write the release's tag, or to take it away without a value.
    pub(super) fn claim_step(&self, kind: &'static str, value: Option<String>) -> Planned<Step> {
        let function = self.spec.function.clone();
        let arn = self.live.host.arn.clone();
        Planned::new(kind, Step::SetClaim(SetClaim { function, arn, word: FIELD, value }))
    }

    /// Plans to move the alias, or to make it if there is none.
    pub(super) fn route(&mut self, kind: &'static str, alias: Option<&Alias>, to: To) {
        let To { version, weight, note, why, ending } = to;
        let step = Step::Route(Route {
            function: self.spec.function.clone(),
            alias: self.live.alias.clone(),
            revision: alias.map(|it| it.revision.clone()),
            version,
            weight,
            note,
            why,
            ending,
        });
        // A canary goes from one weight to the next, and may come back to where it was.
        self.diff.steps.push(Planned::new(kind, step).partial());
    }

    /// Puts a wait in the place of the steps if the function is not ours. While AWS is at work on
    /// it, only its alias may move and tests may run.
    fn hold_up(&mut self) {
        let Some(head) = self.diff.steps.first() else { return };
        let free = matches!(head.step, Step::Route(_) | Step::Test(..));
        let Spec { owner, function, .. } = self.spec;
        let host = &self.live.host;
        let wait = host.claimed(function, owner, self.facts);
        let wait = wait.or_else(|| host.at_work(function, self.facts).filter(|_| !free));
        if let Some(wait) = wait {
            self.diff.steps.clear();
            self.diff.waits.insert(0, wait);
        }
    }
}

pub(super) fn version(number: u64) -> String {
    format!("version {number}")
}

/// Makes a change below `release`, on its way to what the document asks for.
pub(super) fn change(path: &str, desired: &str, live: &str, step: &'static str) -> Change {
    Change {
        path: format!("/{FIELD}{path}"),
        desired: Shown::open(desired),
        live: Shown::open(live),
        cause: Cause::Release,
        origin: Origin::Pending,
        step,
    }
}
