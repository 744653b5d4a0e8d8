//! The three verbs to the outside. Each kind's `aws.rs` implements them; the driver calls them.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc;

use super::{calls::Calls, clients::Clients, op::Bucket};
pub use crate::engine::work::Priority;
use crate::engine::{
    failure::Failure, kind::Kind, name::Name, observed::Reading, page::Page, time::Mono,
};

/// What a read found, and the moment that it speaks for.
pub type Got<K> = (Option<Reading<<K as Kind>::Live>>, Mono);

/// A kind with its own side of AWS.
pub trait AwsResource: Kind {
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
        pages: mpsc::Sender<Page<K>>,
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
