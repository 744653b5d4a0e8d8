//! From Lambda's answers to [`Live`]: what AWS leaves out gets AWS's default, what it fills in loses it,
//! and what it could not show is unknown.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::get_function::GetFunctionOutput,
    types::{
        DirectS3Read, DurableConfig, FunctionCodeLocation, FunctionConfiguration, LastUpdateStatus,
        PackageType, State as LambdaState,
    },
};

use super::super::{
    image_ref::Registry,
    live::{Activity, Live, Package, State, StateReason, Update},
    unmanaged::Unmanaged,
};
use crate::{
    aws::{date::timestamp, op::Op},
    engine::{
        facts::Digest,
        failure::{Class, Failure},
        name::Name,
        observed::{Known, Reading},
    },
    kinds::function_config::{self, config::defaults},
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
        config: function_config::aws::read(name, found),
        environment_error: found
            .environment
            .as_ref()
            .and_then(|it| it.error.as_ref())
            .map(|it| words(it.error_code(), it.message())),
        image_error: found
            .image_config_response
            .as_ref()
            .and_then(|it| it.error.as_ref())
            .map(|it| words(it.error_code(), it.message())),
        unmanaged: unmanaged(found),
        tags: hidden.tags,
        state: hidden.state,
        last_modified: found.last_modified.as_deref().and_then(timestamp),
    }
}

/// Reads the settings that no manifest can ask for.
fn unmanaged(found: &FunctionConfiguration) -> Unmanaged {
    let direct = found.file_system_configs().iter().filter_map(|it| {
        let read = it.s3_files_config.as_ref()?.direct_s3_read.as_ref()?;
        (*read != DirectS3Read::Auto).then(|| (it.arn.clone(), read.as_str().to_owned()))
    });
    let tenancy = found.tenancy_config.as_ref().map(|it| it.tenant_isolation_mode.as_str());
    Unmanaged {
        durable: found.durable_config.as_ref().map(durable),
        tenancy: tenancy.map(ToOwned::to_owned),
        direct_reads: direct.collect(),
    }
}

/// `DurableConfig` in words.
fn durable(found: &DurableConfig) -> String {
    let days = found.retention_period_in_days.map(|it| format!("retentionPeriodInDays {it}"));
    let most = found.execution_timeout.map(|it| format!("executionTimeout {it}"));
    let key = found.kms_key_arn.as_ref().map(|it| format!("kmsKeyArn {it}"));
    let words: Vec<String> = [days, most, key].into_iter().flatten().collect();
    if words.is_empty() { "AWS's defaults".into() } else { words.join(", ") }
}

/// AWS's reason for not showing something.
fn words(code: Option<&str>, message: Option<&str>) -> String {
    format!("{}: {}", code.unwrap_or("?"), message.unwrap_or("?"))
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
