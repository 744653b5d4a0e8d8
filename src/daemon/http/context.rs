//! What the handlers share.

use std::{collections::BTreeSet, sync::Arc};

use tokio::{
    sync::{Semaphore, watch},
    task, time,
};

use super::host::HostName;
use crate::{
    daemon::{
        board::Board,
        exposition::MetricsDetail,
        metrics::Metrics,
        refresh::RefreshQueue,
        view::{View, Viewer},
    },
    engine::time::Clock,
};

/// Streams at once.
const STREAMS_MAX: usize = 64;
/// Answers that are rendered at once, on threads of their own: two keep a core busy each, and the engines have the rest.
const RENDERING_MAX: usize = 2;

/// What the server reads.
#[derive(Clone)]
pub(crate) struct ServerContext {
    /// What pages and the API show.
    pub viewer: Arc<Viewer>,
    /// The rows.
    pub board: Arc<Board>,
    /// The metrics of what happened.
    pub metrics: Arc<Metrics>,
    /// Where people ask for reads.
    pub refresh_queue: Arc<RefreshQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How many engines there should be.
    pub engines: usize,
}

/// What the operator decides about the server.
pub(crate) struct HttpOptions {
    /// Which series there are.
    pub(crate) detail: MetricsDetail,
    /// Whether reads may be asked for though other machines can reach the port.
    pub(crate) allow_refresh: bool,
    /// Names, besides those of loopback, by which the server may be asked to do something.
    pub(crate) allowed_hosts: BTreeSet<HostName>,
}

/// Whether reads may be asked for over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshAccess {
    /// By whoever can reach the port and asks as a page of another site cannot.
    Open,
    /// By nobody, since other machines can reach the port and the operator has not said that they may.
    Closed,
}

/// What the handlers of pages and of the API share.
#[derive(Clone)]
pub(super) struct AppState {
    pub(super) viewer: Arc<Viewer>,
    rendering: Arc<Semaphore>,
    pub(super) streams: Arc<Semaphore>,
    pub(super) refresh_queue: Arc<RefreshQueue>,
    pub(super) refresh_access: RefreshAccess,
    pub(super) metrics: Arc<Metrics>,
    /// Streams end when it does.
    pub(super) stop: watch::Receiver<bool>,
}

impl AppState {
    pub(super) fn new(
        server: &ServerContext,
        refresh_access: RefreshAccess,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            viewer: Arc::clone(&server.viewer),
            rendering: Arc::new(Semaphore::new(RENDERING_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            refresh_queue: Arc::clone(&server.refresh_queue),
            refresh_access,
            metrics: Arc::clone(&server.metrics),
            stop,
        }
    }

    /// Renders an answer from a copy of the board that is no older than the request, on a thread
    /// that nobody waits for. At most [`RENDERING_MAX`] answers are rendered at once.
    pub(super) async fn render<T: Send + 'static>(
        &self,
        render: impl FnOnce(&Viewer, &View) -> T + Send + 'static,
    ) -> T {
        let asked = self.viewer.now();
        // Requests that come before the next copy may be made share it.
        time::sleep(self.viewer.pause()).await;
        let turn = Arc::clone(&self.rendering).acquire_owned().await;
        let viewer = Arc::clone(&self.viewer);
        let answer = task::spawn_blocking(move || {
            let answer = render(&viewer, &viewer.view(asked));
            drop(turn);
            answer
        });
        match answer.await {
            Ok(answer) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
