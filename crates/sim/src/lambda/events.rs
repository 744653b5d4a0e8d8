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
    if ctx.call.operation.starts_with("Put") || ctx.call.operation.starts_with("Update") {
        check(lambda, ctx)?;
    }
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
            let body = &ctx.call.body;
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

const FIELDS: [&str; 3] = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];

/// What is refused before anybody looks for the function.
fn check(lambda: &Lambda, ctx: &Ctx<'_>) -> Result<(), Refusal> {
    let body = &ctx.call.body;
    if FIELDS.iter().all(|it| body[*it].is_null()) {
        return Err(Refusal::invalid(
            "You must specify at least one of error handling or destination setting.",
        ));
    }
    for (side, field) in [("OnSuccess", "onSuccess"), ("OnFailure", "onFailure")] {
        let Some(arn) = body["DestinationConfig"][side]["Destination"].as_str() else { continue };
        let place = |it: char| it.is_ascii_alphanumeric() || it == '-';
        let service = arn.split(':').nth(2).unwrap_or_default();
        if !arn.is_empty() && !service.chars().all(place) {
            let text = "Member must satisfy regular expression pattern: $|arn:…";
            let field = format!("destinationConfig.{field}.destination");
            return Err(Refusal::constraint(&field, arn, text));
        }
        destination(lambda, ctx, arn)?;
    }
    Ok(())
}

/// Queues, topics, buses and buckets need not exist; a function must, and be another one.
fn destination(lambda: &Lambda, ctx: &Ctx<'_>, arn: &str) -> Result<(), Refusal> {
    let service = arn.split(':').nth(2).unwrap_or_default();
    match service {
        "lambda" => {
            let name = arn.split(':').nth(6).unwrap_or_default();
            if name == ctx.call.resource {
                let text = "You can't specify the function as a destination for itself.";
                return Err(Refusal::invalid(text));
            }
            let there = lambda.functions.contains_key(name);
            let text = format!("The destination ARN {arn} is invalid.");
            if there { Ok(()) } else { Err(Refusal::invalid(text)) }
        }
        _ if arn.is_empty() => Ok(()),
        "sqs" | "sns" | "events" | "s3" | "kafka" => Ok(()),
        _ => Err(Refusal::invalid("The provided destination config DestinationConfig is invalid.")),
    }
}

/// This date is a number, unlike a function's.
fn modified(ctx: &Ctx<'_>) -> Value {
    json!(time::seconds(time::date(ctx.start, ctx.now)))
}
