//! What a version keeps of a function, as a fingerprint: two that are equal answer alike.

use aws_sdk_lambda::types::{DirectS3Read, FileSystemConfig, FunctionConfiguration};

use crate::{
    engine::{diff::Fingerprint, observed::Known},
    kinds::function_config,
};

/// The fingerprint of a configuration with its code: of everything that PublishVersion copies (Lambda API reference,
/// FunctionConfiguration), but for what functions that ship as images do not have, and for `ConfigSha256`, of which
/// AWS does not say what it covers. What AWS writes in two ways is one here. Secrets enter it, which is safe because
/// it never leaves memory.
pub(super) fn content(found: &FunctionConfiguration) -> Known<Fingerprint> {
    if let Some(error) = found.environment.as_ref().and_then(|it| it.error.as_ref()) {
        let message = error.message().unwrap_or("no reason given");
        return Known::No(format!("{}: {message}", error.error_code().unwrap_or("?")));
    }
    let name = found.function_name.as_deref().unwrap_or_default();
    let mut config = function_config::aws::read(name, found);
    // The description is a version's own.
    config.description.clear();
    let reads: Vec<&str> = found.file_system_configs().iter().map(direct_read).collect();
    let tenancy = found.tenancy_config.as_ref().map(|it| it.tenant_isolation_mode.as_str());
    let durable = format!("{:?}", found.durable_config);
    let more = (&found.code_sha256, found.architectures(), reads, tenancy, durable);
    Known::Yes(Fingerprint::of_value(&(config, more)))
}

/// What all versions that one alias leads to have to share.
pub(super) fn base(found: &FunctionConfiguration) -> String {
    let letters = found.dead_letter_config.as_ref().and_then(|it| it.target_arn.as_deref());
    format!("{} {}", found.role.as_deref().unwrap_or_default(), letters.unwrap_or_default())
}

/// How a file system is read; what AWS leaves to itself is written in two ways.
fn direct_read(it: &FileSystemConfig) -> &str {
    let direct = it.s3_files_config.as_ref().and_then(|it| it.direct_s3_read.as_ref());
    direct.filter(|it| **it != DirectS3Read::Auto).map_or("", DirectS3Read::as_str)
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
            all.iter().map(|it| content(it).get().copied().unwrap()).collect();
        let distinct: std::collections::BTreeSet<_> = fingerprints.iter().collect();
        assert_eq!(distinct.len(), fingerprints.len());
    }
}
