//! Smoke tests: a version is invoked, and what it answers is kept.

use std::collections::BTreeMap;

use super::ReleaseCloud;
use crate::{
    aws::{
        cloud::Priority,
        invoke::{self, Invocation},
        scrub::{mask, mask_cut, scrub},
    },
    engine::{diff::Fingerprint, failure::Failure, name::Name, secret::Secret},
    kinds::release::{
        expect::{self, TestAnswer, judge},
        live::TestOutcome,
        spec::Test,
    },
};

/// Lambda gives the last 4 KB of a log: one that is nearly as long may have been cut.
const CUT: usize = 4000;

/// What is shown instead, where the environment is not.
const HIDDEN: &str = "(hidden, since the function's secrets are not known)";

impl ReleaseCloud {
    /// How the tests of one function ended, by version and test.
    pub(super) fn tests(&self, name: &Name) -> BTreeMap<(u64, Fingerprint), TestOutcome> {
        let kept = self.kept();
        let found = kept.tests.get(name).into_iter();
        let all = found.flat_map(|(version, all)| {
            all.iter().map(|(fingerprint, outcome)| ((*version, *fingerprint), outcome.clone()))
        });
        all.collect()
    }

    /// Invokes a version, and keeps how that ended. An error is one of the call; whatever the
    /// function does is an outcome, and so is that it does not come to an end.
    pub(super) async fn test(
        &self,
        function: &Name,
        version: u64,
        test: &Test,
    ) -> Result<(), Failure> {
        let calls = &self.connection.calls;
        let most = expect::patience(test);
        let qualifier = version.to_string();
        let invocation = Invocation {
            function: function.as_str(),
            qualifier: Some(&qualifier),
            payload: test.payload.as_bytes(),
            asynchronous: false,
            timeout: most,
        };
        let (answer, began) = invoke::invoke(self.connection.lambda(), calls, invocation).await;
        let took = calls.now().since(began);
        let outcome = match answer {
            Ok(answer) => {
                let secrets = self.secrets(function, version).await;
                judged(test, &answer, secrets.as_deref())
            }
            // An answer may be lost on the way, once.
            Err(_) if took >= most && self.again(function, version, test.fingerprint) => {
                TestOutcome::Failed(format!("{}, twice", expect::endless(test)))
            }
            Err(failure) => return Err(failure),
        };
        let mut kept = self.kept();
        let tests = kept.tests.entry(function.clone()).or_default();
        // Outcomes are kept of one version: that which is tested now.
        if tests.0 != version {
            *tests = (version, BTreeMap::new());
        }
        tests.1.insert(test.fingerprint, outcome);
        Ok(())
    }

    /// Whether the same test was not answered before either.
    fn again(&self, function: &Name, version: u64, test: Fingerprint) -> bool {
        let late = (version, test);
        self.kept().late.insert(function.clone(), late) == Some(late)
    }

    /// The environment of a version: what it says of itself may hold it. `None` if it is not shown.
    pub async fn secrets(&self, function: &Name, version: u64) -> Option<Vec<Secret>> {
        let found = self.version(function, version, Priority::Write).await.ok().flatten()?;
        let Some(environment) = found.configuration?.environment else { return Some(Vec::new()) };
        if environment.error.is_some() {
            return None;
        }
        Some(environment.variables.unwrap_or_default().into_values().map(Secret::new).collect())
    }
}

/// How a smoke test ended, as people may see it. `secrets`: the values of the function's environment, which its answer
/// and its log may hold; `None` if they are not known, and then neither is shown.
pub fn judged(test: &Test, answer: &invoke::Answer, secrets: Option<&[Secret]>) -> TestOutcome {
    let body = String::from_utf8_lossy(&answer.payload);
    let hide = |text: &str| match secrets {
        Some(secrets) => mask(text, &secrets.iter().collect::<Vec<_>>()),
        None => HIDDEN.to_owned(),
    };
    let log = match secrets {
        Some(secrets) if answer.log.len() >= CUT => {
            mask_cut(&answer.log, &secrets.iter().collect::<Vec<_>>())
        }
        _ => answer.log.clone(),
    };
    let answer = TestAnswer {
        body: &body,
        function_error: answer.function_error.as_deref(),
        took: expect::duration(&answer.log),
        log: &log,
        mask: &hide,
    };
    match judge(test, answer) {
        TestOutcome::Passed => TestOutcome::Passed,
        TestOutcome::Failed(why) => TestOutcome::Failed(scrub(&why, &[])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_secret_at_the_start_of_a_log_is_not_shown() {
        let test = serde_json::from_str(r#"{"name":"t","expect":{"status":1}}"#).unwrap();
        let secret = Secret::new("0123456789".repeat(450));
        let log: String = secret.expose().chars().skip(404).collect();
        let check = |secrets: Option<&[Secret]>, expected: &str| {
            let log = log.clone();
            let answer = invoke::Answer { payload: b"{}".to_vec(), log, ..Default::default() };
            let TestOutcome::Failed(why) = judged(&Test::of(&test), &answer, secrets) else {
                panic!("it passed")
            };
            assert_eq!(
                why,
                format!("statusCode is none, and should be 1; its log ends with: {expected}")
            );
        };
        check(Some(&[secret]), "***");
        check(None, HIDDEN);
    }
}
