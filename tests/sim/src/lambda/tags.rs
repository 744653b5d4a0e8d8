//! Tags of a function. They merge; a function that is being updated takes none.

use serde_json::json;

use super::{Ctx, Lambda, create, rules};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn answer(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    if ctx.call.qualifier.is_some() {
        let text = "Tags on function aliases and versions are not supported. Please specify either a function ARN or an event source mapping ARN.";
        return Err(Refusal::invalid(text));
    }
    let found = lambda.function(ctx)?;
    if ctx.call.operation == "ListTags" {
        return Ok(Reply::new(200, json!({ "Tags": found.tags })));
    }
    if let Some(text) = found.latest.busy(&found.arn) {
        return Err(Refusal::conflict(text));
    }
    if ctx.call.operation == "TagResource" {
        let mut merged = found.tags.clone();
        merged.extend(create::given_tags(&ctx.call.body["Tags"]));
        rules::tags(merged.iter())?;
        found.tagged |= !merged.is_empty();
        found.tags = merged;
    } else {
        let keys = ctx.call.query.iter().filter(|(name, _)| name == "tagKeys");
        for (_, key) in keys {
            found.tags.remove(key);
        }
    }
    Ok(Reply::empty(204))
}
