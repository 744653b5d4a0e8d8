//! Connections: how many there may be, and how long they may take. Whoever can reach the port may be anybody.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
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

use super::{
    error::ApiError,
    host::{IsOwnHost, OwnHosts, ReachedAddress},
};
use crate::daemon::{
    metrics::{Metrics, RefreshResult},
    stop::stopped,
};

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// Requests that are answered at once: a scrape of a large fleet takes tens of megabytes.
const REQUESTS_MAX: usize = 32;
/// How long a client may take for the head of a request.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take to begin.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long a connection may stay: whoever takes no answers would keep his for ever. Scrapers connect anew.
const CONNECTION_MAX: Duration = Duration::from_mins(10);
/// How much of a request is kept before it is read: its head, above all.
const BUFFER_MAX: usize = 16 * 1024;
/// How long connections may take to end when we stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// What is told to whoever asks for another host.
const FOREIGN_HOST: &str = "the header Host names none of this Evenkeel's own: ask it by localhost or by its own \
                            address, or start it with --allowed-host NAME";
/// How long to wait when the system has no more files to give.
const PAUSE: Duration = Duration::from_millis(100);

/// What every request has to pass.
pub(super) struct RequestGate {
    requests: Semaphore,
    hosts: OwnHosts,
    metrics: Arc<Metrics>,
}

impl RequestGate {
    pub(super) fn new(hosts: OwnHosts, metrics: Arc<Metrics>) -> Self {
        Self { requests: Semaphore::new(REQUESTS_MAX), hosts, metrics }
    }
}

/// Accepts connections until told to stop; those at work then get [`DRAIN_MAX`] to end.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    gate: RequestGate,
    mut stop: watch::Receiver<bool>,
) {
    let guard = axum::middleware::from_fn_with_state(Arc::new(gate), guard);
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
        let (service, reached) = (service.clone(), stream.local_addr().map(|it| it.ip()));
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            if let Ok(address) = reached {
                request.extensions_mut().insert(ReachedAddress(address));
            }
            service.call(request)
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tasks.spawn(async move {
            match time::timeout(CONNECTION_MAX, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection broke off"),
                Err(_) => tracing::debug!("a connection was open for too long"),
            }
            drop(permit);
        });
    }
    if time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        tracing::debug!("left connections that did not end");
    }
}

/// Waits until there is room for one more connection, then accepts the next one. The permit keeps
/// its room until it is dropped. A failure is tried again after [`PAUSE`].
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

/// Answers 503 if too many requests are at work or an answer takes too long to begin, and 403 to what may do something
/// and asks for a host that is not ours. Adds the security headers that an answer does not set itself.
async fn guard(
    State(gate): State<Arc<RequestGate>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let is_own = gate.hosts.check(&request);
    request.extensions_mut().insert(is_own);
    let mut answer = if is_own == IsOwnHost(false) && !request.method().is_safe() {
        gate.metrics.refresh(RefreshResult::Forbidden);
        ApiError::new(StatusCode::FORBIDDEN, FOREIGN_HOST).into_response()
    } else {
        let Ok(_permit) = gate.requests.try_acquire() else {
            let text = "too many requests at once\n";
            return Ok((StatusCode::SERVICE_UNAVAILABLE, text).into_response());
        };
        let late = |_| (StatusCode::SERVICE_UNAVAILABLE, "it took too long\n").into_response();
        time::timeout(ANSWER_MAX, next.run(request)).await.unwrap_or_else(late)
    };
    protect(answer.headers_mut());
    Ok(answer)
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::Notify,
    };

    use super::*;

    struct Server {
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        ended: tokio::task::JoinHandle<()>,
        open: Arc<Notify>,
    }

    impl Server {
        /// `/` answers at once, `/wait` when it is let.
        #[expect(clippy::disallowed_methods, reason = "the test waits for its end")]
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = watch::channel(false);
            let open = Arc::new(Notify::new());
            let door = Arc::clone(&open);
            let wait = move || async move {
                door.notified().await;
                "waited"
            };
            let router =
                Router::new().route("/", get(|| async { "hello" })).route("/wait", get(wait));
            let gate = RequestGate::new(OwnHosts::default(), Arc::new(Metrics::new().unwrap()));
            let ended = tokio::spawn(serve(listener, router, gate, stopped));
            Self { address, stop, ended, open }
        }

        async fn send(&self, request: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream
        }

        async fn ask(&self, request: &str) -> String {
            answer(self.send(request).await).await
        }
    }

    async fn answer(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // Whoever is refused in the middle of a request is cut off.
        stream.read_to_end(&mut text).await.ok();
        String::from_utf8(text).unwrap()
    }

    fn request(method: &str, path: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn it_is_read_only_and_says_how_answers_may_be_used() {
        let server = Server::start().await;
        let good = server.ask(&request("GET", "/")).await;
        assert!(good.starts_with("HTTP/1.1 200") && good.ends_with("hello"), "{good}");
        for header in ["nosniff", "no-store", "default-src 'none'", "no-referrer"] {
            assert!(good.contains(header), "{header}: {good}");
        }
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = server.ask(&request(method, "/")).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{method}: {answer}");
            let own = request(method, "/").replace("host: x", "host: localhost");
            let answer = server.ask(&own).await;
            assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let server = Server::start().await;
        let long = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(2 * BUFFER_MAX));
        let answer = server.ask(&long).await;
        assert!(!answer.contains("hello"), "{answer}");
        assert!(server.ask(&request("GET", "/")).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn too_many_requests_at_once_are_told_so_and_the_others_are_answered() {
        let server = Server::start().await;
        let mut waiting = Vec::new();
        for _ in 0..REQUESTS_MAX {
            waiting.push(server.send(&request("GET", "/wait")).await);
        }
        // They have all come in once one more is refused.
        while !server.ask(&request("GET", "/")).await.starts_with("HTTP/1.1 503") {}
        for stream in waiting {
            server.open.notify_one();
            assert!(answer(stream).await.ends_with("waited"));
        }
        assert!(server.ask(&request("GET", "/")).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn it_stops_though_a_client_keeps_its_connection() {
        let server = Server::start().await;
        let idle = TcpStream::connect(server.address).await.unwrap();
        let mut kept = server.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut first = [0; 12];
        kept.read_exact(&mut first).await.unwrap();
        server.stop.send_replace(true);
        server.ended.await.unwrap();
        drop((idle, kept));
    }
}
