//! HTTP for machines: metrics, probes, and rows as JSON. Read-only.

mod serve;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use prometheus::{Encoder as _, Registry, TextEncoder};
use serde_json::json;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{Semaphore, mpsc, watch},
    task, time,
};

use super::{
    api,
    board::Board,
    exposition::{Detail, Exposition},
    health,
};
use crate::engine::time::Clock;

/// What the handlers need.
#[derive(Clone)]
pub struct Shared {
    /// The rows.
    pub board: Arc<Board>,
    /// The metrics of what happened.
    pub registry: Registry,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many engines there should be.
    pub engines: usize,
}

/// What metrics are made of.
#[derive(Clone)]
struct Pages {
    exposition: Arc<Exposition>,
    registry: Registry,
    scrapes: Arc<Semaphore>,
}

/// Scrapes at once: each holds a copy of what stands on the board.
const SCRAPES_MAX: usize = 8;
/// How long a client may take for a piece.
const STALL_MAX: Duration = Duration::from_secs(30);
/// How many pieces of an answer may wait for its client.
const PIECES_MAX: usize = 4;

/// Serves until told to stop.
pub async fn serve(
    listener: TcpListener,
    (shared, detail): (Shared, Detail),
    stop: watch::Receiver<bool>,
) {
    let exposition = Exposition::new(Arc::clone(&shared.board), Arc::clone(&shared.clock), detail);
    let pages = Pages {
        exposition: Arc::new(exposition),
        registry: shared.registry.clone(),
        scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)),
    };
    let router = Router::new()
        .route("/metrics", get(metrics).with_state(pages))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/api/v1/objects", get(objects))
        .route("/api/v1/objects/{*key}", get(object))
        .with_state(shared);
    serve::serve(listener, router, stop).await;
}

/// In pieces, as the client takes them: the whole of a large fleet's would be held in memory twice. Whoever does not
/// take them is left, and an answer that breaks off in the middle is no answer.
async fn metrics(State(pages): State<Pages>) -> Response {
    let Ok(permit) = Arc::clone(&pages.scrapes).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at once\n").into_response();
    };
    let encoder = TextEncoder::new();
    let happened = match encoder.encode_to_string(&pages.registry.gather()) {
        Ok(text) => text,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
    };
    let (pieces, taken) = mpsc::channel::<Piece>(PIECES_MAX);
    let runtime = Handle::current();
    task::spawn_blocking(move || {
        let give = |piece| {
            let sent = time::timeout(STALL_MAX, pieces.send(piece));
            matches!(runtime.block_on(sent), Ok(Ok(())))
        };
        pages.exposition.write(&mut |text| give(Piece::Text(text)));
        if give(Piece::Text(happened)) {
            give(Piece::End);
        }
        drop(permit);
    });
    let next = |taken: Option<mpsc::Receiver<Piece>>| async {
        let mut taken = taken?;
        match taken.recv().await {
            Some(Piece::Text(text)) => Some((Ok(text), Some(taken))),
            Some(Piece::End) => None,
            None => Some((Err(std::io::Error::other("it broke off")), None)),
        }
    };
    let body = Body::from_stream(stream::unfold(Some(taken), next));
    ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], body).into_response()
}

/// A part of an answer.
enum Piece {
    Text(String),
    /// There is no more.
    End,
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
