//! `evenkeel invoke`: an event in, an answer out. The answer alone goes to standard output, as it came.

use std::time::Duration;

use super::{
    args::InvokeArgs,
    error::{CliError, ObjectError, UsageError},
    function::TargetFunction,
    input::{self, SizeLimit},
    out::{self, clean, note, warn},
    outcome::CommandOutcome,
};
use crate::{
    aws::invoke::{self, Answer, Invocation, PAYLOAD_MAX},
    kinds::report::Report,
};

/// What a call takes besides the run itself: a cold start, and the way there and back.
const MARGIN: Duration = Duration::from_secs(30);

/// Invokes a function and prints its answer; everything else goes to standard error. Unless a
/// version or another alias is named, the call goes through the alias of the function's release.
pub(super) async fn invoke(args: InvokeArgs) -> Result<CommandOutcome, CliError> {
    let payload = payload(&args)?;
    let found = TargetFunction::open(&args.function).await?;
    let chosen = args.alias.as_deref().or(args.version.as_deref()).or_else(|| found.alias());
    let seconds = u64::try_from(found.live.config.timeout).unwrap_or_default();
    let invocation = Invocation {
        function: found.name.as_str(),
        qualifier: chosen,
        payload: &payload,
        asynchronous: args.asynchronous,
        timeout: Duration::from_secs(seconds) + MARGIN,
    };
    let target = &found.target;
    let (answer, _) = invoke::invoke(&target.clients.lambda, &target.calls, invocation).await;
    let at = chosen.map_or_else(|| found.name.to_string(), |it| format!("{}:{it}", found.name));
    let answer = answer.map_err(ObjectError::OwnCall)?;
    if args.asynchronous {
        let request = answer.request.as_deref().unwrap_or("(AWS names none)");
        note(&format!("{at} will run; request {request}"));
        note(&format!("  then: evenkeel logs {} --request {request}", found.name));
        return Ok(CommandOutcome::Good);
    }
    // As it came: a program may read it.
    let end: &[u8] =
        if answer.payload.ends_with(b"\n") || answer.payload.is_empty() { b"" } else { b"\n" };
    out::write(&[&answer.payload, end].concat())?;
    if args.tail || answer.function_error.is_some() {
        log(&answer);
    }
    note(&summary(&at, &answer));
    Ok(if answer.function_error.is_some() { CommandOutcome::Differs } else { CommandOutcome::Good })
}

/// Returns the event, `{}` if none is given; fails if it is not JSON.
fn payload(args: &InvokeArgs) -> Result<Vec<u8>, CliError> {
    let limit = SizeLimit {
        max: PAYLOAD_MAX,
        advice: "it is more than the 6 MB that Lambda takes; put it into a bucket, and send its name",
    };
    let (bytes, origin) = match (&args.payload, &args.file) {
        (Some(text), _) => (text.clone().into_bytes(), "--payload".to_owned()),
        (None, Some(path)) => (input::read_up_to(path, &limit)?, path.display().to_string()),
        (None, None) => return Ok(b"{}".to_vec()),
    };
    if let Err(source) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        return Err(UsageError::Event { origin, inline: args.payload.is_some(), source }.into());
    }
    Ok(bytes)
}

fn log(answer: &Answer) {
    for line in answer.log.lines().filter(|it| Report::read(it).is_none()) {
        warn(&format!("  {}", clean(line)));
    }
}

/// What ran, for how long, and how it ended.
fn summary(at: &str, answer: &Answer) -> String {
    let version = answer.version.iter().map(|it| format!(" (version {it})"));
    let report = answer.log.lines().rev().find_map(Report::read);
    let report = report.iter().map(|it| format!(": {it}"));
    let error = answer.function_error.iter().map(|it| format!("; the function failed ({it})"));
    let request = answer.request.iter().map(|it| format!("; request {it}"));
    let parts = version.chain(report).chain(error).chain(request);
    format!("{at}{}", parts.collect::<String>())
}
