//! What systemd is told where it asks for it (`Type=notify`): that we are there, that we make progress, and in a
//! word how things stand. Elsewhere nobody is told anything.

use std::{sync::Arc, time::Duration};

use sd_notify::NotifyState;
use tokio::{sync::watch, time};

use super::{board::Board, health, objects::documents, stop::stopped};
use crate::engine::{status::Status, time::Clock};

/// How often, unless the watchdog wants to hear of us more often.
const EVERY: Duration = Duration::from_secs(10);

/// No watchdog is fed more often.
const OFTEN: Duration = Duration::from_millis(100);

/// Tells systemd that the daemon is ready, then how things stand, at regular intervals until told
/// to stop. The watchdog is fed only while no engine is stuck.
pub(super) async fn report(
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    mut stop: watch::Receiver<bool>,
) {
    let mut patience = 0;
    let watched = sd_notify::watchdog_enabled(false, &mut patience);
    // Twice as often as it would act, says sd_watchdog_enabled(3).
    let half = Duration::from_micros(patience / 2).clamp(OFTEN, EVERY);
    let every = if watched { half } else { EVERY };
    send(&[NotifyState::Ready]);
    loop {
        let (stuck, words) = board.read(|shown| {
            let stuck = health::stuck(shown, clock.now().mono);
            let all = documents(shown);
            let synced = all.iter().filter(|it| it.status == Status::Synced).count();
            let words = format!("{synced} of {} in sync", all.len());
            (stuck, words)
        });
        // Who answers is not alive yet: who makes progress is.
        if stuck.is_empty() {
            send(&[NotifyState::Watchdog, NotifyState::Status(&words)]);
        } else {
            // One line: systemd reads each as an assignment.
            send(&[NotifyState::Status(&stuck.concat().trim_end().replace('\n', "; "))]);
        }
        tokio::select! {
            () = time::sleep(every) => {}
            () = stopped(&mut stop) => break,
        }
    }
    send(&[NotifyState::Stopping]);
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
