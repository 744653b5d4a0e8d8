//! The calls that a release makes.

use std::{fmt, sync::Arc};

use super::{note::ReleaseNote, spec::Test};
use crate::{
    engine::{name::Name, status::Ending},
    kinds::block::claims::SetClaim,
};

/// One call with every argument decided.
#[derive(Debug, Clone)]
pub enum Step {
    /// TagResource or UntagResource on the function: that the alias is ours.
    SetClaim(SetClaim),
    /// PublishVersion.
    Publish(Publish),
    /// Invoke: a smoke test.
    Test(Name, u64, Arc<Test>),
    /// CreateAlias or UpdateAlias.
    Route(Route),
    /// DeleteAlias.
    DeleteAlias(Name, String),
    /// DeleteFunction, of one version.
    DeleteVersion(Name, u64),
    /// What follows a step whose outcome has to be seen first. It is shown, and never done as it stands.
    Foreseen(String),
}

/// Publishes what is deployed.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The function.
    pub function: Name,
    /// Who we are: it stands in the version's description.
    pub owner: String,
    /// What is deployed, so that nothing else is published.
    pub digest: String,
    /// The same for everything besides.
    pub revision: String,
}

/// Where an alias leads.
#[derive(Debug, Clone)]
pub struct Route {
    /// The function.
    pub function: Name,
    /// The alias.
    pub alias: String,
    /// The alias's revision; `None`: there is none yet.
    pub revision: Option<String>,
    /// The version.
    pub version: u64,
    /// Another version, and the percent of the calls that it gets.
    pub weight: Option<(u64, u32)>,
    /// The description; the time at which a step begins is filled in when the call is made.
    pub note: ReleaseNote,
    /// Why, for people.
    pub why: String,
    /// What the release comes to with that, if it ends.
    pub ending: Option<Ending>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetClaim(it) => write!(f, "{it}"),
            Self::Publish(it) => write!(f, "publish a version of function {}", it.function),
            Self::Test(function, version, test) => {
                write!(f, "smoke test {} of version {version} of function {function}", test.name)
            }
            Self::Route(it) => write!(f, "{it}"),
            Self::DeleteAlias(function, alias) => write!(f, "delete alias {function}:{alias}"),
            Self::DeleteVersion(function, version) => {
                write!(f, "delete version {version} of function {function}")
            }
            Self::Foreseen(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, alias, version, weight, revision, why, .. } = self;
        let verb = if revision.is_some() { "update" } else { "create" };
        write!(f, "{verb} alias {function}:{alias}: ")?;
        match weight {
            Some((other, percent)) => {
                write!(f, "{percent} % to version {other}, the rest to version {version}")?;
            }
            None => write!(f, "version {version}")?,
        }
        if why.is_empty() { Ok(()) } else { write!(f, "; {why}") }
    }
}
