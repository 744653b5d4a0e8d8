//! The three verbs for functions: ListFunctions, GetFunction, and the calls that change something.

mod read;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use super::{Function, spec::Spec, step::Step};
use crate::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Got, Pages, Priority},
        op::{Bucket, Op},
    },
    engine::{failure::Failure, name::Name, page::Page},
};
use aws_sdk_lambda::Client;

/// What ListFunctions returns at most, whatever one asks for (Lambda API reference).
const PAGE: i32 = 50;
/// More functions than this in one Region are not expected; a marker that never ends would be.
const PAGES_MAX: usize = 2_000;

/// Lambda in one target.
pub struct FunctionCloud {
    lambda: Client,
    calls: Arc<Calls>,
}

impl FunctionCloud {
    /// Lambda, through the target's one door.
    pub fn new(lambda: Client, calls: Arc<Calls>) -> Self {
        Self { lambda, calls }
    }
}

impl AwsKind for Function {
    type Cloud = FunctionCloud;
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::GetFunction, 1.0)];

    fn open(clients: &Clients, calls: Arc<Calls>) -> FunctionCloud {
        FunctionCloud::new(clients.lambda.clone(), calls)
    }
}

impl Cloud<Function> for FunctionCloud {
    async fn list(
        &self,
        _: Arc<BTreeMap<Name, Arc<Spec>>>,
        pages: Pages<Function>,
    ) -> Result<(), Failure> {
        let request =
            |marker| self.lambda.list_functions().max_items(PAGE).set_marker(marker).send();
        let mut list = self.calls.list(Op::ListFunctions, Priority::List, PAGES_MAX);
        while let Some((answer, started)) = list.next(request).await? {
            let rows = answer.functions().iter().filter_map(read::row);
            if pages.send(Page { started, rows: rows.collect() }).await.is_err() {
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
    ) -> Result<Got<Function>, Failure> {
        let answer = self.calls.function(&self.lambda, name, priority).await?;
        let reading = answer.found.map(|it| read::read(name, &it)).transpose()?;
        Ok((reading, answer.began))
    }

    async fn apply(&self, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Create(it) => write::create(&self.lambda, &self.calls, it).await,
            Step::UpdateCode(it) => write::code(&self.lambda, &self.calls, it).await,
            Step::UpdateConfig(it) => write::config(&self.lambda, &self.calls, it).await,
            Step::Tag(it) => write::tag(&self.lambda, &self.calls, it).await,
            Step::Untag(it) => write::untag(&self.lambda, &self.calls, it).await,
            Step::Delete(name) => write::delete(&self.lambda, &self.calls, name).await,
        }
    }
}
