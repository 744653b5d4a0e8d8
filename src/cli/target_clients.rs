//! The way to AWS for commands that do one thing in one target.

use std::sync::Arc;

use super::{
    args::AccessArgs,
    error::{CliError, ObjectError, TargetError, UsageError},
    targets,
    time_scale::clock,
};
use crate::{
    aws::{
        calls::{CallLog, CallRecord, Calls, QuotaShares},
        clients::Clients,
        identity,
    },
    daemon::options::Target,
    engine::{place::Place, policy::Mode},
};

/// One target of the account that it should be.
pub(super) struct TargetClients {
    pub(super) place: Place,
    pub(super) clients: Clients,
    pub(super) calls: Arc<Calls>,
}

/// Counts nothing: these are a handful of calls.
struct Uncounted;

impl CallLog for Uncounted {
    fn record(&self, _: &CallRecord<'_>) {}
}

/// Opens the target that is named, or the only one, and checks that the credentials are of its
/// account. Whoever wants to `enforce` must have said which account that is.
pub(super) async fn open(
    access: &AccessArgs,
    mode: Mode,
    target: Option<&str>,
) -> Result<TargetClients, CliError> {
    let Target { name, account_id, clients, registry, .. } = choose(access, mode, target).await?;
    let clock = clock()?;
    let calls = Arc::new(Calls::new(
        name.clone(),
        QuotaShares::of(access.quota_share),
        &clock,
        Arc::new(Uncounted),
    ));
    let account = identity::account_id(&clients.sts, &calls).await;
    let account = account.map_err(ObjectError::identity)?;
    if account_id.as_ref().is_some_and(|it| *it != account) {
        return Err(TargetError::Account { account }.into());
    }
    let (target, region) = (name, clients.region.clone());
    let place = Place { target, account_id: account, region, registry };
    Ok(TargetClients { place, clients, calls })
}

/// Returns the target that is named, or the only one; the error names those that there are.
async fn choose(access: &AccessArgs, mode: Mode, name: Option<&str>) -> Result<Target, CliError> {
    let mut all = targets::load(access, mode).await?;
    let names: Vec<String> = all.iter().map(|it| it.name.to_string()).collect();
    let at = match (name, names.as_slice()) {
        (Some(name), names) => names.iter().position(|it| it == name),
        (None, [_]) => Some(0),
        (None, _) => None,
    };
    let Some(at) = at else {
        return Err(UsageError::TargetMissing { names }.into());
    };
    Ok(all.swap_remove(at))
}
