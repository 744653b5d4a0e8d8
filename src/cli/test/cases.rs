//! What there is to test: the functions of the manifests that have smoke tests.

use std::sync::Arc;

use super::report::{CaseOutcome, SuiteReport, TestResult};
use crate::{
    cli::{args::ScopeArgs, error::ManifestError, manifests},
    engine::{kind::Kind as _, name::Name},
    kinds::{
        function::{Function, doc::FunctionDoc},
        release::spec::Test,
    },
    manifest::{Body, Document},
};

/// A function and its tests.
pub(super) struct FunctionTests {
    pub(super) document: Arc<Document>,
    /// In AWS.
    pub(super) name: Name,
    pub(super) alias: String,
    pub(super) tests: Vec<Test>,
}

/// All of them.
pub(super) struct TestSelection {
    pub(super) all: Vec<FunctionTests>,
    /// How many functions have none.
    pub(super) without: usize,
}

/// Returns the functions of the manifests that are selected and have smoke tests. Without a single
/// test nothing could fail: that is an error.
pub(super) fn read(scope: &ScopeArgs) -> Result<TestSelection, ManifestError> {
    let (dir, selection) = scope.split();
    let documents = manifests::chosen(&*manifests::read(&dir)?, &selection)?;
    let functions = documents.iter().filter(|it| it.kind() == Function::NAME).count();
    let all: Vec<FunctionTests> = documents.iter().filter_map(FunctionTests::of).collect();
    let without = functions - all.len();
    if all.is_empty() {
        return Err(ManifestError::NoSmokeTests { place: dir.display().to_string() });
    }
    Ok(TestSelection { all, without })
}

impl TestSelection {
    /// Those of one target alone.
    pub(super) fn keep_target(&mut self, target: &Name) -> Result<(), ManifestError> {
        self.all.retain(|it| it.document.meta.targets.contains(target));
        if self.all.is_empty() {
            return Err(ManifestError::NoSmokeTestsFor { target: target.clone() });
        }
        Ok(())
    }
}

impl FunctionTests {
    /// Returns a function with its tests; `None` for other documents, and without tests.
    fn of(document: &Arc<Document>) -> Option<Self> {
        let Body::Function(_, parts) = &document.body else { return None };
        let release = parts.release.as_ref().filter(|it| !it.smoke_tests.is_empty())?;
        Some(Self {
            document: Arc::clone(document),
            name: document.aws_name(),
            alias: release.alias.clone(),
            tests: release.smoke_tests.iter().map(Test::of).collect(),
        })
    }

    /// What the document says of the function itself.
    pub(super) fn doc(&self) -> Option<&FunctionDoc> {
        match &self.document.body {
            Body::Function(doc, _) => Some(doc),
            Body::Repository(_) => None,
        }
    }

    /// A suite with nothing tried yet.
    pub(super) fn suite(&self, place: impl Into<String>) -> SuiteReport {
        SuiteReport {
            function: self.name.to_string(),
            manifest: self.document.origin.to_string(),
            place: place.into(),
            tests: Vec::new(),
        }
    }

    /// That none could be run.
    pub(super) fn error(&self, why: impl Into<String>) -> SuiteReport {
        let mut suite = self.suite("nowhere");
        self.give_up(&mut suite, why);
        suite
    }

    /// That the rest could not be run.
    pub(super) fn give_up(&self, suite: &mut SuiteReport, why: impl Into<String>) {
        let why = why.into();
        let rest = self.tests.iter().skip(suite.tests.len());
        let rest = rest.map(|it| TestResult::new(&it.name, CaseOutcome::Error(why.clone())));
        suite.tests.extend(rest.collect::<Vec<_>>());
    }
}
