//! HTTP for machines: metrics, probes, and rows as JSON. Read-only.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Encoder as _, Registry, TextEncoder};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch};

use super::{api, board::Board, exposition::Exposition, stop::stopped};
use crate::engine::time::Clock;

/// A driver whose loop has not gone round for this long hangs: it does so every ten seconds.
const BEAT_MAX: Duration = Duration::from_mins(1);

/// What the handlers need.
#[derive(Clone)]
pub struct Shared {
    /// The rows.
    pub board: Arc<Board>,
    /// The metrics of what happened.
    pub registry: Registry,
    /// The metrics of what is.
    pub exposition: Arc<Exposition>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many engines there should be.
    pub engines: usize,
}

/// Serves until told to stop.
pub async fn serve(
    listener: TcpListener,
    shared: Shared,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/api/v1/objects", get(objects))
        .route("/api/v1/objects/{*key}", get(object))
        .with_state(shared);
    let ended = async move { stopped(&mut stop).await };
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let mut text = shared.exposition.text().into_bytes();
    let encoder = TextEncoder::new();
    match encoder.encode(&shared.registry.gather(), &mut text) {
        Ok(()) => {
            ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Alive is who makes progress, not who answers.
async fn livez(State(shared): State<Shared>) -> (StatusCode, String) {
    let now = shared.clock.now().mono;
    let stuck: Vec<String> = shared.board.read(|shown| {
        let late = shown.engines.iter().filter(|(_, it)| now.since(it.beat) > BEAT_MAX);
        late.map(|((target, kind), _)| format!("{target}/{kind} has stopped going round\n"))
            .collect()
    });
    verdict(&stuck)
}

/// Ready is who has read the manifests, and AWS once, wherever it is not on hold.
async fn readyz(State(shared): State<Shared>) -> (StatusCode, String) {
    let missing = shared.board.read(|shown| {
        let mut missing = Vec::new();
        if shown.source.snapshot.is_none() {
            missing.push("the manifests have not been read\n".to_owned());
        }
        missing.extend(shown.source.error.iter().map(|it| format!("source: {it}\n")));
        let paused = |target| shown.targets.get(target).is_none_or(Option::is_some);
        let late =
            shown.engines.iter().filter(|((target, _), it)| !it.summary.listed && !paused(target));
        missing
            .extend(late.map(|((target, kind), _)| format!("{target}/{kind} is not listed yet\n")));
        if shown.targets.is_empty() || shown.targets.values().all(Option::is_some) {
            missing.push("every target is on hold\n".to_owned());
        }
        if shown.engines.len() < shared.engines {
            missing.push("not every engine has started\n".to_owned());
        }
        missing
    });
    verdict(&missing)
}

/// 200, or 503 with everything that is wrong.
fn verdict(wrong: &[String]) -> (StatusCode, String) {
    if wrong.is_empty() {
        (StatusCode::OK, "ok\n".into())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, wrong.concat())
    }
}

async fn objects(State(shared): State<Shared>) -> Response {
    Json(shared.board.read(api::objects)).into_response()
}

async fn object(State(shared): State<Shared>, Path(key): Path<String>) -> Response {
    let row = shared
        .board
        .read(|shown| shown.rows.values().find(|row| row.key.to_string() == key).map(Arc::clone));
    if let Some(row) = row {
        return Json(json!(*row)).into_response();
    }
    let text = json!({ "error": format!("there is no object `{key}`") });
    (StatusCode::NOT_FOUND, Json(text)).into_response()
}
