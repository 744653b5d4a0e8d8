//! A `Function` document as people write it: AWS's own field names, everything optional that AWS
//! fills in. `shape.rs` says what each field may hold; by the time a document gets here, it does.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    engine::{policy::Policy, secret::Secret},
    kinds::document::{TagsDoc, TagsPolicy},
};

/// The `spec` of a `Function` document.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "shape.rs documents every field, for people and for machines")]
pub struct FunctionDoc {
    pub function_name: Option<String>,
    pub image: String,
    #[serde(default)]
    pub image_policy: ImagePolicyDoc,
    pub role: String,
    pub image_config: Option<ImageConfigDoc>,
    #[serde(default)]
    pub architectures: Vec<String>,
    pub description: Option<String>,
    pub memory_size: Option<i32>,
    pub timeout: Option<i32>,
    pub ephemeral_storage: Option<EphemeralStorageDoc>,
    pub environment: Option<EnvironmentDoc>,
    #[serde(rename = "kmsKeyArn")]
    pub kms_key_arn: Option<String>,
    pub vpc_config: Option<VpcConfigDoc>,
    #[serde(default)]
    pub file_system_configs: Vec<FileSystemConfigDoc>,
    pub dead_letter_config: Option<DeadLetterConfigDoc>,
    pub tracing_config: Option<TracingConfigDoc>,
    pub logging_config: Option<LoggingConfigDoc>,
    pub capacity_provider_config: Option<CapacityDoc>,
    #[serde(default)]
    pub tags: TagsDoc,
    #[serde(default)]
    pub tags_policy: TagsPolicy,
    #[serde(default)]
    pub policy: Policy,
}

impl FunctionDoc {
    /// Variables with a value.
    pub fn variables(&self) -> impl Iterator<Item = (&String, &Secret)> {
        self.all_variables().filter_map(|(name, value)| match value {
            VariableDoc::Value(value) => Some((name, value)),
            VariableDoc::Keep { .. } => None,
        })
    }

    /// Variables with `keep: true`.
    pub fn kept(&self) -> impl Iterator<Item = &String> {
        self.all_variables()
            .filter(|(_, value)| matches!(value, VariableDoc::Keep { .. }))
            .map(|(name, _)| name)
    }

    fn all_variables(&self) -> impl Iterator<Item = (&String, &VariableDoc)> {
        self.environment.iter().flat_map(|it| &it.variables)
    }
}

/// `imagePolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ImagePolicyDoc {
    pub semver: Option<String>,
    pub on_tag_move: OnTagMove,
}

/// `onTagMove`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnTagMove {
    /// Deploy what it names now.
    #[default]
    Deploy,
    /// Say so, and leave the function as it is.
    Report,
}

/// `imageConfig`: what of the image's own settings is overridden.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct ImageConfigDoc {
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: String,
}

/// `ephemeralStorage`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct EphemeralStorageDoc {
    pub size: i32,
}

/// `environment`.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct EnvironmentDoc {
    pub variables: BTreeMap<String, VariableDoc>,
}

/// The value of a variable.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum VariableDoc {
    /// This value.
    Value(Secret),
    /// Whatever value is there.
    Keep {
        /// Must be `true`.
        keep: bool,
    },
}

/// `vpcConfig`.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct VpcConfigDoc {
    pub subnet_ids: Vec<String>,
    pub security_group_ids: Vec<String>,
    pub ipv6_allowed_for_dual_stack: bool,
}

/// One of `fileSystemConfigs`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct FileSystemConfigDoc {
    pub arn: String,
    pub local_mount_path: String,
}

/// `deadLetterConfig`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct DeadLetterConfigDoc {
    pub target_arn: String,
}

/// `tracingConfig`.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct TracingConfigDoc {
    pub mode: String,
}

/// `capacityProviderConfig`, without the member that says which of one kind it is.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct CapacityDoc {
    pub capacity_provider_arn: String,
    pub per_execution_environment_max_concurrency: Option<i32>,
    #[serde(rename = "executionEnvironmentMemoryGiBPerVCpu")]
    pub execution_environment_memory_gib_per_vcpu: Option<f64>,
}

/// `loggingConfig`.
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct LoggingConfigDoc {
    pub log_format: Option<String>,
    pub application_log_level: Option<String>,
    pub system_log_level: Option<String>,
    pub log_group: Option<String>,
}
