//! From steps to ECR's requests. No decisions here: every argument stands in the step.

use std::collections::BTreeSet;

use aws_sdk_ecr::{
    Client,
    types::{
        EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
        ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, Tag,
    },
};

use super::super::{
    spec::{Config, Encryption},
    step::Step,
};
use crate::{
    aws::{
        calls::{Call, Calls},
        cloud::Priority,
        op::Op,
    },
    engine::{
        failure::{AwsError, Class, Failure},
        name::Name,
        tags::Tags,
    },
};

pub(super) async fn apply(ecr: &Client, calls: &Calls, step: &Step) -> Result<(), Failure> {
    let call = |op| Call::plain(op, Priority::Write);
    match step {
        Step::Create { name, config, encryption, tags } => {
            let request = (name, config, encryption.as_ref());
            create(ecr, calls, request, tags).await
        }
        Step::Mutability { name, mutability, exclusions, .. } => {
            let request = ecr
                .put_image_tag_mutability()
                .repository_name(name.as_str())
                .image_tag_mutability(ImageTagMutability::from(mutability.as_str()))
                .set_image_tag_mutability_exclusion_filters(filters(exclusions)?);
            calls.run(call(Op::PutImageTagMutability), Box::pin(request.send())).await.map(drop)
        }
        Step::Scanning { name, scan_on_push } => {
            let request = ecr
                .put_image_scanning_configuration()
                .repository_name(name.as_str())
                .image_scanning_configuration(scanning(*scan_on_push));
            let call = call(Op::PutImageScanningConfiguration);
            calls.run(call, Box::pin(request.send())).await.map(drop)
        }
        Step::Lifecycle { name, text } => lifecycle(ecr, calls, (name, text.as_ref())).await,
        Step::Policy { name, text } => policy(ecr, calls, (name, text.as_ref())).await,
        Step::Tag { arn, tags: wanted, .. } => {
            let request = ecr.tag_resource().resource_arn(arn).set_tags(Some(tags(wanted)?));
            calls.run(call(Op::TagRepository), Box::pin(request.send())).await.map(drop)
        }
        Step::Untag { arn, keys, .. } => {
            let keys = keys.iter().cloned().collect();
            let request = ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
            calls.run(call(Op::UntagRepository), Box::pin(request.send())).await.map(drop)
        }
        Step::Delete(name) => {
            // Never with `force`: ECR then refuses what still holds images.
            let request = ecr.delete_repository().repository_name(name.as_str());
            calls.run(call(Op::DeleteRepository), Box::pin(request.send())).await.map(drop)
        }
    }
}

async fn create(
    ecr: &Client,
    calls: &Calls,
    (name, config, encryption): (&Name, &Config, Option<&Encryption>),
    wanted: &Tags,
) -> Result<(), Failure> {
    let encryption = encryption.map(|it| {
        EncryptionConfiguration::builder()
            .encryption_type(EncryptionType::from(it.encryption_type.as_str()))
            .set_kms_key(it.kms_key.clone())
            .build()
            .map_err(|error| unbuildable(&error))
    });
    let request = ecr
        .create_repository()
        .repository_name(name.as_str())
        .image_tag_mutability(ImageTagMutability::from(config.image_tag_mutability.as_str()))
        .set_image_tag_mutability_exclusion_filters(filters(&config.exclusions)?)
        .image_scanning_configuration(scanning(config.scan_on_push))
        .set_encryption_configuration(encryption.transpose()?)
        .set_tags(Some(tags(wanted)?));
    let call = Call::plain(Op::CreateRepository, Priority::Write);
    calls.run(call, Box::pin(request.send())).await.map(drop)
}

async fn lifecycle(
    ecr: &Client,
    calls: &Calls,
    (name, text): (&Name, Option<&String>),
) -> Result<(), Failure> {
    if let Some(text) = text {
        let request =
            ecr.put_lifecycle_policy().repository_name(name.as_str()).lifecycle_policy_text(text);
        let call = Call::plain(Op::PutLifecyclePolicy, Priority::Write);
        return calls.run(call, Box::pin(request.send())).await.map(drop);
    }
    let request = ecr.delete_lifecycle_policy().repository_name(name.as_str());
    let call = Call::plain(Op::DeleteLifecyclePolicy, Priority::Write);
    calls.run(call, Box::pin(request.send())).await.map(drop)
}

async fn policy(
    ecr: &Client,
    calls: &Calls,
    (name, text): (&Name, Option<&String>),
) -> Result<(), Failure> {
    if let Some(text) = text {
        let request = ecr.set_repository_policy().repository_name(name.as_str()).policy_text(text);
        let call = Call::plain(Op::SetRepositoryPolicy, Priority::Write);
        return calls.run(call, Box::pin(request.send())).await.map(drop);
    }
    let request = ecr.delete_repository_policy().repository_name(name.as_str());
    let call = Call::plain(Op::DeleteRepositoryPolicy, Priority::Write);
    calls.run(call, Box::pin(request.send())).await.map(drop)
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(on_push).build()
}

/// `None` if there are none: an empty list is refused.
fn filters(
    exclusions: &BTreeSet<String>,
) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>, Failure> {
    let build = |filter: &String| {
        ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(filter)
            .build()
            .map_err(|error| unbuildable(&error))
    };
    let filters = exclusions.iter().map(build).collect::<Result<Vec<_>, _>>()?;
    Ok((!filters.is_empty()).then_some(filters))
}

fn tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let build = |(key, value): (&String, &String)| {
        Tag::builder().key(key).value(value).build().map_err(|error| unbuildable(&error))
    };
    tags.iter().map(build).collect()
}

/// The SDK misses a member that we always give.
fn unbuildable(error: &dyn std::error::Error) -> Failure {
    Failure {
        class: Class::Invalid,
        op: Op::CreateRepository.name(),
        cause: AwsError { code: None, message: error.to_string() },
        retry_after: None,
    }
}
