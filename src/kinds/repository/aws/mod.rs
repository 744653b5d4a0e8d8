//! The verbs for repositories: DescribeRepositories, a read of four calls, and the calls that change
//! something.

mod read;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use aws_sdk_ecr::Client;
use tokio::sync::mpsc;

use super::{Repository, spec::Spec, step::Step};
use crate::{
    aws::{
        calls::{Call, Calls, endless},
        clients::Clients,
        cloud::{AwsResource, Cloud, Got, Priority},
        op::{Bucket, Op},
    },
    engine::{failure::Failure, name::Name, page::Page},
};

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

impl AwsResource for Repository {
    type Cloud = RepositoryCloud;
    const LOOK: (Bucket, f64) = (Bucket::Ecr, 4.0);

    fn open(clients: &Clients, calls: Arc<Calls>) -> RepositoryCloud {
        RepositoryCloud::new(clients.ecr.clone(), calls)
    }
}

impl Cloud<Repository> for RepositoryCloud {
    async fn list(
        &self,
        _: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: mpsc::Sender<Page<Repository>>,
    ) -> Result<(), Failure> {
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let request = self.ecr.describe_repositories().max_results(PAGE).set_next_token(token);
            let call = Call::plain(Op::DescribeRepositories, Priority::List);
            let (answer, started) = self.calls.run(call, request.send()).await?;
            let rows = answer.repositories().iter().filter_map(read::row).collect();
            if pages.send(Page { started, rows }).await.is_err() {
                return Ok(());
            }
            token = answer.next_token;
            if token.is_none() {
                return Ok(());
            }
        }
        Err(endless(Op::DescribeRepositories, PAGES_MAX))
    }

    async fn get(
        &self,
        name: &Name,
        _: Option<&Spec>,
        priority: Priority,
    ) -> Result<Got<Repository>, Failure> {
        Box::pin(read::look(&self.ecr, &self.calls, (name, priority))).await
    }

    async fn apply(&self, step: &Step) -> Result<(), Failure> {
        write::apply(&self.ecr, &self.calls, step).await
    }
}
