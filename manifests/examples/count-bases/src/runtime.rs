//! Lambda's side: the runtime API of version 2018-06-01. One event at a time is asked for and answered.

use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, Body, http::Response};

use crate::failure::Failure;

/// The largest event: Lambda's limit of 6 MB, with what it adds to what comes over HTTP.
const EVENT_MAX: u64 = 8 << 20;
/// How long Lambda may take to take an answer; it is on this machine.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// The runtime API.
pub(crate) struct Runtime {
    agent: Agent,
    base: String,
}

/// One event, and what is known of it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    /// When Lambda ends the run, in milliseconds since 1970.
    pub(crate) deadline: Option<u64>,
    pub(crate) event: Vec<u8>,
}

/// Lambda cannot be talked to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Error(pub(crate) String);

impl Runtime {
    pub(crate) fn new(address: &str) -> Self {
        // A proxy of the environment is for others: this is loopback.
        let config = Agent::config_builder().http_status_as_error(false).proxy(None).build();
        Self { agent: config.into(), base: format!("http://{address}/2018-06-01/runtime") }
    }

    /// Waits for an event, for as long as it takes: Lambda stops the process meanwhile.
    pub(crate) fn next(&self) -> Result<Call, Error> {
        let url = format!("{}/invocation/next", self.base);
        let response = self.agent.get(&url).call().map_err(|it| lost("next", &it))?;
        let mut response = taken("next", response)?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let id = header("lambda-runtime-aws-request-id")
            .ok_or_else(|| Error("the runtime API gave an event without a request id".into()))?;
        let deadline = header("lambda-runtime-deadline-ms").and_then(|it| it.parse().ok());
        let body = response.body_mut().with_config().limit(EVENT_MAX).read_to_vec();
        Ok(Call { id, deadline, event: body.map_err(|it| lost("next", &it))? })
    }

    pub(crate) fn answer(&self, id: &str, answer: &Value) -> Result<(), Error> {
        self.say(&format!("invocation/{id}/response"), None, answer)
    }

    pub(crate) fn fail(&self, id: &str, failure: &Failure) -> Result<(), Error> {
        self.say(&format!("invocation/{id}/error"), Some(failure.kind()), &failure.json())
    }

    /// There will be no answers.
    pub(crate) fn refuse(&self, failure: &Failure) -> Result<(), Error> {
        self.say("init/error", Some(failure.kind()), &failure.json())
    }

    fn say(&self, path: &str, kind: Option<&str>, body: &Value) -> Result<(), Error> {
        let url = format!("{}/{path}", self.base);
        let request = self.agent.post(&url).config().timeout_global(Some(ANSWER_TIME)).build();
        let mut request = request.header("content-type", "application/json");
        if let Some(kind) = kind {
            request = request.header("lambda-runtime-function-error-type", kind);
        }
        let response = request.send(body.to_string()).map_err(|it| lost(path, &it))?;
        taken(path, response).map(drop)
    }
}

fn lost(what: &str, error: &ureq::Error) -> Error {
    Error(format!("the runtime API does not answer to {what}: {error}"))
}

fn taken(what: &str, response: Response<Body>) -> Result<Response<Body>, Error> {
    match response.status() {
        status if status.is_success() => Ok(response),
        status => Err(Error(format!("the runtime API answers {status} to {what}"))),
    }
}
