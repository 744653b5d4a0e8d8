//! Which accounts and Regions there are: from `--targets`, or the one that the environment names.

use std::{fs, path::Path};

use serde::Deserialize;

use super::{CliError, CoreArgs};
use crate::{
    aws::clients::Clients,
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
    account_id: String,
    region: String,
}

/// The targets, with clients for each.
pub(super) async fn load(args: &CoreArgs, mode: Mode) -> Result<Vec<Target>, CliError> {
    let roots = args.ca_file.as_deref().map(read).transpose()?;
    let roots = roots.as_deref();
    let Some(file) = &args.targets else {
        let clients = clients(None, roots).await?;
        if mode == Mode::Enforce && args.account_id.is_none() && !clients.is_loopback() {
            let message = "to repair anything, say which account it must be: --account-id ID; or \
                           run with --mode observe";
            return Err(CliError(message.into()));
        }
        let name = Name::new("default");
        return Ok(vec![Target { name, account_id: args.account_id.clone(), clients }]);
    };
    let mut targets: Vec<Target> = Vec::new();
    for doc in parse(file)? {
        let clients = clients(Some(&doc.region), roots).await?;
        let name = Name::new(doc.name);
        targets.push(Target { name, account_id: Some(doc.account_id), clients });
    }
    Ok(targets)
}

async fn clients(region: Option<&str>, roots: Option<&[u8]>) -> Result<Clients, CliError> {
    Clients::load(region, roots).await.map_err(|error| CliError(chain(&error)))
}

fn parse(file: &Path) -> Result<Vec<TargetDoc>, CliError> {
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
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = &target.name;
        if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
            return Err(wrong(format!(
                "`{name}` is no name for a target; use 1 to 32 of a-z 0-9 -"
            )));
        }
        if super::account_id(&target.account_id).is_err() {
            let message = "its `accountId` is not twelve digits; put it in quotes";
            return Err(wrong(format!("the target `{name}`: {message}")));
        }
        if !names.insert(name) {
            return Err(wrong(format!("the target `{name}` is declared twice")));
        }
    }
    Ok(targets)
}

/// Reads a file that the operator named.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(file).map_err(|error| CliError(format!("{}: {error}", file.display())))
}
