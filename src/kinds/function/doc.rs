//! A `Function` document as people write it: AWS's own field names, everything optional that AWS
//! fills in. `shape.rs` says what each field may hold; by the time a document gets here, it does.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    engine::{name::Name, place::Place, policy::Policy, secret::Secret},
    kinds::{
        document::{TagsDoc, TagsPolicy},
        function_config::{
            config::{Capacity, Config, FileSystem, ImageConfig, Vpc},
            logging::{Logging, LoggingGiven},
        },
    },
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
    /// Builds the configuration that a document asks for in a target: placeholders filled in, the
    /// role as an ARN, Lambda's defaults for what is left out. Kept variables are not in it: only AWS
    /// has their values.
    pub(super) fn config(&self, name: &Name, place: &Place) -> Config {
        // What is no part of the configuration is named, so that a new field cannot be forgotten.
        let Self {
            function_name: _,
            image: _,
            image_policy: _,
            role,
            image_config,
            architectures: _,
            description,
            memory_size,
            timeout,
            ephemeral_storage,
            environment: _,
            kms_key_arn,
            vpc_config,
            file_system_configs,
            dead_letter_config,
            tracing_config,
            logging_config: _,
            capacity_provider_config,
            tags: _,
            tags_policy: _,
            policy: _,
        } = self;
        let arn = |text: &str| place.fill_in(text);
        let unset = Config::unset(name.as_str(), place_role(role, place));
        let mount = |it: &FileSystemConfigDoc| FileSystem {
            arn: arn(&it.arn),
            local_mount_path: it.local_mount_path.clone(),
        };
        Config {
            description: description.clone().unwrap_or_default(),
            memory_size: memory_size.unwrap_or(unset.memory_size),
            timeout: timeout.unwrap_or(unset.timeout),
            ephemeral_storage: ephemeral_storage
                .as_ref()
                .map_or(unset.ephemeral_storage, |it| it.size),
            environment: self.variables().map(|(name, it)| (name.clone(), it.clone())).collect(),
            kms_key_arn: kms_key_arn.as_deref().map(arn).unwrap_or_default(),
            vpc: vpc_config.as_ref().map(vpc).unwrap_or_default(),
            file_systems: file_system_configs.iter().map(mount).collect(),
            dead_letter: dead_letter_config
                .as_ref()
                .map(|it| arn(&it.target_arn))
                .unwrap_or_default(),
            tracing: tracing_config.as_ref().map_or(unset.tracing, |it| it.mode.clone()),
            logging: Logging::filled(name.as_str(), self.logging()),
            image: image_config.as_ref().map(image).unwrap_or_default(),
            capacity: capacity_provider_config.as_ref().map(|it| {
                Capacity::filled(
                    arn(&it.capacity_provider_arn),
                    it.per_execution_environment_max_concurrency,
                    it.execution_environment_memory_gib_per_vcpu,
                )
            }),
            role: unset.role,
        }
    }

    /// What a document says of the log, before Lambda's defaults are filled in.
    pub fn logging(&self) -> LoggingGiven<'_> {
        let managed = self.capacity_provider_config.is_some();
        let Some(given) = &self.logging_config else {
            return LoggingGiven { managed, ..LoggingGiven::default() };
        };
        let LoggingConfigDoc { log_format, application_log_level, system_log_level, log_group } =
            given;
        LoggingGiven {
            managed,
            log_format: log_format.as_deref(),
            application_log_level: application_log_level.as_deref(),
            system_log_level: system_log_level.as_deref(),
            log_group: log_group.as_deref(),
        }
    }

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

fn place_role(text: &str, place: &Place) -> String {
    let text = place.fill_in(text);
    if text.starts_with("arn:") { text } else { place.role_arn(&text) }
}

fn vpc(doc: &VpcConfigDoc) -> Vpc {
    let VpcConfigDoc { subnet_ids, security_group_ids, ipv6_allowed_for_dual_stack } = doc;
    Vpc {
        subnet_ids: subnet_ids.iter().cloned().collect(),
        security_group_ids: security_group_ids.iter().cloned().collect(),
        ipv6_allowed_for_dual_stack: *ipv6_allowed_for_dual_stack,
    }
}

fn image(doc: &ImageConfigDoc) -> ImageConfig {
    let ImageConfigDoc { entry_point, command, working_directory } = doc;
    ImageConfig {
        entry_point: entry_point.clone(),
        command: command.clone(),
        working_directory: working_directory.clone(),
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
