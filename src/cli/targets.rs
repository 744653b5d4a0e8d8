//! Which accounts and Regions there are: from `--targets`, or the one that the environment names.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    args::AccessArgs,
    environment,
    error::{CliError, TargetError, TargetFault, TargetsFileError, UsageError},
    input, parse,
    time_scale::time_scale,
};
use crate::{
    aws::{
        clients::{CALL_MAX, Clients, ProfileName, RoleToAssume, ca_bundle},
        http_client::certificates,
    },
    daemon::options::Target,
    engine::{
        name::Name,
        partition::Partition,
        place::{DEFAULT_TARGET, Place},
        policy::Mode,
    },
    kinds::function::image_ref::{ImageRefError, Registry},
    manifest,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetsFile {
    targets: Vec<TargetDoc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TargetDoc {
    name: String,
    #[serde(deserialize_with = "quoted")]
    account_id: String,
    region: String,
    role_arn: Option<String>,
    external_id: Option<String>,
    registry: Option<String>,
    share: Option<f64>,
}

/// A number loses its leading zeros, so it must stand in quotes.
fn quoted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let text = value.as_str().map(ToOwned::to_owned);
    text.ok_or_else(|| D::Error::custom("`accountId` is not a text; put it in quotes"))
}

/// Returns the targets of the file, or the one that the environment names, with clients for each.
/// Without a file, `enforce` needs an account id, so that no other account is written to by
/// mistake; AWS on this machine needs none.
pub(super) async fn load(args: &AccessArgs, mode: Mode) -> Result<Vec<Target>, CliError> {
    let roots = Box::pin(roots(args)).await?;
    let roots = roots.as_deref();
    let call_max = CALL_MAX.div_f64(time_scale()?);
    let Some(file) = &args.targets else {
        let clients = clients(args.region.as_deref(), roots, call_max).await?;
        if mode == Mode::Enforce && args.account_id.is_none() && !clients.is_loopback() {
            return Err(UsageError::AccountMissing.into());
        }
        let name = Name::new(DEFAULT_TARGET);
        let account_id = args.account_id.clone();
        environment::tell([clients.region.as_str()]);
        return Ok(vec![Target { name, account_id, registry: None, share: None, clients }]);
    };
    let mut targets: Vec<Target> = Vec::new();
    for doc in read_file(file)? {
        let mut clients = clients(Some(&doc.region), roots, call_max).await?;
        if let Some(arn) = &doc.role_arn {
            let role = RoleToAssume { arn, external_id: doc.external_id.as_deref() };
            clients = clients.assume(role).await.map_err(TargetError::Client)?;
        }
        let TargetDoc { name, account_id, registry, share, .. } = doc;
        let (name, account_id) = (Name::new(name), Some(account_id));
        targets.push(Target { name, account_id, registry, share, clients });
    }
    environment::tell(targets.iter().map(|it| it.clients.region.as_str()));
    Ok(targets)
}

/// Reads the certificates that are trusted besides the bundled ones: of `--ca-file` and its variables, or of the
/// profile (`ca_bundle`).
pub(super) async fn roots(args: &AccessArgs) -> Result<Option<Vec<u8>>, CliError> {
    let file = match &args.ca_file {
        Some(file) => Some(file.clone()),
        None => Box::pin(ca_bundle(&profile())).await,
    };
    let Some(path) = file else { return Ok(None) };
    let bytes = input::read(&path)?;
    if certificates(&bytes).is_none() {
        return Err(TargetError::NoCertificates { path }.into());
    }
    Ok(Some(bytes))
}

/// The profile that the environment names.
fn profile() -> ProfileName {
    let named = |variable: &str| {
        let name = std::env::var_os(variable)?.to_string_lossy().into_owned();
        Some(name).filter(|it| !it.is_empty())
    };
    match named("AWS_PROFILE") {
        Some(name) => ProfileName { name: Some(name), is_default: true },
        // What the AWS CLI takes as well, and the SDK does not.
        None => ProfileName { name: named("AWS_DEFAULT_PROFILE"), is_default: false },
    }
}

/// Returns the places that a file of targets declares, without a word to AWS.
pub(super) fn places(file: &Path) -> Result<Vec<Place>, CliError> {
    let place = |doc: TargetDoc| {
        let TargetDoc { name, account_id, region, registry, .. } = doc;
        Place { target: Name::new(name), account_id, region, registry }
    };
    Ok(read_file(file)?.into_iter().map(place).collect())
}

async fn clients(
    region: Option<&str>,
    roots: Option<&[u8]>,
    call_max: Duration,
) -> Result<Clients, TargetError> {
    Ok(Box::pin(Clients::load(profile(), region, roots, call_max)).await?)
}

fn read_file(file: &Path) -> Result<Vec<TargetDoc>, CliError> {
    let wrong = |source| TargetError::File { path: file.to_path_buf(), source };
    Ok(parse_file(&input::read(file)?).map_err(wrong)?)
}

/// Reads a file of targets; fails if it names none, one twice, or one with a fault.
fn parse_file(bytes: &[u8]) -> Result<Vec<TargetDoc>, TargetsFileError> {
    let syntax = |diagnostics| TargetsFileError::Syntax { diagnostics };
    let value = manifest::plain(bytes).map_err(syntax)?;
    let TargetsFile { mut targets } = serde_json::from_value(value)?;
    if targets.is_empty() {
        return Err(TargetsFileError::Empty);
    }
    let mut names = BTreeSet::new();
    for target in &mut targets {
        let name = target.name.clone();
        let wrong = |source| TargetsFileError::Target { name: name.clone(), source };
        check(target).map_err(wrong)?;
        let registry = target.registry.as_deref().map(plain_registry);
        target.registry = registry.transpose().map_err(wrong)?;
        if !names.insert(name.clone()) {
            return Err(TargetsFileError::Twice { name });
        }
    }
    Ok(targets)
}

/// Checks what a target says: its name, account, Region, registry and share. A role must be of the
/// target's own account.
fn check(target: &TargetDoc) -> Result<(), TargetFault> {
    let TargetDoc { name, account_id, region, role_arn, external_id, share, registry: _ } = target;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fine = |text: &str| !text.is_empty() && text.chars().all(plain);
    if name.len() > 32 || !fine(name) {
        return Err(TargetFault::Name);
    }
    if parse::account_id(account_id).is_err() {
        return Err(TargetFault::AccountId);
    }
    if !fine(region) {
        return Err(TargetFault::Region { region: region.clone() });
    }
    let role = |arn: &str| {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", _, "iam", "", _, role] if role.starts_with("role/"))
    };
    match role_arn.clone() {
        Some(arn) if !role(&arn) => return Err(TargetFault::RoleArn { arn }),
        Some(arn) if arn.split(':').nth(1) != Some(Partition::of(region).id) => {
            let partition = Partition::of(region).id;
            return Err(TargetFault::RolePartition { arn, partition });
        }
        Some(arn) if arn.split(':').nth(4) != Some(account_id) => {
            return Err(TargetFault::RoleAccount { arn, account_id: account_id.clone() });
        }
        None if external_id.is_some() => return Err(TargetFault::ExternalId),
        Some(_) | None => {}
    }
    let good = share.is_none_or(|it| (0.01..=1.0).contains(&it));
    if good { Ok(()) } else { Err(TargetFault::Share) }
}

/// The host of a registry as image references have it. An emulator's host is taken as it is.
fn plain_registry(text: &str) -> Result<String, TargetFault> {
    let registry = text.to_owned();
    match Registry::parse(text) {
        Ok(found) => Ok(found.host),
        Err(error @ ImageRefError::Partition { .. }) => {
            Err(TargetFault::RegistryHost { source: Box::new(error) })
        }
        Err(_) if text.contains(".dkr.ecr.") && !text.contains('/') => Ok(registry),
        Err(_) => Err(TargetFault::Registry { registry }),
    }
}
