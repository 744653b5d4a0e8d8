//! The signal to stop.

use tokio::sync::watch;

/// Resolves once the daemon is told to stop, or nobody is left who could tell it.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let ended = stop.wait_for(|stop| *stop).await.is_err();
    if ended {
        tracing::debug!("stopping, since nobody is left to say so");
    }
}
