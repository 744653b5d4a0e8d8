//! What a version keeps of a function, as a fingerprint: two that are equal answer alike.

use aws_sdk_lambda::types::FunctionConfiguration;
use sha2::{Digest as _, Sha256};

use crate::engine::{hex::hex, sight::Known};

/// The fingerprint of a configuration with its code. What AWS writes in two ways is one here; the description is
/// a version's own. Secrets go into the hash, which stays in memory.
pub(super) fn content(found: &FunctionConfiguration) -> Known<String> {
    if let Some(error) = found.environment.as_ref().and_then(|it| it.error.as_ref()) {
        let message = error.message().unwrap_or("no reason given");
        return Known::No(format!("{}: {message}", error.error_code().unwrap_or("?")));
    }
    let mut hasher = Sha256::new();
    for (name, value) in parts(found) {
        hasher.update(format!("{name}={value}\n"));
    }
    let variables = found.environment.as_ref().and_then(|it| it.variables.as_ref());
    let mut variables: Vec<_> = variables.into_iter().flatten().collect();
    variables.sort();
    for (name, value) in variables {
        hasher.update(format!("variable {name} {}\n", value.len()));
        hasher.update(value);
    }
    Known::Yes(hex(&hasher.finalize()))
}

/// What all versions that one alias leads to have to share.
pub(super) fn base(found: &FunctionConfiguration) -> String {
    let letters = found.dead_letter_config.as_ref().and_then(|it| it.target_arn.as_deref());
    format!("{} {}", found.role.as_deref().unwrap_or_default(), letters.unwrap_or_default())
}

fn parts(found: &FunctionConfiguration) -> Vec<(&'static str, String)> {
    let text = |it: Option<&String>| it.cloned().unwrap_or_default();
    let vpc = found.vpc_config.as_ref();
    let sorted = |list: Option<&[String]>| {
        let mut list = list.unwrap_or_default().to_vec();
        list.sort();
        list.join(",")
    };
    let files = found.file_system_configs().iter();
    let files: Vec<String> =
        files.map(|it| format!("{} {}", it.arn, it.local_mount_path)).collect();
    let image = found.image_config_response.as_ref().and_then(|it| it.image_config.as_ref());
    let logging = found.logging_config.as_ref();
    vec![
        ("code", text(found.code_sha256.as_ref())),
        ("role", text(found.role.as_ref())),
        ("memory", format!("{:?}", found.memory_size)),
        ("timeout", format!("{:?}", found.timeout)),
        ("architectures", format!("{:?}", found.architectures())),
        ("storage", format!("{:?}", found.ephemeral_storage)),
        ("key", text(found.kms_key_arn.as_ref())),
        ("subnets", sorted(vpc.map(aws_sdk_lambda::types::VpcConfigResponse::subnet_ids))),
        ("groups", sorted(vpc.map(aws_sdk_lambda::types::VpcConfigResponse::security_group_ids))),
        ("ipv6", vpc.and_then(|it| it.ipv6_allowed_for_dual_stack).unwrap_or_default().to_string()),
        ("files", files.join(",")),
        ("letters", text(found.dead_letter_config.as_ref().and_then(|it| it.target_arn.as_ref()))),
        ("tracing", format!("{:?}", found.tracing_config.as_ref().and_then(|it| it.mode.as_ref()))),
        ("entry", image.map(|it| it.entry_point().join("\n")).unwrap_or_default()),
        ("command", image.map(|it| it.command().join("\n")).unwrap_or_default()),
        ("directory", text(image.and_then(|it| it.working_directory.as_ref()))),
        ("format", format!("{:?}", logging.and_then(|it| it.log_format.as_ref()))),
        ("level", format!("{:?}", logging.and_then(|it| it.application_log_level.as_ref()))),
        ("system", format!("{:?}", logging.and_then(|it| it.system_log_level.as_ref()))),
        ("group", text(logging.and_then(|it| it.log_group.as_ref()))),
    ]
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{EnvironmentError, EnvironmentResponse, VpcConfigResponse};

    use super::*;

    #[test]
    fn what_is_the_same_in_other_words_has_one_fingerprint() {
        let bare = FunctionConfiguration::builder().memory_size(128);
        let vpc = VpcConfigResponse::builder().vpc_id("").ipv6_allowed_for_dual_stack(false);
        let emptied = bare
            .clone()
            .vpc_config(vpc.set_subnet_ids(Some(Vec::new())).build())
            .environment(EnvironmentResponse::builder().build())
            .description("evenkeel team")
            .version("7");
        assert_eq!(content(&bare.clone().build()), content(&emptied.build()));
        let more = bare.clone().memory_size(256).build();
        assert_ne!(content(&bare.clone().build()), content(&more));
        let variable = |name: &str, value: &str| {
            let environment = EnvironmentResponse::builder().variables(name, value).build();
            content(&bare.clone().environment(environment).build())
        };
        assert_ne!(variable("A", "1"), variable("A", "2"));
        let error = EnvironmentError::builder().error_code("AccessDenied").build();
        let hidden = EnvironmentResponse::builder().error(error).build();
        assert!(content(&bare.environment(hidden).build()).get().is_none());
    }
}
