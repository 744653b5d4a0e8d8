//! The calls that repair a function, each with every argument decided.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{engine::name::Name, kinds::function_config::config::Config};

/// Kinds of steps, by which changes refer to them. `create` and `record` are words of the engine too.
pub mod kind {
    /// Makes the function.
    pub const CREATE: &str = "create";
    /// Deploys an image.
    pub const CODE: &str = "code";
    /// Changes the configuration.
    pub const CONFIGURATION: &str = "configuration";
    /// Sets tags.
    pub const TAGS: &str = "tags";
    /// Takes tags away.
    pub const UNTAG: &str = "untag";
    /// Deletes the function.
    pub const DELETE: &str = "delete";
    /// What no step repairs.
    pub const NONE: &str = "none";
    /// Writes down what was applied.
    pub const RECORD: &str = "record";
}

/// One call. Its `Display` is the line that an operator reads; it shows no secret.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// CreateFunction.
    Create(Box<Create>),
    /// UpdateFunctionCode.
    UpdateCode(UpdateCode),
    /// UpdateFunctionConfiguration.
    UpdateConfig(Box<UpdateConfig>),
    /// TagResource.
    Tag(Tag),
    /// UntagResource.
    Untag(Untag),
    /// DeleteFunction.
    Delete(Name),
}

/// The arguments of CreateFunction.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct Create {
    pub name: Name,
    /// `registry/repository@sha256:…`.
    pub image_uri: String,
    pub architecture: String,
    pub config: Config,
    /// Whether `PerExecutionEnvironmentMaxConcurrency` is not sent.
    pub leaves_concurrency: bool,
    pub tags: BTreeMap<String, String>,
}

/// The arguments of UpdateFunctionCode.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct UpdateCode {
    pub name: Name,
    /// `registry/repository@sha256:…`.
    pub image_uri: String,
    /// Sent always: whether AWS keeps the old one when it is left out is not documented.
    pub architecture: String,
    pub revision_id: Option<String>,
    /// What changes, for people: `image sha256:12… → sha256:34…`.
    pub shown: String,
}

/// The arguments of UpdateFunctionConfiguration.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct UpdateConfig {
    pub name: Name,
    pub patch: Patch,
    /// What AWS resets where file systems are sent without it: `DirectS3Read` by the ARN of an access point.
    pub direct_reads: BTreeMap<String, String>,
    pub revision_id: Option<String>,
    /// What changes, for people: `memorySize 128 → 256, environment.variables.TOKEN changed`.
    pub shown: String,
}

/// What UpdateFunctionConfiguration sends. All that is no member of it stays as it is; members that
/// are structs go whole, as AWS replaces them whole.
#[derive(Clone, PartialEq)]
pub struct Patch {
    /// The members that are sent, by their names in `spec`.
    pub members: BTreeSet<&'static str>,
    /// What they are to be. It has all others too, which are not sent.
    pub config: Config,
}

/// The arguments of TagResource, which merges.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct Tag {
    pub name: Name,
    pub arn: String,
    pub tags: BTreeMap<String, String>,
    /// What changes, for people.
    pub shown: String,
}

/// The arguments of UntagResource.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the call")]
pub struct Untag {
    pub name: Name,
    pub arn: String,
    pub keys: BTreeSet<String>,
    /// What changes, for people.
    pub shown: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(it) => write!(f, "create function {} from {}", it.name, it.image_uri),
            Self::UpdateCode(it) => write!(f, "update code of function {}: {}", it.name, it.shown),
            Self::UpdateConfig(it) => write!(f, "configure function {}: {}", it.name, it.shown),
            Self::Tag(it) => write!(f, "tag function {}: {}", it.name, it.shown),
            Self::Untag(it) => write!(f, "untag function {}: {}", it.name, it.shown),
            Self::Delete(name) => write!(f, "delete function {name}"),
        }
    }
}
