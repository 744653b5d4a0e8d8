//! `evenkeel suspend` and `evenkeel resume`: a hold on writes to one object, as a tag on it.

use std::sync::Arc;

use super::{CliError, CoreArgs, ObjectArgs, Outcome, ResumeArgs, SuspendArgs, print, targets};
use crate::{
    aws::{
        calls::{CallLog, CallRecord, Calls},
        cloud::{Cloud, Urgency},
        identity::Identity,
    },
    daemon::{clock::SystemClock, options::Target},
    engine::{
        failure::chain,
        kind::Kind,
        name::{Name, Owner},
        policy::Mode,
        suspend,
        tags::Claim,
        time::Clock,
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
    let value = suspend::value(args.hold, &args.reason, wall).map_err(CliError)?;
    Box::pin(write(&args.core, &args.object, Some(&value))).await
}

/// Takes it away.
pub(super) async fn resume(args: ResumeArgs) -> Result<Outcome, CliError> {
    Box::pin(write(&args.core, &args.object, None)).await
}

/// Counts nothing: these are a handful of calls.
struct Uncounted;

impl CallLog for Uncounted {
    fn record(&self, _: &CallRecord<'_>) {}
}

async fn write(
    core: &CoreArgs,
    object: &ObjectArgs,
    value: Option<&str>,
) -> Result<Outcome, CliError> {
    let target = target(core, object.target.as_deref()).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let calls = Arc::new(Calls::new(target.name, core.quota_share, &clock, Arc::new(Uncounted)));
    let account = Identity::new(target.clients.sts, Arc::clone(&calls)).account_id().await;
    let account = account.map_err(|failure| CliError(chain(&failure)))?;
    if target.account_id.as_ref().is_some_and(|it| *it != account) {
        return Err(CliError(format!("the credentials belong to account {account}")));
    }
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
        Box::pin(hand.hold::<Repository, _>(&RepositoryCloud::new(target.clients.ecr, calls))).await
    } else {
        hand.hold::<Function, _>(&FunctionCloud::new(target.clients.lambda, calls)).await
    }
}

async fn target(core: &CoreArgs, name: Option<&str>) -> Result<Target, CliError> {
    let mut all = targets::load(core, Mode::Enforce).await?;
    let names: Vec<String> = all.iter().map(|it| it.name.to_string()).collect();
    let at = match (name, names.as_slice()) {
        (Some(name), names) => names.iter().position(|it| it == name),
        (None, [_]) => Some(0),
        (None, _) => None,
    };
    let Some(at) = at else {
        return Err(CliError(format!(
            "say which target is meant: --target {}",
            names.join(" or ")
        )));
    };
    Ok(all.swap_remove(at))
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
        let (found, _) = cloud.get(name, None, Urgency::Write).await.map_err(failed)?;
        let Some(seen) = found else {
            return Err(CliError(format!("there is no {kind}/{name}")));
        };
        let ours = match Claim::of(K::tags(&seen.live)) {
            Claim::Owner { id, .. } => id == self.owner.as_str(),
            _ => false,
        };
        if !ours {
            let owner = self.owner;
            return Err(CliError(format!("{kind}/{name} is not kept by the Evenkeel `{owner}`")));
        }
        let Some(step) = K::suspend(name, &seen.live, self.value) else {
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
