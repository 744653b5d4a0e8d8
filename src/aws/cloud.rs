//! The three verbs to the outside. Each kind's `aws.rs` implements them; the driver calls them.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;

use super::{calls::Calls, clients::Clients, op::Bucket};
pub use crate::engine::work::Priority;
use crate::engine::{
    facet::{FacetId, FacetKey},
    failure::Failure,
    kind::Kind,
    name::Name,
    observed::Reading,
    page::Page,
    resource::{Resource, Single},
    time::Mono,
};

/// What a read found, and the moment that it speaks for.
pub type Got<K> = (Option<Reading<<K as Kind>::Live>>, Mono);

/// Where the pages of a list go.
pub type Pages<K> = mpsc::Sender<Page<Reading<<K as Kind>::Live>>>;

/// A kind with its own side of AWS.
pub trait AwsKind: Kind {
    /// One target, as this kind sees it.
    type Cloud: Cloud<Self>;
    /// What an exact read of the audit spends of each quota that it may find scarce, in calls.
    const READ_COSTS: &'static [(Bucket, f64)];

    /// Its side of AWS, through the target's one door.
    fn open(clients: &Clients, calls: Arc<Calls>) -> Self::Cloud;
}

/// One target, as one kind sees it.
pub trait Cloud<K: Kind>: Send + Sync + 'static {
    /// Reads many objects cheaply and sends each page as it comes. `Err` means that it broke off: the
    /// pages sent before are true, and nothing is proved absent. Kinds that can list only what they are
    /// asked for read `wanted`.
    fn list(
        &self,
        wanted: Arc<BTreeMap<Name, Arc<K::Spec>>>,
        pages: Pages<K>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Reads one object exactly; `None` if AWS says, with its own error code, that it is not there.
    /// With it comes the moment at which the request began, after its wait for a token. What is worth a
    /// call of its own may depend on what is wanted.
    fn get(
        &self,
        name: &Name,
        wanted: Option<&K::Spec>,
        priority: Priority,
    ) -> impl Future<Output = Result<Got<K>, Failure>> + Send;

    /// Makes one call that changes something.
    fn apply(&self, step: &K::Step) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A resource with its own side of AWS.
pub trait AwsResource: Resource {
    /// One target, as this resource sees it.
    type Cloud: ResourceCloud<Self>;

    /// What an exact read of a facet spends of each quota that it may find scarce, in calls.
    fn read_costs(facet: FacetId) -> &'static [(Bucket, f64)];

    /// Its side of AWS, through the target's one door.
    fn open(clients: &Clients, calls: &Arc<Calls>) -> Self::Cloud;
}

/// One target, as one resource sees it: the verbs of [`Cloud`], facet by facet.
pub trait ResourceCloud<R: Resource>: Send + Sync + 'static {
    /// Reads many objects cheaply, as [`Cloud::list`].
    fn list(
        &self,
        facet: FacetId,
        wanted: Arc<BTreeMap<Name, R::Spec>>,
        pages: mpsc::Sender<Page<R::Reading>>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Reads one facet exactly, as [`Cloud::get`].
    fn get(
        &self,
        key: &FacetKey,
        wanted: Option<&R::Spec>,
        priority: Priority,
    ) -> impl Future<Output = Result<(Option<R::Reading>, Mono), Failure>> + Send;

    /// Makes one call that changes something.
    fn apply(&self, step: &R::Step) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// One target, as a resource with one facet sees it.
pub struct SingleCloud<K: AwsKind>(K::Cloud);

impl<K: AwsKind> AwsResource for Single<K> {
    type Cloud = SingleCloud<K>;

    fn read_costs(_: FacetId) -> &'static [(Bucket, f64)] {
        K::READ_COSTS
    }

    fn open(clients: &Clients, calls: &Arc<Calls>) -> SingleCloud<K> {
        SingleCloud(K::open(clients, Arc::clone(calls)))
    }
}

impl<K: AwsKind> ResourceCloud<Single<K>> for SingleCloud<K> {
    fn list(
        &self,
        _: FacetId,
        wanted: Arc<BTreeMap<Name, Arc<K::Spec>>>,
        pages: mpsc::Sender<Page<Reading<K::Live>>>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        self.0.list(wanted, pages)
    }

    async fn get(
        &self,
        key: &FacetKey,
        wanted: Option<&Arc<K::Spec>>,
        priority: Priority,
    ) -> Result<Got<K>, Failure> {
        self.0.get(key.name(), wanted.map(|it| &**it), priority).await
    }

    fn apply(&self, step: &K::Step) -> impl Future<Output = Result<(), Failure>> + Send {
        self.0.apply(step)
    }
}
