//! The function that a command is about, as it is in AWS.

use std::sync::Arc;

use super::{
    args::FunctionArgs,
    error::{CliError, ObjectError},
    target_clients::{self, TargetClients},
};
use crate::{
    aws::cloud::{Cloud as _, Priority},
    engine::{kind::Kind as _, name::Name, policy::Mode},
    kinds::{
        function::{Function, aws::FunctionCloud, live::Live},
        release,
    },
};

/// A function, and the way to its target.
pub(super) struct TargetFunction {
    pub(super) target: TargetClients,
    pub(super) name: Name,
    pub(super) live: Live,
}

impl TargetFunction {
    /// Opens the target and reads the function as it is in AWS; fails if it is not there.
    pub(super) async fn open(args: &FunctionArgs) -> Result<Self, CliError> {
        let target =
            target_clients::open(&args.access, Mode::Observe, args.target.as_deref()).await?;
        let name = named(&args.name);
        let cloud = FunctionCloud::new(target.clients.lambda.clone(), Arc::clone(&target.calls));
        let (found, _) =
            cloud.get(&name, None, Priority::Write).await.map_err(ObjectError::OwnCall)?;
        let Some(reading) = found else {
            let region = target.clients.region.clone();
            return Err(ObjectError::NotApplied { name, region }.into());
        };
        Ok(Self { target, name, live: reading.live })
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
