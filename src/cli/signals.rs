//! The signals that a command listens to.

use tokio::signal::unix::{SignalKind, signal};

use super::error::DaemonError;

/// The signals that mean something.
pub(super) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

/// What one of them means.
pub(super) enum Signal {
    /// End; the signal's name.
    Stop(&'static str),
    /// Read the manifests again.
    Reload,
}

impl Signals {
    /// Listens from now on: none of these signals ends the process by itself any more.
    pub(super) fn new() -> Result<Self, DaemonError> {
        let on = |kind| signal(kind).map_err(DaemonError::Signals);
        Ok(Self {
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
            hup: on(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Stop("SIGTERM"),
            _ = self.int.recv() => Signal::Stop("SIGINT"),
            _ = self.hup.recv() => Signal::Reload,
        }
    }

    /// The next one that means an end.
    pub(super) async fn stop(&mut self) {
        while let Signal::Reload = self.next().await {}
    }
}
