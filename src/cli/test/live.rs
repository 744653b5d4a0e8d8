//! Tests in AWS, through the alias that callers use.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{
    cases::FunctionTests,
    report::{CaseOutcome, SuiteReport, TestResult},
};
use crate::{
    aws::{
        cloud::{Cloud as _, Priority},
        invoke::{self, Answer, Invocation},
    },
    cli::{
        error::{CliError, ObjectError},
        target_clients::TargetClients,
    },
    engine::{
        failure::{Class, Failure},
        secret::Secret,
    },
    kinds::{
        function::{aws::FunctionCloud, doc::FunctionDoc, live::Live as Function},
        release::{self, ReleaseCloud, expect, spec::Test},
    },
};

/// How often a test is tried again that Lambda has no room for, and how long afterwards.
const AGAIN: usize = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// Tests functions through the alias that callers use.
pub(super) struct AliasTester<'a> {
    pub(super) target: &'a TargetClients,
}

/// What an answer or a log must not show. `None`: that is not known, and nothing is shown.
struct Secrets {
    /// Of the newest code, and of the manifest.
    latest: Option<Vec<Secret>>,
    /// Of the version that was read last.
    version: Option<VersionSecrets>,
}

/// All of these, with those of a version.
struct VersionSecrets {
    version: u64,
    all: Option<Vec<Secret>>,
}

/// What came of a call.
enum InvocationResult {
    Answered(Answer),
    /// It was not answered in time.
    Endless,
    Failed(Failure),
}

impl AliasTester<'_> {
    /// Runs the tests of one function; `None` if it is not there. A test that gets no answer in
    /// time has failed; another failure of a call gives up the rest.
    pub(super) async fn run(&self, case: &FunctionTests) -> Option<SuiteReport> {
        let TargetClients { clients, calls, place } = self.target;
        let cloud = FunctionCloud::new(clients.lambda.clone(), Arc::clone(calls));
        let found = match Box::pin(cloud.get(&case.name, None, Priority::Write)).await {
            Ok((found, _)) => found?.live,
            Err(failure) => return Some(case.error(report(failure))),
        };
        let mut cache = Secrets::of(case, &found);
        let mut suite = case.suite(format!("alias {} in {}", case.alias, place.region));
        for test in &case.tests {
            let answer = match Box::pin(self.call(case, test)).await {
                InvocationResult::Answered(answer) => answer,
                InvocationResult::Endless => {
                    let ending = CaseOutcome::Failed(expect::endless(test));
                    suite.tests.push(TestResult::new(&test.name, ending));
                    continue;
                }
                InvocationResult::Failed(failure) => {
                    case.give_up(&mut suite, trouble(case, failure));
                    break;
                }
            };
            let version = answer.version.iter().map(|it| format!(" (version {it})"));
            let version: String = version.collect();
            suite.place = format!("alias {}{version} in {}", case.alias, place.region);
            // `None`: what is secret is not known, so neither the answer nor the log is shown.
            let redactions = Box::pin(self.values_to_hide(case, &answer, &mut cache)).await;
            let outcome = release::judged(test, &answer, redactions);
            suite.tests.push(TestResult::judged(&test.name, outcome, &answer));
        }
        Some(suite)
    }

    /// Calls a function with a test's event. While Lambda has no room, this is repeated at most
    /// `AGAIN` times.
    async fn call(&self, case: &FunctionTests, test: &Test) -> InvocationResult {
        let TargetClients { clients, calls, .. } = self.target;
        let most = expect::patience(test);
        let mut again = AGAIN;
        loop {
            let invocation = Invocation {
                function: case.name.as_str(),
                qualifier: Some(&case.alias),
                payload: test.payload.as_bytes(),
                asynchronous: false,
                timeout: most,
            };
            let (answer, began) = invoke::invoke(&clients.lambda, calls, invocation).await;
            match answer {
                Ok(answer) => return InvocationResult::Answered(answer),
                Err(_) if calls.now().since(began) >= most => return InvocationResult::Endless,
                Err(failure) if failure.class == Class::Throttled && again > 0 => {
                    again -= 1;
                    time::sleep(calls.real(PAUSE)).await;
                }
                Err(failure) => return InvocationResult::Failed(failure),
            }
        }
    }

    /// Returns what an answer must not show: the variables of the version that answered (the alias
    /// may lead to one with another environment than the newest code's), of the newest code, and of
    /// the manifest. `None` if they are not known.
    async fn values_to_hide<'a>(
        &self,
        case: &FunctionTests,
        answer: &Answer,
        secrets: &'a mut Secrets,
    ) -> Option<&'a [Secret]> {
        // Without a number it is the newest code, or nobody knows.
        let version = match answer.version.as_deref()? {
            "$LATEST" => return secrets.latest.as_deref(),
            version => version.parse().ok()?,
        };
        if secrets.version.as_ref().is_none_or(|it| it.version != version) {
            let TargetClients { clients, calls, .. } = self.target;
            let cloud = ReleaseCloud::new(clients, Arc::clone(calls));
            let own = cloud.secrets(&case.name, version).await;
            let all = own.zip(secrets.latest.clone());
            let all = all.map(|(own, latest)| [own, latest].concat());
            secrets.version = Some(VersionSecrets { version, all });
        }
        secrets.version.as_ref()?.all.as_deref()
    }
}

impl Secrets {
    fn of(case: &FunctionTests, found: &Function) -> Self {
        let known = found.environment_error.is_none();
        let given = case.doc().into_iter().flat_map(FunctionDoc::variables);
        let given = given.map(|(_, value)| value.clone());
        let latest = found.config.environment.values().cloned();
        Self { latest: known.then(|| latest.chain(given).collect()), version: None }
    }
}

fn trouble(case: &FunctionTests, failure: Failure) -> String {
    if failure.class == Class::Gone {
        return format!(
            "the function has no alias {}: nothing has been released yet; `evenkeel apply` does that",
            case.alias
        );
    }
    report(failure)
}

fn report(failure: Failure) -> String {
    CliError::from(ObjectError::OwnCall(failure)).report()
}
