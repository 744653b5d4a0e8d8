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
    /// By the highest version within a range.
    Range(String),
}

/// What stands between a repository and a range, in the name of an image object.
const RANGE: &str = "?semver=";

impl Spec {
    /// Takes a full reference apart: `registry/repository:tag`, `registry/repository@sha256:…` or
    /// `registry/repository?semver=RANGE`; `None` if it is none of these.
    pub fn of_reference(reference: &str) -> Option<Self> {
        let (registry, rest) = reference.split_once('/')?;
        let (repository, id) = if let Some((repository, range)) = rest.split_once(RANGE) {
            (repository, Id::Range(range.into()))
        } else if let Some((repository, digest)) = rest.split_once('@') {
            (repository, Id::Digest(Digest::parse(digest)?))
        } else {
            let (repository, tag) = rest.rsplit_once(':')?;
            (repository, Id::Tag(tag.into()))
        };
        Some(Self { registry: registry.into(), repository: repository.into(), id })
    }
}
