//! News in the log and in the counters: one line for each change, by who must act.

use tracing::{error, info, warn};

use super::metrics::Metrics;
use crate::{
    engine::{diff::Said, kind::Kind as _, name::Key, status::Status, work::News},
    kinds::{document_of, image::Image},
};

/// Writes one piece of news down.
pub(super) fn tell(key: &Key, news: &News, metrics: &Metrics) {
    match news {
        // Images are only a means; the functions that wait for them say so.
        News::Turned { .. } if key.kind == Image::NAME => {}
        News::Turned { from, to, said, busy } => turned(key, (*from, *to), said, *busy),
        News::Drifted(cause, delay) => {
            metrics.drifted(document_of(key.kind, &key.name).0, *cause, *delay);
            warn!(%key, cause = cause.as_str(), "drifted");
        }
        News::Corrected(cause, outcome) => {
            metrics.corrected(document_of(key.kind, &key.name).0, *cause, *outcome);
            info!(%key, cause = cause.as_str(), result = outcome.as_str(), "drift ended");
        }
        News::Orphaned => {
            warn!(%key, "ours, and no manifest asks for it any more");
        }
        News::Buried(was) => {
            warn!(%key, was, "deleting it; this is what it was");
        }
        News::Halted { waiting, because } => {
            error!(%key, waiting, because, "an update of many has stopped");
        }
        News::Broken { drifted, because } => {
            let target = &key.target;
            error!(%target, kind = key.kind, drifted, because, "mass drift: writing has stopped");
        }
    }
}

/// Once for each state and reason: who must act, why something waits, or that all is well.
fn turned(key: &Key, (from, to): (Status, Status), said: &Said, busy: bool) {
    let (from, status) = (from.as_str(), to.as_str());
    let Said { reason, message: because } = said;
    match to {
        Status::Refused | Status::Failed => {
            error!(%key, from, status, reason, because, "needs a person");
        }
        Status::Pending | Status::Drifted if !busy => {
            info!(%key, from, status, reason, because, "waiting");
        }
        Status::Synced | Status::Suspended => {
            info!(%key, from, status, reason, because, "status");
        }
        Status::Pending | Status::Drifted | Status::Progressing | Status::Unknown => {
            tracing::debug!(%key, from, status, reason, because, "status");
        }
    }
}
