//! From Lambda's answers to [`Live`]: what AWS leaves out gets AWS's default, what it fills in loses it,
//! and what it could not show is unknown.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::get_function::GetFunctionOutput,
    types::{
        ApplicationLogLevel, EnvironmentResponse, FunctionCodeLocation, FunctionConfiguration,
        ImageConfigResponse, LastUpdateStatus, LogFormat, PackageType, State as LambdaState,
        SystemLogLevel,
    },
};

use super::super::{
    config::{Capacity, Config, FileSystem, ImageConfig, Logging, LoggingGiven, Vpc, defaults},
    image_ref::Registry,
    live::{Activity, Live, Package, State, StateReason, Update},
};
use crate::{
    aws::{date::timestamp, op::Op},
    engine::{
        facts::Digest,
        failure::{Class, Failure},
        name::Name,
        observed::{Known, Reading},
        secret::Secret,
    },
};

/// Why a row of a list lacks things.
const NOT_LISTED: &str = "a list does not show it";

/// Reads one row of ListFunctions, which shows neither tags nor state nor the image's repository;
/// `None` for a row without a name.
pub(super) fn row(found: &FunctionConfiguration) -> Option<(Name, Reading<Live>)> {
    let name = found.function_name.clone().filter(|it| !it.is_empty())?;
    let unknown = || NOT_LISTED.to_owned();
    let revision = found.revision_id.clone();
    let live = live(
        &name,
        found,
        Hidden {
            repository: Known::No(unknown()),
            tags: Known::No(unknown()),
            state: Known::No(unknown()),
        },
    );
    Some((Name::new(name), Reading { live, revision, exact: false }))
}

/// Reads the answer of GetFunction. Fails if it has no configuration: without one nothing can be
/// said of the function.
pub(super) fn read(name: &Name, found: &GetFunctionOutput) -> Result<Reading<Live>, Failure> {
    let Some(configuration) = &found.configuration else {
        return Err(Op::GetFunction.failure(Class::Unclear, "the answer has no configuration"));
    };
    let tags = match &found.tags_error {
        Some(error) => Known::No(format!("{}: {}", error.error_code(), error.message())),
        // Without tags the key is absent.
        None => Known::Yes(found.tags.clone().unwrap_or_default().into_iter().collect()),
    };
    let hidden = Hidden {
        repository: repository(found.code.as_ref()),
        tags,
        state: Known::Yes(state(configuration)),
    };
    let mut live = live(name.as_str(), configuration, hidden);
    // Where `CodeSha256` holds no digest, the URI of the image that runs names it.
    if live.digest.is_none() {
        let resolved = found.code.as_ref().and_then(FunctionCodeLocation::resolved_image_uri);
        live.digest = resolved.and_then(|uri| Digest::parse(uri.rsplit('@').next()?));
    }
    Ok(Reading { live, revision: configuration.revision_id.clone(), exact: true })
}

/// What only GetFunction shows.
struct Hidden {
    repository: Known<String>,
    tags: Known<BTreeMap<String, String>>,
    state: Known<State>,
}

/// Puts together what both answers show (`found`) and what only GetFunction shows (`hidden`). An
/// environment that AWS could not show is empty here, and `environment_error` says why.
fn live(name: &str, found: &FunctionConfiguration, hidden: Hidden) -> Live {
    let environment = environment(found.environment.as_ref());
    let (variables, environment_error) = match environment {
        Known::Yes(variables) => (variables, None),
        Known::No(why) => (BTreeMap::new(), Some(why)),
    };
    Live {
        // Some answers carry a version.
        arn: found.function_arn.as_deref().unwrap_or_default().trim_end_matches(":$LATEST").into(),
        package: match found.package_type {
            Some(PackageType::Image) => Package::Image,
            // An answer without a package type describes an archive: that was the only kind once.
            _ => Package::Zip,
        },
        digest: found.code_sha256.as_deref().and_then(Digest::parse),
        repository: hidden.repository,
        architecture: found
            .architectures()
            .first()
            .map_or(defaults::ARCHITECTURE, |it| it.as_str())
            .to_owned(),
        config: config(name, found, variables),
        environment_error,
        image_error: found
            .image_config_response
            .as_ref()
            .and_then(|it| it.error.as_ref())
            .map(|it| words(it.error_code(), it.message())),
        tags: hidden.tags,
        state: hidden.state,
        last_modified: found.last_modified.as_deref().and_then(timestamp),
    }
}

