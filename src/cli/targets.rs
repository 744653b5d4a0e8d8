//! Which accounts and Regions there are: from `--targets`, or the one that the environment names.

use std::{fs, path::Path, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{AccessArgs, CliError, parse};
use crate::{
    aws::clients::{CALL_MAX, Clients, RoleToAssume},
    daemon::options::Target,
    engine::{failure::chain, name::Name, policy::Mode},
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

/// The targets, with clients for each.
pub(super) async fn load(args: &AccessArgs, mode: Mode) -> Result<Vec<Target>, CliError> {
    let roots = args.ca_file.as_deref().map(read).transpose()?;
    let roots = roots.as_deref();
    let call_max = CALL_MAX.div_f64(args.time_scale());
    let access = (roots, call_max);
    let Some(file) = &args.targets else {
        let clients = clients(None, access).await?;
        if mode == Mode::Enforce && args.account_id.is_none() && !clients.is_loopback() {
            let message = "to repair anything, say which account it must be: --account-id ID; or \
                           run with --mode observe";
            return Err(CliError(message.into()));
        }
        let name = Name::new("default");
        let account_id = args.account_id.clone();
        return Ok(vec![Target { name, account_id, registry: None, share: None, clients }]);
    };
    let mut targets: Vec<Target> = Vec::new();
    for doc in read_file(file)? {
        let mut clients = clients(Some(&doc.region), access).await?;
        if let Some(arn) = &doc.role_arn {
            let role = RoleToAssume { arn, external_id: doc.external_id.as_deref() };
            clients = clients.assume(role).await.map_err(|error| CliError(chain(&error)))?;
        }
        let TargetDoc { name, account_id, registry, share, .. } = doc;
        let (name, account_id) = (Name::new(name), Some(account_id));
        targets.push(Target { name, account_id, registry, share, clients });
    }
    Ok(targets)
}

async fn clients(
    region: Option<&str>,
    (roots, call_max): (Option<&[u8]>, Duration),
) -> Result<Clients, CliError> {
    Clients::load(region, roots, call_max).await.map_err(|error| CliError(chain(&error)))
}

fn read_file(file: &Path) -> Result<Vec<TargetDoc>, CliError> {
    let wrong = |message: String| CliError(format!("{}: {message}", file.display()));
    let value = manifest::plain(&read(file)?).map_err(|notes| {
        let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
        wrong(notes.join("\n"))
    })?;
    let TargetsFile { targets } =
        serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    if targets.is_empty() {
        return Err(wrong("it declares no target".into()));
    }
    let mut names = std::collections::BTreeSet::new();
    for target in &targets {
        let name = &target.name;
        if let Some(message) = fault(target) {
            return Err(wrong(format!("the target `{name}`: {message}")));
        }
        if !names.insert(name) {
            return Err(wrong(format!("the target `{name}` is declared twice")));
        }
    }
    Ok(targets)
}

/// What is wrong with a target, if anything.
fn fault(target: &TargetDoc) -> Option<String> {
    let TargetDoc { name, account_id, region, role_arn, external_id, registry, share } = target;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fine = |text: &str| !text.is_empty() && text.chars().all(plain);
    if name.len() > 32 || !fine(name) {
        return Some("that is no name for a target; use 1 to 32 of a-z 0-9 -".into());
    }
    if parse::account_id(account_id).is_err() {
        return Some("its `accountId` is not twelve digits; put it in quotes".into());
    }
    if !fine(region) {
        return Some(format!("`{region}` is no Region, as `eu-central-1` is one"));
    }
    let role = |arn: &str| {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        matches!(parts.as_slice(), ["arn", _, "iam", "", _, role] if role.starts_with("role/"))
    };
    match role_arn.as_deref() {
        Some(arn) if !role(arn) => return Some(format!("`{arn}` is not the ARN of a role")),
        Some(arn) if arn.split(':').nth(4) != Some(account_id) => {
            return Some(format!("the role `{arn}` is of another account than {account_id}"));
        }
        None if external_id.is_some() => {
            return Some("an `externalId` goes with a `roleArn`".into());
        }
        Some(_) | None => {}
    }
    let host = |it: &String| !it.contains(".dkr.ecr.") || it.contains('/');
    if let Some(registry) = registry.as_ref().filter(|it| host(it)) {
        return Some(format!(
            "`{registry}` is no registry; write `ACCOUNT.dkr.ecr.REGION.amazonaws.com`"
        ));
    }
    let good = share.is_none_or(|it| (0.01..=1.0).contains(&it));
    (!good).then(|| "its `share` is not between 0.01 and 1".into())
}

/// Reads a file that the operator named.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(file).map_err(|error| CliError(format!("{}: {error}", file.display())))
}
