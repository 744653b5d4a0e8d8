//! From steps to Lambda's requests. No decisions here: every argument stands in the step.

use aws_sdk_lambda::{
    Client,
    error::BuildError,
    types::{
        Architecture, CapacityProviderConfig, DeadLetterConfig, Environment, EphemeralStorage,
        FileSystemConfig, FunctionCode, ImageConfig as LambdaImageConfig,
        LambdaManagedInstancesCapacityProviderConfig, LogFormat, LoggingConfig, PackageType,
        TracingConfig, TracingMode, VpcConfig,
    },
};

use super::super::{
    config::{Capacity, Config, FileSystem, ImageConfig, Logging, Vpc},
    step::{Create, Patch, Tag, Untag, UpdateCode, UpdateConfig},
};
use crate::{
    aws::{
        calls::{Call, Calls},
        cloud::Priority,
        op::Op,
    },
    engine::{failure::Failure, name::Name, secret::Secret},
};

type Variables = std::collections::BTreeMap<String, Secret>;

/// Calls CreateFunction. The values of the environment go into the call as secrets, so that no
/// failure repeats them.
pub(super) async fn create(lambda: &Client, calls: &Calls, step: &Create) -> Result<(), Failure> {
    let unset = Config::unset(step.name.as_str(), String::new());
    let Config {
        role,
        description,
        memory_size,
        timeout,
        ephemeral_storage,
        environment: variables,
        kms_key_arn,
        vpc: network,
        file_systems,
        dead_letter,
        tracing,
        logging: logs,
        image,
        capacity,
    } = &step.config;
    let op = Op::CreateFunction;
    let unbuildable = |error: BuildError| op.unbuildable(&error);
    let systems = systems(file_systems).map_err(unbuildable)?;
    let unsaid = step.config.default_logging(step.name.as_str());
    // What equals AWS's default is left out: a policy may forbid to mention it.
    let request = lambda
        .create_function()
        .function_name(step.name.as_str())
        .package_type(PackageType::Image)
        .code(FunctionCode::builder().image_uri(&step.image_uri).build())
        .architectures(Architecture::from(step.architecture.as_str()))
        .role(role)
        .memory_size(*memory_size)
        .timeout(*timeout)
        .set_description((!description.is_empty()).then(|| description.clone()))
        .set_ephemeral_storage(
            (*ephemeral_storage != unset.ephemeral_storage)
                .then(|| storage(*ephemeral_storage))
                .transpose()
                .map_err(unbuildable)?,
        )
        .set_environment((!variables.is_empty()).then(|| environment(variables)))
        .set_kms_key_arn((!kms_key_arn.is_empty()).then(|| kms_key_arn.clone()))
        .set_vpc_config((*network != unset.vpc).then(|| vpc(network)))
        .set_file_system_configs((!systems.is_empty()).then_some(systems))
        .set_dead_letter_config((!dead_letter.is_empty()).then(|| letter(dead_letter)))
        .set_tracing_config((*tracing != unset.tracing).then(|| trace(tracing)))
        .set_logging_config((*logs != unsaid).then(|| logging(logs)))
        .set_image_config((*image != unset.image).then(|| image_config(image)))
        .set_capacity_provider_config(
            capacity.as_ref().map(provider).transpose().map_err(unbuildable)?,
        )
        .set_tags(Some(step.tags.clone().into_iter().collect()));
    let secrets = variables.values().collect();
    let call = Call { op, priority: Priority::Write, secrets };
    calls.run(call, Box::pin(request.send())).await.map(|_| ())
}

pub(super) async fn code(lambda: &Client, calls: &Calls, step: &UpdateCode) -> Result<(), Failure> {
    let request = lambda
        .update_function_code()
        .function_name(step.name.as_str())
        .image_uri(&step.image_uri)
        .architectures(Architecture::from(step.architecture.as_str()))
        .set_revision_id(step.revision_id.clone());
    calls.write(Op::UpdateFunctionCode, request.send()).await
}

/// Calls UpdateFunctionConfiguration with the members of the patch; a member that is `None` is not
/// sent and stays as it is. The values of the environment go into the call as secrets, so that no
/// failure repeats them.
pub(super) async fn config(
    lambda: &Client,
    calls: &Calls,
    step: &UpdateConfig,
) -> Result<(), Failure> {
    let Patch {
        role,
        description,
        memory_size,
        timeout,
        ephemeral_storage,
        environment: variables,
        kms_key_arn,
        vpc: network,
        file_systems,
        dead_letter,
        tracing,
        logging: logs,
        image,
        capacity,
    } = &step.patch;
    let op = Op::UpdateFunctionConfiguration;
    let unbuildable = |error: BuildError| op.unbuildable(&error);
    let request = lambda
        .update_function_configuration()
        .function_name(step.name.as_str())
        .set_role(role.clone())
        .set_description(description.clone())
        .set_memory_size(*memory_size)
        .set_timeout(*timeout)
        .set_ephemeral_storage(ephemeral_storage.map(storage).transpose().map_err(unbuildable)?)
        .set_environment(variables.as_ref().map(environment))
        .set_kms_key_arn(kms_key_arn.clone())
        .set_vpc_config(network.as_ref().map(vpc))
        .set_file_system_configs(
            file_systems.as_deref().map(systems).transpose().map_err(unbuildable)?,
        )
        .set_dead_letter_config(dead_letter.as_deref().map(letter))
        .set_tracing_config(tracing.as_deref().map(trace))
        .set_logging_config(logs.as_ref().map(logging))
        .set_image_config(image.as_ref().map(image_config))
        .set_capacity_provider_config(
            capacity.as_ref().map(provider).transpose().map_err(unbuildable)?,
        )
        .set_revision_id(step.revision_id.clone());
    let secrets = variables.iter().flat_map(Variables::values).collect();
    let call = Call { op, priority: Priority::Write, secrets };
    calls.run(call, Box::pin(request.send())).await.map(|_| ())
}

