//! Event source mappings: of the Region, not of a function; each takes a while to become what was asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Ctx, Lambda, create, listing, page, rules, service};
use crate::{
    call::{Answer, Call, Refusal, Reply},
    name::{self, FunctionReference, Rules},
    time::{self, Moment},
};

/// A mapping and what it is becoming.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    shown: Value,
    /// The state to come, and when.
    coming: Option<(Moment, &'static str)>,
    tags: BTreeMap<String, String>,
}

impl Mapping {
    /// How it looks now, for the journal.
    pub(super) fn picture(&self) -> Value {
        json!({ "mapping": self.shown, "tags": self.tags })
    }

    /// Its ARN and its tags.
    pub(super) fn tagged(&self) -> Option<(&str, &BTreeMap<String, String>)> {
        Some((self.shown["EventSourceMappingArn"].as_str()?, &self.tags))
    }

    /// The name of the function that it is for: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and an alias perhaps.
    pub(super) fn function(&self) -> Option<String> {
        self.shown["FunctionArn"].as_str()?.split(':').nth(6).map(str::to_owned)
    }
}

/// The UUID of the mapping that a call names, by itself or in an ARN.
pub(super) fn id(call: &Call) -> Option<&str> {
    let part = call.part(0);
    if call.operation.ends_with("EventSourceMapping") {
        return Some(part).filter(|it| !it.is_empty());
    }
    part.split_once(":event-source-mapping:").map(|(_, id)| id)
}

/// Ends what is due; a mapping that was to go is gone. The ARNs of those.
pub(super) fn settle(mappings: &mut BTreeMap<String, Mapping>, now: Moment) -> Vec<String> {
    let mut gone = Vec::new();
    mappings.retain(|_, mapping| {
        let Some((_, state)) = mapping.coming.take_if(|(at, _)| *at <= now) else { return true };
        mapping.shown["State"] = state.into();
        let stays = state != "Deleted";
        gone.extend(mapping.tagged().filter(|_| !stays).map(|it| it.0.to_owned()));
        stays
    });
    gone
}

/// How large the batches of a function's event source are, if it has one that is polled.
pub(super) fn batch(mappings: &BTreeMap<String, Mapping>, arn: &str) -> Option<Value> {
    let found = mappings.values().find(|it| it.shown["FunctionArn"] == arn)?;
    (found.shown["State"] == "Enabled").then(|| found.shown["BatchSize"].clone())
}

/// The names of the functions that event sources are for.
pub(super) fn functions(mappings: &BTreeMap<String, Mapping>) -> BTreeSet<String> {
    mappings.values().filter_map(Mapping::function).collect()
}

/// How many event sources a function has, behind whatever alias, be it there or not.
pub(super) fn count(mappings: &BTreeMap<String, Mapping>, arn: &str) -> usize {
    let of = |it: &&Mapping| {
        let shown = it.shown["FunctionArn"].as_str().and_then(|it| it.strip_prefix(arn));
        shown.is_some_and(|it| it.is_empty() || it.starts_with(':'))
    };
    mappings.values().filter(of).count()
}

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    match ctx.call.operation {
        "CreateEventSourceMapping" => create(lambda, ctx),
        "ListEventSourceMappings" => list(lambda, ctx),
        operation => {
            let id = ctx.call.part(0);
            let found = lambda.mappings.get_mut(id);
            let found = found
                .ok_or_else(|| Refusal::missing("The resource you requested does not exist."))?;
            if operation == "GetEventSourceMapping" {
                return Ok(Reply::new(200, found.shown.clone()));
            }
            if found.coming.is_some() {
                let state = found.shown["State"].as_str().unwrap_or_default();
                return Err(Refusal::new(
                    400,
                    "ResourceInUseException",
                    format!("Cannot update the event source mapping because it is in use: {state}"),
                )
                .user());
            }
            if operation == "DeleteEventSourceMapping" {
                begin(found, "Deleting", "Deleted", ctx);
            } else {
                return update(lambda, id, ctx);
            }
            Ok(Reply::new(202, found.shown.clone()))
        }
    }
}

fn update(lambda: &mut Lambda, id: &str, ctx: &Ctx<'_>) -> Answer {
    let missing = || Refusal::missing("The resource you requested does not exist.");
    let mut body = ctx.call.body.clone();
    // What can be said only once is no member of this request.
    for name in service::ONCE {
        body.as_object_mut().map(|it| it.remove(*name));
    }
    let mut shown = lambda.mappings.get(id).ok_or_else(missing)?.shown.clone();
    let enabled = fill(&mut shown, &body, &ctx.call.caller)?;
    let before = shown.clone();
    let service = service::of_mapping(&before)?;
    service.complete(&mut shown);
    service.check(&shown)?;
    twin(lambda, &shown)?;
    let found = lambda.mappings.get_mut(id).ok_or_else(missing)?;
    found.shown = shown;
    let wanted = enabled.unwrap_or(found.shown["State"] != "Disabled");
    begin(found, "Updating", if wanted { "Enabled" } else { "Disabled" }, ctx);
    Ok(Reply::new(202, found.shown.clone()))
}

