//! Invoke: for smoke tests, and for people.

use std::time::Duration;

use aws_sdk_lambda::{
    Client,
    config::{Config, timeout::TimeoutConfig},
    operation::{RequestId as _, invoke::InvokeOutput},
    primitives::Blob,
    types::{InvocationType, LogType},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{failure::Failure, time::Mono, work::Priority};

/// The largest event that is taken, and the largest answer: 6 MB (Lambda quotas page, "Invocation payload").
pub const PAYLOAD_MAX: usize = 6 * 1024 * 1024;

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The function.
    pub function: &'a str,
    /// The alias or version; `None`: the newest code, published or not.
    pub qualifier: Option<&'a str>,
    /// The event: JSON.
    pub payload: &'a [u8],
    /// Whether Lambda is only to take the event and run the function later.
    pub asynchronous: bool,
    /// How long the answer may take.
    pub timeout: Duration,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the function returned, or what is said of its error.
    pub payload: Vec<u8>,
    /// `Unhandled` or `Handled`, if the function failed.
    pub function_error: Option<String>,
    /// The last 4 KB of what this run logged.
    pub log: String,
    /// The version that ran.
    pub version: Option<String>,
    /// Under which the run stands in the log.
    pub request: Option<String>,
}

/// Invokes a function. An error is one of the call; whatever the function does is an answer. With
/// it comes the moment at which the request began.
pub async fn invoke(
    lambda: &Client,
    calls: &Calls,
    invocation: Invocation<'_>,
) -> (Result<Answer, Failure>, Mono) {
    let Invocation { function, qualifier, payload, asynchronous, timeout } = invocation;
    let timeout = TimeoutConfig::builder().operation_timeout(calls.real(timeout)).build();
    let request = lambda.invoke().function_name(function).payload(Blob::new(payload));
    let request = request.set_qualifier(qualifier.map(ToOwned::to_owned));
    let request = if asynchronous {
        request.invocation_type(InvocationType::Event)
    } else {
        request.log_type(LogType::Tail)
    };
    let request =
        request.customize().config_override(Config::builder().timeout_config(timeout)).send();
    let (answer, began) = calls.timed(Call::plain(Op::Invoke, Priority::Write), request).await;
    (answer.map(read), began)
}

/// Turns the SDK's output into an answer; a log that cannot be decoded is empty.
fn read(answer: InvokeOutput) -> Answer {
    let request = answer.request_id().map(ToOwned::to_owned);
    let log = answer.log_result.as_deref().and_then(|it| BASE64_STANDARD.decode(it).ok());
    Answer {
        payload: answer.payload.map(Blob::into_inner).unwrap_or_default(),
        function_error: answer.function_error,
        log: log.map(|it| String::from_utf8_lossy(&it).into_owned()).unwrap_or_default(),
        version: answer.executed_version,
        request,
    }
}
