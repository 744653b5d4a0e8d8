//! HTTP: metrics and probes for machines, the API, and pages for people. Nothing can be changed through it; one route
//! causes reads.

mod api;
mod context;
mod error;
pub mod host;
mod metrics;
pub mod openapi;
mod page;
mod refresh;
mod serve;
mod stream;

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};

use self::{
    context::{AppState, RefreshAccess},
    host::OwnHosts,
    serve::RequestGate,
};
pub(crate) use self::{
    context::{HttpOptions, ServerContext},
    refresh::REQUEST_HEADER,
};
use super::health;

/// Serves metrics, probes, the API and pages on a listener, until told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    context: ServerContext,
    serving: HttpOptions,
    stop: watch::Receiver<bool>,
) {
    let metrics = metrics::MetricsEndpoint::new(&context, serving.detail);
    let is_loopback = listener.local_addr().is_ok_and(|it| it.ip().is_loopback());
    let access = if is_loopback || serving.allow_refresh {
        RefreshAccess::Open
    } else {
        RefreshAccess::Closed
    };
    let gate =
        RequestGate::new(OwnHosts { allowed: serving.allowed_hosts }, Arc::clone(&context.metrics));
    let state = AppState::new(&context, access, stop.clone());
    let router = Router::new()
        .route("/metrics", get(metrics::metrics).with_state(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .with_state(context)
        .merge(openapi::router(state.clone()))
        .merge(page::router(state));
    serve::serve(listener, router, gate, stop).await;
}

/// Alive is who makes progress, not who answers.
async fn livez(State(context): State<ServerContext>) -> (StatusCode, String) {
    let now = context.clock.now().mono;
    verdict(&context.board.read(|shown| health::stuck(shown, now)))
}

async fn readyz(State(context): State<ServerContext>) -> (StatusCode, String) {
    verdict(&context.board.read(|shown| health::missing(shown, context.engines)))
}

/// 200, or 503 with everything that is wrong.
fn verdict(wrong: &[String]) -> (StatusCode, String) {
    if wrong.is_empty() {
        (StatusCode::OK, "ok\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, wrong.concat())
    }
}
