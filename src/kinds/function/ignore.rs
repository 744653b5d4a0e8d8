//! Fields that a document leaves to others: `policy.ignore`, as JSON Pointers (RFC 6901) below `spec`.
//!
//! One mechanism serves the comparison and the calls. What is ignored takes its live value *before*
//! anything is compared or sent, so that it neither shows as a difference nor is overwritten within a
//! struct that AWS replaces whole.

use super::config::Config;

/// A field that may be left to others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named after the fields of `spec`")]
pub enum IgnoredField {
    Image,
    Architectures,
    Role,
    Description,
    MemorySize,
    Timeout,
    EphemeralStorage,
    Environment,
    /// One variable of the environment.
    Variable(String),
    KmsKeyArn,
    VpcConfig,
    SubnetIds,
    SecurityGroupIds,
    Ipv6AllowedForDualStack,
    FileSystemConfigs,
    DeadLetterConfig,
    TracingConfig,
    LoggingConfig,
    LogFormat,
    ApplicationLogLevel,
    SystemLogLevel,
    LogGroup,
    ImageConfig,
    EntryPoint,
    Command,
    WorkingDirectory,
    CapacityProviderConfig,
    Tags,
    /// One tag.
    Tag(String),
}

/// Every pointer with a fixed text.
const FIXED: &[(&str, IgnoredField)] = &[
    ("/image", IgnoredField::Image),
    ("/architectures", IgnoredField::Architectures),
    ("/role", IgnoredField::Role),
    ("/description", IgnoredField::Description),
    ("/memorySize", IgnoredField::MemorySize),
    ("/timeout", IgnoredField::Timeout),
    ("/ephemeralStorage", IgnoredField::EphemeralStorage),
    ("/ephemeralStorage/size", IgnoredField::EphemeralStorage),
    ("/environment", IgnoredField::Environment),
    ("/environment/variables", IgnoredField::Environment),
    ("/kmsKeyArn", IgnoredField::KmsKeyArn),
    ("/vpcConfig", IgnoredField::VpcConfig),
    ("/vpcConfig/subnetIds", IgnoredField::SubnetIds),
    ("/vpcConfig/securityGroupIds", IgnoredField::SecurityGroupIds),
    ("/vpcConfig/ipv6AllowedForDualStack", IgnoredField::Ipv6AllowedForDualStack),
    ("/fileSystemConfigs", IgnoredField::FileSystemConfigs),
    ("/deadLetterConfig", IgnoredField::DeadLetterConfig),
    ("/deadLetterConfig/targetArn", IgnoredField::DeadLetterConfig),
    ("/tracingConfig", IgnoredField::TracingConfig),
    ("/tracingConfig/mode", IgnoredField::TracingConfig),
    ("/loggingConfig", IgnoredField::LoggingConfig),
    ("/loggingConfig/logFormat", IgnoredField::LogFormat),
    ("/loggingConfig/applicationLogLevel", IgnoredField::ApplicationLogLevel),
    ("/loggingConfig/systemLogLevel", IgnoredField::SystemLogLevel),
    ("/loggingConfig/logGroup", IgnoredField::LogGroup),
    ("/imageConfig", IgnoredField::ImageConfig),
    ("/imageConfig/entryPoint", IgnoredField::EntryPoint),
    ("/imageConfig/command", IgnoredField::Command),
    ("/imageConfig/workingDirectory", IgnoredField::WorkingDirectory),
    ("/capacityProviderConfig", IgnoredField::CapacityProviderConfig),
    ("/capacityProviderConfig/capacityProviderArn", IgnoredField::CapacityProviderConfig),
    (
        "/capacityProviderConfig/perExecutionEnvironmentMaxConcurrency",
        IgnoredField::CapacityProviderConfig,
    ),
    (
        "/capacityProviderConfig/executionEnvironmentMemoryGiBPerVCpu",
        IgnoredField::CapacityProviderConfig,
    ),
    ("/tags", IgnoredField::Tags),
];

impl IgnoredField {
    /// Reads a pointer; `None` if it names nothing that can be left to others.
    pub fn parse(pointer: &str) -> Option<Self> {
        let below = |prefix: &str| {
            let rest = pointer.strip_prefix(prefix)?;
            let good = !rest.is_empty() && !rest.contains('/');
            good.then(|| rest.replace("~1", "/").replace("~0", "~"))
        };
        if let Some((_, field)) = FIXED.iter().find(|(known, _)| *known == pointer) {
            return Some(field.clone());
        }
        let variable = below("/environment/variables/").map(Self::Variable);
        variable.or_else(|| below("/tags/").map(Self::Tag))
    }

