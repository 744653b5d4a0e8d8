//! HTTP: metrics and probes for machines, the API, and pages for people. Read-only.

mod api;
mod metrics;
pub mod openapi;
mod page;
mod serve;
mod stream;

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use prometheus::Registry;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task, time,
};

use super::{
    board::Board,
    exposition::Detail,
    health,
    view::{View, Viewer},
};
use crate::engine::time::Clock;

/// What the handlers need.
#[derive(Clone)]
pub struct Shared {
    /// What pages and the API show.
    pub viewer: Arc<Viewer>,
    /// The rows.
    pub board: Arc<Board>,
    /// The metrics of what happened.
    pub registry: Registry,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many engines there should be.
    pub engines: usize,
}

/// Answers that are made at once, on threads of their own: two keep a core busy each, and the engines have the rest.
const MAKING_MAX: usize = 2;

/// What pages and the API are made of.
#[derive(Clone)]
struct Desk {
    viewer: Arc<Viewer>,
    making: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Streams end when it does.
    stop: watch::Receiver<bool>,
}

impl Desk {
    fn new(shared: &Shared, stop: watch::Receiver<bool>) -> Self {
        Self {
            viewer: Arc::clone(&shared.viewer),
            making: Arc::new(Semaphore::new(MAKING_MAX)),
            streams: Arc::new(Semaphore::new(stream::STREAMS_MAX)),
            stop,
        }
    }

    /// Makes an answer from what stands on the board, on a thread that nobody waits for.
    async fn make<T: Send + 'static>(
        &self,
        make: impl FnOnce(&Viewer, &View) -> T + Send + 'static,
    ) -> T {
        let asked = self.viewer.now();
        time::sleep(self.viewer.pause()).await;
        let turn = Arc::clone(&self.making).acquire_owned().await;
        let viewer = Arc::clone(&self.viewer);
        let answer = task::spawn_blocking(move || {
            let answer = make(&viewer, &viewer.view(asked));
            drop(turn);
            answer
        });
        match answer.await {
            Ok(answer) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Serves until told to stop.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    detail: Detail,
    stop: watch::Receiver<bool>,
) {
    let metrics = metrics::Metrics::new(&shared, detail);
    let desk = Desk::new(&shared, stop.clone());
    let router = Router::new()
        .route("/metrics", get(metrics::metrics).with_state(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(shared)
        .merge(openapi::router(desk.clone()))
        .merge(page::router(desk));
    serve::serve(listener, router, stop).await;
}

/// Alive is who makes progress, not who answers.
async fn livez(State(shared): State<Shared>) -> (StatusCode, String) {
    let now = shared.clock.now().mono;
    verdict(&shared.board.read(|shown| health::stuck(shown, now)))
}

async fn readyz(State(shared): State<Shared>) -> (StatusCode, String) {
    verdict(&shared.board.read(|shown| health::missing(shown, shared.engines)))
}

/// 200, or 503 with everything that is wrong.
fn verdict(wrong: &[String]) -> (StatusCode, String) {
    if wrong.is_empty() {
        (StatusCode::OK, "ok\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, wrong.concat())
    }
}
