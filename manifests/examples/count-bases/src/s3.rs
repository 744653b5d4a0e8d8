//! S3: an object is read as it comes, a result is written whole. Requests are signed in their URLs.

use std::{
    io::{self, Read},
    time::Duration,
};

use rusty_s3::{Bucket, Credentials, S3Action as _};
use ureq::{Agent, Body, http::Response};

use crate::{event::Place, failure::Failure, settings::Settings};

/// How long a signature is good: longer than any run.
const SIGNED: Duration = Duration::from_mins(30);
/// How long S3 may take to begin an answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// How much of what S3 says of an error is read.
const ERROR_MAX: u64 = 16 << 10;

/// The way to S3.
pub(crate) struct S3 {
    agent: Agent,
}

/// What was to be done with an object.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Read,
    Write,
}

impl Verb {
    fn past(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "written",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::Read => "GetObject, and s3:ListBucket to tell what is missing",
            Self::Write => "PutObject",
        }
    }
}

/// An object that is being read.
pub(crate) struct Object {
    reader: Box<dyn Read>,
    /// What is still to come, if S3 said how much there is.
    left: Option<u64>,
}

impl S3 {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // One that leads elsewhere would carry the signature there.
            .max_redirects(0)
            .timeout_connect(Some(ANSWER_TIME))
            .timeout_recv_response(Some(ANSWER_TIME))
            .build();
        Self { agent: config.into() }
    }

    /// Begins to read an object, which has to be over in some time. Of the whole of it only a buffer is ever in memory.
    pub(crate) fn open(
        &self,
        settings: &Settings,
        place: &Place,
        time: Option<Duration>,
    ) -> Result<Object, Failure> {
        let (bucket, credentials) = bucket(settings, place)?;
        let url = bucket.get_object(Some(credentials), &place.key).sign(SIGNED);
        let request = self.agent.get(url.as_str()).config().timeout_global(time).build();
        let response = request.call().map_err(|it| lost(Verb::Read, place, &it))?;
        let response = accepted(Verb::Read, place, response)?;
        let left = response.body().content_length();
        if left.is_some_and(|it| it > settings.object_max) {
            return Err(Failure::too_large(place, settings.object_max));
        }
        let reader = response.into_body().into_reader();
        Ok(Object { reader: Box::new(reader), left })
    }

    /// Writes a result.
    pub(crate) fn store(
        &self,
        settings: &Settings,
        place: &Place,
        text: &str,
    ) -> Result<(), Failure> {
        let (bucket, credentials) = bucket(settings, place)?;
        let url = bucket.put_object(Some(credentials), &place.key).sign(SIGNED);
        let request = self.agent.put(url.as_str()).header("content-type", "application/json");
        let response = request.send(text).map_err(|it| lost(Verb::Write, place, &it))?;
        accepted(Verb::Write, place, response).map(drop)
    }
}

impl Read for Object {
    /// Fails where an object ends before its time: half a count is none.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(read as u64);
            if read == 0 && *left > 0 && !buffer.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(read)
    }
}

fn bucket<'a>(settings: &'a Settings, place: &Place) -> Result<(Bucket, &'a Credentials), Failure> {
    let credentials = settings.credentials.as_ref();
    let credentials =
        credentials.ok_or_else(|| Failure::Storage("there are no credentials for S3".into()))?;
    let wrong = |error: String| {
        Failure::Storage(format!("S3 cannot be reached at {}: {error}", settings.endpoint.url))
    };
    let url = settings.endpoint.url.parse().map_err(|it| wrong(format!("{it}")))?;
    let style = settings.endpoint.style(&place.bucket);
    let bucket = Bucket::new(url, style, place.bucket.clone(), settings.region.clone());
    Ok((bucket.map_err(|it| wrong(it.to_string()))?, credentials))
}

/// The URL is left out: its signature is as good as a key for as long as it lasts.
fn lost(verb: Verb, place: &Place, error: &ureq::Error) -> Failure {
    Failure::Storage(format!("{place} could not be {}: {error}", verb.past()))
}

fn accepted(
    verb: Verb,
    place: &Place,
    mut response: Response<Body>,
) -> Result<Response<Body>, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text =
        response.body_mut().with_config().limit(ERROR_MAX).read_to_string().unwrap_or_default();
    let code = between(&text, "<Code>", "</Code>").unwrap_or(status.as_str()).to_owned();
    Err(match (code.as_str(), status.as_u16()) {
        ("NoSuchBucket", _) => Failure::NoObject(format!("there is no bucket {}", place.bucket)),
        ("NoSuchKey" | "404", _) => Failure::NoObject(format!("there is no object {place}")),
        (_, 403) => Failure::Storage(format!(
            "{place} must not be {} ({code}); the function's role needs s3:{}",
            verb.past(),
            verb.permission()
        )),
        (_, 301 | 307) => {
            Failure::Storage(format!("{place} is in another Region than the function ({code})"))
        }
        _ => Failure::Storage(format!("{place} could not be {} ({code})", verb.past())),
    })
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}