/// Reads the configuration, with Lambda's default for every member that the answer leaves out, so
/// that it compares with what a document asks for.
fn config(
    name: &str,
    found: &FunctionConfiguration,
    environment: BTreeMap<String, Secret>,
) -> Config {
    let unset = Config::unset(name, found.role.clone().unwrap_or_default());
    let storage =
        found.ephemeral_storage.as_ref().map(aws_sdk_lambda::types::EphemeralStorage::size);
    let tracing = found.tracing_config.as_ref().and_then(|it| it.mode.as_ref());
    Config {
        description: found.description.clone().unwrap_or_default(),
        memory_size: found.memory_size.unwrap_or(unset.memory_size),
        timeout: found.timeout.unwrap_or(unset.timeout),
        ephemeral_storage: storage.unwrap_or(unset.ephemeral_storage),
        environment,
        kms_key_arn: found.kms_key_arn.clone().unwrap_or_default(),
        vpc: vpc(found),
        file_systems: found
            .file_system_configs()
            .iter()
            .map(|it| FileSystem {
                arn: it.arn.clone(),
                local_mount_path: it.local_mount_path.clone(),
            })
            .collect(),
        dead_letter: found
            .dead_letter_config
            .as_ref()
            .and_then(|it| it.target_arn.clone())
            .unwrap_or_default(),
        tracing: tracing.map_or(unset.tracing, |it| it.as_str().to_owned()),
        logging: logging(name, found),
        image: image_config(found.image_config_response.as_ref()),
        capacity: capacity(found),
        role: unset.role,
    }
}

/// Reads `LoggingConfig` and fills in Lambda's defaults, which depend on whether the function has a
/// capacity provider.
fn logging(name: &str, found: &FunctionConfiguration) -> Logging {
    let shown = found.logging_config.as_ref();
    let application = shown.and_then(|it| it.application_log_level.as_ref());
    let system = shown.and_then(|it| it.system_log_level.as_ref());
    let given = LoggingGiven {
        managed: found.capacity_provider_config.is_some(),
        log_format: shown.and_then(|it| it.log_format.as_ref()).map(LogFormat::as_str),
        application_log_level: application.map(ApplicationLogLevel::as_str),
        system_log_level: system.map(SystemLogLevel::as_str),
        log_group: shown.and_then(|it| it.log_group.as_deref()),
    };
    Logging::filled(name, given)
}

