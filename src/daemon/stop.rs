//! The signal to stop.

use tokio::sync::watch;

/// Resolves once the daemon is told to stop, or nobody is left who could tell it.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let ended = stop.wait_for(|stop| *stop).await.is_err();
    if ended {
        tracing::debug!("stopping, since nobody is left to say so");
    }
}

/// Whether long work that blocks should end: it asks between its steps. By default it never should.
#[derive(Debug, Clone, Default)]
pub(super) struct Cancel(Option<watch::Receiver<bool>>);

impl Cancel {
    /// With this signal, as [`stopped`] reads it.
    pub(super) fn on(stop: watch::Receiver<bool>) -> Self {
        Self(Some(stop))
    }

    /// Whether the daemon is told to stop, or nobody is left who could tell it.
    pub(super) fn is_cancelled(&self) -> bool {
        self.0.as_ref().is_some_and(|it| *it.borrow() || it.has_changed().is_err())
    }
}