pub(super) async fn tag(lambda: &Client, calls: &Calls, step: &Tag) -> Result<(), Failure> {
    let request = lambda
        .tag_resource()
        .resource(&step.arn)
        .set_tags(Some(step.tags.clone().into_iter().collect()));
    calls.write(Op::TagResource, request.send()).await
}

pub(super) async fn untag(lambda: &Client, calls: &Calls, step: &Untag) -> Result<(), Failure> {
    let request = lambda
        .untag_resource()
        .resource(&step.arn)
        .set_tag_keys(Some(step.keys.iter().cloned().collect()));
    calls.write(Op::UntagResource, request.send()).await
}

pub(super) async fn delete(lambda: &Client, calls: &Calls, name: &Name) -> Result<(), Failure> {
    let request = lambda.delete_function().function_name(name.as_str());
    calls.write(Op::DeleteFunction, request.send()).await
}

/// Builds the environment, which AWS replaces whole: an empty map takes all variables away.
fn environment(variables: &Variables) -> Environment {
    let variables =
        variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
    Environment::builder().set_variables(Some(variables)).build()
}

/// Builds the VPC configuration; empty lists detach the function from its VPC.
fn vpc(vpc: &Vpc) -> VpcConfig {
    VpcConfig::builder()
        .set_subnet_ids(Some(vpc.subnet_ids.iter().cloned().collect()))
        .set_security_group_ids(Some(vpc.security_group_ids.iter().cloned().collect()))
        .ipv6_allowed_for_dual_stack(vpc.ipv6_allowed_for_dual_stack)
        .build()
}

/// Builds the dead letter configuration; an empty ARN takes the target away.
fn letter(arn: &str) -> DeadLetterConfig {
    DeadLetterConfig::builder().target_arn(arn).build()
}

fn trace(mode: &str) -> TracingConfig {
    TracingConfig::builder().mode(TracingMode::from(mode)).build()
}

/// Builds the logging configuration. Levels exist only with the format JSON, so empty ones are not
/// sent; AWS drops them by itself when the format becomes Text.
fn logging(logging: &Logging) -> LoggingConfig {
    let Logging { log_format, application_log_level, system_log_level, log_group } = logging;
    let level = |level: &str| (!level.is_empty()).then(|| level.to_owned());
    LoggingConfig::builder()
        .log_format(LogFormat::from(log_format.as_str()))
        .set_application_log_level(level(application_log_level).map(|it| it.as_str().into()))
        .set_system_log_level(level(system_log_level).map(|it| it.as_str().into()))
        .log_group(log_group)
        .build()
}

fn provider(capacity: &Capacity) -> Result<CapacityProviderConfig, BuildError> {
    let instances = LambdaManagedInstancesCapacityProviderConfig::builder()
        .capacity_provider_arn(&capacity.provider)
        .per_execution_environment_max_concurrency(capacity.concurrency)
        .execution_environment_memory_gib_per_v_cpu(capacity.ratio())
        .build()?;
    let config = CapacityProviderConfig::builder();
    Ok(config.lambda_managed_instances_capacity_provider_config(instances).build())
}

/// Sent whole, since AWS replaces it whole; without members it clears.
fn image_config(image: &ImageConfig) -> LambdaImageConfig {
    let ImageConfig { entry_point, command, working_directory } = image;
    let list = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    LambdaImageConfig::builder()
        .set_entry_point(list(entry_point))
        .set_command(list(command))
        .set_working_directory((!working_directory.is_empty()).then(|| working_directory.clone()))
        .build()
}

fn storage(size: i32) -> Result<EphemeralStorage, BuildError> {
    EphemeralStorage::builder().size(size).build()
}

fn systems(systems: &[FileSystem]) -> Result<Vec<FileSystemConfig>, BuildError> {
    let build = |it: &FileSystem| {
        FileSystemConfig::builder().arn(&it.arn).local_mount_path(&it.local_mount_path).build()
    };
    systems.iter().map(build).collect()
}
