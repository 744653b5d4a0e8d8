//! News in the log and in the counters: one line for each change, by who must act.

use tracing::{error, info, warn};

use super::metrics::Metrics;
use crate::{
    engine::{kind::Kind as _, name::Key, status::Status, work::News},
    kinds::{document_of, image::Image},
};

/// Writes one piece of news down.
pub(super) fn tell(key: &Key, news: &News, metrics: &Metrics) {
    match news {
        // Images are only a means; the functions that wait for them say so.
        News::Turned { .. } if key.kind == Image::NAME => {}
        News::Turned { from, to, said } => turned(key, (*from, *to), said.reason, &said.message),
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

fn turned(key: &Key, (from, to): (Status, Status), reason: &str, message: &str) {
    let (from, to) = (from.as_str(), to);
    match to {
        Status::Refused | Status::Failed => {
            error!(%key, from, status = to.as_str(), reason, because = message, "needs a person");
        }
        Status::Synced | Status::Suspended => {
            info!(%key, from, status = to.as_str(), reason, because = message, "status");
        }
        Status::Pending | Status::Drifted | Status::Progressing | Status::Unknown => {
            tracing::debug!(%key, from, status = to.as_str(), reason, because = message, "status");
        }
    }
}
