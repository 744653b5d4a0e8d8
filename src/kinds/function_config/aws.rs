//! The configuration of a function on the wire: how each member is read from Lambda's answers and put into its
//! requests.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::{
    error::BuildError,
    operation::{
        create_function::builders::CreateFunctionFluentBuilder as Creation,
        update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder as Update,
    },
    types::{
        ApplicationLogLevel, CapacityProviderConfig, DeadLetterConfig, DirectS3Read, Environment,
        EphemeralStorage, FileSystemConfig, FunctionConfiguration,
        ImageConfig as LambdaImageConfig, LambdaManagedInstancesCapacityProviderConfig, LogFormat,
        LoggingConfig, S3FilesConfig, SystemLogLevel, TracingConfig, VpcConfig,
    },
};

use super::{
    config::{Capacity, Config, FileSystem, ImageConfig, Vpc},
    logging::{Logging, LoggingGiven},
};
use crate::engine::secret::Secret;

/// What a creation always says. With a capacity provider nobody knows what AWS gives a function that says nothing.
const ALWAYS: [&str; 2] = ["memorySize", "timeout"];

/// What a request says beside the configuration, within the members that are sent.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// `DirectS3Read` by the ARN of an access point: AWS resets what is left out.
    pub direct_reads: &'a BTreeMap<String, String>,
    /// Whether AWS is to choose how many requests a managed instance serves at once.
    pub leaves_concurrency: bool,
}

