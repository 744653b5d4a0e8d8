//! What GetFunction shows of it, and the calls that change it.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;

use super::{Call as Step, Concurrency};
use crate::{
    aws::op::{Bucket, Op},
    engine::failure::Failure,
    kinds::block::aws::{Connection, FacetClient, FacetQuery, Read},
};

impl FacetClient for Concurrency {
    const READ_COSTS: &'static [(Bucket, f64)] = &[(Bucket::GetFunction, 1.0)];

    async fn read(_: &Connection, host: &GetFunctionOutput, _: FacetQuery<'_, Self>) -> Read<i32> {
        (Ok(host.concurrency.as_ref().and_then(|it| it.reserved_concurrent_executions)), None)
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Put { at, count, .. } => {
                let request = connection
                    .lambda()
                    .put_function_concurrency()
                    .function_name(at.function.as_str())
                    .reserved_concurrent_executions(*count);
                connection.calls.write(Op::PutFunctionConcurrency, request.send()).await
            }
            Step::Delete(at) => {
                let request = connection
                    .lambda()
                    .delete_function_concurrency()
                    .function_name(at.function.as_str());
                connection.calls.write(Op::DeleteFunctionConcurrency, request.send()).await
            }
        }
    }
}
