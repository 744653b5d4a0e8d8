//! The Lambda runtime API (2018-06-01) of one environment: the function asks for the next event, and says what came
//! of it ("Using the Lambda runtime API for custom runtimes", Lambda developer guide).
//!
//! A [`Desk`] holds one event at a time; [`serve`] answers a function that finds the address in
//! `AWS_LAMBDA_RUNTIME_API`. Starting it, and what it prints, are others' business.

use std::{
    convert::Infallible,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::JoinSet,
};

/// The largest response: Lambda's own limit, with what it adds.
const BODY_MAX: usize = (6 << 20) + 100;
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
pub enum Said {
    /// It asks for the next event.
    Ready,
    /// Its answer.
    Response(Bytes),
    /// That it failed; with the type that its header names.
    Error(Option<String>, Bytes),
    /// That it cannot start.
    InitError(Option<String>, Bytes),
}

/// Where events lie until they are fetched.
#[derive(Debug)]
pub struct Desk {
    job: Mutex<Option<Job>>,
    /// The event that is being worked on.
    current: Mutex<Option<String>>,
    laid: Notify,
    said: mpsc::Sender<Said>,
}

impl Desk {
    /// An empty one. What the function says goes to `said`.
    pub fn new(said: mpsc::Sender<Said>) -> Self {
        Self { job: None.into(), current: None.into(), laid: Notify::new(), said }
    }

    /// Lays an event out, in the place of one that nobody fetched.
    pub fn lay(&self, job: Job) {
        *lock(&self.job) = Some(job);
        self.laid.notify_one();
    }

    async fn fetch(&self) -> Job {
        loop {
            let laid = self.laid.notified();
            if let Some(job) = lock(&self.job).take() {
                *lock(&self.current) = Some(job.id.clone());
                return job;
            }
            laid.await;
        }
    }

    /// Whether an answer is to the event that is being worked on. It is answered once.
    fn settles(&self, id: &str) -> bool {
        let mut current = lock(&self.current);
        let is = current.as_deref() == Some(id);
        if is {
            *current = None;
        }
        is
    }
}

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                let desk = Arc::clone(&desk);
                let service = service_fn(move |request| {
                    let desk = Arc::clone(&desk);
                    async move { Ok::<_, Infallible>(answer(request, &desk).await) }
                });
                connections.spawn(async move {
                    stream.set_nodelay(true).ok();
                    // A function that is gone needs no answer.
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(request: Request<Incoming>, desk: &Desk) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(BASE).unwrap_or_default().to_owned();
    if head.method == http::Method::GET && path == "/invocation/next" {
        desk.said.send(Said::Ready).await.ok();
        return event(desk.fetch().await);
    }
    let kind = head.headers.get("lambda-runtime-function-error-type");
    let kind = kind.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        return status(413, "RequestEntityTooLarge");
    };
    let body = body.to_bytes();
    if path == "/init/error" {
        desk.said.send(Said::InitError(kind, body)).await.ok();
        return status(202, "");
    }
    let Some((id, what)) = path.strip_prefix("/invocation/").and_then(|it| it.split_once('/'))
    else {
        return status(404, "NotFound");
    };
    let said = match what {
        "response" => Said::Response(body),
        "error" => Said::Error(kind, body),
        _ => return status(404, "NotFound"),
    };
    if !desk.settles(id) {
        return status(400, "InvalidRequestID");
    }
    desk.said.send(said).await.ok();
    status(202, "")
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
