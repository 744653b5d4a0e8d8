//! What a version keeps of a function, as a fingerprint: two that are equal answer alike.

use aws_sdk_lambda::types::{DirectS3Read, FileSystemConfig, FunctionConfiguration};
use sha2::{Digest as _, Sha256};

use crate::engine::{hex::hex, observed::Known};

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

/// Everything that PublishVersion copies (Lambda API reference, FunctionConfiguration), but for what functions that
/// ship as images do not have, and for `ConfigSha256`, of which AWS does not say what it covers.
fn parts(found: &FunctionConfiguration) -> Vec<(&'static str, String)> {
    let text = |it: Option<&String>| it.cloned().unwrap_or_default();
    let vpc = found.vpc_config.as_ref();
    let sorted = |list: Option<&[String]>| {
        let mut list = list.unwrap_or_default().to_vec();
        list.sort();
        list.join(",")
    };
    let files: Vec<String> = found.file_system_configs().iter().map(mount).collect();
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
        ("instances", instances(found)),
        ("durable", format!("{:?}", found.durable_config)),
        (
            "tenancy",
            format!("{:?}", found.tenancy_config.as_ref().map(|it| &it.tenant_isolation_mode)),
        ),
    ]
}

/// A file system; reads that AWS leaves to itself are written in two ways.
fn mount(it: &FileSystemConfig) -> String {
    let direct = it.s3_files_config.as_ref().and_then(|it| it.direct_s3_read.as_ref());
    let direct = direct.filter(|it| **it != DirectS3Read::Auto).map_or("", |it| it.as_str());
    format!("{} {} {direct}", it.arn, it.local_mount_path)
}

/// The capacity provider, and how its instances are used.
fn instances(found: &FunctionConfiguration) -> String {
    let found = found.capacity_provider_config.as_ref();
    let found = found.and_then(|it| it.lambda_managed_instances_capacity_provider_config.as_ref());
    found.map_or_else(String::new, |it| {
        let ratio = it.execution_environment_memory_gib_per_v_cpu;
        let concurrency = it.per_execution_environment_max_concurrency;
        format!("{} {concurrency:?} {ratio:?}", it.capacity_provider_arn)
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{
        CapacityProviderConfig, DurableConfig, EnvironmentError, EnvironmentResponse,
        LambdaManagedInstancesCapacityProviderConfig, S3FilesConfig, TenancyConfig,
        TenantIsolationMode, VpcConfigResponse,
    };

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
        let system = |direct: Option<DirectS3Read>| {
            let config = S3FilesConfig::builder().set_direct_s3_read(direct).build();
            let system = FileSystemConfig::builder().arn("a").local_mount_path("/mnt/a");
            let system = system.s3_files_config(config).build().unwrap();
            content(&bare.clone().file_system_configs(system).build())
        };
        assert_eq!(system(None), system(Some(DirectS3Read::Auto)));
        let variable = |name: &str, value: &str| {
            let environment = EnvironmentResponse::builder().variables(name, value).build();
            content(&bare.clone().environment(environment).build())
        };
        assert_ne!(variable("A", "1"), variable("A", "2"));
        let error = EnvironmentError::builder().error_code("AccessDenied").build();
        let hidden = EnvironmentResponse::builder().error(error).build();
        assert!(content(&bare.environment(hidden).build()).get().is_none());
    }

    /// What only some functions have, and a version keeps: each has to move the fingerprint.
    #[test]
    fn what_only_some_functions_have_is_part_of_it() {
        let bare = FunctionConfiguration::builder();
        let instances = |arn: &str, concurrency: i32, ratio: f64| {
            let config = LambdaManagedInstancesCapacityProviderConfig::builder()
                .capacity_provider_arn(arn)
                .per_execution_environment_max_concurrency(concurrency)
                .execution_environment_memory_gib_per_v_cpu(ratio);
            let config = config.build().unwrap();
            let config = CapacityProviderConfig::builder()
                .lambda_managed_instances_capacity_provider_config(config);
            bare.clone().capacity_provider_config(config.build()).build()
        };
        let system = |direct: DirectS3Read| {
            let config = S3FilesConfig::builder().direct_s3_read(direct).build();
            let system = FileSystemConfig::builder().arn("a").local_mount_path("/mnt/a");
            let system = system.s3_files_config(config).build().unwrap();
            bare.clone().file_system_configs(system).build()
        };
        let durable = |days| {
            let config = DurableConfig::builder().retention_period_in_days(days).build();
            bare.clone().durable_config(config).build()
        };
        let tenancy =
            TenancyConfig::builder().tenant_isolation_mode(TenantIsolationMode::PerTenant);
        let all = [
            bare.clone().build(),
            instances("a", 8, 2.0),
            instances("b", 8, 2.0),
            instances("a", 9, 2.0),
            instances("a", 8, 4.0),
            system(DirectS3Read::Auto),
            system(DirectS3Read::Disabled),
            durable(14),
            durable(15),
            bare.clone().tenancy_config(tenancy.build().unwrap()).build(),
        ];
        let fingerprints: Vec<_> =
            all.iter().map(|it| content(it).get().cloned().unwrap()).collect();
        let distinct: std::collections::BTreeSet<_> = fingerprints.iter().collect();
        assert_eq!(distinct.len(), fingerprints.len());
    }
}
