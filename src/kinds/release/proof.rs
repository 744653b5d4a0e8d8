//! What has to be known of a version before anybody gets it: it is what the document asks for, AWS has made it
//! ready, its smoke tests went well.

use std::{sync::Arc, time::Duration};

use super::{
    canary::missing,
    diff::{LATER, PRUNE, PUBLISH, Proof, ReleaseDiff, TEST},
    live::{Alarm, Alias, TestOutcome, VersionState},
    preview,
    spec::{DesiredRelease, Test},
    step::{Publish, Step},
};
use crate::engine::{
    diff::{Planned, Reason, Wait},
    name::Name,
    observed::Known,
};

/// How soon to come back to a version that AWS makes ready.
const PENDING_RECHECK: Duration = Duration::from_secs(2);
/// How long a version that AWS could not make ready stands before the same is published again.
const REPUBLISH_AFTER: Duration = Duration::from_mins(10);
/// How soon to come back to an alarm that is on before a release begins, or at a version that cannot be used.
const ALARM_RECHECK: Duration = Duration::from_mins(1);

impl ReleaseDiff<'_> {
    /// Plans to publish what is deployed, once that is as the document asks. The steps after it are
    /// only foreseen: they need the version's number.
    pub(super) fn publish(&mut self, wanted: &DesiredRelease) {
        if !self.settled() {
            self.unsettled();
            return;
        }
        let function = self.spec.function.clone();
        let latest = &self.live.latest;
        let step = Step::Publish(Publish {
            function: function.clone(),
            owner: self.spec.owner.clone(),
            digest: latest.digest.clone(),
            revision: latest.revision.clone(),
        });
        self.diff.steps.push(Planned::new(PUBLISH, step));
        let from = self.live.alias().map(Alias::leads);
        let later = preview::after_publishing(wanted, &function, from.as_deref());
        let later = later.into_iter().map(|text| Planned::new(LATER, Step::Foreseen(text)));
        self.diff.steps.extend(later);
    }

    /// Says whether a version may have callers. If that is not known, adds what has to happen
    /// first: a wait, or the smoke tests that are still to run.
    pub(super) fn proof(&mut self, wanted: &DesiredRelease, target: u64) -> Proof {
        if !self.settled() {
            self.unsettled();
            return Proof::Waits;
        }
        match self.live.versions.get(&target).map(|it| &it.state) {
            Some(VersionState::Active) => {}
            Some(VersionState::Failed(why)) => {
                self.spoilt(target, why);
                return Proof::Waits;
            }
            Some(VersionState::Inactive) => {
                // Its tests wake it.
                if let Some(proof) = self.tested(wanted, target) {
                    return proof;
                }
                let message = format!(
                    "version {target} sleeps, since nobody called it for weeks; a call wakes it"
                );
                self.wait(Reason::new("VersionInactive", message), Some(ALARM_RECHECK));
                return Proof::Waits;
            }
            // Nothing can be learnt of it now, but what is known stays true.
            Some(VersionState::Stopped(word)) => return self.stopped(wanted, target, word),
            Some(VersionState::Leaving) => {
                let message = format!("AWS is deleting version {target}");
                self.soon(Reason::new("VersionLeaving", message));
                return Proof::Waits;
            }
            Some(VersionState::Pending) | None => {
                let message = format!("AWS makes version {target} ready");
                self.soon(Reason::new("VersionPending", message));
                return Proof::Waits;
            }
        }
        if let Some(proof) = self.tested(wanted, target) {
            return proof;
        }
        if let Some(why) = self.blind(wanted) {
            let message = format!("no release begins while its alarms cannot be read: {why}");
            self.wait(Reason::new("NoData", message), Some(ALARM_RECHECK));
            return Proof::Waits;
        }
        if let Some(message) = self.live.watch.as_ref().and_then(|it| missing(wanted, it)) {
            self.wait(Reason::new("AlarmMissing", message), Some(ALARM_RECHECK));
            return Proof::Waits;
        }
        let on = self.live.watch.as_ref().and_then(|it| it.alarms.get()).into_iter().flatten();
        let on: Vec<&str> =
            on.filter(|(_, it)| **it == Alarm::On).map(|(name, _)| name.as_str()).collect();
        if !on.is_empty() {
            let message = format!("the alarm {} is on, so no release begins", on.join(", "));
            self.wait(Reason::new("AlarmOn", message), Some(ALARM_RECHECK));
            return Proof::Waits;
        }
        Proof::Good
    }

    /// Adds the wait for AWS, which is at work on the version.
    fn soon(&mut self, reason: Reason) {
        self.diff.waits.push(Wait { reason, on: None, recheck: Some(PENDING_RECHECK), soon: true });
    }

    /// Says that a version which runs on no instances waits for some: it cannot be tested. One
    /// whose tests failed before is bad all the same.
    fn stopped(&mut self, wanted: &DesiredRelease, target: u64, word: &str) -> Proof {
        if let Some(why) = self.failed(wanted, target) {
            return Proof::Bad(why);
        }
        let function = &self.spec.function;
        let message = match word {
            "Deactivating" => format!("AWS is stopping the instances of version {target}"),
            _ => format!(
                "version {target} is {word} and cannot be invoked, so it is not tested and gets no callers: {}",
                start(function, target)
            ),
        };
        self.wait(Reason::new("VersionStopped", message), Some(ALARM_RECHECK));
        Proof::Waits
    }

    /// Returns why nobody can tell whether the document's alarms are on; `None`: it can be told, it
    /// names none, or there is no alias yet.
    fn blind(&self, wanted: &DesiredRelease) -> Option<String> {
        if wanted.alarms.is_empty() || self.live.alias().is_none() {
            return None;
        }
        match self.live.watch.as_ref().map(|it| &it.alarms) {
            Some(Known::Yes(_)) => None,
            Some(Known::No(why)) => Some(why.clone()),
            None => Some("they were not asked for".into()),
        }
    }

    /// Says that AWS could not make a version ready. It never will be, and to publish the same
    /// again would give this version again: so it is deleted after a while, if it is ours and
    /// nothing uses it.
    fn spoilt(&mut self, target: u64, why: &str) {
        let message = format!("AWS could not make version {target} ready: {why}");
        let reason = Reason::new("VersionFailed", message);
        self.diff.failed = Some(reason.clone());
        let found = self.live.versions.get(&target);
        let ours = found.is_some_and(|it| it.publisher.as_deref() == Some(&self.spec.owner));
        let old = found.is_some_and(|it| it.age >= REPUBLISH_AFTER);
        if ours && old && !self.live.aliases.values().any(|it| it.uses(target)) {
            let step = Step::DeleteVersion(self.spec.function.clone(), target);
            self.diff.steps.push(Planned::new(PRUNE, step));
        } else {
            self.wait(reason, Some(ALARM_RECHECK));
        }
    }

    /// Returns why the first failed smoke test failed, of those that this process ran; `None`: none
    /// did.
    pub(super) fn failed(&self, wanted: &DesiredRelease, target: u64) -> Option<String> {
        wanted.tests.iter().find_map(|test| {
            match self.live.tests.get(&(target, test.fingerprint)) {
                Some(TestOutcome::Failed(why)) => Some(format!("smoke test {}: {why}", test.name)),
                Some(TestOutcome::Passed) | None => None,
            }
        })
    }

    /// Plans the smoke tests that did not run yet. `None`: all went well; else the version is bad,
    /// or waits for them.
    fn tested(&mut self, wanted: &DesiredRelease, target: u64) -> Option<Proof> {
        let outcome = |test: &Test| self.live.tests.get(&(target, test.fingerprint));
        if let Some(why) = self.failed(wanted, target) {
            return Some(Proof::Bad(why));
        }
        let left: Vec<_> = wanted.tests.iter().filter(|it| outcome(it).is_none()).collect();
        let function = &self.spec.function;
        let steps = left.iter().map(|test| {
            let step = Step::Test(function.clone(), target, Arc::clone(test));
            Planned::new(TEST, step)
        });
        let steps: Vec<_> = steps.collect();
        if steps.is_empty() {
            return None;
        }
        self.diff.steps.extend(steps);
        let text = format!("move alias {function}:{} to version {target}", wanted.alias);
        self.diff.steps.push(Planned::new(LATER, Step::Foreseen(text)));
        Some(Proof::Waits)
    }
}