/// A member, by its name in the table of fields.
struct WireMember {
    name: &'static str,
    /// Takes it from an answer. What the answer leaves out stays as it is: AWS's default.
    read: fn(&FunctionConfiguration, &mut Config),
    create: fn(Creation, &Config, Beside<'_>) -> Result<Creation, BuildError>,
    update: fn(Update, &Config, Beside<'_>) -> Result<Update, BuildError>,
}

/// A line of the table: the name, what is sent and by which setter, and how it is read.
macro_rules! member {
    ($name:literal, $set:ident(|$config:ident| $value:expr), $read:expr) => {
        member!($name, $set(|$config, _| $value), $read)
    };
    ($name:literal, $set:ident(|$config:ident, $beside:pat_param| $value:expr), $read:expr) => {
        WireMember {
            name: $name,
            read: $read,
            create: |request, $config, $beside| Ok(request.$set($value)),
            update: |request, $config, $beside| Ok(request.$set($value)),
        }
    };
}

static WIRE: [WireMember; 14] = [
    member!("role", set_role(|it| Some(it.role.clone())), |found, to| {
        set(&mut to.role, found.role.clone());
    }),
    member!("description", set_description(|it| Some(it.description.clone())), |found, to| {
        set(&mut to.description, found.description.clone());
    }),
    member!("memorySize", set_memory_size(|it| Some(it.memory_size)), |found, to| {
        set(&mut to.memory_size, found.memory_size);
    }),
    member!("timeout", set_timeout(|it| Some(it.timeout)), |found, to| {
        set(&mut to.timeout, found.timeout);
    }),
    member!("ephemeralStorage", set_ephemeral_storage(|it| Some(storage(it)?)), |found, to| {
        let size = found.ephemeral_storage.as_ref().map(EphemeralStorage::size);
        set(&mut to.ephemeral_storage, size);
    }),
    member!("kmsKeyArn", set_kms_key_arn(|it| Some(it.kms_key_arn.clone())), |found, to| {
        set(&mut to.kms_key_arn, found.kms_key_arn.clone());
    }),
    member!("deadLetterConfig", set_dead_letter_config(|it| Some(letter(it))), |found, to| {
        let letter = found.dead_letter_config.as_ref();
        set(&mut to.dead_letter, letter.and_then(|it| it.target_arn.clone()));
    }),
    member!("tracingConfig", set_tracing_config(|it| Some(trace(it))), |found, to| {
        let mode = found.tracing_config.as_ref().and_then(|it| it.mode.as_ref());
        set(&mut to.tracing, mode.map(|it| it.as_str().to_owned()));
    }),
    member!("vpcConfig", set_vpc_config(|it| Some(vpc(&it.vpc))), |found, to| {
        set(&mut to.vpc, read_vpc(found));
    }),
    member!(
        "fileSystemConfigs",
        set_file_system_configs(|it, beside| Some(systems(&it.file_systems, beside)?)),
        |found, to| to.file_systems = read_systems(found)
    ),
    member!("loggingConfig", set_logging_config(|it| Some(logging(&it.logging))), |found, to| {
        to.logging = read_logging(found, &to.logging.log_group);
    }),
    member!("imageConfig", set_image_config(|it| Some(image(&it.image))), |found, to| {
        set(&mut to.image, read_image(found));
    }),
    member!(
        "capacityProviderConfig",
        set_capacity_provider_config(|it, beside| match &it.capacity {
            Some(it) => Some(capacity(it, beside)?),
            None => None,
        }),
        |found, to| to.capacity = read_capacity(found)
    ),
    member!("environment", set_environment(|it| Some(environment(it))), |found, to| {
        set(&mut to.environment, read_environment(found));
    }),
];

/// Reads the configuration of a function, with AWS's default for what the answer leaves out, so that it compares with
/// what a document asks for. What AWS does not show (`Error`) counts as left out.
pub fn read(function: &str, found: &FunctionConfiguration) -> Config {
    let mut config = Config::unset(function, String::new());
    for member in &WIRE {
        (member.read)(found, &mut config);
    }
    config
}

/// Puts the configuration into a creation. What equals AWS's default is left out: a policy may forbid to mention it.
pub fn create(
    request: Creation,
    function: &str,
    config: &Config,
    beside: Beside<'_>,
) -> Result<Creation, BuildError> {
    let unset = Config::unset(function, String::new());
    let unset = Config { logging: config.default_logging(function), ..unset };
    let said = config.differing(&unset).map(|it| it.name).chain(ALWAYS);
    let said: BTreeSet<&str> = said.collect();
    let mut said = WIRE.iter().filter(|it| said.contains(it.name));
    said.try_fold(request, |request, it| (it.create)(request, config, beside))
}

/// Puts these members of the configuration into an update; all others stay as they are.
pub fn update(
    request: Update,
    members: &BTreeSet<&'static str>,
    config: &Config,
    beside: Beside<'_>,
) -> Result<Update, BuildError> {
    let mut said = WIRE.iter().filter(|it| members.contains(it.name));
    said.try_fold(request, |request, it| (it.update)(request, config, beside))
}

fn set<T>(field: &mut T, found: Option<T>) {
    if let Some(found) = found {
        *field = found;
    }
}

fn storage(config: &Config) -> Result<EphemeralStorage, BuildError> {
    EphemeralStorage::builder().size(config.ephemeral_storage).build()
}

/// Builds the dead letter configuration; an empty ARN takes the target away.
fn letter(config: &Config) -> DeadLetterConfig {
    DeadLetterConfig::builder().target_arn(&config.dead_letter).build()
}

fn trace(config: &Config) -> TracingConfig {
    TracingConfig::builder().mode(config.tracing.as_str().into()).build()
}

/// Builds the environment, which AWS replaces whole: an empty map takes all variables away.
fn environment(config: &Config) -> Environment {
    let variables = config.environment.iter();
    let variables = variables.map(|(name, value)| (name.clone(), value.expose().to_owned()));
    Environment::builder().set_variables(Some(variables.collect())).build()
}

/// An absent block and one without variables are the same.
fn read_environment(found: &FunctionConfiguration) -> Option<BTreeMap<String, Secret>> {
    let variables = found.environment.as_ref()?.variables.iter().flatten();
    Some(variables.map(|(name, value)| (name.clone(), Secret::new(value))).collect())
}

/// Builds the VPC configuration; empty lists detach the function from its VPC.
fn vpc(vpc: &Vpc) -> VpcConfig {
    let Vpc { subnet_ids, security_group_ids, ipv6_allowed_for_dual_stack } = vpc;
    VpcConfig::builder()
        .set_subnet_ids(Some(subnet_ids.iter().cloned().collect()))
        .set_security_group_ids(Some(security_group_ids.iter().cloned().collect()))
        .ipv6_allowed_for_dual_stack(*ipv6_allowed_for_dual_stack)
        .build()
}

fn read_vpc(found: &FunctionConfiguration) -> Option<Vpc> {
    let found = found.vpc_config.as_ref()?;
    Some(Vpc {
        subnet_ids: found.subnet_ids().iter().cloned().collect(),
        security_group_ids: found.security_group_ids().iter().cloned().collect(),
        ipv6_allowed_for_dual_stack: found.ipv6_allowed_for_dual_stack.unwrap_or_default(),
    })
}

/// Builds the file systems, each with the reads from S3 that it has.
fn systems(
    systems: &[FileSystem],
    beside: Beside<'_>,
) -> Result<Vec<FileSystemConfig>, BuildError> {
    let direct = |arn: &str| {
        let read = DirectS3Read::from(beside.direct_reads.get(arn)?.as_str());
        Some(S3FilesConfig::builder().direct_s3_read(read).build())
    };
    let build = |it: &FileSystem| {
        let FileSystem { arn, local_mount_path } = it;
        let config = FileSystemConfig::builder().arn(arn).local_mount_path(local_mount_path);
        config.set_s3_files_config(direct(arn)).build()
    };
    systems.iter().map(build).collect()
}

fn read_systems(found: &FunctionConfiguration) -> Vec<FileSystem> {
    let read = |it: &FileSystemConfig| FileSystem {
        arn: it.arn.clone(),
        local_mount_path: it.local_mount_path.clone(),
    };
    found.file_system_configs().iter().map(read).collect()
}

/// Builds the logging configuration. Levels exist only with the format JSON, so empty ones are not
/// sent; AWS drops them by itself when the format becomes Text.
fn logging(logging: &Logging) -> LoggingConfig {
    let Logging { log_format, application_log_level, system_log_level, log_group } = logging;
    let level = |level: &str| (!level.is_empty()).then(|| level.to_owned());
    LoggingConfig::builder()
        .log_format(log_format.as_str().into())
        .set_application_log_level(level(application_log_level).map(|it| it.as_str().into()))
        .set_system_log_level(level(system_log_level).map(|it| it.as_str().into()))
        .log_group(log_group)
        .build()
}

/// Reads the logging configuration and fills in Lambda's defaults, which depend on whether the function has a
/// capacity provider. `group`: the default log group.
fn read_logging(found: &FunctionConfiguration, group: &str) -> Logging {
    let shown = found.logging_config.as_ref();
    let application = shown.and_then(|it| it.application_log_level.as_ref());
    let system = shown.and_then(|it| it.system_log_level.as_ref());
    let own = shown.and_then(|it| it.log_group.as_deref()).filter(|it| !it.is_empty());
    let given = LoggingGiven {
        managed: found.capacity_provider_config.is_some(),
        log_format: shown.and_then(|it| it.log_format.as_ref()).map(LogFormat::as_str),
        application_log_level: application.map(ApplicationLogLevel::as_str),
        system_log_level: system.map(SystemLogLevel::as_str),
        log_group: own.or(Some(group)),
    };
    Logging::filled("", given)
}

/// Sent whole, since AWS replaces it whole; without members it clears.
fn image(image: &ImageConfig) -> LambdaImageConfig {
    let ImageConfig { entry_point, command, working_directory } = image;
    let list = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    LambdaImageConfig::builder()
        .set_entry_point(list(entry_point))
        .set_command(list(command))
        .set_working_directory((!working_directory.is_empty()).then(|| working_directory.clone()))
        .build()
}

/// Reads what of the image's own settings the function overrides.
fn read_image(found: &FunctionConfiguration) -> Option<ImageConfig> {
    let found = found.image_config_response.as_ref()?.image_config.as_ref()?;
    Some(ImageConfig {
        entry_point: found.entry_point().to_vec(),
        command: found.command().to_vec(),
        working_directory: found.working_directory.clone().unwrap_or_default(),
    })
}

/// Builds the capacity provider.
fn capacity(capacity: &Capacity, beside: Beside<'_>) -> Result<CapacityProviderConfig, BuildError> {
    let Capacity { provider, concurrency, memory_per_cpu } = capacity;
    let said = (!beside.leaves_concurrency).then_some(*concurrency);
    let instances = LambdaManagedInstancesCapacityProviderConfig::builder()
        .capacity_provider_arn(provider)
        .set_per_execution_environment_max_concurrency(said)
        .execution_environment_memory_gib_per_v_cpu(memory_per_cpu.ratio())
        .build()?;
    let config = CapacityProviderConfig::builder();
    Ok(config.lambda_managed_instances_capacity_provider_config(instances).build())
}

fn read_capacity(found: &FunctionConfiguration) -> Option<Capacity> {
    let found = found.capacity_provider_config.as_ref()?;
    let found = found.lambda_managed_instances_capacity_provider_config.as_ref()?;
    Some(Capacity::filled(
        found.capacity_provider_arn.clone(),
        found.per_execution_environment_max_concurrency,
        found.execution_environment_memory_gib_per_v_cpu,
    ))
}
