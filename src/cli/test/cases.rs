//! What there is to test: the functions of the manifests that have smoke tests.

use std::sync::Arc;

use super::{
    super::{CliError, args::ScopeArgs, reading},
    report::{Ending, Suite, Tried},
};
use crate::{
    engine::{kind::Kind as _, name::Name},
    kinds::{
        function::{Function, doc::FunctionDoc},
        release::spec::Test,
    },
    manifest::{Body, Document},
};

/// A function and its tests.
pub(super) struct Case {
    pub(super) document: Arc<Document>,
    /// In AWS.
    pub(super) name: Name,
    pub(super) alias: String,
    pub(super) tests: Vec<Test>,
}

/// All of them.
pub(super) struct Cases {
    pub(super) all: Vec<Case>,
    /// How many functions have none.
    pub(super) without: usize,
}

/// Reads the manifests that are meant. Without a single test nothing could fail, and that is said.
pub(super) fn read(scope: &ScopeArgs) -> Result<Cases, CliError> {
    let (dir, selection) = scope.split();
    let documents = reading::chosen(&*reading::read(&dir)?, &selection)?;
    let functions = documents.iter().filter(|it| it.kind() == Function::NAME).count();
    let all: Vec<Case> = documents.iter().filter_map(Case::of).collect();
    let without = functions - all.len();
    let cases = Cases { all, without };
    cases.filled(&dir.display().to_string())
}

impl Cases {
    /// Those of one target alone.
    pub(super) fn keep_target(&mut self, target: &Name) -> Result<(), CliError> {
        self.all.retain(|it| it.document.meta.targets.contains(target));
        if self.all.is_empty() {
            return Err(CliError(format!(
                "no function with smoke tests is for the target {target}"
            )));
        }
        Ok(())
    }

    fn filled(self, place: &str) -> Result<Self, CliError> {
        if self.all.is_empty() {
            return Err(CliError(format!(
                "{place}: no function that is meant has smoke tests; write some at `spec.release.smokeTests` \
                 (docs/reference/manifests.md)"
            )));
        }
        Ok(self)
    }
}

impl Case {
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
    pub(super) fn suite(&self, place: impl Into<String>) -> Suite {
        Suite {
            function: self.name.to_string(),
            manifest: self.document.origin.to_string(),
            place: place.into(),
            tests: Vec::new(),
        }
    }

    /// That none could be run.
    pub(super) fn error(&self, why: impl Into<String>) -> Suite {
        let mut suite = self.suite("nowhere");
        self.give_up(&mut suite, why);
        suite
    }

    /// That the rest could not be run.
    pub(super) fn give_up(&self, suite: &mut Suite, why: impl Into<String>) {
        let why = why.into();
        let rest = self.tests.iter().skip(suite.tests.len());
        let rest = rest.map(|it| Tried::new(&it.name, Ending::Error(why.clone())));
        suite.tests.extend(rest.collect::<Vec<_>>());
    }
}