fn begin(found: &mut Mapping, during: &str, then: &'static str, ctx: &Ctx<'_>) {
    found.shown["State"] = during.into();
    found.shown["LastModified"] = json!(time::seconds(time::date(ctx.start, ctx.now)));
    let lag: Duration = ctx.lags.slow + ctx.play.stuck;
    found.coming = Some((ctx.now + lag, then));
}

fn create(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let body = &ctx.call.body;
    let arn = ctx.arn(&ctx.call.resource);
    let arn = ctx.call.qualifier.as_ref().map_or_else(|| arn.clone(), |it| format!("{arn}:{it}"));
    let service = service::of_mapping(body)?;
    let id = lambda.id();
    let mut shown = json!({
        "UUID": id,
        "FunctionArn": arn,
        "EventSourceMappingArn": format!(
            "arn:aws:lambda:{}:{}:event-source-mapping:{id}",
            ctx.call.caller.region, ctx.call.caller.account
        ),
        "StateTransitionReason": service.reason(),
    });
    service.fill_in(&mut shown);
    let enabled = fill(&mut shown, body, &ctx.call.caller)?;
    service.complete(&mut shown);
    service.check(&shown)?;
    let function = lambda.functions.get(&ctx.call.resource);
    if function.and_then(|it| it.version(ctx.call.qualifier.as_deref())).is_none() {
        return Err(Refusal::invalid("Function does not exist"));
    }
    twin(lambda, &shown)?;
    let tags = create::given_tags(&body["Tags"]);
    rules::tags(tags.iter())?;
    let mut made = Mapping { shown, coming: None, tags };
    let then = if enabled == Some(false) { "Disabled" } else { "Enabled" };
    begin(&mut made, "Creating", then, ctx);
    let body = made.shown.clone();
    lambda.mappings.insert(id, made);
    Ok(Reply::new(202, body))
}

/// One source, or one topic or queue of it, has one mapping to a function or an alias of it.
fn twin(lambda: &Lambda, shown: &Value) -> Result<(), Refusal> {
    let what = |it: &Value| {
        ["EventSourceArn", "SelfManagedEventSource", "FunctionArn", "Topics", "Queues"]
            .map(|name| it[name].clone())
    };
    let twin = lambda
        .mappings
        .iter()
        .find(|(_, it)| what(&it.shown) == what(shown) && it.shown["UUID"] != shown["UUID"]);
    let Some((id, _)) = twin else { return Ok(()) };
    Err(Refusal::conflict(format!(
        "An event source mapping with event source ({}) and function ({}) already exists. Please update or delete the existing mapping with UUID {id}",
        shown["EventSourceArn"].as_str().unwrap_or_default(),
        shown["FunctionArn"].as_str().unwrap_or_default(),
    )))
}

/// Puts a request's members into a mapping; says whether it is to be enabled, if it says so.
fn fill(
    shown: &mut Value,
    body: &Value,
    caller: &crate::call::Caller,
) -> Result<Option<bool>, Refusal> {
    for (name, value) in body.as_object().into_iter().flatten() {
        match name.as_str() {
            "Enabled" | "Tags" => {}
            "FunctionName" => {
                let text = value.as_str().unwrap_or_default();
                let FunctionReference { name, qualifier, .. } =
                    name::function(text, caller, Rules::Other)?;
                let mut arn =
                    format!("arn:aws:lambda:{}:{}:function:{name}", caller.region, caller.account);
                if let Some(qualifier) = qualifier {
                    arn = format!("{arn}:{qualifier}");
                }
                shown["FunctionArn"] = arn.into();
            }
            "SourceAccessConfigurations" => service::let_in(shown, value),
            // An empty struct takes away what it stands for.
            _ => match service::cleared(name, value)? {
                Some(kept) => shown[name] = kept,
                None => drop(shown.as_object_mut().map(|it| it.remove(name))),
            },
        }
    }
    Ok(body["Enabled"].as_bool())
}

/// Tags of a mapping, by its ARN.
pub(super) fn tags(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = id(ctx.call).and_then(|id| lambda.mappings.get_mut(id));
    let found =
        found.ok_or_else(|| Refusal::missing("The resource you requested does not exist."))?;
    super::tags::change(&mut found.tags, ctx)
}

fn list(lambda: &Lambda, ctx: &Ctx<'_>) -> Answer {
    let source = ctx.call.param("EventSourceArn");
    let of = match ctx.call.param("FunctionName") {
        Some(text) => Some(ctx.arn(&name::function(text, &ctx.call.caller, Rules::Other)?.name)),
        None => None,
    };
    let fits = |it: &&Value| {
        let arn = it["FunctionArn"].as_str().unwrap_or_default();
        source.is_none_or(|source| it["EventSourceArn"] == *source)
            && of.as_ref().is_none_or(|of| arn == of || arn.starts_with(&format!("{of}:")))
    };
    let mut rows: Vec<Value> =
        lambda.mappings.values().map(|it| &it.shown).filter(fits).cloned().collect();
    // Filters under a key are shown one by one.
    for row in rows.iter_mut().filter(|it| !it["KMSKeyArn"].is_null()) {
        row["FilterCriteria"] = Value::Null;
    }
    Ok(Reply::new(200, listing("EventSourceMappings", page(rows, ctx, 100))))
}
