//! A read of a function's alias and the versions that matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_lambda::{
    operation::get_function::GetFunctionOutput,
    types::{
        AliasConfiguration, FunctionConfiguration, ProvisionedConcurrencyStatusEnum,
        State as LambdaState,
    },
};

use super::{
    super::FIELD,
    ReleaseCloud,
    content::{base, content},
    write::OURS,
};
use crate::{
    aws::{
        calls::Call,
        cloud::{Got, Priority},
        date::timestamp,
        missing::optional,
        op::Op,
    },
    engine::{
        failure::{Failure, chain},
        name::Name,
        observed::{Known, Reading},
        time::Mono,
    },
    kinds::{
        block::aws::host,
        release::{
            Release,
            live::{Alias, Latest, Live, Stock, Version, VersionState},
            note::ReleaseNote,
            spec::Spec,
            tag::ReleaseTag,
        },
    },
};

/// More pages than this are not expected; a marker that never ends would be.
const PAGES_MAX: usize = 100;
/// The version that is deployed and not published.
const LATEST: &str = "$LATEST";

/// Every alias, and when the first page was asked for.
type Aliases = (Option<BTreeMap<String, Alias>>, Mono);

impl ReleaseCloud {
    /// Reads all that a release is about: the function, its aliases, the versions that matter and,
    /// if a release is wanted, how one on its way does and which are too many. `None`: there is no
    /// function.
    pub(super) async fn read(
        &self,
        name: &Name,
        spec: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Release>, Failure> {
        let (aliases, moment) = self.aliases(name, priority).await?;
        let function = self.connection.function(name, priority).await?;
        let moment = moment.min(function.began);
        let (Some(aliases), Some(found)) = (aliases, function.found) else {
            return Ok((None, moment));
        };
        let latest = found.configuration.as_ref().map(latest);
        let host = host(&found, self.connection.calls.wall());
        let wanted = spec.and_then(|it| it.wanted.as_ref());
        let tag = host.claim(FIELD).and_then(ReleaseTag::read);
        let claimed = || tag.map_or("", |it| it.alias).to_owned();
        let alias = wanted.map_or_else(claimed, |it| it.alias.clone());
        let rejected = match aliases.get(&alias) {
            Some(alias) => {
                alias.note.as_ref().and_then(|it| it.rejected.as_ref()).map(|it| it.version)
            }
            None => tag.and_then(|it| it.rejected),
        };
        self.note_rejected(name, rejected);
        let numbers = self.numbers(name, aliases.get(&alias), tag);
        let mut versions = self.versions(name, &numbers, priority).await?;
        let Some(latest) = latest else { return Ok((None, moment)) };
        let known = versions.values().any(|it| it.content == latest.content);
        // Another process may have published it, and have told nobody.
        if !known
            && wanted.is_some()
            && let Some((newest, _)) = self.all_versions(name, priority).await?.last_key_value()
        {
            versions.append(&mut self.versions(name, &[*newest].into(), priority).await?);
        }
        let mut live = Live {
            host,
            alias,
            latest,
            aliases,
            versions,
            tests: BTreeMap::new(),
            watch: None,
            moving: Known::Yes(false),
            stock: Known::Yes(Stock::default()),
        };
        live.tests = self.tests(name);
        if live.alias().is_some_and(Alias::has_strange_weights) {
            let moving = Box::pin(self.moving(name, &live.alias, priority)).await;
            live.moving = moving.map_or_else(|failure| Known::No(chain(&failure)), Known::Yes);
        }
        if let Some(wanted) = wanted {
            live.watch = Box::pin(self.watch(name, wanted, &live)).await;
            let owner = spec.map_or("", |it| it.owner.as_str());
            let stock = match wanted.keep {
                Some(keep) if live.is_settled() => self.stock(name, owner, keep).await,
                _ => Ok(Stock::default()),
            };
            live.stock = stock.map_or_else(|failure| Known::No(chain(&failure)), Known::Yes);
        }
        Ok((Some(Reading { live, revision: None, exact: true }), moment))
    }

    /// Whether AWS is moving the provisioned concurrency of an alias from one version to another.
    async fn moving(&self, name: &Name, alias: &str, priority: Priority) -> Result<bool, Failure> {
        let request = self.connection.lambda().get_provisioned_concurrency_config();
        let request = request.function_name(name.as_str()).qualifier(alias).send();
        let call = Call::plain(Op::GetProvisionedConcurrencyConfig, priority);
        let (found, _) = self.connection.calls.find(call, request).await;
        let status = found?.and_then(|it| it.status);
        Ok(status == Some(ProvisionedConcurrencyStatusEnum::InProgress))
    }

    /// Reads which of our versions there are; what uses them is read only if there are more than
    /// `keep`.
    async fn stock(&self, name: &Name, owner: &str, keep: usize) -> Result<Stock, Failure> {
        let published = self.published(name, owner).await?;
        let many = published.len() > keep;
        let provisioned = if many { self.provisioned(name).await? } else { BTreeSet::new() };
        Ok(Stock { published, provisioned })
    }

    /// Reads every alias of a function; `None`: there is no function.
    async fn aliases(&self, name: &Name, priority: Priority) -> Result<Aliases, Failure> {
        let request = |marker| {
            let request = self.connection.lambda().list_aliases().function_name(name.as_str());
            request.set_marker(marker).send()
        };
        let mut all = BTreeMap::new();
        let mut list = self.connection.calls.list(Op::ListAliases, priority, PAGES_MAX);
        loop {
            match optional(list.next(request).await)? {
                Some(Some((page, _))) => {
                    all.extend(page.aliases.unwrap_or_default().into_iter().filter_map(alias));
                }
                Some(None) => return Ok((Some(all), list.began())),
                None => return Ok((None, list.began())),
            }
        }
    }

    /// Returns the numbers of the versions that matter: where the alias leads or should lead, what
    /// is on its way or held back, and what this process published last.
    fn numbers(
        &self,
        name: &Name,
        alias: Option<&Alias>,
        tag: Option<ReleaseTag<'_>>,
    ) -> BTreeSet<u64> {
        let note = alias.and_then(|it| it.note.as_ref());
        let published = self.kept().published.get(name).copied();
        let all = [
            alias.and_then(|it| it.version),
            alias.and_then(|it| it.weight).map(|it| it.0),
            note.and_then(|it| it.current),
            note.and_then(|it| it.rolling).map(|it| it.version),
            note.and_then(|it| it.rejected.as_ref()).map(|it| it.version),
            published,
            tag.and_then(|it| it.rejected),
            tag.and_then(|it| it.led_to),
        ];
        all.into_iter().flatten().collect()
    }

    /// Reads these versions; those that are not there are left out.
    async fn versions(
        &self,
        name: &Name,
        numbers: &BTreeSet<u64>,
        priority: Priority,
    ) -> Result<BTreeMap<u64, Version>, Failure> {
        let mut versions = BTreeMap::new();
        for number in numbers {
            if let Some(answer) = self.version(name, *number, priority).await?
                && let Some(found) = &answer.configuration
            {
                versions.insert(*number, self.published_version(found));
            }
        }
        Ok(versions)
    }

    /// Takes from a version's configuration what a release has to know.
    fn published_version(&self, found: &FunctionConfiguration) -> Version {
        let modified = found.last_modified.as_deref().and_then(timestamp);
        let age = modified.map(|it| self.connection.calls.wall().duration_since(it));
        let publisher = found.description.as_deref().and_then(|it| it.strip_prefix(OURS));
        Version {
            content: content(found),
            base: base(found),
            state: state(found),
            publisher: publisher.map(ToOwned::to_owned),
            age: age.and_then(|it| Duration::try_from(it).ok()).unwrap_or_default(),
        }
    }

    /// How far AWS is with a version; `None` if there is no such version.
    pub async fn state(&self, name: &Name, number: u64) -> Result<Option<VersionState>, Failure> {
        let found = self.version(name, number, Priority::Write).await?;
        Ok(found.and_then(|it| it.configuration).map(|it| state(&it)))
    }

    /// Reads one version; `None` if it is not there.
    pub(super) async fn version(
        &self,
        name: &Name,
        number: u64,
        priority: Priority,
    ) -> Result<Option<GetFunctionOutput>, Failure> {
        let request = self.connection.lambda().get_function().function_name(name.as_str());
        let request = request.qualifier(number.to_string()).send();
        let call = Call::plain(Op::GetFunction, priority);
        self.connection.calls.find(call, request).await.0
    }

    /// Returns the versions that `owner`, an Evenkeel, published: their descriptions say so.
    pub async fn published(&self, name: &Name, owner: &str) -> Result<BTreeSet<u64>, Failure> {
        let ours = format!("{OURS}{owner}");
        let all = self.all_versions(name, Priority::Audit).await?.into_iter();
        Ok(all.filter(|(_, description)| *description == ours).map(|(number, _)| number).collect())
    }

    /// Reads the numbers of all published versions, each with its description.
    async fn all_versions(
        &self,
        name: &Name,
        priority: Priority,
    ) -> Result<BTreeMap<u64, String>, Failure> {
        let request = |marker| {
            let request = self.connection.lambda().list_versions_by_function();
            request.function_name(name.as_str()).set_marker(marker).send()
        };
        let row = |it: FunctionConfiguration| {
            Some((it.version?.parse().ok()?, it.description.unwrap_or_default()))
        };
        let mut all = BTreeMap::new();
        let mut list = self.connection.calls.list(Op::ListVersionsByFunction, priority, PAGES_MAX);
        while let Some((page, _)) = list.next(request).await? {
            all.extend(page.versions.unwrap_or_default().into_iter().filter_map(row));
        }
        Ok(all)
    }

    /// Reads what of a function has provisioned concurrency: aliases and versions, by name.
    async fn provisioned(&self, name: &Name) -> Result<BTreeSet<String>, Failure> {
        let request = |marker| {
            let request = self.connection.lambda().list_provisioned_concurrency_configs();
            request.function_name(name.as_str()).set_marker(marker).send()
        };
        let qualifier = |arn: String| arn.rsplit(':').next().map(ToOwned::to_owned);
        let mut all = BTreeSet::new();
        let op = Op::ListProvisionedConcurrencyConfigs;
        let mut list = self.connection.calls.list(op, Priority::Audit, PAGES_MAX);
        while let Some((page, _)) = list.next(request).await? {
            let rows = page.provisioned_concurrency_configs.unwrap_or_default().into_iter();
            all.extend(rows.filter_map(|it| qualifier(it.function_arn?)));
        }
        Ok(all)
    }
}

fn latest(found: &FunctionConfiguration) -> Latest {
    Latest {
        revision: found.revision_id.clone().unwrap_or_default(),
        digest: found.code_sha256.clone().unwrap_or_default(),
        content: content(found),
    }
}

/// Takes from an alias's configuration where it leads and what its description says; `None`: AWS
/// gave no name.
fn alias(found: AliasConfiguration) -> Option<(String, Alias)> {
    let weights = found.routing_config.and_then(|it| it.additional_version_weights);
    let weight = weights.into_iter().flatten().next();
    let percent = |share: f64| format!("{:.0}", share * 100.0).parse().unwrap_or_default();
    let weight = weight.and_then(|(version, share)| Some((version.parse().ok()?, percent(share))));
    let version = found.function_version.filter(|it| it != LATEST);
    let alias = Alias {
        version: version.and_then(|it| it.parse().ok()),
        weight,
        note: found.description.as_deref().and_then(ReleaseNote::read),
        revision: found.revision_id.unwrap_or_default(),
    };
    Some((found.name?, alias))
}

/// Returns how far AWS is with a version. One without a state can be invoked.
fn state(found: &FunctionConfiguration) -> VersionState {
    match &found.state {
        Some(LambdaState::Pending) => VersionState::Pending,
        Some(LambdaState::Inactive) => VersionState::Inactive,
        Some(LambdaState::Active) | None => VersionState::Active,
        Some(
            stopped @ (LambdaState::Deactivating
            | LambdaState::Deactivated
            | LambdaState::ActiveNonInvocable),
        ) => VersionState::Stopped(stopped.as_str().to_owned()),
        Some(LambdaState::Deleting) => VersionState::Leaving,
        Some(other) => {
            let code = found.state_reason_code.as_ref().map_or("", |it| it.as_str());
            let reason = found.state_reason.as_deref().unwrap_or_default();
            VersionState::Failed(format!("{} {code} {reason}", other.as_str()).trim().to_owned())
        }
    }
}
