//! `evenkeel suspend` and `evenkeel resume`: a hold on writes to one object, as a tag on it.

use super::{
    CliError, CoreArgs, ObjectArgs, Outcome, ResumeArgs, SuspendArgs,
    door::{self, Door},
    print,
};
use crate::{
    aws::cloud::{Cloud, Priority},
    daemon::clock::SystemClock,
    engine::{
        failure::chain,
        kind::Kind,
        name::{Name, Owner},
        policy::Mode,
        suspension,
        tags::Claim,
        time::Clock as _,
    },
    kinds::{
        function::{Function, aws::FunctionCloud},
        repository::{Repository, aws::RepositoryCloud},
    },
};

/// Sets the tag.
pub(super) async fn suspend(args: SuspendArgs) -> Result<Outcome, CliError> {
    let clock = SystemClock::start();
    let wall = clock.now().wall;
    let value = suspension::value(args.hold, &args.reason, wall).map_err(CliError)?;
    Box::pin(write(&args.core, &args.object, Some(&value))).await
}

/// Takes it away.
pub(super) async fn resume(args: ResumeArgs) -> Result<Outcome, CliError> {
    Box::pin(write(&args.core, &args.object, None)).await
}

async fn write(
    core: &CoreArgs,
    object: &ObjectArgs,
    value: Option<&str>,
) -> Result<Outcome, CliError> {
    let Door { clients, calls, .. } =
        door::open((&core.access, Mode::Enforce), object.target.as_deref()).await?;
    let (kind, name) = match object.name.split_once('/') {
        Some((Function::NAME, name)) => (Function::NAME, name),
        Some((Repository::NAME, name)) => (Repository::NAME, name),
        _ => (Function::NAME, object.name.as_str()),
    };
    if name.is_empty() {
        return Err(CliError("a name is needed, as `resize` or `Repository/thumbnails`".into()));
    }
    let hand = Hand { owner: &core.owner, name: Name::new(name), value };
    if kind == Repository::NAME {
        Box::pin(hand.hold::<Repository, _>(&RepositoryCloud::new(clients.ecr, calls))).await
    } else {
        hand.hold::<Function, _>(&FunctionCloud::new(clients.lambda, calls)).await
    }
}

/// The hand that sets or takes away one tag.
struct Hand<'a> {
    owner: &'a Owner,
    name: Name,
    value: Option<&'a str>,
}

impl Hand<'_> {
    async fn hold<K: Kind, C: Cloud<K>>(&self, cloud: &C) -> Result<Outcome, CliError> {
        let (kind, name) = (K::NAME, &self.name);
        let failed = |failure| CliError(chain(&failure));
        let (found, _) = cloud.get(name, None, Priority::Write).await.map_err(failed)?;
        let Some(reading) = found else {
            return Err(CliError(format!("there is no {kind}/{name}")));
        };
        let ours = match Claim::of(K::tags(&reading.live)) {
            Claim::Owner { id, .. } => id == self.owner.as_str(),
            _ => false,
        };
        if !ours {
            let owner = self.owner;
            return Err(CliError(format!("{kind}/{name} is not kept by the Evenkeel `{owner}`")));
        }
        let Some(step) = K::suspend(name, &reading.live, self.value) else {
            return Err(CliError(format!("nothing is ever written to {kind}/{name}")));
        };
        cloud.apply(&step).await.map_err(failed)?;
        match self.value {
            Some(value) => print(&format!("{kind}/{name} is suspended until {value}"))?,
            None => print(&format!("{kind}/{name} is no longer suspended by its tag"))?,
        }
        Ok(Outcome::Good)
    }
}
