//! Tests in AWS, through the alias that callers use.

use std::{sync::Arc, time::Duration};

use super::{
    super::{door::Door, function::failed},
    cases::Case,
    report::{Suite, Tried},
};
use crate::{
    aws::{
        cloud::{Cloud as _, Urgency},
        invoke::{self, Invocation},
    },
    engine::{
        failure::{Class, Failure},
        secret::Secret,
    },
    kinds::{
        function::{aws::FunctionCloud, live::Live as Function},
        release,
    },
};

/// What a call takes besides the run itself: a cold start, and the way there and back.
const MARGIN: Duration = Duration::from_secs(15);

/// The way to AWS.
pub(super) struct Live<'a> {
    pub(super) door: &'a Door,
}

impl Live<'_> {
    /// Runs the tests of one function; `None` if it is not there.
    pub(super) async fn run(&self, case: &Case) -> Option<Suite> {
        let Door { clients, calls, place } = self.door;
        let cloud = FunctionCloud::new(clients.lambda.clone(), Arc::clone(calls));
        let found = match Box::pin(cloud.get(&case.name, None, Urgency::Write)).await {
            Ok((found, _)) => found?.live,
            Err(failure) => return Some(case.error(failed(&failure).0)),
        };
        let known = found.environment_error.is_none();
        let secrets: Option<Vec<Secret>> = known.then(|| secrets(&found));
        let mut suite = case.suite(format!("alias {} in {}", case.alias, place.region));
        for test in &case.tests {
            let invocation = Invocation {
                function: case.name.as_str(),
                qualifier: Some(&case.alias),
                payload: test.payload.as_bytes(),
                asynchronous: false,
                timeout: test.max_duration + MARGIN,
            };
            let (answer, _) = invoke::invoke((&clients.lambda, calls), invocation).await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(failure) => {
                    case.give_up(&mut suite, told(case, &failure));
                    break;
                }
            };
            let version = answer.version.iter().map(|it| format!(" (version {it})"));
            let version: String = version.collect();
            suite.place = format!("alias {}{version} in {}", case.alias, place.region);
            let outcome = release::judged(test, &answer, secrets.as_deref());
            suite.tests.push(Tried::judged(&test.name, outcome, &answer));
        }
        Some(suite)
    }
}

fn told(case: &Case, failure: &Failure) -> String {
    if failure.class == Class::Gone {
        return format!(
            "the function has no alias {}: nothing has been released yet; `evenkeel apply` does that",
            case.alias
        );
    }
    failed(failure).0
}

/// What an answer or a log must not show.
fn secrets(found: &Function) -> Vec<Secret> {
    found.config.environment.values().cloned().collect()
}
