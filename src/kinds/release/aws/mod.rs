//! The verbs for releases. A read is ListAliases, which is dear, and a GetFunction for `$LATEST` and for each
//! version that matters, which is not. What an invocation showed, and the version that was published last, is kept
//! here: AWS shows neither in a way that costs little, and to ask again does no harm.

mod content;
mod invoke;
mod read;
mod watch;
mod write;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use self::invoke::judged;
use super::{Release, live::TestOutcome, spec::Spec, step::Step};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        op::Bucket,
    },
    engine::{diff::Fingerprint, failure::Failure, name::Name, time::Mono},
    kinds::block::aws::Connection,
};

/// Releases in one target.
pub struct ReleaseCloud {
    connection: Connection,
    kept: Mutex<ReleaseMemory>,
}

/// What one process has seen itself.
#[derive(Default)]
struct ReleaseMemory {
    /// The version that was published last.
    published: BTreeMap<Name, u64>,
    /// How smoke tests of a version ended.
    tests: BTreeMap<Name, (u64, BTreeMap<Fingerprint, TestOutcome>)>,
    /// The version that was held back when it was read last.
    rejected: BTreeMap<Name, u64>,
    /// The smoke test that was not answered last.
    late: BTreeMap<Name, (u64, Fingerprint)>,
    /// Since when an alias has led where it leads.
    steps: BTreeMap<Name, RoutingAge>,
}

/// How long an alias has led where it leads.
struct RoutingAge {
    /// The alias's revision.
    revision: String,
    /// How long it had when it was first seen.
    before: Duration,
    /// When that was.
    reading: Mono,
}

impl ReleaseCloud {
    /// Lambda and CloudWatch, through the target's one door.
    pub fn new(clients: &Clients, calls: Arc<Calls>) -> Self {
        let connection = Connection { clients: clients.clone(), calls };
        Self { connection, kept: Mutex::default() }
    }

    /// Takes note of the version that a read shows as held back. Where none is any more, a person has let it go on:
    /// what tests showed of it before is forgotten, so that it is tested again.
    fn note_rejected(&self, name: &Name, rejected: Option<u64>) {
        let mut kept = self.kept();
        let before = match rejected {
            Some(version) => kept.rejected.insert(name.clone(), version),
            None => kept.rejected.remove(name),
        };
        let goes_on = |(version, _): &mut (u64, _)| rejected.is_none() && Some(*version) == before;
        if kept.tests.get_mut(name).is_some_and(goes_on) {
            kept.tests.remove(name);
        }
    }

    fn kept(&self) -> MutexGuard<'_, ReleaseMemory> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AwsKind for Release {
    type Cloud = ReleaseCloud;
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Lambda, 1.0)];

    fn open(clients: &Clients, calls: Arc<Calls>) -> ReleaseCloud {
        ReleaseCloud::new(clients, calls)
    }
}

impl Cloud<Release> for ReleaseCloud {
    /// Nothing shows many at once.
    async fn list(
        &self,
        _: Arc<BTreeMap<Name, Arc<Spec>>>,
        _: Pages<Release>,
    ) -> Result<(), Failure> {
        Ok(())
    }

    async fn get(
        &self,
        name: &Name,
        wanted: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Release>, Failure> {
        Box::pin(self.read(name, wanted, priority)).await
    }

    async fn apply(&self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::SetClaim(it) => Box::pin(self.connection.set_claim(it)).await,
            Step::Publish(it) => Box::pin(self.publish(it)).await,
            Step::Test(function, version, test) => {
                Box::pin(self.test(function, *version, test)).await
            }
            Step::Route(it) => Box::pin(self.route(it)).await,
            Step::DeleteAlias(function, alias) => {
                Box::pin(self.delete_alias(function, alias)).await
            }
            Step::DeleteVersion(function, version) => {
                Box::pin(self.delete_version(function, *version)).await
            }
            // The engine does the first step only, and this is never the first.
            Step::Foreseen(_) => Ok(()),
        }
    }
}
