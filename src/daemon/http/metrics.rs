//! `/metrics`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use prometheus::{Encoder as _, Registry, TextEncoder};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, mpsc},
    task, time,
};

use super::context::ServerContext;
use crate::daemon::exposition::{Exposition, MetricsDetail};

/// What metrics are made of.
#[derive(Clone)]
pub(super) struct MetricsEndpoint {
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

impl MetricsEndpoint {
    pub(super) fn new(context: &ServerContext, detail: MetricsDetail) -> Self {
        let (board, clock) = (Arc::clone(&context.board), Arc::clone(&context.clock));
        Self {
            exposition: Arc::new(Exposition::new(board, clock, detail)),
            registry: context.metrics.registry.clone(),
            scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)),
        }
    }
}

/// Answers `/metrics` in pieces, as the client takes them: the whole answer of a large fleet would
/// be held in memory twice. A client that takes none for [`STALL_MAX`] is left. Then the body ends
/// with an error, so that nobody takes what came for all metrics.
pub(super) async fn metrics(State(endpoint): State<MetricsEndpoint>) -> Response {
    let Ok(permit) = Arc::clone(&endpoint.scrapes).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at once\n").into_response();
    };
    let encoder = TextEncoder::new();
    let happened = match encoder.encode_to_string(&endpoint.registry.gather()) {
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
        endpoint.exposition.write(&mut |text| give(Piece::Text(text)));
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
