//! An image that some function wants: where to look it up.

use crate::engine::facts::Digest;

/// An image reference, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The registry's host, as `123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    pub registry: String,
    /// The repository, without the registry.
    pub repository: String,
    /// Which image of it.
    pub id: Id,
}

/// How an image is named within its repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    /// By a tag, which may move.
    Tag(String),
    /// By its digest, which cannot.
    Digest(Digest),
}
