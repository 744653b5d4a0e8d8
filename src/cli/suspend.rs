//! `evenkeel suspend` and `evenkeel resume`: a hold on writes to one object, as a tag on it.

use std::sync::Arc;

use super::{
    args::{CoreArgs, ObjectArgs, ResumeArgs, SuspendArgs},
    error::{CliError, ObjectError, UsageError},
    out::{clean, note, print},
    outcome::CommandOutcome,
    rollback::resume_command,
    target_clients::{self, TargetClients},
};
use crate::{
    aws::cloud::{Cloud, Priority},
    daemon::clock::SystemClock,
    engine::{
        kind::Kind,
        name::{Name, Owner},
        observed::Known,
        policy::Mode,
        suspension,
        tags::{Claim, SUSPEND},
        time::Clock as _,
    },
    kinds::{
        function::{Function, aws::FunctionCloud},
        release::{ReleaseCloud, rejected},
        repository::{Repository, aws::RepositoryCloud},
    },
};

/// Sets the tag that holds all writes to an object.
pub(super) async fn suspend(args: SuspendArgs) -> Result<CommandOutcome, CliError> {
    let clock = SystemClock::start();
    let wall = clock.now().wall;
    let value = suspension::value(args.hold, &args.reason, wall).map_err(UsageError::from)?;
    Box::pin(write(&args.core, &args.object, Some(&value))).await
}

/// Takes the tag away that [`suspend`] sets.
pub(super) async fn resume(args: ResumeArgs) -> Result<CommandOutcome, CliError> {
    Box::pin(write(&args.core, &args.object, None)).await
}

/// Sets the tag of an object to `value`, or takes it away. A name without a kind is a function's.
async fn write(
    core: &CoreArgs,
    object: &ObjectArgs,
    value: Option<&str>,
) -> Result<CommandOutcome, CliError> {
    let TargetClients { clients, calls, .. } =
        target_clients::open(&core.access, Mode::Enforce, object.target.as_deref()).await?;
    let (kind, name) = match object.name.split_once('/') {
        Some((Function::NAME, name)) => (Function::NAME, name),
        Some((Repository::NAME, name)) => (Repository::NAME, name),
        _ => (Function::NAME, object.name.as_str()),
    };
    if name.is_empty() {
        return Err(UsageError::NameMissing.into());
    }
    let name = Name::new(name);
    let tag = SuspensionTag { owner: &core.owner, name: name.clone(), value };
    if kind == Repository::NAME {
        Box::pin(tag.hold::<Repository, _>(&RepositoryCloud::new(clients.ecr, calls))).await?;
        return Ok(CommandOutcome::Good);
    }
    let cloud = FunctionCloud::new(clients.lambda.clone(), Arc::clone(&calls));
    let was = tag.hold::<Function, _>(&cloud).await?;
    if value.is_none() && was == Was::Free {
        let cloud = ReleaseCloud::new(&clients, calls);
        if let Some(held) = Box::pin(held_back(&cloud, &name)).await {
            let resume = resume_command(&name, object.target.as_deref());
            note(&format!(
                "version {held} of {name} is held back by its release, which is no suspension; {resume} lets it go on"
            ));
        }
    }
    Ok(CommandOutcome::Good)
}

/// The version that a function's release holds back; `None` where there is none, or it may not be read: whoever ends a
/// suspension need not be allowed to see releases.
async fn held_back(cloud: &ReleaseCloud, name: &Name) -> Option<u64> {
    let (found, _) = cloud.get(name, None, Priority::Write).await.ok()?;
    rejected(&found?.live)
}

/// Whether an object was suspended by its tag before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    /// It had the tag.
    Suspended,
    /// It had none.
    Free,
}

/// A tag that is set on one object, or taken away.
struct SuspensionTag<'a> {
    owner: &'a Owner,
    name: Name,
    value: Option<&'a str>,
}

impl SuspensionTag<'_> {
    /// Reads the object, sets its tag or takes it away, and returns whether it had one. Fails if `--owner` does not keep the
    /// object, or nothing is ever written to it.
    async fn hold<K: Kind, C: Cloud<K>>(&self, cloud: &C) -> Result<Was, CliError> {
        let (kind, name) = (K::NAME, &self.name);
        let found = cloud.get(name, None, Priority::Write).await;
        let (found, _) = found.map_err(ObjectError::Call)?;
        let Some(reading) = found else {
            return Err(ObjectError::Missing { kind, name: name.clone() }.into());
        };
        let ours = match Claim::of(K::tags(&reading.live)) {
            Claim::Owner { id, .. } => id == self.owner.as_str(),
            _ => false,
        };
        if !ours {
            let (name, owner) = (name.clone(), self.owner.clone());
            return Err(ObjectError::NotOurs { kind, name, owner }.into());
        }
        let Some(step) = K::suspend(name, &reading.live, self.value) else {
            return Err(ObjectError::NeverWritten { kind, name: name.clone() }.into());
        };
        let before = match K::tags(&reading.live) {
            Some(Known::Yes(tags)) => tags.get(SUSPEND).cloned(),
            Some(Known::No(_)) | None => None,
        };
        cloud.apply(&step).await.map_err(ObjectError::Call)?;
        let mut line = match (self.value, &before) {
            (Some(value), _) => format!("{kind}/{name} is suspended: until {value}"),
            (None, None) => format!("{kind}/{name} was not suspended by its tag"),
            (None, Some(_)) => format!("{kind}/{name} is no longer suspended by its tag"),
        };
        if let Some(before) = &before {
            line += &["; before: until ", &clean(before)].concat();
        }
        print(&line)?;
        if self.value.is_some() || before.is_some() {
            note(&format!(
                "a running Evenkeel sees it within one --resync; `evenkeel refresh {kind}/{name}` shows it now"
            ));
        }
        Ok(if before.is_some() { Was::Suspended } else { Was::Free })
    }
}
