//! From steps to ECR's requests. No decisions here: every argument stands in the step.

use std::collections::BTreeSet;

use aws_sdk_ecr::{
    error::BuildError,
    operation::create_repository::builders::CreateRepositoryFluentBuilder,
    types::{
        EncryptionConfiguration, EncryptionType, ImageScanningConfiguration, ImageTagMutability,
        ImageTagMutabilityExclusionFilter, ImageTagMutabilityExclusionFilterType, Tag,
    },
};

use super::{
    super::{
        spec::{Config, Encryption},
        step::Step,
    },
    RepositoryCloud,
};
use crate::{
    aws::{calls::Call, cloud::Priority, op::Op},
    engine::{failure::Failure, name::Name, tags::Tags},
};

impl RepositoryCloud {
    pub(super) async fn write(&self, step: &Step) -> Result<(), Failure> {
        let call = |op| Call::plain(op, Priority::Write);
        let Self { ecr, calls } = self;
        match step {
            Step::Create { name, config, encryption, tags } => {
                let op = Op::CreateRepository;
                let request = ecr.create_repository().repository_name(name.as_str());
                let request = described(request, config, encryption.as_ref(), tags);
                let request = request.map_err(|error| op.unbuildable(&error))?;
                calls.run(call(op), Box::pin(request.send())).await.map(drop)
            }
            Step::Mutability { name, mutability, exclusions, .. } => {
                let op = Op::PutImageTagMutability;
                let filters = filters(exclusions).map_err(|error| op.unbuildable(&error))?;
                let request = ecr
                    .put_image_tag_mutability()
                    .repository_name(name.as_str())
                    .image_tag_mutability(ImageTagMutability::from(mutability.as_str()))
                    .set_image_tag_mutability_exclusion_filters(filters);
                calls.run(call(op), Box::pin(request.send())).await.map(drop)
            }
            Step::Scanning { name, scan_on_push } => {
                let request = ecr
                    .put_image_scanning_configuration()
                    .repository_name(name.as_str())
                    .image_scanning_configuration(scanning(*scan_on_push));
                let call = call(Op::PutImageScanningConfiguration);
                calls.run(call, Box::pin(request.send())).await.map(drop)
            }
            Step::Lifecycle { name, text } => self.put_lifecycle(name, text.as_ref()).await,
            Step::Policy { name, text } => self.put_policy(name, text.as_ref()).await,
            Step::Tag { arn, tags: wanted, .. } => {
                let op = Op::TagRepository;
                let tags = tags(wanted).map_err(|error| op.unbuildable(&error))?;
                let request = ecr.tag_resource().resource_arn(arn).set_tags(Some(tags));
                calls.run(call(op), Box::pin(request.send())).await.map(drop)
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

    async fn put_lifecycle(&self, name: &Name, text: Option<&String>) -> Result<(), Failure> {
        let Self { ecr, calls } = self;
        if let Some(text) = text {
            let request = ecr.put_lifecycle_policy().repository_name(name.as_str());
            let request = Box::pin(request.lifecycle_policy_text(text).send());
            let call = Call::plain(Op::PutLifecyclePolicy, Priority::Write);
            return calls.run(call, request).await.map(drop);
        }
        let request = ecr.delete_lifecycle_policy().repository_name(name.as_str());
        let call = Call::plain(Op::DeleteLifecyclePolicy, Priority::Write);
        calls.run(call, Box::pin(request.send())).await.map(drop)
    }

    async fn put_policy(&self, name: &Name, text: Option<&String>) -> Result<(), Failure> {
        let Self { ecr, calls } = self;
        if let Some(text) = text {
            let request = ecr.set_repository_policy().repository_name(name.as_str());
            let request = Box::pin(request.policy_text(text).send());
            let call = Call::plain(Op::SetRepositoryPolicy, Priority::Write);
            return calls.run(call, request).await.map(drop);
        }
        let request = ecr.delete_repository_policy().repository_name(name.as_str());
        let call = Call::plain(Op::DeleteRepositoryPolicy, Priority::Write);
        calls.run(call, Box::pin(request.send())).await.map(drop)
    }
}

/// The request that makes a repository, with all that it is to have.
fn described(
    request: CreateRepositoryFluentBuilder,
    config: &Config,
    encryption: Option<&Encryption>,
    wanted: &Tags,
) -> Result<CreateRepositoryFluentBuilder, BuildError> {
    let encryption = encryption.map(|it| {
        EncryptionConfiguration::builder()
            .encryption_type(EncryptionType::from(it.encryption_type.as_str()))
            .set_kms_key(it.kms_key.clone())
            .build()
    });
    Ok(request
        .image_tag_mutability(ImageTagMutability::from(config.image_tag_mutability.as_str()))
        .set_image_tag_mutability_exclusion_filters(filters(&config.exclusions)?)
        .image_scanning_configuration(scanning(config.scan_on_push))
        .set_encryption_configuration(encryption.transpose()?)
        .set_tags(Some(tags(wanted)?)))
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(on_push).build()
}

/// `None` if there are none: an empty list is refused.
fn filters(
    exclusions: &BTreeSet<String>,
) -> Result<Option<Vec<ImageTagMutabilityExclusionFilter>>, BuildError> {
    let build = |filter: &String| {
        ImageTagMutabilityExclusionFilter::builder()
            .filter_type(ImageTagMutabilityExclusionFilterType::Wildcard)
            .filter(filter)
            .build()
    };
    let filters = exclusions.iter().map(build).collect::<Result<Vec<_>, _>>()?;
    Ok((!filters.is_empty()).then_some(filters))
}

fn tags(tags: &Tags) -> Result<Vec<Tag>, BuildError> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
