//! What Lambda last told us about a function, in the words of [`super::spec`].

use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::Config;
use crate::engine::{
    diff::Fingerprint,
    facts::Digest,
    observed::{Known, Reading},
    tags::Tags,
};

/// A function as it is.
#[derive(Clone, PartialEq)]
pub struct Live {
    /// Its ARN, without a version.
    pub arn: String,
    /// Whether it ships as a container image at all.
    pub package: Package,
    /// The image that runs: `CodeSha256`, which for images is the manifest's digest in hex.
    pub digest: Option<Digest>,
    /// `registry/repository` of the image. Only GetFunction shows it.
    pub repository: Known<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The configuration; what AWS could not show of it is empty here, and said below.
    pub config: Config,
    /// Why AWS could not show the environment (`Environment.Error`): then it is unknown, not empty.
    pub environment_error: Option<String>,
    /// The same for the image's settings (`ImageConfigResponse.Error`).
    pub image_error: Option<String>,
    /// All tags, those of AWS (`aws:…`) too. Only GetFunction shows them.
    pub tags: Known<Tags>,
    /// Only GetFunction shows it.
    pub state: Known<State>,
    /// When AWS last saw a change.
    pub last_modified: Option<Timestamp>,
}

/// `PackageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// A container image.
    Image,
    /// An archive; none of our business.
    Zip,
}

/// How the function is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `State`.
    pub activity: Activity,
    /// `StateReasonCode` and `StateReason`.
    pub reason: Option<StateReason>,
    /// `LastUpdateStatus`.
    pub update: Update,
    /// `LastUpdateStatusReasonCode` and `LastUpdateStatusReason`.
    pub update_reason: Option<StateReason>,
}

/// A code and a sentence of AWS's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReason {
    /// As `ImageDeleted`; AWS sends codes that its own model does not list.
    pub code: String,
    /// In AWS's words.
    pub message: String,
}

/// `State`, as far as it decides anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Being made, or waking up: updates fail.
    Pending,
    /// Ready.
    Active,
    /// Not invoked for weeks; the next invocation wakes it. Not a fault.
    Inactive,
    /// It cannot be invoked.
    Failed,
    /// AWS stops the managed instances that it runs on. The function stays.
    Deactivating,
    /// It runs on no managed instances, and cannot be invoked until it may have some. Not a fault.
    Deactivated,
    /// AWS is deleting it (`Deleting`).
    Leaving,
    /// A state that this version does not know, in AWS's word.
    Other(String),
}

/// `LastUpdateStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Successful, or none since the creation.
    Settled,
    /// Every other update fails until it ends.
    InProgress,
    /// The function runs on with its old code and configuration.
    Failed,
}

/// The fingerprint of everything that ListFunctions shows (all but state, tags and repository).
/// Values of variables enter it in the open, which is safe because it never leaves memory.
pub(super) fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
    let Live {
        arn: _,
        package,
        digest,
        repository: _,
        architecture,
        config,
        environment_error: _,
        image_error: _,
        tags: _,
        state: _,
        last_modified,
    } = &reading.live;
    let Config {
        role,
        description,
        memory_size,
        timeout,
        ephemeral_storage,
        environment,
        kms_key_arn,
        vpc,
        file_systems,
        dead_letter,
        tracing,
        logging,
        image,
        capacity,
    } = config;
    let variables: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let text = format!(
        "{:?}",
        (
            (&reading.revision, package, digest, architecture, last_modified),
            (role, description, memory_size, timeout, ephemeral_storage, variables),
            (kms_key_arn, vpc, file_systems, dead_letter, tracing, logging, image, capacity),
        )
    );
    Fingerprint::of(text.as_bytes())
}

/// Describes a function for the log, as JSON: everything that is known, with the names of variables
/// and without their values.
pub(super) fn describe(live: &Live) -> Value {
    let config = &live.config;
    let variables: Vec<&String> = config.environment.keys().collect();
    json!({
        "functionArn": live.arn,
        "image": live.digest.as_ref().map(ToString::to_string),
        "repository": live.repository.get(),
        "architectures": [live.architecture],
        "role": config.role,
        "description": config.description,
        "memorySize": config.memory_size,
        "timeout": config.timeout,
        "ephemeralStorage": { "size": config.ephemeral_storage },
        "environment": { "names": variables },
        "kmsKeyArn": config.kms_key_arn,
        "vpcConfig": config.vpc,
        "fileSystemConfigs": config.file_systems,
        "deadLetterConfig": { "targetArn": config.dead_letter },
        "tracingConfig": { "mode": config.tracing },
        "loggingConfig": config.logging,
        "imageConfig": config.image,
        "capacityProviderConfig": config.capacity,
        "tags": live.tags.get(),
    })
}
