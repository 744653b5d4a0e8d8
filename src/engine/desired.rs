//! What the manifests ask of one engine.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{name::Name, policy::Policy, time::Mono};

/// Everything that the manifests ask of one resource in one target.
pub struct Desired<S> {
    /// By the facet's place in [`super::resource::Resource::FACETS`].
    pub facets: Vec<FacetDesired<S>>,
    /// Whether every manifest could be read. If not, an object of ours that nobody wants may only have
    /// lost its readable manifest.
    pub intact: bool,
    /// When the manifests were read.
    pub read_at: Mono,
}

impl<S> Desired<S> {
    /// What the manifests ask of a resource with one facet.
    pub fn one(facet: FacetDesired<S>, intact: bool, read_at: Mono) -> Self {
        Self { facets: vec![facet], intact, read_at }
    }
}

/// Everything that the manifests ask of one facet.
pub struct FacetDesired<S> {
    /// By the name in AWS.
    pub wanted: BTreeMap<Name, DesiredObject<S>>,
    /// What to do about objects that no document describes any more, once one shows that we made it, by what
    /// they belong to ([`super::kind::Kind::host`]). They are no objects before, or nobody's.
    pub spare: Spare<S>,
}

/// Not derived: that would ask for `S: Default`.
impl<S> Default for FacetDesired<S> {
    fn default() -> Self {
        Self { wanted: BTreeMap::new(), spare: Spare::default() }
    }
}

impl<S: 'static> FacetDesired<S> {
    /// The same in other words.
    pub fn map<T: 'static>(self, map: fn(S) -> T) -> FacetDesired<T> {
        let wanted = self.wanted.into_iter().map(|(name, it)| (name, it.map(map)));
        FacetDesired { wanted: wanted.collect(), spare: self.spare.map(map) }
    }
}

/// What is to be done about what documents do not describe, by the name of what it belongs to. It is worked out when
/// it is asked for: there is one for each document and kind, and hardly any is ever needed.
pub struct Spare<S>(Option<Arc<Find<S>>>);

type Find<S> = dyn Fn(&Name) -> Option<DesiredObject<S>> + Send + Sync;

impl<S: 'static> Spare<S> {
    /// As this function says.
    pub fn new(find: impl Fn(&Name) -> Option<DesiredObject<S>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// The desired state for what belongs to this, if that has a document.
    pub fn get(&self, host: &Name) -> Option<DesiredObject<S>> {
        self.0.as_ref().and_then(|find| find(host))
    }

    fn map<T: 'static>(self, map: fn(S) -> T) -> Spare<T> {
        let find = |find: Arc<Find<S>>| Spare::new(move |host| Some(find(host)?.map(map)));
        self.0.map_or_else(Spare::default, find)
    }
}

/// Nothing is left behind.
impl<S> Default for Spare<S> {
    fn default() -> Self {
        Self(None)
    }
}

/// What the manifests say of one object.
#[derive(Clone, PartialEq)]
pub struct DesiredObject<S> {
    /// As it should be. Shared, since it is large.
    pub spec: S,
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
            spec,
            policy: Arc::clone(&self.policy),
            labels: Arc::clone(&self.labels),
            manifest: self.manifest.clone(),
            frozen: self.frozen,
        }
    }

    fn map<T>(self, map: fn(S) -> T) -> DesiredObject<T> {
        let Self { spec, policy, labels, manifest, frozen } = self;
        DesiredObject { spec: map(spec), policy, labels, manifest, frozen }
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
