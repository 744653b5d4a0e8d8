//! `evenkeel invoke`: an event in, an answer out. The answer alone goes to standard output, as it came.

use std::time::Duration;

use super::{
    CliError, InvokeArgs, Outcome,
    function::{Found, failed},
    out::{self, clean, note},
    reading,
};
use crate::{
    aws::invoke::{self, Answer, Invocation, PAYLOAD_MAX},
    kinds::report::Report,
};

/// What a call takes besides the run itself: a cold start, and the way there and back.
const MARGIN: Duration = Duration::from_secs(30);

/// Invokes a function.
pub(super) async fn invoke(args: InvokeArgs) -> Result<Outcome, CliError> {
    let payload = payload(&args)?;
    let found = Found::open(&args.function).await?;
    let chosen = args.alias.as_deref().or(args.version.as_deref()).or_else(|| found.alias());
    let seconds = u64::try_from(found.live.config.timeout).unwrap_or_default();
    let invocation = Invocation {
        function: found.name.as_str(),
        qualifier: chosen,
        payload: &payload,
        asynchronous: args.asynchronous,
        timeout: Duration::from_secs(seconds) + MARGIN,
    };
    let door = &found.door;
    let (answer, _) = invoke::invoke(&door.clients.lambda, &door.calls, invocation).await;
    let at = chosen.map_or_else(|| found.name.to_string(), |it| format!("{}:{it}", found.name));
    let answer = answer.map_err(|it| failed(&it))?;
    if args.asynchronous {
        let request = answer.request.as_deref().unwrap_or("(AWS names none)");
        note(&format!("{at} will run; request {request}"));
        note(&format!("  then: evenkeel logs {} --request {request}", found.name));
        return Ok(Outcome::Good);
    }
    // As it came: a program may read it.
    let end: &[u8] =
        if answer.payload.ends_with(b"\n") || answer.payload.is_empty() { b"" } else { b"\n" };
    out::write(&[&answer.payload, end].concat())?;
    if args.tail || answer.function_error.is_some() {
        log(&answer);
    }
    note(&summary(&at, &answer));
    Ok(if answer.function_error.is_some() { Outcome::Differs } else { Outcome::Good })
}

/// The event, which must be JSON.
fn payload(args: &InvokeArgs) -> Result<Vec<u8>, CliError> {
    let hint =
        "it is more than the 6 MB that Lambda takes; put it into a bucket, and send its name";
    let (bytes, from) = match (&args.payload, &args.file) {
        (Some(text), _) => (text.clone().into_bytes(), "--payload".to_owned()),
        (None, Some(path)) => {
            (reading::bytes(path, (PAYLOAD_MAX, hint))?, path.display().to_string())
        }
        (None, None) => return Ok(b"{}".to_vec()),
    };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        let hint = if args.payload.is_some() {
            "a text needs quotes of its own: --payload '\"text\"'"
        } else {
            "Lambda takes events as JSON alone"
        };
        return Err(CliError(format!("{from} is no JSON: {error}; {hint}")));
    }
    Ok(bytes)
}

fn log(answer: &Answer) {
    for line in answer.log.lines().filter(|it| Report::read(it).is_none()) {
        note(&format!("  {}", clean(line)));
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
