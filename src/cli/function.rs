//! The function that a command is about, as it is in AWS.

use std::sync::Arc;

use super::{
    CliError, FunctionArgs,
    door::{self, Door},
};
use crate::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        failure::{Class, Failure, chain},
        kind::Kind as _,
        name::Name,
        policy::Mode,
    },
    kinds::{
        function::{Function, aws::FunctionCloud, live::Live},
        release,
    },
};

/// A function, and the way to its target.
pub(super) struct Found {
    pub(super) door: Door,
    pub(super) name: Name,
    pub(super) live: Live,
}

impl Found {
    /// Reads for it.
    pub(super) async fn open(args: &FunctionArgs) -> Result<Self, CliError> {
        let door = door::open((&args.access, Mode::Observe), args.target.as_deref()).await?;
        let name = named(&args.name);
        let cloud = FunctionCloud::new(door.clients.lambda.clone(), Arc::clone(&door.calls));
        let (found, _) = cloud.get(&name, None, Priority::Write).await.map_err(|it| failed(&it))?;
        let Some(reading) = found else {
            let region = &door.clients.region;
            return Err(CliError(format!(
                "there is no function {name} in {region}; is its name right (that in AWS, if the manifest has a \
                 `functionName`), and has it been applied?"
            )));
        };
        Ok(Self { door, name, live: reading.live })
    }

    /// The alias that callers use, if Evenkeel keeps one.
    pub(super) fn alias(&self) -> Option<&str> {
        release::alias(self.live.tags.get()?)
    }
}

/// The function that a word names: `resize`, or with its kind, `Function/resize`.
pub(super) fn named(word: &str) -> Name {
    let rest = word.strip_prefix(Function::NAME).and_then(|it| it.strip_prefix('/'));
    Name::new(rest.unwrap_or(word))
}

/// What AWS said, and what to do about it where that is known.
pub(super) fn failed(failure: &Failure) -> CliError {
    let next = match failure.class {
        Class::Denied => {
            "; ask for the permission that it names (deploy/iam/README.md lists them all)"
        }
        Class::Credentials => "; log in again, or set AWS_PROFILE",
        Class::Throttled => "; try again in a moment",
        _ => "",
    };
    CliError(format!("{}{next}", chain(failure)))
}
