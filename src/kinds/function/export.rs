//! A function as people would write it: the `spec` of its document, without the parts.

use serde_json::{Map, Value, json};

use super::{
    config::{Config, Logging, LoggingGiven, defaults},
    live::Live,
};
use crate::{
    engine::{place::Place, secret::Secret},
    kinds::{
        document::{self, PLACEHOLDER},
        export,
    },
};

/// What is written in the place of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// `{ keep: true }`: whatever value is there stays, and nobody sees it.
    Kept,
    /// A text that is refused until a person fills the value in.
    Placeholder,
    /// The value itself, in the open.
    Open,
}

/// Writes the `spec` of a live function, without what AWS does by default. The image is the one
/// that runs, by digest. With [`Values::Open`] the values of the environment stand in the result in
/// the open.
pub fn to_manifest(name: &str, live: &Live, place: &Place, values: Values) -> Map<String, Value> {
    let mut spec = Map::new();
    let mut put = |name: &str, value: Value| drop(spec.insert(name.to_owned(), value));
    put("image", json!(image(live, place)));
    if live.architecture != defaults::ARCHITECTURE {
        put("architectures", json!([live.architecture]));
    }
    put("role", json!(role(&live.config.role, place)));
    for (name, value) in settings(name, &live.config, values) {
        put(name, value);
    }
    for (name, value) in live.tags.get().map(document::to_manifest).unwrap_or_default() {
        put(name, value);
    }
    spec
}

fn image(live: &Live, place: &Place) -> String {
    let repository = live.repository.get().cloned().unwrap_or_default();
    let own = format!("{}/", place.registry());
    let repository = repository.strip_prefix(&own).unwrap_or(&repository);
    live.digest.as_ref().map_or_else(|| repository.to_owned(), |it| format!("{repository}@{it}"))
}

fn role(arn: &str, place: &Place) -> String {
    let own = place.role_arn("");
    arn.strip_prefix(&own).unwrap_or(arn).to_owned()
}

/// Writes every field of the configuration that is not as AWS has it by default; `values` says what
/// stands for the values of variables.
fn settings(name: &str, config: &Config, values: Values) -> Vec<(&'static str, Value)> {
    let unset = Config::unset(name, config.role.clone());
    let differing = |is: bool, name: &'static str, value: Value| is.then_some((name, value));
    let files: Vec<Value> = config
        .file_systems
        .iter()
        .map(|it| json!({ "arn": it.arn, "localMountPath": it.local_mount_path }))
        .collect();
    let all = [
        differing(
            config.description != unset.description,
            "description",
            json!(config.description),
        ),
        differing(config.memory_size != unset.memory_size, "memorySize", json!(config.memory_size)),
        differing(config.timeout != unset.timeout, "timeout", json!(config.timeout)),
        differing(
            config.ephemeral_storage != unset.ephemeral_storage,
            "ephemeralStorage",
            json!({ "size": config.ephemeral_storage }),
        ),
        differing(!config.environment.is_empty(), "environment", environment(config, values)),
        differing(!config.kms_key_arn.is_empty(), "kmsKeyArn", json!(config.kms_key_arn)),
        differing(config.vpc != unset.vpc, "vpcConfig", vpc(config)),
        differing(!files.is_empty(), "fileSystemConfigs", json!(files)),
        differing(
            !config.dead_letter.is_empty(),
            "deadLetterConfig",
            json!({ "targetArn": config.dead_letter }),
        ),
        differing(
            config.tracing != unset.tracing,
            "tracingConfig",
            json!({ "mode": config.tracing }),
        ),
        differing(
            config.logging != config.default_logging(name),
            "loggingConfig",
            logging(name, config),
        ),
        differing(config.image != unset.image, "imageConfig", image_config(config)),
        config.capacity.as_ref().map(|it| {
            let ratio = (it.memory_per_cpu != defaults::MEMORY_PER_CPU).then(|| json!(it.ratio()));
            let capacity = export::map([
                ("capacityProviderArn", Some(it.provider.as_str().into())),
                (
                    "perExecutionEnvironmentMaxConcurrency",
                    export::unless(it.concurrency, &defaults::CONCURRENCY),
                ),
                ("executionEnvironmentMemoryGiBPerVCpu", ratio),
            ]);
            ("capacityProviderConfig", capacity)
        }),
    ];
    all.into_iter().flatten().collect()
}

fn environment(config: &Config, values: Values) -> Value {
    let value = |secret: &Secret| match values {
        Values::Kept => json!({ "keep": true }),
        Values::Placeholder => json!(PLACEHOLDER),
        Values::Open => json!(secret.expose()),
    };
    let variables = config.environment.iter().map(|(name, it)| (name.clone(), value(it)));
    json!({ "variables": variables.collect::<Map<String, Value>>() })
}

fn vpc(config: &Config) -> Value {
    let dual = config.vpc.ipv6_allowed_for_dual_stack;
    export::map([
        ("subnetIds", Some(json!(config.vpc.subnet_ids))),
        ("securityGroupIds", Some(json!(config.vpc.security_group_ids))),
        ("ipv6AllowedForDualStack", export::unless(dual, &false)),
    ])
}

/// Writes `loggingConfig` without what Lambda does by default. The defaults of the levels are those
/// of the format that the function has.
fn logging(name: &str, config: &Config) -> Value {
    let (logging, managed) = (&config.logging, config.capacity.is_some());
    let log_format = Some(logging.log_format.as_str());
    let given = LoggingGiven { managed, log_format, ..LoggingGiven::default() };
    let usual = Logging::filled(name, given);
    let differing = |value: &String, usual: &String| export::unless(value.clone(), usual);
    export::map([
        (
            "logFormat",
            export::unless(logging.log_format.as_str(), &Logging::default_format(managed)),
        ),
        (
            "applicationLogLevel",
            differing(&logging.application_log_level, &usual.application_log_level),
        ),
        ("systemLogLevel", differing(&logging.system_log_level, &usual.system_log_level)),
        ("logGroup", differing(&logging.log_group, &usual.log_group)),
    ])
}

fn image_config(config: &Config) -> Value {
    let image = &config.image;
    let words = |words: &Vec<String>| (!words.is_empty()).then(|| json!(words));
    export::map([
        ("entryPoint", words(&image.entry_point)),
        ("command", words(&image.command)),
        ("workingDirectory", export::text(&image.working_directory)),
    ])
}
