//! Tags of a function. They merge; a function that is being updated takes none.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Ctx, Lambda, create, mapping, rules};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    if ctx.call.part(0).contains(":event-source-mapping:") {
        return mapping::tags(lambda, ctx);
    }
    if ctx.call.qualifier.is_some() {
        let text = "Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.";
        return Err(Refusal::invalid(text));
    }
    let revision = lambda.id();
    let found = lambda.function(ctx)?;
    let busy = found.latest.busy(&found.arn).filter(|_| ctx.call.writes());
    if let Some(text) = busy {
        return Err(Refusal::conflict(text));
    }
    let reply = change(&mut found.tags, ctx)?;
    found.tagged |= !found.tags.is_empty();
    if ctx.call.writes() {
        found.latest.revision = revision;
    }
    Ok(reply)
}

/// Lists or changes the tags of anything.
pub(super) fn change(tags: &mut BTreeMap<String, String>, ctx: &Ctx<'_>) -> Answer {
    match ctx.call.operation {
        "ListTags" => return Ok(Reply::new(200, json!({ "Tags": tags }))),
        "TagResource" => {
            if ctx.call.body["Tags"].as_object().is_none_or(serde_json::Map::is_empty) {
                let text = "An error occurred and the request cannot be processed.";
                return Err(Refusal::invalid(text));
            }
            let mut merged = tags.clone();
            merged.extend(create::given_tags(&ctx.call.body["Tags"]));
            rules::tags(merged.iter())?;
            *tags = merged;
        }
        _ => {
            if ctx.call.param("tagKeys").is_none() {
                let text = "Member must not be null";
                return Err(Refusal::constraint("tagKeys", "null", text));
            }
            let keys = ctx.call.query.iter().filter(|(name, _)| name == "tagKeys");
            for (_, key) in keys {
                tags.remove(key);
            }
        }
    }
    Ok(Reply::empty(204))
}
