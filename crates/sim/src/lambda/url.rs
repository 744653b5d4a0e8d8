//! Function URLs.

use serde_json::{Value, json};

use super::{Ctx, Lambda, listing, page, rules};
use crate::{
    call::{Answer, Refusal, Reply},
    chance,
};

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    rules::constraints(&ctx.call.body)?;
    let qualifier = ctx.call.qualifier.clone().unwrap_or_default();
    let found = lambda.function(ctx)?;
    let arn =
        if qualifier.is_empty() { found.arn.clone() } else { format!("{}:{qualifier}", found.arn) };
    if !qualifier.is_empty() && !found.aliases.contains_key(&qualifier) {
        return Err(Refusal::missing(format!("Function does not exist: {arn}")));
    }
    let gone = || Refusal::missing("The resource you requested does not exist.");
    let kept = found.urls.get(&qualifier).cloned();
    match ctx.call.operation {
        "ListFunctionUrlConfigs" => {
            let rows = found.urls.values().cloned().collect();
            Ok(Reply::new(200, listing("FunctionUrlConfigs", page(rows, ctx, 50))))
        }
        "GetFunctionUrlConfig" => Ok(Reply::new(200, kept.ok_or_else(gone)?)),
        "DeleteFunctionUrlConfig" => {
            found.urls.remove(&qualifier).ok_or_else(gone)?;
            Ok(Reply::empty(204))
        }
        operation => {
            let new = operation == "CreateFunctionUrlConfig";
            let mut url = match (kept, new) {
                (Some(_), true) => {
                    return Err(Refusal::conflict(format!(
                        "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for this Lambda function"
                    )));
                }
                (Some(url), false) => url,
                (None, false) => return Err(gone()),
                (None, true) => fresh(&arn, ctx),
            };
            for name in ["AuthType", "Cors", "InvokeMode"] {
                if !ctx.call.body[name].is_null() {
                    url[name] = ctx.call.body[name].clone();
                }
            }
            url["LastModifiedTime"] = ctx.date().into();
            found.urls.insert(qualifier, url.clone());
            // Only a read shows the invoke mode; a creation says when by `CreationTime` alone.
            if let Some(url) = url.as_object_mut() {
                url.remove("InvokeMode");
                if new {
                    url.remove("LastModifiedTime");
                }
            }
            Ok(Reply::new(if new { 201 } else { 200 }, url))
        }
    }
}

fn fresh(arn: &str, ctx: &Ctx<'_>) -> Value {
    let id: String = chance::sha256(arn).chars().take(32).collect();
    let region = &ctx.call.caller.region;
    json!({
        "FunctionUrl": format!("https://{id}.lambda-url.{region}.on.aws/"),
        "FunctionArn": arn,
        "AuthType": "AWS_IAM",
        "CreationTime": ctx.date(),
        "InvokeMode": "BUFFERED",
    })
}
