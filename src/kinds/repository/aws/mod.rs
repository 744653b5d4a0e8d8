//! The verbs for repositories: DescribeRepositories, a read of four calls, and the calls that change
//! something.

mod read;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use super::{Repository, spec::Spec, step::Step};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        op::{Bucket, Op},
    },
    engine::{failure::Failure, name::Name, page::Page},
};
use aws_sdk_ecr::Client;

/// What DescribeRepositories returns at most (ECR API reference).
const PAGE: i32 = 1000;
/// ECR allows 100,000 repositories in a Region (ECR quotas page).
const PAGES_MAX: usize = 200;

/// ECR in one target.
pub struct RepositoryCloud {
    ecr: Client,
    calls: Arc<Calls>,
}

impl RepositoryCloud {
    /// ECR, through the target's one door.
    pub fn new(ecr: Client, calls: Arc<Calls>) -> Self {
        Self { ecr, calls }
    }
}

impl AwsKind for Repository {
    type Cloud = RepositoryCloud;
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::Ecr, 4.0)];

    fn open(clients: &Clients, calls: Arc<Calls>) -> RepositoryCloud {
        RepositoryCloud::new(clients.ecr.clone(), calls)
    }
}

impl Cloud<Repository> for RepositoryCloud {
    async fn list(
        &self,
        _: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: Pages<Repository>,
    ) -> Result<(), Failure> {
        let request =
            |token| self.ecr.describe_repositories().max_results(PAGE).set_next_token(token).send();
        let mut list = self.calls.list(Op::DescribeRepositories, Priority::List, PAGES_MAX);
        while let Some((answer, started)) = list.next(request).await? {
            let rows = answer.repositories().iter().filter_map(Self::row).collect();
            if pages.send(Page { started, rows }).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn get(
        &self,
        name: &Name,
        _: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Repository>, Failure> {
        Box::pin(self.read(name, priority)).await
    }

    async fn apply(&self, step: &Step) -> Result<(), Failure> {
        self.write(step).await
    }
}
