//! What came of the tests: for people, for programs, and as JUnit XML for whatever shows results in CI.

use std::{
    fmt::{Display, Write as _},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::super::{
    CliError, Outcome,
    out::{self, clean},
};
use crate::{
    aws::invoke::Answer,
    kinds::release::{expect, live},
};

/// All that was tried.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) suites: Vec<Suite>,
    /// How many functions have no smoke tests.
    pub(super) without: usize,
}

/// One function.
#[derive(Serialize)]
pub(super) struct Suite {
    /// Its name in AWS.
    pub(super) function: String,
    /// Where its manifest stands.
    pub(super) manifest: String,
    /// Where the tests ran.
    pub(super) place: String,
    pub(super) tests: Vec<Tried>,
}

/// One test.
#[derive(Serialize)]
pub(super) struct Tried {
    name: String,
    #[serde(flatten)]
    ending: Ending,
    /// How long the function ran, in seconds.
    seconds: Option<f64>,
    request: Option<String>,
    /// The version that answered.
    version: Option<String>,
}

/// How a test ended.
#[derive(Serialize)]
#[serde(tag = "outcome", content = "message", rename_all = "lowercase")]
pub(super) enum Ending {
    /// As expected.
    Passed,
    /// Otherwise.
    Failed(String),
    /// It could not be tried.
    Error(String),
}

impl Tried {
    pub(super) fn new(name: &str, ending: Ending) -> Self {
        Self { name: name.to_owned(), ending, seconds: None, request: None, version: None }
    }

    /// What an answer shows.
    pub(super) fn judged(name: &str, outcome: live::TestOutcome, answer: &Answer) -> Self {
        let ending = match outcome {
            live::TestOutcome::Passed => Ending::Passed,
            live::TestOutcome::Failed(why) => Ending::Failed(why),
        };
        Self {
            seconds: expect::duration(&answer.log).map(|it| it.as_secs_f64()),
            request: answer.request.clone(),
            version: answer.version.clone(),
            ..Self::new(name, ending)
        }
    }
}

impl Report {
    fn count(&self, is: impl Fn(&Ending) -> bool) -> usize {
        let all = self.suites.iter().flat_map(|it| &it.tests);
        all.filter(|it| is(&it.ending)).count()
    }

    fn failed(&self) -> usize {
        self.count(|it| matches!(it, Ending::Failed(_)))
    }

    fn errors(&self) -> usize {
        self.count(|it| matches!(it, Ending::Error(_)))
    }

    /// As exit codes go.
    pub(super) fn outcome(&self) -> Outcome {
        match (self.errors(), self.failed()) {
            // Without a single test nothing could fail.
            _ if self.count(|_| true) == 0 => Outcome::Error,
            (0, 0) => Outcome::Good,
            (0, _) => Outcome::Differs,
            _ => Outcome::Error,
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for suite in &self.suites {
            writeln!(text, "{} ({}), {}", suite.function, suite.manifest, suite.place).ok();
            for test in &suite.tests {
                let took = test.seconds.map(|it| format!(" ({:.0} ms)", it * 1000.0));
                let (word, why) = match &test.ending {
                    Ending::Passed => ("pass ", String::new()),
                    Ending::Failed(why) => ("FAIL ", format!(": {}", clean(why))),
                    Ending::Error(why) => ("ERROR", format!(": {}", clean(why))),
                };
                writeln!(text, "  {word} {}{}{why}", test.name, took.unwrap_or_default()).ok();
            }
        }
        let (passed, failed) = (self.count(|it| matches!(it, Ending::Passed)), self.failed());
        write!(text, "{passed} passed, {failed} failed, {} could not be run", self.errors()).ok();
        if self.without > 0 {
            write!(text, "; functions without smoke tests: {}", self.without).ok();
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Result<String, CliError> {
        serde_json::to_string_pretty(self).map_err(|error| CliError(error.to_string()))
    }

    /// Into a file, for CI.
    pub(super) fn save(&self, path: &Path) -> Result<(), CliError> {
        let saved = out::save(path, &self.junit()?, fs::Permissions::from_mode(0o644));
        saved.map_err(|error| CliError(format!("{}: {error}", path.display())))
    }

    /// For CI: a suite is a function. What XML cannot hold is left out of it.
    fn junit(&self) -> Result<String, CliError> {
        let mut report = quick_junit::Report::new("evenkeel test");
        for suite in &self.suites {
            let mut all = TestSuite::new(suite.function.as_str());
            all.add_property(("manifest", suite.manifest.as_str()));
            all.add_property(("place", suite.place.as_str()));
            all.add_test_cases(suite.tests.iter().map(|it| case(suite, it)));
            report.add_test_suite(all);
        }
        report.to_string().map_err(|error| CliError(error.to_string()))
    }
}

/// Whether a file can be written there, before anything is done for it.
pub(super) fn writable(path: &Path) -> Result<(), CliError> {
    let wrong = |why: &dyn Display| CliError(format!("{}: {why}", path.display()));
    if path.is_dir() {
        return Err(wrong(&"it is a directory, and should be a file"));
    }
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    tempfile::tempfile_in(parent.unwrap_or(Path::new("."))).map(drop).map_err(|error| wrong(&error))
}

fn case(suite: &Suite, test: &Tried) -> TestCase {
    let bad = |kind, why: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(why);
        status
    };
    let status = match &test.ending {
        Ending::Passed => TestCaseStatus::success(),
        Ending::Failed(why) => bad(NonSuccessKind::Failure, why),
        Ending::Error(why) => bad(NonSuccessKind::Error, why),
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
        let suite = |endings: Vec<Ending>| Suite {
            function: "f".into(),
            manifest: "f.yaml:1".into(),
            place: "here".into(),
            tests: endings.into_iter().map(|it| Tried::new("t", it)).collect(),
        };
        let check = |suites: Vec<Suite>, expected: Outcome| {
            assert_eq!(Report { suites, without: 1 }.outcome(), expected);
        };
        check(vec![], Outcome::Error);
        check(vec![suite(vec![])], Outcome::Error);
        check(vec![suite(vec![Ending::Passed])], Outcome::Good);
        check(vec![suite(vec![Ending::Passed, Ending::Failed("x".into())])], Outcome::Differs);
        check(
            vec![suite(vec![Ending::Failed("x".into())]), suite(vec![Ending::Error("x".into())])],
            Outcome::Error,
        );
    }
}
