//! Aliases: names that lead to versions, each with a revision of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Ctx, Lambda,
    function::{Alias, Function},
    listing, page,
};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn create(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    let body = &ctx.call.body;
    let name = body["Name"].as_str().unwrap_or_default();
    let letters = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    let digits = name.chars().all(|it| it.is_ascii_digit());
    if name.is_empty() || name.len() > 128 || digits || !name.chars().all(letters) {
        let text = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        return Err(Refusal::constraint("name", name, text));
    }
    if found.aliases.contains_key(name) {
        return Err(Refusal::conflict(format!("Alias already exists: {}:{name}", found.arn)));
    }
    let mut made = Alias {
        version: String::new(),
        description: String::new(),
        weights: BTreeMap::new(),
        revision: String::new(),
        leaving: None,
    };
    fill(found, &mut made, body)?;
    made.revision = revision;
    let shown = shown(found, (name, &made), ctx);
    found.aliases.insert(name.to_owned(), made);
    Ok(Reply::new(201, shown))
}

pub(super) fn update(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    let name = ctx.call.part(0);
    let mut alias = found.aliases.get(name).cloned().ok_or_else(|| missing(found, name))?;
    ctx.guard(&alias.revision, "GetAlias")?;
    let before = alias.version.clone();
    fill(found, &mut alias, &ctx.call.body)?;
    alias.revision = revision;
    if before != alias.version
        && let Some((_, ready, _)) = found.provisioned.get_mut(name)
    {
        *ready = ctx.now + ctx.lags.slow + ctx.play.stuck;
        alias.leaving = Some((before, *ready));
    }
    let shown = shown(found, (name, &alias), ctx);
    found.aliases.insert(name.to_owned(), alias);
    Ok(Reply::new(200, shown))
}

fn fill(found: &Function, alias: &mut Alias, body: &Value) -> Result<(), Refusal> {
    if let Some(version) = body["FunctionVersion"].as_str() {
        version.clone_into(&mut alias.version);
    }
    if let Some(description) = body["Description"].as_str() {
        description.clone_into(&mut alias.description);
    }
    if let Some(weights) = body["RoutingConfig"].as_object() {
        let weights = weights.get("AdditionalVersionWeights").and_then(Value::as_object);
        let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_f64()?));
        alias.weights = weights.into_iter().flatten().filter_map(pair).collect();
    }
    let numbers = alias.weights.keys().all(|it| it.chars().all(|it| it.is_ascii_digit()));
    if !numbers {
        let text = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]+]";
        return Err(Refusal::constraint("routingConfig.additionalVersionWeights", "", text));
    }
    let there = |version: &str| {
        let number = version.parse::<u64>().ok();
        version == "$LATEST" || number.is_some_and(|it| found.versions.contains_key(&it))
    };
    let all = alias.weights.keys().chain([&alias.version]);
    if let Some(gone) = all.clone().find(|it| !there(it)) {
        return Err(Refusal::missing(format!("Function not found: {}:{gone}", found.arn)));
    }
    if !alias.weights.is_empty() && all.into_iter().any(|it| it == "$LATEST") {
        let text = "$LATEST is not supported for an alias pointing to more than 1 version";
        return Err(Refusal::invalid(text));
    }
    if alias.weights.contains_key(&alias.version) || alias.weights.len() > 1 {
        let text = "An alias leads to at most two versions, and they differ.";
        return Err(Refusal::invalid(text));
    }
    if let Some(weight) = alias.weights.values().find(|it| !(0.0..=1.0).contains(*it)) {
        let text = "Member must have value less than or equal to 1.0";
        return Err(Refusal::constraint("additionalVersionWeights", &weight.to_string(), text));
    }
    Ok(())
}

fn missing(found: &Function, name: &str) -> Refusal {
    Refusal::missing(format!("Cannot find alias arn: {}:{name}", found.arn))
}

/// An alias as it is shown. While AWS moves its provisioned concurrency it shows weights that nobody set, as people
/// report; which ones is a guess.
fn shown(found: &Function, (name, alias): (&str, &Alias), ctx: &Ctx<'_>) -> Value {
    let mut body = json!({
        "AliasArn": format!("{}:{name}", found.arn),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    });
    let leaving = alias.leaving.as_ref().filter(|(_, until)| ctx.now < *until);
    if !alias.weights.is_empty() {
        body["RoutingConfig"] = json!({ "AdditionalVersionWeights": alias.weights });
    } else if let Some((version, _)) = leaving {
        body["RoutingConfig"] = json!({ "AdditionalVersionWeights": { version: 0.5 } });
    }
    body
}

pub(super) fn get(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    let name = ctx.call.part(0);
    let alias = found.aliases.get(name).ok_or_else(|| missing(found, name))?;
    Ok(Reply::new(200, shown(found, (name, alias), ctx)))
}

pub(super) fn list(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    let wanted = ctx.call.param("FunctionVersion");
    let leads = |alias: &&Alias| wanted.is_none_or(|it| alias.version == it);
    let all = found.aliases.iter().filter(|(_, alias)| leads(alias));
    let rows = all.map(|(name, alias)| shown(found, (name, alias), ctx)).collect();
    Ok(Reply::new(200, listing("Aliases", page(rows, ctx, 50))))
}

pub(super) fn delete(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    let name = ctx.call.part(0);
    found.aliases.remove(name);
    // With all that hangs on it.
    found.provisioned.remove(name);
    found.urls.remove(name);
    found.policies.remove(name);
    found.events.remove(name);
    Ok(Reply::empty(204))
}
