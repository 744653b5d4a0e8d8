//! A `Repository` document as people write it, in ECR's own field names.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    engine::policy::Policy,
    kinds::document::{TagsDoc, TagsPolicy},
};

/// The `spec` of a `Repository` document.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "shape.rs documents every field, for people and for machines")]
pub struct RepositoryDoc {
    pub repository_name: Option<String>,
    pub image_tag_mutability: Option<String>,
    pub image_tag_mutability_exclusion_filters: Vec<ExclusionDoc>,
    pub image_scanning_configuration: Option<ScanningDoc>,
    pub encryption_configuration: Option<EncryptionDoc>,
    pub lifecycle_policy: Option<Value>,
    pub repository_policy: Option<Value>,
    pub tags: TagsDoc,
    pub tags_policy: TagsPolicy,
    pub policy: Policy,
}

/// One of `imageTagMutabilityExclusionFilters`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ExclusionDoc {
    pub filter_type: Option<String>,
    pub filter: String,
}

/// `imageScanningConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ScanningDoc {
    pub scan_on_push: bool,
}

/// `encryptionConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct EncryptionDoc {
    pub encryption_type: String,
    pub kms_key: Option<String>,
}
