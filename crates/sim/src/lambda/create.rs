//! CreateFunction.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Ctx, Lambda, config,
    function::{Code, Coming, Function, State, Version},
    rules,
};
use crate::{
    call::{Answer, Refusal, Reply},
    image,
};

pub(super) fn create(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let body = &ctx.call.body;
    rules::constraints(body)?;
    rules::lists(body)?;
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    if body["Role"].is_null() {
        let text = "Member must not be null";
        return Err(Refusal::constraint("role", "null", text));
    }
    rules::role(text("Role"), &ctx.call.caller.account)?;
    if text("PackageType") != "Image" {
        return Err(Refusal::invalid("This stand-in keeps functions of PackageType Image only."));
    }
    rules::not_for_images(body)?;
    rules::environment(body)?;
    rules::capacity(None, body)?;
    let name = &ctx.call.resource;
    if lambda.functions.contains_key(name) {
        return Err(Refusal::conflict(format!("Function already exist: {name}")));
    }
    assumable(ctx, text("Role"))?;
    network(ctx, body)?;
    let tags = given_tags(&body["Tags"]);
    rules::tags(tags.iter())?;
    let uri = body["Code"]["ImageUri"].as_str();
    let uri = uri.ok_or_else(|| {
        Refusal::invalid("Please provide ImageUri when the PackageType is Image.")
    })?;
    let found = image::resolve(uri, &ctx.call.caller, ctx.registries)?;
    let mut made = made(lambda, ctx, (found, uri), tags);
    config::merge(&mut made.latest.config, body);
    if let Some(architectures) = body["Architectures"].as_array().filter(|it| !it.is_empty()) {
        made.latest.config.insert("Architectures".into(), json!(architectures));
    }
    lambda.functions.insert(name.clone(), made);
    if body["Publish"] == true {
        super::version::cut(lambda, ctx, "")?;
    }
    let found = lambda.function(ctx)?;
    // A creation with Publish answers with version 1.
    let version = found.versions.get(&1).unwrap_or(&found.latest);
    let mut shown = version.shown();
    // Under the name of the function all the same.
    shown.insert("FunctionArn".into(), json!(found.arn));
    Ok(Reply::new(201, Value::Object(shown)))
}

/// Subnets and security groups of which EC2 knows nothing.
pub(super) fn network(ctx: &Ctx<'_>, body: &Value) -> Result<(), Refusal> {
    const ASKED: [(&str, &str, &str); 2] = [
        ("SecurityGroupIds", "DescribeSecurityGroups", "InvalidGroup.NotFound"),
        ("SubnetIds", "DescribeSubnets", "InvalidSubnetID.NotFound"),
    ];
    for (name, call, code) in ASKED {
        let ids = body["VpcConfig"][name].as_array().into_iter().flatten();
        let gone = ids.filter_map(Value::as_str).find(|it| ctx.unknown.contains(*it));
        if let Some(id) = gone {
            return Err(Refusal::invalid(format!(
                "Error occurred while {call}. EC2 Error Code: {code}. EC2 Error Message: '{id}' does not exist"
            )));
        }
    }
    Ok(())
}

/// A role that was made a moment ago cannot be assumed yet.
pub(super) fn assumable(ctx: &Ctx<'_>, role: &str) -> Result<(), Refusal> {
    let young = ctx.roles.get(role).is_some_and(|made| ctx.now < *made + ctx.lags.role);
    if young {
        let text = "The role defined for the function cannot be assumed by Lambda.";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

pub(super) fn given_tags(tags: &Value) -> BTreeMap<String, String> {
    let pair = |(key, value): (&String, &Value)| {
        (key.clone(), value.as_str().unwrap_or_default().to_owned())
    };
    tags.as_object().into_iter().flatten().map(pair).collect()
}

fn made(
    lambda: &mut Lambda,
    ctx: &Ctx<'_>,
    (found, uri): (image::Image, &str),
    tags: BTreeMap<String, String>,
) -> Function {
    let name = ctx.call.resource.clone();
    let arn = ctx.arn(&name);
    let mut config = config::defaults(&name, &arn);
    config.insert("CodeSha256".into(), found.hex.into());
    Function {
        latest: Version {
            config,
            code: Code { image_uri: uri.to_owned(), resolved: found.resolved },
            revision: lambda.id(),
            modified: ctx.date(),
            state: State::pending(),
            coming: Some(Coming {
                at: ctx.now + ctx.lags.create + ctx.play.stuck,
                fails: ctx.play.fails.clone(),
                old: None,
            }),
            described: Value::Null,
        },
        name,
        arn,
        versions: BTreeMap::new(),
        next: 1,
        tagged: !tags.is_empty(),
        tags,
        aliases: BTreeMap::new(),
        reserved: None,
        provisioned: BTreeMap::new(),
        urls: BTreeMap::new(),
        policies: BTreeMap::new(),
        events: BTreeMap::new(),
        recursion: "Terminate".to_owned(),
        scaling: BTreeMap::new(),
    }
}
