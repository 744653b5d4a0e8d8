//! Connections: how many there may be, and how long they may take. Whoever can reach the port may be anybody.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time,
};

use super::stop::stopped;

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// Requests that are answered at once: a scrape of a large fleet takes tens of megabytes.
const REQUESTS_MAX: usize = 32;
/// How long a client may take for the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take to begin.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How much of a request is kept: there are only paths and headers.
const BUFFER_MAX: usize = 16 * 1024;
/// How long connections may take to end when we stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more files to give.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until told to stop, then lets those end that are at work.
pub(super) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
    let guard = axum::middleware::from_fn_with_state(requests, guard);
    let service = TowerToHyperService::new(router.layer(guard));
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (graceful, mut tasks) = (GracefulShutdown::new(), JoinSet::new());
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            Some(_) = tasks.join_next() => continue,
            () = stopped(&mut stop) => break,
        };
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).max_buf_size(BUFFER_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
            drop(permit);
        });
    }
    if time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        tracing::debug!("left connections that did not end");
    }
}

/// The next connection, as soon as there is room for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let room = Arc::clone(connections).acquire_owned().await;
    let permit = room.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::debug!(%error, "could not accept a connection");
                time::sleep(PAUSE).await;
            }
        }
    }
}

/// Answers in time or not at all, and says how its answers may be used.
async fn guard(
    State(requests): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let Ok(_permit) = requests.try_acquire() else {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "too many requests at once\n").into_response());
    };
    let answer = time::timeout(ANSWER_MAX, next.run(request)).await;
    let late = |_| (StatusCode::SERVICE_UNAVAILABLE, "it took too long\n").into_response();
    let mut answer = answer.unwrap_or_else(late);
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    Ok(answer)
}
