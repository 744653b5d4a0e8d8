//! What came of the tests: for people, for programs, and as JUnit XML for whatever shows results in CI.

use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    aws::invoke::Answer,
    cli::{
        error::{CliError, FileError},
        out::{self, clean},
        outcome::CommandOutcome,
    },
    daemon::view::state::API_VERSION,
    kinds::release::{expect, live},
};

/// All that was tried.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct TestReport {
    /// `evenkeel.dev/v1`.
    pub(super) api_version: &'static str,
    /// `TestReport`.
    pub(super) kind: &'static str,
    /// Each function with its tests.
    pub(super) suites: Vec<SuiteReport>,
    /// How many functions have no smoke tests.
    pub(super) without: usize,
}

/// One function.
#[derive(Serialize, ToSchema)]
pub(super) struct SuiteReport {
    /// Its name in AWS.
    pub(super) function: String,
    /// Where its manifest stands.
    pub(super) manifest: String,
    /// Where the tests ran.
    pub(super) place: String,
    /// Its tests.
    pub(super) tests: Vec<TestResult>,
}

/// One test.
#[derive(Serialize, ToSchema)]
pub(super) struct TestResult {
    /// Its name.
    name: String,
    #[serde(flatten)]
    ending: CaseOutcome,
    /// How long the function ran, in seconds.
    seconds: Option<f64>,
    /// The id of the request.
    request: Option<String>,
    /// The version that answered.
    version: Option<String>,
}

/// How a test ended.
#[derive(Serialize, ToSchema)]
#[serde(tag = "outcome", content = "message", rename_all = "lowercase")]
pub(super) enum CaseOutcome {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed(String),
    /// It could not be tried.
    Error(String),
}

impl TestResult {
    pub(super) fn new(name: &str, ending: CaseOutcome) -> Self {
        Self { name: name.to_owned(), ending, seconds: None, request: None, version: None }
    }

    /// Returns the result of a test that was answered, with what the answer tells of the run.
    pub(super) fn judged(name: &str, outcome: live::TestOutcome, answer: &Answer) -> Self {
        let ending = match outcome {
            live::TestOutcome::Passed => CaseOutcome::Passed,
            live::TestOutcome::Failed(why) => CaseOutcome::Failed(why),
        };
        Self {
            seconds: expect::duration(&answer.log).map(|it| it.as_secs_f64()),
            request: answer.request.clone(),
            version: answer.version.clone(),
            ..Self::new(name, ending)
        }
    }
}

impl TestReport {
    /// What came of these functions' tests; so many others have none.
    pub(super) fn new(suites: Vec<SuiteReport>, without: usize) -> Self {
        Self { api_version: API_VERSION, kind: "TestReport", suites, without }
    }

    fn count(&self, is: impl Fn(&CaseOutcome) -> bool) -> usize {
        let all = self.suites.iter().flat_map(|it| &it.tests);
        all.filter(|it| is(&it.ending)).count()
    }

    fn failed(&self) -> usize {
        self.count(|it| matches!(it, CaseOutcome::Failed(_)))
    }

    fn errors(&self) -> usize {
        self.count(|it| matches!(it, CaseOutcome::Error(_)))
    }

    /// As exit codes go.
    pub(super) fn outcome(&self) -> CommandOutcome {
        match (self.errors(), self.failed()) {
            // Without a single test nothing could fail.
            _ if self.count(|_| true) == 0 => CommandOutcome::Error,
            (0, 0) => CommandOutcome::Good,
            (0, _) => CommandOutcome::Differs,
            _ => CommandOutcome::Error,
        }
    }

    /// Returns the report for people: a line for each test, and the sum.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for suite in &self.suites {
            writeln!(text, "{} ({}), {}", suite.function, suite.manifest, suite.place).ok();
            for test in &suite.tests {
                let took = test.seconds.map(|it| format!(" ({:.0} ms)", it * 1000.0));
                let (word, why) = match &test.ending {
                    CaseOutcome::Passed => ("pass ", String::new()),
                    CaseOutcome::Failed(why) => ("FAIL ", format!(": {}", clean(why))),
                    CaseOutcome::Error(why) => ("ERROR", format!(": {}", clean(why))),
                };
                writeln!(text, "  {word} {}{}{why}", test.name, took.unwrap_or_default()).ok();
            }
        }
        let (passed, failed) = (self.count(|it| matches!(it, CaseOutcome::Passed)), self.failed());
        write!(text, "{passed} passed, {failed} failed, {} could not be run", self.errors()).ok();
        if self.without > 0 {
            write!(text, "; functions without smoke tests: {}", self.without).ok();
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Result<String, CliError> {
        serde_json::to_string_pretty(self).map_err(|error| CliError::Serialize(error.into()))
    }

    /// Into a file, for CI.
    pub(super) fn save(&self, path: &Path) -> Result<(), CliError> {
        let saved = out::save(path, &self.junit()?, fs::Permissions::from_mode(0o644));
        Ok(saved.map_err(FileError::access(path))?)
    }

    /// Returns the report as JUnit XML, for CI: a suite is a function. What XML cannot hold is left
    /// out.
    fn junit(&self) -> Result<String, CliError> {
        let mut report = quick_junit::Report::new("evenkeel test");
        for suite in &self.suites {
            let mut all = TestSuite::new(suite.function.as_str());
            all.add_property(("manifest", suite.manifest.as_str()));
            all.add_property(("place", suite.place.as_str()));
            all.add_test_cases(suite.tests.iter().map(|it| case(suite, it)));
            report.add_test_suite(all);
        }
        report.to_string().map_err(|error| CliError::Serialize(error.into()))
    }
}

/// Whether a file can be written there, before anything is done for it.
pub(super) fn check_writable(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Err(FileError::Directory { path: path.to_path_buf() });
    }
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    let file = tempfile::tempfile_in(parent.unwrap_or(Path::new(".")));
    file.map(drop).map_err(FileError::access(path))
}

/// Returns a test as JUnit has it: one that could not be tried is an error, and no failure.
fn case(suite: &SuiteReport, test: &TestResult) -> TestCase {
    let bad = |kind, why: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(why);
        status
    };
    let status = match &test.ending {
        CaseOutcome::Passed => TestCaseStatus::success(),
        CaseOutcome::Failed(why) => bad(NonSuccessKind::Failure, why),
        CaseOutcome::Error(why) => bad(NonSuccessKind::Error, why),
    };
    let mut case = TestCase::new(test.name.as_str(), status);
    case.set_classname(suite.function.as_str());
    case.set_time(Duration::from_secs_f64(test.seconds.unwrap_or_default()));
    case
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_test_is_not_good() {
        let suite = |endings: Vec<CaseOutcome>| SuiteReport {
            function: "f".into(),
            manifest: "f.yaml:1".into(),
            place: "here".into(),
            tests: endings.into_iter().map(|it| TestResult::new("t", it)).collect(),
        };
        let check = |suites: Vec<SuiteReport>, expected: CommandOutcome| {
            assert_eq!(TestReport::new(suites, 1).outcome(), expected);
        };
        check(vec![], CommandOutcome::Error);
        check(vec![suite(vec![])], CommandOutcome::Error);
        check(vec![suite(vec![CaseOutcome::Passed])], CommandOutcome::Good);
        check(
            vec![suite(vec![CaseOutcome::Passed, CaseOutcome::Failed("x".into())])],
            CommandOutcome::Differs,
        );
        check(
            vec![
                suite(vec![CaseOutcome::Failed("x".into())]),
                suite(vec![CaseOutcome::Error("x".into())]),
            ],
            CommandOutcome::Error,
        );
    }
}
