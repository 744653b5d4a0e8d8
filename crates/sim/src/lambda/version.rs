//! Published versions: numbers that are never used twice, and no number without a change.

use serde_json::{Map, Value, json};

use super::{
    Ctx, Lambda,
    function::{Coming, State, Version},
    listing, page,
    read::without_states,
};
use crate::call::{Answer, Refusal, Reply};

pub(super) fn publish(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    if let Some(text) = found.latest.busy(&found.arn) {
        return Err(Refusal::conflict(text));
    }
    ctx.guard(&found.latest.revision, "GetFunction")?;
    let here = found.latest.config.get("CodeSha256").and_then(Value::as_str).unwrap_or_default();
    if let Some(asked) = ctx.call.text("CodeSha256").filter(|it| !it.is_empty() && *it != here) {
        return Err(Refusal::invalid(format!(
            "CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({here}). Please try again with the CodeSHA256 in $LATEST."
        )));
    }
    let description = ctx.call.text("Description").unwrap_or_default();
    let number = cut(lambda, ctx, description)?;
    let found = lambda.function(ctx)?;
    let version = found.versions.get(&number).ok_or_else(|| ctx.missing())?;
    Ok(Reply::new(201, Value::Object(version.shown())))
}

/// What makes one version differ from another.
fn content(config: &Map<String, Value>) -> Map<String, Value> {
    const OWN: [&str; 3] = ["Version", "FunctionArn", "Description"];
    config
        .iter()
        .filter(|(key, _)| !OWN.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Whether one would be a version of the other.
pub(super) fn same(one: &Version, other: &Version) -> bool {
    content(&one.config) == content(&other.config) && one.code.resolved == other.code.resolved
}

/// Makes a version of $LATEST, or finds the one that is the same.
pub(super) fn cut(lambda: &mut Lambda, ctx: &Ctx<'_>, description: &str) -> Result<u64, Refusal> {
    let revision = lambda.id();
    let moved = lambda.id();
    let found = lambda.function(ctx)?;
    let described = found.latest.config.get("Description").cloned().unwrap_or_default();
    if let Some((number, last)) = found.versions.last_key_value()
        && same(last, &found.latest)
        && last.described == described
    {
        return Ok(*number);
    }
    let number = found.next;
    found.next += 1;
    let mut config = found.latest.config.clone();
    config.insert("Version".into(), number.to_string().into());
    config.insert("FunctionArn".into(), format!("{}:{number}", found.arn).into());
    if !description.is_empty() {
        config.insert("Description".into(), description.into());
    }
    // A publication by itself is ready at once; one with a creation or a change of code ends with it, and so does one
    // that a fault holds up.
    let settled = found.latest.coming.is_none() && !config.contains_key("CapacityProviderConfig");
    let faulty = ctx.play.fails.is_some() || !ctx.play.stuck.is_zero();
    let (state, coming) = if settled && !faulty {
        (State::active(), None)
    } else {
        let at = ctx.now + ctx.lags.update + ctx.play.stuck;
        (State::pending(), Some(Coming { at, fails: ctx.play.fails.clone(), old: None }))
    };
    let version = Version {
        config,
        code: found.latest.code.clone(),
        revision,
        modified: ctx.date(),
        state,
        coming,
        described,
    };
    found.versions.insert(number, version);
    found.latest.revision = moved;
    Ok(number)
}

pub(super) fn list(lambda: &mut Lambda, ctx: &Ctx<'_>) -> Answer {
    let found = lambda.function(ctx)?;
    let mut latest = found.latest.shown();
    latest.insert("FunctionArn".into(), json!(format!("{}:$LATEST", found.arn)));
    let rows = [latest].into_iter().chain(found.versions.values().map(Version::shown));
    let rows = rows.map(without_states).collect();
    Ok(Reply::new(200, listing("Versions", page(rows, ctx, 50))))
}
