//! What the manifests ask of one engine.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{kind::Kind, name::Name, policy::Policy, time::Mono};

/// Everything that the manifests ask of one kind in one target.
pub struct Desired<K: Kind> {
    /// By the name in AWS.
    pub wanted: BTreeMap<Name, DesiredObject<K::Spec>>,
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
pub struct Spare<K: Kind>(Option<Arc<Find<K::Spec>>>);

type Find<S> = dyn Fn(&Name) -> Option<DesiredObject<S>> + Send + Sync;

impl<K: Kind> Spare<K> {
    /// As this function says.
    pub fn new(
        find: impl Fn(&Name) -> Option<DesiredObject<K::Spec>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// The desired state for what belongs to this, if that has a document.
    pub fn get(&self, host: &Name) -> Option<DesiredObject<K::Spec>> {
        self.0.as_ref().and_then(|find| find(host))
    }
}

/// Nothing is left behind.
impl<K: Kind> Default for Spare<K> {
    fn default() -> Self {
        Self(None)
    }
}

/// What the manifests say of one object.
#[derive(Clone, PartialEq)]
pub struct DesiredObject<S> {
    /// As it should be.
    pub spec: Arc<S>,
    /// What we may do to it.
    pub policy: Arc<Policy>,
    /// The document's labels, for filters.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Where it is written; `None` for objects that other objects imply.
    pub manifest: Option<Location>,
    /// Whether its text is unreadable now, so that this is its last good version.
    pub frozen: bool,
}

impl<S> DesiredObject<S> {
    /// The same document's desired state for an object of another kind.
    pub fn with<T>(&self, spec: T) -> DesiredObject<T> {
        DesiredObject {
            spec: Arc::new(spec),
            policy: Arc::clone(&self.policy),
            labels: Arc::clone(&self.labels),
            manifest: self.manifest.clone(),
            frozen: self.frozen,
        }
    }
}

/// A place in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