    /// Copies this field from one configuration to the other. A variable that `from` does not have
    /// is removed from `to`.
    pub(super) fn copy(&self, from: &Config, to: &mut Config) {
        match self {
            Self::Role => to.role.clone_from(&from.role),
            Self::Description => to.description.clone_from(&from.description),
            Self::MemorySize => to.memory_size = from.memory_size,
            Self::Timeout => to.timeout = from.timeout,
            Self::EphemeralStorage => to.ephemeral_storage = from.ephemeral_storage,
            Self::Environment => to.environment.clone_from(&from.environment),
            Self::Variable(name) => {
                to.environment.remove(name);
                let value = from.environment.get(name).cloned();
                to.environment.extend(value.map(|value| (name.clone(), value)));
            }
            Self::KmsKeyArn => to.kms_key_arn.clone_from(&from.kms_key_arn),
            Self::FileSystemConfigs => to.file_systems.clone_from(&from.file_systems),
            Self::DeadLetterConfig => to.dead_letter.clone_from(&from.dead_letter),
            Self::TracingConfig => to.tracing.clone_from(&from.tracing),
            Self::CapacityProviderConfig => to.capacity.clone_from(&from.capacity),
            // Code and tags are no part of the configuration.
            Self::Image | Self::Architectures | Self::Tags | Self::Tag(_) => {}
            member => member.copy_member(from, to),
        }
    }

    /// Copies a struct, or one member of it. Called by `copy` for what is none of the plain fields.
    fn copy_member(&self, from: &Config, to: &mut Config) {
        let (vpc, logging, image) = (&from.vpc, &from.logging, &from.image);
        match self {
            Self::VpcConfig => to.vpc.clone_from(vpc),
            Self::SubnetIds => to.vpc.subnet_ids.clone_from(&vpc.subnet_ids),
            Self::SecurityGroupIds => to.vpc.security_group_ids.clone_from(&vpc.security_group_ids),
            Self::Ipv6AllowedForDualStack => {
                to.vpc.ipv6_allowed_for_dual_stack = vpc.ipv6_allowed_for_dual_stack;
            }
            Self::LoggingConfig => to.logging.clone_from(logging),
            Self::LogFormat => to.logging.log_format.clone_from(&logging.log_format),
            Self::ApplicationLogLevel => {
                to.logging.application_log_level.clone_from(&logging.application_log_level);
            }
            Self::SystemLogLevel => {
                to.logging.system_log_level.clone_from(&logging.system_log_level);
            }
            Self::LogGroup => to.logging.log_group.clone_from(&logging.log_group),
            Self::ImageConfig => to.image.clone_from(image),
            Self::EntryPoint => to.image.entry_point.clone_from(&image.entry_point),
            Self::Command => to.image.command.clone_from(&image.command),
            Self::WorkingDirectory => {
                to.image.working_directory.clone_from(&image.working_directory);
            }
            // `copy` has handled everything else.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::function::shape::SPEC;
    use crate::shape::{Field, Shape};

    /// The pointers of a field and of everything below it.
    fn pointers(prefix: &str, field: &Field) -> Vec<String> {
        let pointer = format!("{prefix}/{}", field.name);
        let inner = match &field.shape {
            Shape::Object(inner) => *inner,
            _ => &[],
        };
        let mut found: Vec<String> = inner.iter().flat_map(|it| pointers(&pointer, it)).collect();
        found.push(pointer);
        found
    }

    /// Every field of the shape can be ignored, but for those that are no fields of the function.
    #[test]
    fn every_field_can_be_left_to_others() {
        let mut found: Vec<String> = SPEC.iter().flat_map(|it| pointers("", it)).collect();
        let ours = ["/policy", "/functionName", "/imagePolicy", "/tagsPolicy"];
        found.retain(|it| !ours.iter().any(|own| it.starts_with(own)));
        assert!(found.len() > 25);
        for pointer in found {
            assert!(IgnoredField::parse(&pointer).is_some(), "{pointer}");
        }
        for bad in ["", "/", "memorySize", "/nothing", "/functionName", "/tags/", "/tags/a/b"] {
            assert_eq!(IgnoredField::parse(bad), None, "{bad}");
        }
        assert_eq!(IgnoredField::parse("/tags/a~1b~0c"), Some(IgnoredField::Tag("a/b~c".into())));
    }
}
