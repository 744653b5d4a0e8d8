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
    aws::op::Op,
    engine::{failure::Failure, name::Name, tags::Tags},
};

impl RepositoryCloud {
    /// Makes the one call that a step stands for.
    pub(super) async fn write(&self, step: &Step) -> Result<(), Failure> {
        let Self { ecr, calls } = self;
        match step {
            Step::Create { name, config, encryption, tags } => {
                let op = Op::CreateRepository;
                let request = ecr.create_repository().repository_name(name.as_str());
                let request = described(request, config, encryption.as_ref(), tags);
                let request = request.map_err(|error| op.unbuildable(&error))?;
                calls.write(op, request.send()).await
            }
            Step::Mutability { name, mutability, exclusions, .. } => {
                let op = Op::PutImageTagMutability;
                let filters = filters(exclusions).map_err(|error| op.unbuildable(&error))?;
                let request = ecr
                    .put_image_tag_mutability()
                    .repository_name(name.as_str())
                    .image_tag_mutability(ImageTagMutability::from(mutability.as_str()))
                    .set_image_tag_mutability_exclusion_filters(filters);
                calls.write(op, request.send()).await
            }
            Step::Scanning { name, scan_on_push } => {
                let request = ecr
                    .put_image_scanning_configuration()
                    .repository_name(name.as_str())
                    .image_scanning_configuration(scanning(*scan_on_push));
                calls.write(Op::PutImageScanningConfiguration, request.send()).await
            }
            Step::Lifecycle { name, text } => self.put_lifecycle(name, text.as_ref()).await,
            Step::Policy { name, text } => self.put_policy(name, text.as_ref()).await,
            Step::Tag { arn, tags: wanted, .. } => {
                let op = Op::TagRepository;
                let tags = tags(wanted).map_err(|error| op.unbuildable(&error))?;
                let request = ecr.tag_resource().resource_arn(arn).set_tags(Some(tags));
                calls.write(op, request.send()).await
            }
            Step::Untag { arn, keys, .. } => {
                let keys = keys.iter().cloned().collect();
                let request = ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
                calls.write(Op::UntagRepository, request.send()).await
            }
            Step::Delete(name) => {
                // Never with `force`: ECR then refuses what still holds images.
                let request = ecr.delete_repository().repository_name(name.as_str());
                calls.write(Op::DeleteRepository, request.send()).await
            }
        }
    }

    /// Writes the lifecycle policy; without a text, deletes it.
    async fn put_lifecycle(&self, name: &Name, text: Option<&String>) -> Result<(), Failure> {
        let Self { ecr, calls } = self;
        if let Some(text) = text {
            let request = ecr.put_lifecycle_policy().repository_name(name.as_str());
            let request = Box::pin(request.lifecycle_policy_text(text).send());
            return calls.write(Op::PutLifecyclePolicy, request).await;
        }
        let request = ecr.delete_lifecycle_policy().repository_name(name.as_str());
        calls.write(Op::DeleteLifecyclePolicy, request.send()).await
    }

    /// Writes the repository policy; without a text, deletes it.
    async fn put_policy(&self, name: &Name, text: Option<&String>) -> Result<(), Failure> {
        let Self { ecr, calls } = self;
        if let Some(text) = text {
            let request = ecr.set_repository_policy().repository_name(name.as_str());
            let request = Box::pin(request.policy_text(text).send());
            return calls.write(Op::SetRepositoryPolicy, request).await;
        }
        let request = ecr.delete_repository_policy().repository_name(name.as_str());
        calls.write(Op::DeleteRepositoryPolicy, request.send()).await
    }
}

/// Adds to the request that makes a repository all that the repository is to have.
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
        // No scan is ECR's default, and the registry may have rules that forbid to mention it.
        .set_image_scanning_configuration(config.scan_on_push.then(|| scanning(true)))
        .set_encryption_configuration(encryption.transpose()?)
        .set_tags(Some(tags(wanted)?)))
}

fn scanning(on_push: bool) -> ImageScanningConfiguration {
    ImageScanningConfiguration::builder().scan_on_push(on_push).build()
}

/// Builds the exclusion filters; `None` if there are none, since ECR refuses an empty list.
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