/// An absent block and one without variables are the same; one with an error is unknown.
fn environment(found: Option<&EnvironmentResponse>) -> Known<BTreeMap<String, Secret>> {
    let Some(found) = found else { return Known::Yes(BTreeMap::new()) };
    if let Some(error) = &found.error {
        return Known::No(words(error.error_code(), error.message()));
    }
    let variables = found.variables.clone().unwrap_or_default();
    Known::Yes(variables.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

/// AWS's reason for not showing something.
fn words(code: Option<&str>, message: Option<&str>) -> String {
    format!("{}: {}", code.unwrap_or("?"), message.unwrap_or("?"))
}

fn vpc(found: &FunctionConfiguration) -> Vpc {
    let Some(found) = &found.vpc_config else { return Vpc::default() };
    Vpc {
        subnet_ids: found.subnet_ids().iter().cloned().collect(),
        security_group_ids: found.security_group_ids().iter().cloned().collect(),
        ipv6_allowed_for_dual_stack: found.ipv6_allowed_for_dual_stack.unwrap_or_default(),
    }
}

fn capacity(found: &FunctionConfiguration) -> Option<Capacity> {
    let found = found.capacity_provider_config.as_ref()?;
    let found = found.lambda_managed_instances_capacity_provider_config.as_ref()?;
    let (concurrency, ratio) = (
        found.per_execution_environment_max_concurrency,
        found.execution_environment_memory_gib_per_v_cpu,
    );
    Some(Capacity::filled(found.capacity_provider_arn.clone(), concurrency, ratio))
}

/// Reads what of the image's own settings the function overrides; nothing if the answer has no such
/// block.
fn image_config(found: Option<&ImageConfigResponse>) -> ImageConfig {
    let Some(found) = found.and_then(|it| it.image_config.as_ref()) else {
        return ImageConfig::default();
    };
    ImageConfig {
        entry_point: found.entry_point().to_vec(),
        command: found.command().to_vec(),
        working_directory: found.working_directory.clone().unwrap_or_default(),
    }
}

/// `registry/repository` of the image that runs.
fn repository(code: Option<&FunctionCodeLocation>) -> Known<String> {
    let uri = code.and_then(|it| it.resolved_image_uri.as_deref().or(it.image_uri.as_deref()));
    let Some(uri) = uri else { return Known::No("AWS shows no image URI".into()) };
    let bare = uri.split('@').next().unwrap_or(uri);
    // A colon after the last slash begins a tag; one before it would be a port.
    let (path, last) = bare.rsplit_once('/').unwrap_or(("", bare));
    let last = last.split(':').next().unwrap_or(last);
    Known::Yes(if path.is_empty() { last.to_owned() } else { plain(&format!("{path}/{last}")) })
}

/// The same with the plain host of its registry, whichever of its hosts whoever deployed it wrote.
fn plain(repository: &str) -> String {
    let plain = repository.split_once('/').and_then(|(host, path)| {
        let registry = Registry::parse(host).ok()?;
        Some(format!("{}/{path}", registry.host))
    });
    plain.unwrap_or_else(|| repository.to_owned())
}

/// Reads the state of the function and of its last update, with AWS's reasons. A function without a
/// state counts as active.
fn state(found: &FunctionConfiguration) -> State {
    let activity = match &found.state {
        Some(LambdaState::Pending) => Activity::Pending,
        Some(LambdaState::Active | LambdaState::ActiveNonInvocable) | None => Activity::Active,
        Some(LambdaState::Inactive) => Activity::Inactive,
        Some(LambdaState::Failed) => Activity::Failed,
        Some(LambdaState::Deactivating) => Activity::Deactivating,
        Some(LambdaState::Deactivated) => Activity::Deactivated,
        Some(LambdaState::Deleting) => Activity::Leaving,
        Some(other) => Activity::Other(other.as_str().to_owned()),
    };
    let update = match &found.last_update_status {
        Some(LastUpdateStatus::InProgress) => Update::InProgress,
        Some(LastUpdateStatus::Failed) => Update::Failed,
        // Absent until the first update.
        Some(_) | None => Update::Settled,
    };
    let reason = |code: Option<&str>, message: Option<&str>| {
        code.map(|code| StateReason {
            code: code.into(),
            message: message.unwrap_or_default().into(),
        })
    };
    State {
        activity,
        reason: reason(
            found.state_reason_code.as_ref().map(aws_sdk_lambda::types::StateReasonCode::as_str),
            found.state_reason.as_deref(),
        ),
        update,
        update_reason: reason(
            found
                .last_update_status_reason_code
                .as_ref()
                .map(aws_sdk_lambda::types::LastUpdateStatusReasonCode::as_str),
            found.last_update_status_reason.as_deref(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_come_out_of_every_form_of_uri() {
        let check = |uri: &str, expected: &str| {
            let code = FunctionCodeLocation::builder().resolved_image_uri(uri).build();
            assert_eq!(repository(Some(&code)), Known::Yes(expected.into()));
        };
        check("h.example.com/a/b@sha256:00", "h.example.com/a/b");
        check("h.example.com/b:v1", "h.example.com/b");
        check("h:5000/b:v1", "h:5000/b");
        let plain = "123456789012.dkr.ecr.us-east-1.amazonaws.com/a/b";
        check(&format!("{plain}:v1"), plain);
        check("123456789012.dkr-ecr.us-east-1.on.aws/a/b:v1", plain);
        check("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/a/b@sha256:00", plain);
        // moto writes this for images that were deployed by digest.
        check("h.example.com/b@sha256@sha256:00", "h.example.com/b");
    }
}
