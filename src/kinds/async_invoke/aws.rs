//! GetFunctionEventInvokeConfig, and the calls that change one.

use aws_sdk_lambda::{
    operation::{
        get_function::GetFunctionOutput,
        get_function_event_invoke_config::GetFunctionEventInvokeConfigOutput,
    },
    types::{DestinationConfig, OnFailure, OnSuccess},
};

use super::{AGE, AsyncInvoke, Call as Step, Config, RETRIES};
use crate::{
    aws::{calls::Call, op::Op},
    engine::failure::Failure,
    kinds::block::aws::{Connection, FacetClient, FacetQuery, Read},
};

impl FacetClient for AsyncInvoke {
    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { at, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<Config> {
        let request = connection
            .lambda()
            .get_function_event_invoke_config()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .send();
        let call = Call::plain(Op::GetFunctionEventInvokeConfig, priority);
        let (answer, at) = connection.calls.find(call, request).await;
        (answer.map(|it| it.map(config)), Some(at))
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Put(at, config) => {
                let Config { retries, age, on_success, on_failure } = config;
                let given = |arn: &String| (!arn.is_empty()).then(|| arn.clone());
                let ends = DestinationConfig::builder()
                    .on_success(OnSuccess::builder().set_destination(given(on_success)).build())
                    .on_failure(OnFailure::builder().set_destination(given(on_failure)).build());
                let request = connection
                    .lambda()
                    .put_function_event_invoke_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .maximum_retry_attempts(*retries)
                    .maximum_event_age_in_seconds(*age)
                    .destination_config(ends.build());
                connection.calls.write(Op::PutFunctionEventInvokeConfig, request.send()).await
            }
            Step::Delete(at) => {
                let request = connection
                    .lambda()
                    .delete_function_event_invoke_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone());
                connection.calls.write(Op::DeleteFunctionEventInvokeConfig, request.send()).await
            }
        }
    }
}

/// Reads the configuration, with AWS's defaults for what was never set; an end without a
/// destination is empty.
fn config(found: GetFunctionEventInvokeConfigOutput) -> Config {
    let ends = found.destination_config;
    let (success, failure) = ends.map_or((None, None), |it| (it.on_success, it.on_failure));
    Config {
        // What was never set is absent, and has these values all the same.
        retries: found.maximum_retry_attempts.unwrap_or(RETRIES),
        age: found.maximum_event_age_in_seconds.unwrap_or(AGE),
        on_success: success.and_then(|it| it.destination).unwrap_or_default(),
        on_failure: failure.and_then(|it| it.destination).unwrap_or_default(),
    }
}
