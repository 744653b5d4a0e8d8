//! What a read shows of a function's versions and aliases.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::note::ReleaseNote;
use crate::{
    engine::{diff::Fingerprint, observed::Known},
    kinds::block::host::Host,
};

/// A function's versions and aliases, as far as a release is about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The function.
    pub host: Host,
    /// The alias that was read.
    pub alias: String,
    /// `$LATEST`.
    pub latest: Latest,
    /// Every alias.
    pub aliases: BTreeMap<String, Alias>,
    /// The versions that matter: those that the alias leads to, one on its way, one held back.
    pub versions: BTreeMap<u64, Version>,
    /// What smoke tests of this process showed, by version and test.
    pub tests: BTreeMap<(u64, Fingerprint), TestOutcome>,
    /// How a version that is on its way is doing; `None` if it was not asked.
    pub watch: Option<Watch>,
    /// Whether AWS is moving the alias's provisioned concurrency; asked only where the alias has weights that are not
    /// ours.
    pub moving: Known<bool>,
    /// Versions that may be too many; none if it was not asked.
    pub stock: Known<Stock>,
}

/// Versions that may be too many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stock {
    /// Those that we published.
    pub published: BTreeSet<u64>,
    /// What has provisioned concurrency: aliases and versions.
    pub provisioned: BTreeSet<String>,
}

/// What was deployed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// Its `RevisionId`.
    pub revision: String,
    /// Its `CodeSha256`.
    pub digest: String,
    /// A fingerprint of everything that a version would keep of it.
    pub content: Known<Fingerprint>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// As in [`Latest`].
    pub content: Known<Fingerprint>,
    /// The role and the dead-letter queue, which all versions of an alias have to share (Lambda developer guide,
    /// "Implement Lambda canary deployments using a weighted alias").
    pub base: String,
    /// How far AWS is with it.
    pub state: VersionState,
    /// Who published it, if an Evenkeel did.
    pub publisher: Option<String>,
    /// How long ago that was, as far as AWS says.
    pub age: Duration,
}

/// How far AWS is with a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionState {
    /// It can be invoked.
    Active,
    /// It is being made ready.
    Pending,
    /// It was not invoked for weeks.
    Inactive,
    /// It stands, and cannot be invoked: AWS runs no managed instances of it, or is stopping them (`Deactivating`,
    /// `Deactivated`, `ActiveNonInvocable`, in AWS's word). Not a fault: it can be started again.
    Stopped(String),
    /// AWS is deleting it.
    Leaving,
    /// It cannot be used, and why.
    Failed(String),
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The version that it leads to; none if that is `$LATEST`.
    pub version: Option<u64>,
    /// The other version that it leads to, and the percent of the calls.
    pub weight: Option<(u64, u32)>,
    /// Its description, if it is ours.
    pub note: Option<ReleaseNote>,
    /// Its `RevisionId`.
    pub revision: String,
}

impl Alias {
    /// Where it leads, in words.
    pub fn leads(&self) -> String {
        let base = self.version.map_or_else(|| "$LATEST".into(), |it| format!("version {it}"));
        match self.weight {
            Some((other, percent)) => format!("{base}, {percent} % version {other}"),
            None => base,
        }
    }

    /// Whether it has weights of which its description says nothing.
    pub fn has_strange_weights(&self) -> bool {
        let rolling = self.note.as_ref().and_then(|it| it.rolling);
        self.weight.is_some_and(|(version, _)| rolling.is_none_or(|it| it.version != version))
    }

    /// The versions that it leads to.
    pub fn versions(&self) -> BTreeSet<u64> {
        self.version.into_iter().chain(self.weight.map(|(other, _)| other)).collect()
    }
}

/// How a smoke test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    /// As expected.
    Passed,
    /// Otherwise; the text says how, and ends with the last lines of the log.
    Failed(String),
}

/// How a version that is on its way is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// How long it has had what it has.
    pub elapsed: Duration,
    /// The state of each alarm.
    pub alarms: Known<BTreeMap<String, Alarm>>,
    /// The calls that it got meanwhile.
    pub calls: Known<InvocationCounts>,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// All is well.
    Ok,
    /// It is on.
    On,
    /// CloudWatch has too little to tell.
    NoData,
    /// CloudWatch does not show it: there is none of the name, or it is of a type that is not known here.
    Missing,
}

/// The calls of one version through the alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InvocationCounts {
    /// How many there were.
    pub invocations: u64,
    /// How many of them failed.
    pub errors: u64,
}

impl Alias {
    /// Whether it leads to a version, or remembers it.
    pub fn uses(&self, number: u64) -> bool {
        let rejected = self.note.as_ref().and_then(|it| it.rejected.as_ref()).map(|it| it.version);
        let rolling = self.note.as_ref().and_then(|it| it.rolling).map(|it| it.version);
        [self.version, self.weight.map(|it| it.0), rejected, rolling].contains(&Some(number))
    }
}

impl Live {
    /// The alias that is wanted, if it is there.
    pub fn alias(&self) -> Option<&Alias> {
        self.aliases.get(&self.alias)
    }

    /// Whether the alias leads where it should in the end.
    pub fn is_settled(&self) -> bool {
        self.alias().is_some_and(|it| it.version.is_some() && it.version == self.target())
    }

    /// The newest version that is the same as `$LATEST`.
    pub fn target(&self) -> Option<u64> {
        let content = self.latest.content.get()?;
        let same = |(_, it): &(&u64, &Version)| it.content.get() == Some(content);
        self.versions.iter().filter(same).map(|(number, _)| *number).max()
    }
}
