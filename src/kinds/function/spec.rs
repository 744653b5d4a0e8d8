//! What a `Function` document asks for in one target, checked and with every default filled in.

use std::collections::BTreeSet;

use super::{hash::HashKey, ignore::IgnoredField};
use crate::{
    engine::{
        facts::Digest,
        name::Name,
        tags::{Ownership, TagSpec, Tags},
    },
    kinds::function_config::config::Config,
};

/// A function as it should be.
#[derive(Clone, PartialEq)]
pub struct Spec {
    /// The function's ARN in its target, which tag calls take.
    pub arn: String,
    /// What it should run.
    pub image: DesiredImage,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Everything that `UpdateFunctionConfiguration` sets.
    pub config: Config,
    /// The tags that the document asks for, without ours.
    pub tags: TagSpec,
    /// Our own tags.
    pub ownership: Ownership,
    /// The tags that say of the blocks of a new function what they will be.
    pub blocks: Tags,
    /// Whether the document leaves to AWS how many requests a managed instance serves at once: AWS's own number depends
    /// on the runtime and the CPUs, so that it is neither sent nor compared.
    pub leaves_concurrency: bool,
    /// Fields that are left to others.
    pub ignored: BTreeSet<IgnoredField>,
    /// Variables that must be there and whose values are kept; they are among `ignored` too.
    pub kept: BTreeSet<String>,
    /// The hash of the configuration, for the tag `evenkeel.dev/applied`.
    pub config_hash: String,
    /// The key that the hash was made with.
    pub hash_key: Option<HashKey>,
}

impl Spec {
    /// The function's name in AWS.
    pub fn name(&self) -> Name {
        Name::new(self.arn.rsplit(':').next().unwrap_or_default())
    }
}

/// An image reference in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredImage {
    /// `registry/repository:tag` or `registry/repository@sha256:…`; the name of the image object.
    pub reference: Name,
    /// `registry/repository`.
    pub repository: String,
    /// The FIPS or dual-stack host that the document names the registry by, if it does.
    pub written_host: Option<String>,
    /// The digest, if the document names one instead of a tag.
    pub pinned: Option<Digest>,
    /// The name of the image object that stands for the highest version of a range, if one is asked
    /// for; then `reference` is only for a function that does not exist yet.
    pub range: Option<Name>,
    /// Whether a tag that moved is only reported.
    pub report_moves: bool,
    /// The repository's name, if it lies in the target's own registry.
    pub own_repository: Option<Name>,
}
