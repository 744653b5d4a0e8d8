//! GetFunctionRecursionConfig and PutFunctionRecursionConfig.

use aws_sdk_lambda::{operation::get_function::GetFunctionOutput, types::RecursiveLoop};

use super::{Call as Step, Recursion, TERMINATE};
use crate::{
    aws::{calls::Call, op::Op},
    engine::failure::Failure,
    kinds::block::aws::{Connection, FacetClient, FacetQuery, Read},
};

impl FacetClient for Recursion {
    /// An answer without the member means AWS's default.
    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { at, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<String> {
        let request = connection
            .lambda()
            .get_function_recursion_config()
            .function_name(at.function.as_str())
            .send();
        let call = Call::plain(Op::GetFunctionRecursionConfig, priority);
        let (answer, at) = connection.calls.find(call, request).await;
        let word = |it: RecursiveLoop| it.as_str().to_owned();
        let config =
            answer.map(|it| it.map(|it| it.recursive_loop.map_or_else(|| TERMINATE.into(), word)));
        (config, Some(at))
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        let request = connection
            .lambda()
            .put_function_recursion_config()
            .function_name(step.at.function.as_str())
            .recursive_loop(RecursiveLoop::from(step.recursive_loop.as_str()));
        connection.calls.write(Op::PutFunctionRecursionConfig, request.send()).await
    }
}
