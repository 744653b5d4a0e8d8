//! Counts the bases of a FASTA text: a Lambda function in a container of its own, that speaks the Lambda runtime API.
//!
//! Read in this order: [`event`] (what is asked), [`fasta`] (the counting), [`work`] (one event, one answer),
//! [`runtime`] (Lambda's side), [`s3`] (where texts are and results go).

mod event;
mod failure;
mod fasta;
mod log;
mod runtime;
mod s3;
mod settings;
mod work;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use serde_json::json;

use crate::{failure::Failure, log::Log, runtime::Runtime, settings::Settings, work::Work};

/// Ends only when Lambda cannot be talked to any more; Lambda ends it otherwise.
fn main() -> ExitCode {
    let log = Log::new();
    let Some(runtime) = settings::variable("AWS_LAMBDA_RUNTIME_API").map(|it| Runtime::new(&it))
    else {
        log.error("AWS_LAMBDA_RUNTIME_API is not set: this program runs in AWS Lambda", json!({}));
        return ExitCode::FAILURE;
    };
    let done = match Settings::read(settings::variable) {
        Ok(settings) => answer_all(&runtime, &Work::new(settings)),
        Err(failure) => refuse(&runtime, &failure, &log),
    };
    let Err(error) = done;
    log.error("the function ends", json!({ "error": error.to_string() }));
    ExitCode::FAILURE
}

/// One event after the other, for as long as Lambda keeps this environment.
fn answer_all(runtime: &Runtime, work: &Work) -> Result<Never, runtime::Error> {
    loop {
        let call = runtime.next()?;
        let log = Log::of(&call.id);
        match work.answer(&call, &log) {
            Ok(answer) => runtime.answer(&call.id, &answer)?,
            Err(failure) => {
                log.error(
                    "failed",
                    json!({ "errorType": failure.kind(), "error": failure.to_string() }),
                );
                runtime.fail(&call.id, &failure)?;
            }
        }
    }
}

/// A configuration that cannot work is told once, before the first event.
fn refuse(runtime: &Runtime, failure: &Failure, log: &Log) -> Result<Never, runtime::Error> {
    let said = failure.to_string();
    log.error("cannot start", json!({ "errorType": failure.kind(), "error": said }));
    runtime.refuse(failure)?;
    Err(runtime::Error(said))
}

/// What nothing returns.
enum Never {}
