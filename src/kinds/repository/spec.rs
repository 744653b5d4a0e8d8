//! What a `Repository` document asks for in one target, checked and with every default filled in.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{doc::RepositoryDoc, ignore::IgnoredRepositoryField, policy};
use crate::{
    engine::{
        canonical,
        name::{Name, Owner},
        place::Place,
        policy::Adopt,
        tags::{Ownership, TagSpec},
    },
    kinds::document::tag_spec,
};

/// The kind's name.
pub(super) const KIND: &str = "Repository";
/// Whether tags may be pushed again, unless the document says otherwise.
pub const MUTABLE: &str = "MUTABLE";
/// How images are encrypted unless the document says otherwise.
pub const AES256: &str = "AES256";

/// A repository as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The repository's ARN in its target, which tag calls take.
    pub arn: String,
    /// What ECR lets change at any time.
    pub config: Config,
    /// How images are to be encrypted; `None`: whatever there is.
    pub encryption: Option<Encryption>,
    /// The lifecycle policy, as it is written; `None`: not managed.
    pub lifecycle: Option<Value>,
    /// The repository policy, as it is written; `None`: not managed.
    pub policy: Option<Value>,
    /// The tags that the document asks for, without ours.
    pub tags: TagSpec,
    /// Our own tags.
    pub ownership: Ownership,
    /// Fields that are left to others.
    pub ignored: BTreeSet<IgnoredRepositoryField>,
    /// Whether what is not ours may be taken over.
    pub adopts: bool,
    /// The hash of the configuration, for the tag `evenkeel.dev/applied`.
    pub config_hash: String,
}

/// What DescribeRepositories shows and ECR lets change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Config {
    pub image_tag_mutability: String,
    /// The filters of `imageTagMutabilityExclusionFilters`.
    pub exclusions: BTreeSet<String>,
    pub scan_on_push: bool,
}

/// `encryptionConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Encryption {
    pub encryption_type: String,
    pub kms_key: Option<String>,
}

impl Spec {
    /// Builds the spec that a document means in a target: ECR's defaults for what is left out, and
    /// the placeholders of the repository policy and the key filled in.
    pub fn of(name: &Name, doc: &RepositoryDoc, place: &Place, owner: &Owner) -> Self {
        let mutability = doc.image_tag_mutability.as_deref().unwrap_or(MUTABLE);
        let filters = doc.image_tag_mutability_exclusion_filters.iter();
        let config = Config {
            image_tag_mutability: mutability.to_owned(),
            exclusions: filters.map(|it| it.filter.clone()).collect(),
            scan_on_push: doc
                .image_scanning_configuration
                .as_ref()
                .is_some_and(|it| it.scan_on_push),
        };
        let fill = |policy: &Value| filled(policy, place);
        let lifecycle = doc.lifecycle_policy.clone();
        let access = doc.repository_policy.as_ref().map(fill);
        let config_hash = config_hash(&config, lifecycle.as_ref(), access.as_ref());
        Self {
            arn: place.repository_arn(name.as_str()),
            config,
            encryption: doc.encryption_configuration.as_ref().map(|it| Encryption {
                encryption_type: it.encryption_type.clone(),
                kms_key: it.kms_key.as_deref().map(|it| place.fill_in(it)),
            }),
            lifecycle,
            policy: access,
            tags: tag_spec(&doc.tags, doc.tags_policy),
            ownership: Ownership::of(KIND, name, owner.as_str(), doc.policy.deletion),
            ignored: doc
                .policy
                .ignore
                .iter()
                .filter_map(|it| IgnoredRepositoryField::parse(it))
                // Where the registry's rules say what is scanned, ECR may refuse to hear of it.
                .chain(
                    doc.image_scanning_configuration
                        .is_none()
                        .then_some(IgnoredRepositoryField::Scanning),
                )
                .collect(),
            adopts: doc.policy.adopt != Adopt::No,
            config_hash,
        }
    }
}

/// Fills in the account and the Region in every text of a policy, at any depth.
fn filled(value: &Value, place: &Place) -> Value {
    match value {
        Value::String(text) => Value::String(place.fill_in(text)),
        Value::Array(items) => items.iter().map(|it| filled(it, place)).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, it)| (name.clone(), filled(it, place)));
            Value::Object(members.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Hashes a configuration, without what equals ECR's default, so that a field which becomes managed
/// leaves old hashes as they were. Policies enter in the one form that all of equal meaning have.
pub(super) fn config_hash(
    config: &Config,
    lifecycle: Option<&Value>,
    access: Option<&Value>,
) -> String {
    let Config { image_tag_mutability, exclusions, scan_on_push } = config;
    let mut fields = BTreeMap::new();
    if image_tag_mutability != MUTABLE {
        fields.insert("imageTagMutability", json!(image_tag_mutability));
    }
    if !exclusions.is_empty() {
        fields.insert("imageTagMutabilityExclusionFilters", json!(exclusions));
    }
    if *scan_on_push {
        fields.insert("scanOnPush", json!(true));
    }
    fields.extend(lifecycle.map(|it| ("lifecyclePolicy", policy::lifecycle(it))));
    fields.extend(access.and_then(policy::access).map(|it| ("repositoryPolicy", it)));
    canonical::hash(&json!(fields))
}
