//! The Lambda runtime API (2018-06-01) of one environment: the function asks for the next event, and says what came
//! of it.

use std::{convert::Infallible, sync::Arc};

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

use super::lock;

/// The largest response: Lambda's own limit, with what it adds.
const BODY_MAX: usize = (6 << 20) + 100;
/// Below which all paths are.
const BASE: &str = "/2018-06-01/runtime";

/// One event for the function.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: String,
    /// What comes with it: names and values.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) event: Bytes,
}

/// What a function says.
#[derive(Debug)]
pub(super) enum Said {
    /// It asks for the next event.
    Ready,
    Response(Bytes),
    /// With the type that its header names.
    Error(Option<String>, Bytes),
    InitError(Option<String>, Bytes),
}

/// Where events lie until they are fetched.
#[derive(Debug)]
pub(super) struct Desk {
    job: std::sync::Mutex<Option<Job>>,
    /// The event that is being worked on.
    current: std::sync::Mutex<Option<String>>,
    laid: Notify,
    said: mpsc::Sender<Said>,
}

impl Desk {
    pub(super) fn new(said: mpsc::Sender<Said>) -> Self {
        Self { job: None.into(), current: None.into(), laid: Notify::new(), said }
    }

    pub(super) fn lay(&self, job: Job) {
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
pub(super) async fn serve(listener: TcpListener, desk: Arc<Desk>) {
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
