//! GetAlias for the versions, then GetFunctionScalingConfig and PutFunctionScalingConfig of each.

use aws_sdk_lambda::{operation::get_function::GetFunctionOutput, types::FunctionScalingConfig};

use super::{Call as Step, Config, Scaling, VersionLimits};
use crate::{
    aws::{calls::Call, cloud::Priority, op::Op},
    engine::failure::Failure,
    kinds::block::aws::{Connection, FacetClient, FacetQuery, Read},
};

impl FacetClient for Scaling {
    /// Reads the versions that the alias leads to, then the limits of each; `None` without an
    /// alias.
    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        FacetQuery { at, priority, .. }: FacetQuery<'_, Self>,
    ) -> Read<Config> {
        let Some(alias) = &at.qualifier else { return (Ok(None), None) };
        let function = at.function.as_str();
        let request = connection.lambda().get_alias().function_name(function).name(alias);
        let call = Call::plain(Op::GetAlias, priority);
        let (answer, asked) = connection.calls.find(call, Box::pin(request.send())).await;
        let alias = match answer {
            Ok(Some(alias)) => alias,
            Ok(None) => return (Ok(None), Some(asked)),
            Err(failure) => return (Err(failure), Some(asked)),
        };
        let routing = alias.routing_config.and_then(|it| it.additional_version_weights);
        let others = routing.into_iter().flatten().map(|(version, _)| version);
        // `$LATEST` runs nowhere.
        let all = alias.function_version.into_iter().chain(others);
        let all = all.filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
        let mut versions = Vec::new();
        for version in all {
            match limits(connection, function, version, priority).await {
                Ok(found) => versions.push(found),
                Err(failure) => return (Err(failure), Some(asked)),
            }
        }
        versions.sort();
        (Ok(Some(Config { limits: (None, None), version: None, versions })), Some(asked))
    }

    async fn write(
        connection: &Connection,
        Step { at, limits: (min, max) }: &Step,
    ) -> Result<(), Failure> {
        let config = FunctionScalingConfig::builder()
            .set_min_execution_environments(*min)
            .set_max_execution_environments(*max);
        let request = connection
            .lambda()
            .put_function_scaling_config()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .function_scaling_config(config.build());
        connection.calls.write(Op::PutFunctionScalingConfig, request.send()).await
    }
}

/// Reads what was asked for a version and what AWS has made of that. A version of which AWS says that it has no such
/// configuration is one for which nobody has asked for anything.
async fn limits(
    connection: &Connection,
    function: &str,
    number: String,
    priority: Priority,
) -> Result<VersionLimits, Failure> {
    let request = connection
        .lambda()
        .get_function_scaling_config()
        .function_name(function)
        .qualifier(&number);
    let call = Call::plain(Op::GetFunctionScalingConfig, priority);
    let (answer, _) = connection.calls.find(call, Box::pin(request.send())).await;
    let limits =
        |it: FunctionScalingConfig| (it.min_execution_environments, it.max_execution_environments);
    let (asked, applied) = match answer? {
        Some(it) => (it.requested_function_scaling_config, it.applied_function_scaling_config),
        None => (None, None),
    };
    let applied = applied.map(limits).unwrap_or_default();
    Ok(VersionLimits { number, asked: asked.map(limits), applied })
}
