//! The Lambda runtime API (2018-06-01) of one environment: the function asks for the next event, and says what came
//! of it ("Using the Lambda runtime API for custom runtimes", Lambda developer guide).
//!
//! A [`Process`] is started with a [`Port`] of its own, whose address it finds in `AWS_LAMBDA_RUNTIME_API`, and takes one
//! event after the other. What it is, where it runs and what it prints are others' business.

mod process;

use std::{
    convert::Infallible,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use self::process::{Event, Port, Process};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    task::JoinSet,
};

/// The largest response: Lambda's own limit, with what it adds.
const BODY_MAX: usize = (6 << 20) + 100;
/// How much of a larger one is read.
const READ_MAX: usize = 64 << 20;
/// How long no connection is taken after one that could not be.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Below which all paths are.
const BASE: &str = "/2018-06-01/runtime";

/// One event for the function.
#[derive(Debug, Clone)]
pub struct Job {
    /// The request that it is of; answers name it.
    pub id: String,
    /// What comes with it: names and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub event: Bytes,
}

impl Job {
    /// An event with the headers that Lambda gives it: by when it must be answered, on this machine's clock, which the
    /// function compares with its own, and the ARN that was called.
    pub fn new(id: &str, (arn, deadline): (&str, Duration), event: Bytes) -> Self {
        let trace = id.replace('-', "");
        let (root, parent) = (trace.get(..24), trace.get(16..32));
        let trace = format!(
            "Root=1-{:08x}-{};Parent={};Sampled=0",
            deadline.as_secs(),
            root.unwrap_or_default(),
            parent.unwrap_or_default()
        );
        let headers = vec![
            ("lambda-runtime-aws-request-id", id.to_owned()),
            ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
            ("lambda-runtime-invoked-function-arn", arn.to_owned()),
            ("lambda-runtime-trace-id", trace),
        ];
        Self { id: id.to_owned(), headers, event }
    }
}

/// What a function says.
#[derive(Debug)]
pub enum RuntimeMessage {
    /// It asks for the next event.
    Ready,
    /// Its answer.
    Response(Bytes),
    /// Its answer, which is larger than Lambda takes.
    TooLarge,
    /// That it failed; with the type that its header names.
    Error(Option<String>, Bytes),
    /// That it cannot start.
    InitError(Option<String>, Bytes),
}

/// Where events lie until they are fetched.
#[derive(Debug)]
struct Desk {
    state: Mutex<State>,
    laid: Notify,
    messages: mpsc::Sender<RuntimeMessage>,
}

#[derive(Debug, Default)]
struct State {
    job: Option<Job>,
    /// The event that is being worked on.
    current: Option<String>,
    /// Whether it has asked for an event: it cannot fail to start any more.
    started: bool,
}

impl Desk {
    /// An empty one. What the function says goes to `messages`.
    fn new(messages: mpsc::Sender<RuntimeMessage>) -> Self {
        Self { state: Mutex::default(), laid: Notify::new(), messages }
    }

    /// Lays an event out, in the place of one that nobody fetched. An answer to the one before it comes too late.
    fn lay(&self, job: Job) {
        let mut state = self.state();
        state.job = Some(job);
        state.current = None;
        self.laid.notify_one();
    }

    async fn fetch(&self) -> Job {
        loop {
            let laid = self.laid.notified();
            if let Some(job) = self.take() {
                return job;
            }
            laid.await;
        }
    }

    fn take(&self) -> Option<Job> {
        let mut state = self.state();
        let job = state.job.take()?;
        state.current = Some(job.id.clone());
        Some(job)
    }

    /// Whether an answer is to the event that is being worked on. It is answered once.
    fn settles(&self, id: &str) -> bool {
        self.state().current.take_if(|it| it == id).is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers until it is dropped.
async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(talk(stream, Arc::clone(&desk)))),
                // There are no more files to open, say: that passes.
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn talk(stream: TcpStream, desk: Arc<Desk>) {
    let service = service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(answer(request, &desk).await) }
    });
    stream.set_nodelay(true).ok();
    // A function that is gone needs no answer.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

/// What a function sent.
enum Sent {
    Whole(Bytes),
    TooLarge,
    /// It broke off.
    Part,
}

async fn answer(request: Request<Incoming>, desk: &Desk) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(BASE).unwrap_or_default().to_owned();
    if head.method == http::Method::GET && path == "/invocation/next" {
        desk.state().started = true;
        desk.messages.send(RuntimeMessage::Ready).await.ok();
        return event(desk.fetch().await);
    }
    let kind = head.headers.get("lambda-runtime-function-error-type");
    let kind = kind.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let sent = read(body).await;
    if path == "/init/error" {
        return init_error(desk, (kind, sent)).await;
    }
    let Some((id, what)) = path.strip_prefix("/invocation/").and_then(|it| it.split_once('/'))
    else {
        return status(404, "NotFound");
    };
    let (messages, answer) = match (what, sent) {
        ("response" | "error", Sent::Part) => return status(400, "BadRequest"),
        ("response" | "error", Sent::TooLarge) => {
            (RuntimeMessage::TooLarge, status(413, "RequestEntityTooLarge"))
        }
        ("response", Sent::Whole(body)) => (RuntimeMessage::Response(body), status(202, "")),
        ("error", Sent::Whole(body)) => (RuntimeMessage::Error(kind, body), status(202, "")),
        _ => return status(404, "NotFound"),
    };
    if !desk.settles(id) {
        return status(400, "InvalidRequestID");
    }
    desk.messages.send(messages).await.ok();
    answer
}

/// Only who has not asked for an event yet can fail to start.
async fn init_error(desk: &Desk, (kind, sent): (Option<String>, Sent)) -> Response<Full<Bytes>> {
    if desk.state().started {
        return status(403, "InvalidStateTransition");
    }
    let (body, answer) = match sent {
        Sent::Whole(body) => (body, status(202, "")),
        Sent::TooLarge | Sent::Part => (Bytes::new(), status(413, "RequestEntityTooLarge")),
    };
    desk.messages.send(RuntimeMessage::InitError(kind, body)).await.ok();
    answer
}

/// What is too large is read all the same, up to a limit: only then does a function read what we say of it.
async fn read(mut body: Incoming) -> Sent {
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Sent::Part };
        let bytes = frame.into_data().unwrap_or_default();
        length += bytes.len();
        if length > READ_MAX {
            break;
        }
        if length <= BODY_MAX {
            kept.extend_from_slice(&bytes);
        }
    }
    if length > BODY_MAX { Sent::TooLarge } else { Sent::Whole(kept.into()) }
}

fn event(job: Job) -> Response<Full<Bytes>> {
    let mut response = Response::builder().header("content-type", "application/json");
    for (name, value) in job.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(job.event)).unwrap_or_default()
}

fn status(status: u16, kind: &str) -> Response<Full<Bytes>> {
    let body = match kind {
        "" => json!({ "status": "OK" }),
        kind => json!({ "errorType": kind, "errorMessage": kind }),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

/// An error as Lambda tells it, of what the function itself could not tell.
pub fn error(kind: &str, id: &str, text: &str) -> Vec<u8> {
    let message = format!("RequestId: {id} Error: {text}");
    json!({ "errorType": kind, "errorMessage": message }).to_string().into_bytes()
}

/// Why a process ended, in Lambda's words.
pub fn reason(status: Option<ExitStatus>) -> String {
    let code = status.and_then(|it| it.code());
    match (code, status.and_then(|it| it.signal())) {
        (Some(0), _) | (None, None) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(11)) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
    }
}

#[cfg(test)]
mod tests;
