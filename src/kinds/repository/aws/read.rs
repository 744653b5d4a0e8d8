//! From ECR's answers to [`Live`].

use std::collections::BTreeSet;

use aws_sdk_ecr::types::Repository as EcrRepository;
use serde_json::Value;

use super::{
    super::{
        Repository,
        live::Live,
        spec::{AES256, Config, Encryption, MUTABLE},
    },
    RepositoryCloud,
};
use crate::{
    aws::{
        calls::Call,
        cloud::{Got, Priority},
        op::Op,
    },
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        observed::{Known, Reading},
        tags::Tags,
    },
};

/// Why a row of a list lacks things.
const NOT_LISTED: &str = "a list does not show it";

impl RepositoryCloud {
    /// Reads one row of DescribeRepositories, which shows neither policies nor tags; `None` for a
    /// row without a name.
    pub(super) fn row(found: &EcrRepository) -> Option<(Name, Reading<Live>)> {
        let name = found.repository_name().filter(|it| !it.is_empty())?;
        let unknown = || NOT_LISTED.to_owned();
        let details = RepositoryDetails {
            lifecycle: Known::No(unknown()),
            policy: Known::No(unknown()),
            tags: Known::No(unknown()),
        };
        let live = live(found, details);
        Some((Name::new(name), Reading { live, revision: None, exact: false }))
    }

    /// Reads all of one repository in four calls; `None` if ECR says that it is not there. The
    /// moment that comes with it is before the first call, so that it is too early rather than too
    /// late.
    pub(super) async fn read(
        &self,
        name: &Name,
        priority: Priority,
    ) -> Result<Got<Repository>, Failure> {
        let asked = self.calls.now();
        let request = self.ecr.describe_repositories().repository_names(name.as_str()).send();
        let call = Call::plain(Op::DescribeRepositories, priority);
        let (answer, _) = self.calls.find(call, request).await;
        let Some(answer) = answer? else { return Ok((None, asked)) };
        let Some(found) = answer.repositories().first() else { return Ok((None, asked)) };
        let arn = found.repository_arn().unwrap_or_default();
        let (tags, lifecycle, policy) = tokio::join!(
            self.tags(arn, priority),
            self.lifecycle(name, priority),
            self.policy(name, priority),
        );
        let details = RepositoryDetails { lifecycle: lifecycle?, policy: policy?, tags: tags? };
        let live = live(found, details);
        Ok((Some(Reading { live, revision: None, exact: true }), asked))
    }

    async fn tags(&self, arn: &str, priority: Priority) -> Result<Known<Tags>, Failure> {
        let request = self.ecr.list_tags_for_resource().resource_arn(arn).send();
        let call = Call::plain(Op::ListTagsForResource, priority);
        let answer = self.calls.run(call, request).await.map(|(answer, _)| {
            answer.tags.unwrap_or_default().into_iter().map(|it| (it.key, it.value)).collect()
        });
        permitted(answer.map(Known::Yes))
    }

    /// Reads the lifecycle policy: `Yes(None)` if there is none, `No` if our credentials may not
    /// read it.
    async fn lifecycle(
        &self,
        name: &Name,
        priority: Priority,
    ) -> Result<Known<Option<Value>>, Failure> {
        let request = self.ecr.get_lifecycle_policy().repository_name(name.as_str()).send();
        let call = Call::plain(Op::GetLifecyclePolicy, priority);
        let (answer, _) = self.calls.find(call, request).await;
        permitted(answer.map(|it| parse(it.as_ref().and_then(|it| it.lifecycle_policy_text()))))
    }

    /// Reads the repository policy: `Yes(None)` if there is none, `No` if our credentials may not
    /// read it.
    async fn policy(
        &self,
        name: &Name,
        priority: Priority,
    ) -> Result<Known<Option<Value>>, Failure> {
        let request = self.ecr.get_repository_policy().repository_name(name.as_str()).send();
        let call = Call::plain(Op::GetRepositoryPolicy, priority);
        let (answer, _) = self.calls.find(call, request).await;
        permitted(answer.map(|it| parse(it.as_ref().and_then(|it| it.policy_text()))))
    }
}

/// Turns "access denied" into an unknown value; every other failure is one of the whole read.
fn permitted<T>(result: Result<Known<T>, Failure>) -> Result<Known<T>, Failure> {
    match result {
        Err(failure) if failure.class == Class::Denied => Ok(Known::No(chain(&failure))),
        result => result,
    }
}

fn parse(text: Option<&str>) -> Known<Option<Value>> {
    match text.map(serde_json::from_str) {
        Some(Ok(value)) => Known::Yes(Some(value)),
        Some(Err(_)) => Known::No("what AWS returned is not JSON".into()),
        None => Known::Yes(None),
    }
}

/// What a list does not show.
struct RepositoryDetails {
    lifecycle: Known<Option<Value>>,
    policy: Known<Option<Value>>,
    tags: Known<Tags>,
}

/// Puts together what DescribeRepositories shows (`found`) and what other calls show (`details`),
/// with ECR's defaults for what is left out.
fn live(found: &EcrRepository, details: RepositoryDetails) -> Live {
    let RepositoryDetails { lifecycle, policy, tags } = details;
    let mutability = found.image_tag_mutability().map_or(MUTABLE, |it| it.as_str());
    let exclusions: BTreeSet<String> = found
        .image_tag_mutability_exclusion_filters()
        .iter()
        .map(|it| it.filter().to_owned())
        .collect();
    let scanning = found.image_scanning_configuration();
    let encryption = found.encryption_configuration();
    Live {
        arn: found.repository_arn().unwrap_or_default().to_owned(),
        config: Config {
            image_tag_mutability: mutability.to_owned(),
            exclusions,
            scan_on_push: scanning.is_some_and(|it| it.scan_on_push),
        },
        encryption: Encryption {
            encryption_type: encryption
                .map_or(AES256, |it| it.encryption_type().as_str())
                .to_owned(),
            kms_key: encryption.and_then(|it| it.kms_key()).map(ToOwned::to_owned),
        },
        lifecycle,
        policy,
        tags,
        created_at: found.created_at().map_or(0, aws_sdk_ecr::primitives::DateTime::secs),
    }
}
