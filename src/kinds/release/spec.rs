//! What a document asks of a release.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use regex_lite::Regex;
use serde_json::Value;

use super::doc::{ExpectDoc, GradualDoc, ReleaseDoc, StrategyDoc, TestDoc};
use crate::{
    engine::{diff::Fingerprint, name::Name, time::duration},
    kinds::part::{Instances, Site},
};

/// What a smoke test may take unless it says otherwise.
const TEST_MAX: Duration = Duration::from_mins(1);
/// How many versions of a function on managed instances stay unless the document says otherwise: the one in use, and
/// one to go back to. Each has at least three instances that cost also while nobody calls (Lambda developer guide,
/// "Lambda Managed Instances"), and a capacity provider takes a hundred versions.
const MANAGED_KEEP: usize = 2;
/// The part of failed calls that is too great unless the document says otherwise, in percent.
const ERRORS_MAX: u32 = 5;

/// A release as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Who we are.
    pub owner: String,
    /// The function.
    pub function: Name,
    /// The alias; `None`: none is wanted, and what we made is taken away.
    pub wanted: Option<DesiredRelease>,
    /// Whether an alias that we did not make may be taken over.
    pub adopts: bool,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredRelease {
    /// The alias.
    pub alias: String,
    /// How callers move.
    pub strategy: Strategy,
    /// What must go well before.
    pub tests: Vec<Arc<Test>>,
    /// The alarms that stop it.
    pub alarms: Vec<String>,
    /// How many versions stay; `None`: all.
    pub keep: Option<usize>,
    /// Whether that is so few because the document says nothing and each one costs.
    pub keeps_few: bool,
}

/// How callers move to a new version.
#[derive(Debug, Clone, PartialEq)]
pub enum Strategy {
    /// All at once.
    AllAtOnce,
    /// By steps.
    Gradual(Gradual),
}

/// Steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradual {
    /// The percent of the calls that the new version gets, from the first step on.
    pub steps: Vec<u32>,
    /// How long each lasts.
    pub every: Duration,
    /// The greatest part of failed calls, in percent.
    pub errors_max: u32,
}

/// A smoke test.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// The event, as JSON.
    pub payload: String,
    /// The `statusCode` of the answer.
    pub status: Option<i64>,
    /// The error that it is to end with.
    pub function_error: Option<String>,
    /// What stands where in the answer.
    pub body: BTreeMap<String, Value>,
    /// What the answer looks like as text.
    pub matches: Option<Regex>,
    /// How long it may take.
    pub max_duration: Duration,
    /// Tells two tests apart, whatever their names.
    pub fingerprint: Fingerprint,
}

/// Two tests are the same if they are written the same.
impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Spec {
    /// What a document means.
    pub(super) fn of(doc: Option<&ReleaseDoc>, site: &Site<'_>) -> Self {
        Self {
            owner: site.owner.to_owned(),
            function: site.function.clone(),
            wanted: doc.map(|it| DesiredRelease::of(it, site.instances)),
            adopts: site.adopts,
        }
    }
}

impl DesiredRelease {
    /// What a document asks for; on managed instances each version costs.
    fn of(doc: &ReleaseDoc, instances: Instances) -> Self {
        let keeps_few = instances == Instances::Managed && doc.keep_versions.is_none();
        Self {
            alias: doc.alias.clone(),
            strategy: Strategy::of(&doc.strategy),
            tests: doc.smoke_tests.iter().map(|it| Arc::new(Test::of(it))).collect(),
            alarms: doc.alarms.clone(),
            keep: if keeps_few { Some(MANAGED_KEEP) } else { doc.keep_versions },
            keeps_few,
        }
    }
}

impl Strategy {
    /// Reads a strategy. The steps of `linear` are multiples of its percent, below 100: after the
    /// last one the version gets all.
    fn of(doc: &StrategyDoc) -> Self {
        let StrategyDoc::Gradual(GradualDoc { canary, linear }) = doc else {
            return Self::AllAtOnce;
        };
        // The rules have refused what is no time.
        let every = |text: &str| duration(text).unwrap_or(TEST_MAX);
        let errors = |given: Option<u32>| given.unwrap_or(ERRORS_MAX);
        match (canary, linear) {
            (Some(it), _) => Self::Gradual(Gradual {
                steps: it.steps.clone(),
                every: every(&it.every),
                errors_max: errors(it.max_error_percent),
            }),
            (None, Some(it)) => Self::Gradual(Gradual {
                steps: (1..100)
                    .map(|n| n * it.percent)
                    .take_while(|percent| *percent < 100)
                    .collect(),
                every: every(&it.every),
                errors_max: errors(it.max_error_percent),
            }),
            // The rules have refused it.
            (None, None) => Self::AllAtOnce,
        }
    }
}

impl Test {
    /// Reads a smoke test. Its fingerprint is of all that is written: a test that is changed runs
    /// again.
    pub fn of(doc: &TestDoc) -> Self {
        let TestDoc { name, payload, expect } = doc;
        let ExpectDoc { status, function_error, body, matches, max_duration } = expect;
        Self {
            name: name.clone(),
            payload: payload.to_string(),
            status: *status,
            function_error: function_error.clone(),
            body: body.clone(),
            matches: matches.as_deref().and_then(|it| Regex::new(it).ok()),
            max_duration: max_duration.as_deref().and_then(duration).unwrap_or(TEST_MAX),
            fingerprint: Fingerprint::of(format!("{doc:?}").as_bytes()),
        }
    }
}
