//! The calls that repair a repository, each with every argument decided.

use std::{collections::BTreeSet, fmt};

use super::spec::{Config, Encryption};
use crate::engine::{name::Name, tags::Tags};

/// Kinds of steps, by which changes refer to them.
pub mod kind {
    /// Makes the repository.
    pub const CREATE: &str = "create";
    /// Changes whether tags may be pushed again.
    pub const MUTABILITY: &str = "mutability";
    /// Changes scanning.
    pub const SCANNING: &str = "scanning";
    /// Writes or deletes the lifecycle policy.
    pub const LIFECYCLE: &str = "lifecycle";
    /// Writes or deletes the repository policy.
    pub const POLICY: &str = "policy";
    /// Sets tags.
    pub const TAGS: &str = "tags";
    /// Takes tags away.
    pub const UNTAG: &str = "untag";
    /// Writes down what was applied.
    pub const RECORD: &str = "record";
    /// Deletes the repository.
    pub const DELETE: &str = "delete";
}

/// One call. Its `Display` is the line that an operator reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of the calls")]
pub enum Step {
    /// CreateRepository.
    Create { name: Name, config: Config, encryption: Option<Encryption>, tags: Tags },
    /// PutImageTagMutability.
    Mutability { name: Name, mutability: String, exclusions: BTreeSet<String>, shown: String },
    /// PutImageScanningConfiguration.
    Scanning { name: Name, scan_on_push: bool },
    /// PutLifecyclePolicy, or DeleteLifecyclePolicy without a text.
    Lifecycle { name: Name, text: Option<String> },
    /// SetRepositoryPolicy, or DeleteRepositoryPolicy without a text.
    Policy { name: Name, text: Option<String> },
    /// TagResource.
    Tag { name: Name, arn: String, tags: Tags, shown: String },
    /// UntagResource.
    Untag { name: Name, arn: String, keys: BTreeSet<String>, shown: String },
    /// DeleteRepository, which ECR refuses unless it is empty.
    Delete(Name),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = |text: &Option<String>| if text.is_some() { "write" } else { "delete" };
        match self {
            Self::Create { name, .. } => write!(f, "create repository {name}"),
            Self::Mutability { name, shown, .. } => {
                write!(f, "configure repository {name}: {shown}")
            }
            Self::Scanning { name, scan_on_push } => {
                write!(f, "configure repository {name}: scanOnPush {scan_on_push}")
            }
            Self::Lifecycle { name, text } => {
                write!(f, "{} lifecycle policy of repository {name}", put(text))
            }
            Self::Policy { name, text } => write!(f, "{} policy of repository {name}", put(text)),
            Self::Tag { name, shown, .. } => write!(f, "tag repository {name}: {shown}"),
            Self::Untag { name, shown, .. } => write!(f, "untag repository {name}: {shown}"),
            Self::Delete(name) => write!(f, "delete repository {name}"),
        }
    }
}
