//! UpdateFunctionCode and UpdateFunctionConfiguration, and how they end.

use serde_json::{Value, json};

use super::{
    Ctx, Lambda, config, create,
    function::{Coming, Function, State},
    rules,
};
use crate::{
    call::{Answer, Refusal, Reply},
    chance, image,
    time::Moment,
};

pub(super) fn code(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let body = &ctx.call.body;
    rules::constraints(body)?;
    rules::lists(body)?;
    ready(lambda, ctx)?;
    if !body["ZipFile"].is_null() || !body["S3Bucket"].is_null() || body["ImageUri"].is_null() {
        let text = "Please provide ImageUri when updating a function with packageType Image.";
        return Err(Refusal::invalid(text));
    }
    let uri = body["ImageUri"].as_str().unwrap_or_default();
    let image = image::resolve(uri, &ctx.call.caller, ctx.registries)?;
    if body["DryRun"] == true {
        return Ok(Reply::new(200, Value::Object(lambda.function(ctx)?.latest.shown())));
    }
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    begin(found, ctx, revision);
    uri.clone_into(&mut found.latest.code.image_uri);
    found.latest.code.resolved = image.resolved;
    let config = &mut found.latest.config;
    config.insert("CodeSha256".into(), image.hex.into());
    if let Some(architectures) = body["Architectures"].as_array().filter(|it| !it.is_empty()) {
        config.insert("Architectures".into(), json!(architectures));
    }
    if body["Publish"] == true {
        let number = super::version::cut(lambda, ctx, "")?;
        let found = lambda.function(ctx)?;
        let version = found.versions.get(&number).unwrap_or(&found.latest);
        return Ok(Reply::new(200, Value::Object(version.shown())));
    }
    Ok(Reply::new(200, Value::Object(lambda.function(ctx)?.latest.shown())))
}

pub(super) fn config(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let body = &ctx.call.body;
    rules::constraints(body)?;
    rules::lists(body)?;
    rules::not_for_images(body)?;
    ready(lambda, ctx)?;
    if let Some(role) = body["Role"].as_str() {
        rules::role(role, &ctx.call.caller.account)?;
        create::assumable(ctx, role)?;
    }
    create::network(ctx, body)?;
    rules::environment(body)?;
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    rules::capacity(Some(&found.latest.config), body)?;
    // One that changes nothing takes as long, and moves the revision as much.
    begin(found, ctx, revision);
    config::merge(&mut found.latest.config, body);
    Ok(Reply::new(200, Value::Object(found.latest.shown())))
}

/// It is there, it is not busy, and it is the one that the caller saw.
fn ready(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Result<(), Refusal> {
    let found = lambda.function(ctx)?;
    if let Some(text) = found.latest.busy(&found.arn) {
        return Err(Refusal::conflict(text));
    }
    ctx.guard(&found.latest.revision, "GetFunction")
}

fn begin(found: &mut Function, ctx: &Ctx<'_>, revision: String) {
    let latest = &mut found.latest;
    let old = ctx.play.fails.is_some().then(|| (latest.config.clone(), latest.code.clone()));
    latest.state = latest.state.updating();
    latest.coming = Some(Coming {
        at: ctx.now + ctx.lags.update + ctx.play.stuck,
        fails: ctx.play.fails.clone(),
        old,
    });
    latest.revision = revision;
    latest.modified = ctx.date();
}

/// What was accepted ends, and gets another revision.
pub(super) fn settle(found: &mut Function, at: Moment, revision: &str) {
    for version in found.versions.values_mut().chain([&mut found.latest]) {
        let Some(coming) = version.coming.take_if(|it| it.at <= at) else { continue };
        version.state = match &coming.fails {
            Some(code) => version.state.failed(code),
            None if version.state.name == "Deactivating" => State::deactivated(),
            None => State::active(),
        };
        // After a failed update the old code and configuration run on, and are shown.
        if let Some((config, code)) = coming.old.filter(|_| coming.fails.is_some()) {
            version.config = config;
            version.code = code;
        }
        version.revision = match version.config.get("Version").and_then(Value::as_str) {
            None | Some("$LATEST") => revision.to_owned(),
            Some(number) => chance::derived(revision, number),
        };
    }
}

/// What belongs to a moment, not to a configuration.
const LIFE: [&str; 8] = [
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "LastModified",
    "RevisionId",
];

/// Another hand puts the configuration back.
pub(super) fn put_back(found: &mut Function, before: &Value, revision: &str) {
    let latest = &mut found.latest;
    if let Some(config) = before["configuration"].as_object() {
        latest.config.clone_from(config);
        for name in LIFE {
            latest.config.remove(name);
        }
    }
    let text = |name: &str| before["code"][name].as_str().unwrap_or_default().to_owned();
    latest.code.image_uri = text("ImageUri");
    latest.code.resolved = text("ResolvedImageUri");
    revision.clone_into(&mut latest.revision);
}
