//! What ECR last told us about a repository, in the words of [`super::spec`].

use serde_json::{Value, json};

use super::spec::{Config, Encryption};
use crate::engine::{observed::Known, tags::Tags};

/// A repository as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Its ARN.
    pub arn: String,
    /// What ECR lets change at any time.
    pub config: Config,
    /// How images are encrypted.
    pub encryption: Encryption,
    /// The lifecycle policy. Only a read shows it.
    pub lifecycle: Known<Option<Value>>,
    /// The repository policy. Only a read shows it.
    pub policy: Known<Option<Value>>,
    /// All tags. Only a read shows them.
    pub tags: Known<Tags>,
    /// When it was made, in seconds since 1970: one that was deleted and made again is another.
    pub created_at: i64,
}

/// Describes a repository for the log, as JSON: everything that is known of it.
pub(super) fn describe(live: &Live) -> Value {
    json!({
        "repositoryArn": live.arn,
        "imageTagMutability": live.config.image_tag_mutability,
        "imageTagMutabilityExclusionFilters": live.config.exclusions,
        "imageScanningConfiguration": { "scanOnPush": live.config.scan_on_push },
        "encryptionConfiguration": {
            "encryptionType": live.encryption.encryption_type,
            "kmsKey": live.encryption.kms_key,
        },
        "lifecyclePolicy": live.lifecycle.get(),
        "repositoryPolicy": live.policy.get(),
        "tags": live.tags.get(),
    })
}