/// How a person starts a version that runs on no instances.
pub fn start(function: &Name, version: u64) -> String {
    format!(
        "start it with `aws lambda put-function-scaling-config --function-name {function} --qualifier {version} \
         --function-scaling-config MinExecutionEnvironments=MIN,MaxExecutionEnvironments=MAX`"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        engine::{
            diff::{Diff, Fingerprint},
            facts::{Fact, FactKey, Facts},
            name::Name,
        },
        kinds::{
            block::host::Host,
            release::{
                live::{Latest, Live, Stock, Version},
                spec::{Spec, Strategy},
            },
        },
    };

    const PRINT: Fingerprint = Fingerprint(1);

    fn proof(state: VersionState, outcome: Option<TestOutcome>) -> String {
        let function = Name::new("f");
        let test = Test {
            name: "reads".into(),
            payload: "{}".into(),
            status: None,
            function_error: None,
            body: BTreeMap::new(),
            matches: None,
            max_duration: Duration::from_secs(1),
            fingerprint: PRINT,
        };
        let wanted = DesiredRelease {
            alias: "live".into(),
            strategy: Strategy::AllAtOnce,
            tests: vec![Arc::new(test)],
            alarms: Vec::new(),
            keep: None,
            keeps_few: false,
        };
        let version = Version {
            content: Known::Yes(Fingerprint(1)),
            base: String::new(),
            state,
            publisher: None,
            age: Duration::ZERO,
        };
        let live = Live {
            host: Host {
                arn: "arn".into(),
                tags: Known::Yes(BTreeMap::new()),
                busy: None,
                new: false,
            },
            alias: "live".into(),
            latest: Latest {
                revision: "r".into(),
                digest: "d".into(),
                content: Known::Yes(Fingerprint(1)),
            },
            aliases: BTreeMap::new(),
            versions: [(2, version)].into(),
            tests: outcome.map(|it| ((2, PRINT), it)).into_iter().collect(),
            watch: None,
            moving: Known::Yes(false),
            stock: Known::Yes(Stock { published: BTreeSet::new(), provisioned: BTreeSet::new() }),
        };
        let mut facts = Facts::default();
        facts.learn(FactKey::Settled(function.clone()), Some(Fact::Settled("r".into())));
        let spec = Spec { owner: "o".into(), function, wanted: None, adopts: false };
        let mut release =
            ReleaseDiff { spec: &spec, live: &live, facts: &facts, diff: Diff::default() };
        match release.proof(&wanted, 2) {
            Proof::Good => "good".into(),
            Proof::Bad(why) => format!("bad: {why}"),
            Proof::Waits => {
                let steps = release.diff.steps.iter().map(|it| it.kind);
                let waits = release.diff.waits.iter().map(|it| it.reason.code);
                let all: Vec<_> = steps.chain(waits).collect();
                format!("waits: {}", all.join(", "))
            }
        }
    }

    #[test]
    fn a_version_that_sleeps_is_woken_by_its_tests_and_judged_by_them() {
        let failed = || Some(TestOutcome::Failed("no".into()));
        assert_eq!(proof(VersionState::Inactive, None), "waits: test, later");
        assert_eq!(proof(VersionState::Inactive, failed()), "bad: smoke test reads: no");
        assert_eq!(
            proof(VersionState::Inactive, Some(TestOutcome::Passed)),
            "waits: VersionInactive"
        );
        assert_eq!(proof(VersionState::Active, failed()), "bad: smoke test reads: no");
        assert_eq!(proof(VersionState::Active, Some(TestOutcome::Passed)), "good");
        assert_eq!(
            proof(VersionState::Pending, Some(TestOutcome::Passed)),
            "waits: VersionPending"
        );
    }

    /// It cannot be called, so nothing is asked of it, and nothing is held against it.
    #[test]
    fn a_version_without_instances_is_neither_tested_nor_failed() {
        for word in ["Deactivating", "Deactivated", "ActiveNonInvocable"] {
            let stopped = || VersionState::Stopped(word.into());
            assert_eq!(proof(stopped(), None), "waits: VersionStopped");
            assert_eq!(proof(stopped(), Some(TestOutcome::Passed)), "waits: VersionStopped");
            let failed = Some(TestOutcome::Failed("no".into()));
            assert_eq!(proof(stopped(), failed), "bad: smoke test reads: no");
        }
        assert_eq!(proof(VersionState::Leaving, None), "waits: VersionLeaving");
    }
}
