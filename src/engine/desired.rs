//! What the manifests ask of one engine.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{kind::Kind, name::Name, policy::Policy, time::Mono};

/// Everything that is wanted of one kind in one target.
pub struct Desired<K: Kind> {
    /// By the name in AWS.
    pub wanted: BTreeMap<Name, Wanted<K>>,
    /// What to do about objects that no document describes any more, once one shows that we made it, by what
    /// they belong to ([`Kind::host`]). They are no objects before, or nobody's.
    pub spare: Spare<K>,
    /// Whether every manifest could be read. If not, an object of ours that nobody wants may only have
    /// lost its readable manifest.
    pub intact: bool,
    /// When the manifests were read.
    pub read_at: Mono,
}

/// What is to be done about what documents do not describe, by the name of what it belongs to. It is worked out when
/// it is asked for: there is one for each document and kind, and hardly any is ever needed.
pub struct Spare<K: Kind>(Option<Arc<Find<K>>>);

type Find<K> = dyn Fn(&Name) -> Option<Wanted<K>> + Send + Sync;

impl<K: Kind> Spare<K> {
    /// As this function says.
    pub fn new(find: impl Fn(&Name) -> Option<Wanted<K>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// The desired state for what belongs to this, if that has a document.
    pub fn get(&self, host: &Name) -> Option<Wanted<K>> {
        self.0.as_ref().and_then(|find| find(host))
    }
}

/// Nothing is left behind.
impl<K: Kind> Default for Spare<K> {
    fn default() -> Self {
        Self(None)
    }
}

/// One object that is wanted.
pub struct Wanted<K: Kind> {
    /// As it should be.
    pub spec: Arc<K::Spec>,
    /// What we may do to it.
    pub policy: Arc<Policy>,
    /// The document's labels, for filters.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Where it is written; `None` for objects that other objects imply.
    pub manifest: Option<Location>,
    /// Whether its text is unreadable now, so that this is its last good version.
    pub frozen: bool,
}

impl<K: Kind> Wanted<K> {
    /// The same document's desired state for an object of another kind.
    pub fn with<L: Kind>(&self, spec: L::Spec) -> Wanted<L> {
        Wanted {
            spec: Arc::new(spec),
            policy: Arc::clone(&self.policy),
            labels: Arc::clone(&self.labels),
            manifest: self.manifest.clone(),
            frozen: self.frozen,
        }
    }
}

impl<K: Kind> Clone for Wanted<K> {
    fn clone(&self) -> Self {
        Self {
            spec: Arc::clone(&self.spec),
            policy: Arc::clone(&self.policy),
            labels: Arc::clone(&self.labels),
            manifest: self.manifest.clone(),
            frozen: self.frozen,
        }
    }
}

impl<K: Kind> PartialEq for Wanted<K> {
    fn eq(&self, other: &Self) -> bool {
        let Self { spec, policy, labels, manifest, frozen } = self;
        *spec == other.spec
            && *labels == other.labels
            && *policy == other.policy
            && *manifest == other.manifest
            && *frozen == other.frozen
    }
}

/// A place in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Below the watched directory.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
