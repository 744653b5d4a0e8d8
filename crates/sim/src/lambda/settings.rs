//! What is left: the account, recursion, the scaling of managed instances, and what is not for images.

use serde_json::json;

use super::{
    Ctx, Lambda, concurrency,
    function::{Coming, Function, State},
    rules,
};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn account(lambda: &Lambda) -> Reply {
    Reply::new(
        200,
        json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": concurrency::ACCOUNT,
                "UnreservedConcurrentExecutions": concurrency::ACCOUNT - concurrency::reserved(lambda),
            },
            "AccountUsage": { "TotalCodeSize": 0, "FunctionCount": lambda.functions.len() },
        }),
    )
}

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let body = &ctx.call.body;
    rules::constraints(body)?;
    let found = lambda.function(ctx)?;
    match ctx.call.operation {
        "GetFunctionRecursionConfig" => {
            Ok(Reply::new(200, json!({ "RecursiveLoop": found.recursion })))
        }
        "PutFunctionRecursionConfig" => {
            body["RecursiveLoop"].as_str().unwrap_or("Terminate").clone_into(&mut found.recursion);
            Ok(Reply::new(200, json!({ "RecursiveLoop": found.recursion })))
        }
        "GetFunctionScalingConfig" => {
            let qualifier = version_of(ctx, found)?;
            let arn = format!("{}:{qualifier}", found.arn);
            let mut shown = json!({ "FunctionArn": arn });
            if let Some(config) = found.scaling.get(&qualifier) {
                shown["RequestedFunctionScalingConfig"] = config.clone();
                shown["AppliedFunctionScalingConfig"] = config.clone();
            }
            Ok(Reply::new(200, shown))
        }
        "PutFunctionScalingConfig" => {
            if !found.latest.config.contains_key("CapacityProviderConfig") {
                let text = "Scaling configurations are for functions with a capacity provider.";
                return Err(Refusal::invalid(text));
            }
            let config = body["FunctionScalingConfig"].clone();
            let (least, most) = (
                config["MinExecutionEnvironments"].as_i64().unwrap_or(3),
                config["MaxExecutionEnvironments"].as_i64().unwrap_or(15_000),
            );
            // The API's model takes 0 for the least with any greatest; what Lambda says to that is not known.
            if least > most || most > 15_000 {
                let text = "MinExecutionEnvironments is at most MaxExecutionEnvironments.";
                return Err(Refusal::invalid(text));
            }
            let qualifier = version_of(ctx, found)?;
            scale(found, &qualifier, ctx, most > 0);
            found.scaling.insert(qualifier, config);
            Ok(Reply::new(202, json!({ "FunctionState": found.latest.state.name })))
        }
        "GetFunctionCodeSigningConfig" => Err(Refusal::invalid(
            "Code signing is not supported for functions of package type Image.",
        )),
        _ => Ok(Reply::new(200, json!({ "UpdateRuntimeOn": "Auto", "FunctionArn": found.arn }))),
    }
}

/// A version that may have no instances is put to sleep, and one that may have some again is made ready. The names of
/// the states are AWS's (Lambda API reference, FunctionConfiguration); how long they last is not known.
fn scale(found: &mut Function, qualifier: &str, ctx: &Ctx<'_>, some: bool) {
    let number = qualifier.parse().ok();
    let Some(version) = number.and_then(|it: u64| found.versions.get_mut(&it)) else { return };
    let asleep = matches!(version.state.name, "Deactivating" | "Deactivated");
    version.state = match (asleep, some) {
        (true, true) => State::pending(),
        (false, false) => State::deactivating(),
        _ => return,
    };
    version.coming =
        Some(Coming { at: ctx.now + ctx.lags.slow + ctx.play.stuck, fails: None, old: None });
}

/// Scaling is kept by version.
fn version_of(ctx: &Ctx<'_>, found: &Function) -> Result<String, Refusal> {
    let qualifier = ctx.call.qualifier.clone().unwrap_or_default();
    let number = qualifier.parse().ok();
    let there = number.is_some_and(|it: u64| found.versions.contains_key(&it));
    if there || qualifier == "$LATEST.PUBLISHED" { Ok(qualifier) } else { Err(ctx.missing()) }
}
