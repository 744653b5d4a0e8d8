//! What a `Function` document asks for in one target, checked and with every default filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::{config::Config, hash::HashKey, ignore::Ignored};
use crate::engine::{facts::Digest, name::Name};

/// A function as it should be.
#[derive(Clone, PartialEq)]
pub struct Spec {
    /// The function's ARN in its target, which tag calls take.
    pub arn: String,
    /// What it should run.
    pub image: Image,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Everything that `UpdateFunctionConfiguration` sets.
    pub config: Config,
    /// The tags that the document asks for, without ours.
    pub tags: BTreeMap<String, String>,
    /// Our own tags.
    pub ownership: Ownership,
    /// Fields that are left to others.
    pub ignored: BTreeSet<Ignored>,
    /// The hash of the configuration, for the tag `evenkeel.dev/applied`.
    pub config_hash: String,
    /// The key that the hash was made with.
    pub hash_key: Option<HashKey>,
}

/// An image reference in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `registry/repository:tag` or `registry/repository@sha256:…`; the name of the image object.
    pub reference: Name,
    /// `registry/repository`.
    pub repository: String,
    /// The digest, if the document names one instead of a tag.
    pub pinned: Option<Digest>,
}

/// The tags by which a function is known as ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// `evenkeel.dev/owner`.
    pub owner: String,
    /// `evenkeel.dev/object`: `Function/resize`, so that a tag copied by hand proves nothing.
    pub object: String,
    /// `evenkeel.dev/deletion`: `retain` or `delete`.
    pub deletion: &'static str,
}
