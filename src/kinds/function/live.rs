//! What Lambda last told us about a function, in the words of [`super::spec`].

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::unmanaged::Unmanaged;
use crate::{
    engine::{
        diff::Fingerprint,
        facts::Digest,
        observed::{Known, Reading},
        tags::Tags,
    },
    kinds::function_config::config::{Config, ENVIRONMENT, MEMBERS},
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
    /// Settings that no manifest can ask for.
    pub unmanaged: Unmanaged,
    /// All tags, those of AWS (`aws:…`) too. Only GetFunction shows them.
    pub tags: Known<Tags>,
    /// Only GetFunction shows it.
    pub state: Known<State>,
    /// When AWS last saw a change.
    pub last_modified: Option<Timestamp>,
}

/// `PackageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        unmanaged: _,
        tags: _,
        state: _,
        last_modified,
    } = &reading.live;
    let listed = (&reading.revision, package, digest, architecture, config, last_modified);
    Fingerprint::of_value(&listed)
}

/// Describes a function for the log, as JSON: everything that is known, with the names of variables
/// and without their values.
pub(super) fn describe(live: &Live) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    put("functionArn", json!(live.arn));
    put("image", json!(live.digest.as_ref().map(ToString::to_string)));
    put("repository", json!(live.repository.get()));
    put("architectures", json!([live.architecture]));
    for member in &MEMBERS {
        let value = (member.hashed)(&live.config);
        // A struct with one value is hashed as that value.
        let inner = match member.fields {
            [only] => only.path.split_once('/'),
            _ => None,
        };
        match inner {
            Some((_, name)) => put(member.name, json!({ name: value })),
            None => put(member.name, value),
        }
    }
    let variables: Vec<&String> = live.config.environment.keys().collect();
    put(ENVIRONMENT, json!({ "names": variables }));
    put("tags", json!(live.tags.get()));
    Value::Object(all)
}
