//! How events that nobody waits for are retried, and where they end.

use serde_json::{Value, json};

use super::{Ctx, Lambda, listing, page, rules};
use crate::{
    call::{Answer, Refusal, Reply},
    time,
};

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    rules::constraints(&ctx.call.body)?;
    let qualifier = ctx.call.qualifier.clone().unwrap_or_else(|| "$LATEST".into());
    let found = lambda.function(ctx)?;
    if ctx.call.operation == "ListFunctionEventInvokeConfigs" {
        let rows = found.events.values().cloned().collect();
        return Ok(Reply::new(200, listing("FunctionEventInvokeConfigs", page(rows, ctx, 50))));
    }
    if found.version(Some(&qualifier)).is_none() {
        return Err(ctx.missing());
    }
    let arn = format!("{}:{qualifier}", found.arn);
    let gone = || Refusal::missing(format!("The function {arn} doesn't have an EventInvokeConfig"));
    let kept = found.events.get(&qualifier).cloned();
    match ctx.call.operation {
        "GetFunctionEventInvokeConfig" => Ok(Reply::new(200, kept.ok_or_else(gone)?)),
        "DeleteFunctionEventInvokeConfig" => {
            found.events.remove(&qualifier).ok_or_else(gone)?;
            Ok(Reply::empty(204))
        }
        operation => {
            const FIELDS: [&str; 3] =
                ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];
            let body = &ctx.call.body;
            if FIELDS.iter().all(|it| body[*it].is_null()) {
                return Err(Refusal::invalid(
                    "You must specify at least one of error handling or destination setting.",
                ));
            }
            let success = body["DestinationConfig"]["OnSuccess"]["Destination"].as_str();
            if success.is_some_and(|it| it.split(':').nth(2) == Some("s3")) {
                // From the documentation of the operation in the API's model; the words are not AWS's.
                let text = "S3 buckets are supported only for on-failure destinations.";
                return Err(Refusal::invalid(text));
            }
            // Put replaces all, update merges.
            let mut config = match operation {
                "UpdateFunctionEventInvokeConfig" => kept.ok_or_else(gone)?,
                _ => json!({}),
            };
            for name in FIELDS {
                if !body[name].is_null() {
                    config[name] = body[name].clone();
                }
            }
            let destinations = config["DestinationConfig"].as_object().cloned();
            let mut destinations = destinations.unwrap_or_default();
            for side in ["OnSuccess", "OnFailure"] {
                destinations.entry(side).or_insert_with(|| json!({}));
            }
            config["DestinationConfig"] = destinations.into();
            config["FunctionArn"] = arn.into();
            config["LastModified"] = modified(ctx);
            found.events.insert(qualifier, config.clone());
            Ok(Reply::new(200, config))
        }
    }
}

/// This date is a number, unlike a function's.
fn modified(ctx: &Ctx<'_>) -> Value {
    json!(time::seconds(time::date(ctx.start, ctx.now)))
}
