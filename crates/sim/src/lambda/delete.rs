//! DeleteFunction: the whole of it, or one version.

use super::{Ctx, Lambda};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn delete(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    match ctx.call.qualifier.as_deref() {
        None => {
            lambda.functions.remove(&ctx.call.resource);
            lambda.environments.forget(&ctx.call.resource);
            Ok(Reply::empty(204))
        }
        Some("$LATEST") => Err(Refusal::invalid(
            "$LATEST version cannot be deleted without deleting the function.",
        )),
        Some(text) => {
            let number = text.parse().ok().filter(|it| found.versions.contains_key(it));
            let number = number.ok_or_else(|| ctx.missing())?;
            if found.pointed_at(text) {
                return Err(Refusal::conflict(format!(
                    "Resource is currently in use: version {text} is used by an alias."
                )));
            }
            found.versions.remove(&number);
            Ok(Reply::empty(204))
        }
    }
}
