//! From ECR's answers to [`Live`].

use std::collections::BTreeSet;

use aws_sdk_ecr::{Client, types::Repository as EcrRepository};
use serde_json::Value;

use super::super::{
    Repository,
    live::Live,
    spec::{AES256, Config, Encryption, MUTABLE},
};
use crate::{
    aws::{
        calls::{Call, Calls},
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

/// The codes by which ECR says that something is not there.
const NO_REPOSITORY: &str = "RepositoryNotFoundException";
const NO_LIFECYCLE: &str = "LifecyclePolicyNotFoundException";
const NO_POLICY: &str = "RepositoryPolicyNotFoundException";
/// Why a row of a list lacks things.
const NOT_LISTED: &str = "a list does not show it";

/// One row of DescribeRepositories.
pub(super) fn row(found: &EcrRepository) -> Option<(Name, Reading<Live>)> {
    let name = found.repository_name().filter(|it| !it.is_empty())?;
    let unknown = || NOT_LISTED.to_owned();
    let (lifecycle, policy) = (Known::No(unknown()), Known::No(unknown()));
    let live = live(found, (lifecycle, policy), Known::No(unknown()));
    Some((Name::new(name), Reading { live, revision: None, exact: false }))
}

/// Everything about one repository: four calls.
pub(super) async fn look(
    ecr: &Client,
    calls: &Calls,
    (name, priority): (&Name, Priority),
) -> Result<Got<Repository>, Failure> {
    let asked = calls.now();
    let request = ecr.describe_repositories().repository_names(name.as_str()).send();
    let answer = match calls.run(Call::plain(Op::DescribeRepositories, priority), request).await {
        Ok((answer, _)) => answer,
        Err(failure) if is(&failure, NO_REPOSITORY) => return Ok((None, asked)),
        Err(failure) => return Err(failure),
    };
    let Some(found) = answer.repositories().first() else { return Ok((None, asked)) };
    let arn = found.repository_arn().unwrap_or_default();
    let (tags, lifecycle, policy) = tokio::join!(
        tags(ecr, calls, (arn, priority)),
        lifecycle(ecr, calls, (name, priority)),
        policy(ecr, calls, (name, priority)),
    );
    let live = live(found, (lifecycle?, policy?), tags?);
    Ok((Some(Reading { live, revision: None, exact: true }), asked))
}

async fn tags(
    ecr: &Client,
    calls: &Calls,
    (arn, priority): (&str, Priority),
) -> Result<Known<Tags>, Failure> {
    let request = ecr.list_tags_for_resource().resource_arn(arn).send();
    let call = Call::plain(Op::ListTagsForResource, priority);
    match calls.run(call, request).await {
        Ok((answer, _)) => {
            let pairs = answer.tags.unwrap_or_default().into_iter().map(|it| (it.key, it.value));
            Ok(Known::Yes(pairs.collect()))
        }
        Err(failure) => denied(failure),
    }
}

async fn lifecycle(
    ecr: &Client,
    calls: &Calls,
    (name, priority): (&Name, Priority),
) -> Result<Known<Option<Value>>, Failure> {
    let request = ecr.get_lifecycle_policy().repository_name(name.as_str()).send();
    match calls.run(Call::plain(Op::GetLifecyclePolicy, priority), request).await {
        Ok((answer, _)) => Ok(parse(answer.lifecycle_policy_text())),
        Err(failure) if is(&failure, NO_LIFECYCLE) => Ok(Known::Yes(None)),
        Err(failure) => denied(failure),
    }
}

async fn policy(
    ecr: &Client,
    calls: &Calls,
    (name, priority): (&Name, Priority),
) -> Result<Known<Option<Value>>, Failure> {
    let request = ecr.get_repository_policy().repository_name(name.as_str()).send();
    match calls.run(Call::plain(Op::GetRepositoryPolicy, priority), request).await {
        Ok((answer, _)) => Ok(parse(answer.policy_text())),
        Err(failure) if is(&failure, NO_POLICY) => Ok(Known::Yes(None)),
        Err(failure) => denied(failure),
    }
}

/// What may not be read is unknown; every other failure is one of the whole read.
fn denied<T>(failure: Failure) -> Result<Known<T>, Failure> {
    match failure.class {
        Class::Denied => Ok(Known::No(chain(&failure))),
        _ => Err(failure),
    }
}

fn is(failure: &Failure, code: &str) -> bool {
    failure.cause.code.as_deref() == Some(code)
}

fn parse(text: Option<&str>) -> Known<Option<Value>> {
    match text.map(serde_json::from_str) {
        Some(Ok(value)) => Known::Yes(Some(value)),
        Some(Err(_)) => Known::No("what AWS returned is not JSON".into()),
        None => Known::Yes(None),
    }
}

fn live(
    found: &EcrRepository,
    (lifecycle, policy): (Known<Option<Value>>, Known<Option<Value>>),
    tags: Known<Tags>,
) -> Live {
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
