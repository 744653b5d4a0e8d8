//! Reserved and provisioned concurrency. Unset is not 0.

use serde_json::{Value, json};

use super::{Ctx, Lambda, function::Function, rules};
use crate::{
    call::{Answer, Refusal, Reply},
    time::{self, Moment},
};

/// What an account has, and what must stay unreserved.
pub(super) const ACCOUNT: i64 = 1000;
const UNRESERVED: i64 = 100;

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    rules::constraints(&ctx.call.body)?;
    match ctx.call.operation {
        "PutFunctionConcurrency" => reserve(lambda, ctx),
        "DeleteFunctionConcurrency" => {
            lambda.function(ctx)?.reserved = None;
            Ok(Reply::empty(204))
        }
        "GetFunctionConcurrency" => Ok(Reply::new(200, shown(lambda.function(ctx)?.reserved))),
        "PutProvisionedConcurrencyConfig" => provision(lambda, ctx),
        "ListProvisionedConcurrencyConfigs" => {
            let found = lambda.function(ctx)?;
            let row = |(qualifier, it): (&String, &(i64, Moment, String))| {
                let mut row = provisioned(it, ctx);
                row["FunctionArn"] = format!("{}:{qualifier}", found.arn).into();
                row
            };
            let rows: Vec<Value> = found.provisioned.iter().map(row).collect();
            Ok(Reply::new(200, json!({ "ProvisionedConcurrencyConfigs": rows })))
        }
        operation => {
            let found = lambda.function(ctx)?;
            let qualifier = target(ctx, found)?;
            if operation.starts_with("Delete") {
                found.provisioned.remove(&qualifier);
                return Ok(Reply::empty(204));
            }
            let kept = found.provisioned.get(&qualifier).ok_or_else(|| {
                let text = "No Provisioned Concurrency Config found for this function";
                Refusal::new(404, "ProvisionedConcurrencyConfigNotFoundException", text).user()
            })?;
            Ok(Reply::new(200, provisioned(kept, ctx)))
        }
    }
}

fn shown(reserved: Option<i64>) -> Value {
    reserved.map_or_else(|| json!({}), |it| json!({ "ReservedConcurrentExecutions": it }))
}

/// What all functions together have reserved.
pub(super) fn reserved(lambda: &Lambda) -> i64 {
    lambda.functions.values().filter_map(|it| it.reserved).sum()
}

fn reserve(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let wanted = ctx.call.body["ReservedConcurrentExecutions"].as_i64().unwrap_or_default();
    let all = reserved(lambda);
    if ctx.call.qualifier.is_some() {
        let text = "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation.";
        return Err(Refusal::invalid(text));
    }
    let found = lambda.function(ctx)?;
    let others = all - found.reserved.unwrap_or_default();
    if ACCOUNT - others - wanted < UNRESERVED {
        return Err(Refusal::invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
        )));
    }
    let ready = provisioned_sum(found, "");
    if wanted < ready {
        return Err(Refusal::invalid(format!(
            " ReservedConcurrentExecutions  {wanted} should not be lower than function's total provisioned concurrency [{ready}]."
        )));
    }
    found.reserved = Some(wanted);
    Ok(Reply::new(200, shown(found.reserved)))
}

/// The alias or version that a call names, which must be there.
fn target(ctx: &Ctx<'_>, found: &Function) -> Result<String, Refusal> {
    let qualifier = ctx.call.qualifier.clone().unwrap_or_default();
    if qualifier.is_empty() || qualifier == "$LATEST" {
        let text = if ctx.call.operation.starts_with("Put") {
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        } else {
            "The function resource provided must be an alias or a published version."
        };
        return Err(Refusal::invalid(text));
    }
    if found.version(Some(&qualifier)).is_some() {
        return Ok(qualifier);
    }
    let number = qualifier.chars().all(|it| it.is_ascii_digit());
    let gone = || Refusal::missing(format!("Cannot find alias arn: {}:{qualifier}", found.arn));
    Err(if number { ctx.missing() } else { gone() })
}

fn provision(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let taken = reserved(lambda);
    let found = lambda.function(ctx)?;
    let qualifier = target(ctx, found)?;
    let version = found.version(Some(&qualifier)).ok_or_else(|| ctx.missing())?;
    let number = version.config.get("Version").and_then(Value::as_str).unwrap_or_default();
    if number != qualifier && found.provisioned.contains_key(number) {
        let text = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version";
        return Err(Refusal::conflict(text));
    }
    let mut aliases = found.aliases.iter().filter(|(_, it)| it.version == qualifier);
    if aliases.any(|(name, _)| found.provisioned.contains_key(name)) {
        let text = "Version is pointed by a Provisioned Concurrency alias";
        return Err(Refusal::conflict(text));
    }
    if found.aliases.get(&qualifier).is_some_and(|it| !it.weights.is_empty()) {
        let text = "Alias with weights can not be used with Provisioned Concurrency";
        return Err(Refusal::invalid(text));
    }
    let wanted = ctx.call.body["ProvisionedConcurrentExecutions"].as_i64().unwrap_or(1);
    if found.reserved.is_some_and(|it| it < provisioned_sum(found, &qualifier) + wanted) {
        return Err(Refusal::invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
        ));
    }
    let free = ACCOUNT - taken;
    if found.reserved.is_none() && wanted > free {
        return Err(Refusal::invalid(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
        )));
    }
    if found.reserved.is_none() && wanted > free - UNRESERVED {
        return Err(Refusal::invalid(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
        )));
    }
    let kept = (wanted, ctx.now + ctx.lags.slow, ctx.date());
    let body = provisioned(&kept, ctx);
    found.provisioned.insert(qualifier, kept);
    Ok(Reply::new(202, body))
}

/// How many instances are kept ready behind all other versions and aliases.
fn provisioned_sum(found: &Function, but: &str) -> i64 {
    let others = found.provisioned.iter().filter(|(qualifier, _)| *qualifier != but);
    others.map(|(_, (wanted, ..))| wanted).sum()
}

fn provisioned((wanted, ready, date): &(i64, Moment, String), ctx: &Ctx<'_>) -> Value {
    let done = ctx.now >= *ready;
    let there = if done { *wanted } else { 0 };
    // A date that was kept is shown as it was.
    debug_assert!(!date.is_empty(), "{}", time::lambda(ctx.start));
    json!({
        "RequestedProvisionedConcurrentExecutions": wanted,
        "AvailableProvisionedConcurrentExecutions": there,
        "AllocatedProvisionedConcurrentExecutions": there,
        "Status": if done { "READY" } else { "IN_PROGRESS" },
        "LastModified": date,
    })
}
