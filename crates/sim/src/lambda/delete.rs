//! DeleteFunction: the whole of it, or one version.

use super::{Ctx, Lambda};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn delete(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    if ctx.call.qualifier.as_deref() == Some("$LATEST") {
        let text = "$LATEST version cannot be deleted without deleting the function.";
        return Err(Refusal::invalid(text));
    }
    let found = lambda.function(ctx)?;
    match ctx.call.qualifier.as_deref() {
        None => {
            lambda.functions.remove(&ctx.call.resource);
            lambda.environments.forget(&ctx.call.resource);
            Ok(Reply::empty(204))
        }
        Some(text) => {
            if found.pointed_at(text) {
                return Err(Refusal::conflict(format!(
                    "Resource is currently in use: version {text} is used by an alias."
                )));
            }
            // A version that is not there is as good as deleted.
            if let Ok(number) = text.parse() {
                found.versions.remove(&number);
            }
            Ok(Reply::empty(204))
        }
    }
}
