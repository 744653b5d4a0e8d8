//! From an image reference to the digest that Lambda should run.

use std::time::Duration;

use super::spec::Spec;
use crate::engine::{
    diff::{Hold, Said},
    facts::{Digest, Fact, FactKey, Facts, ImageFact},
};

/// What Lambda should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The manifest for the function's architecture.
    pub(super) digest: Digest,
    /// `registry/repository@sha256:…`.
    pub(super) uri: String,
}

/// The digest that the spec's image means now, or what has to happen first.
pub(super) fn resolve(spec: &Spec, facts: &Facts) -> Result<Resolved, Hold> {
    let key = FactKey::Image(spec.image.reference.clone());
    let hold = |reason, message: String, soon| Hold {
        said: Said::new(reason, message),
        on: Some(key.clone()),
        recheck: None,
        soon,
    };
    let reference = &spec.image.reference;
    let digest = match facts.get(&key) {
        None => {
            let message = format!("image {reference} has not been looked up yet");
            return Err(hold("ImageUnknown", message, true));
        }
        Some(Fact::Image(ImageFact::Missing(why))) => {
            let message = format!("waiting for image {reference}: {why}");
            return Err(hold("ImageMissing", message, false));
        }
        Some(Fact::Image(ImageFact::Unreadable(why))) => {
            let message = format!("image {reference} cannot be looked up: {why}");
            return Err(hold("ImageUnreadable", message, false));
        }
        Some(Fact::Image(ImageFact::Unusable(why))) => {
            let message = format!("image {reference} cannot run on Lambda: {why}");
            return Err(hold("ImageUnusable", message, false));
        }
        Some(Fact::Image(ImageFact::Single(digest))) => digest,
        Some(Fact::Image(ImageFact::Index(children))) => {
            let platform = platform(&spec.architecture);
            children.get(platform).ok_or_else(|| {
                let there: Vec<&str> = children.keys().map(String::as_str).collect();
                let message = format!(
                    "image {reference} has no manifest for linux/{platform}, which `architectures: \
                     [{}]` needs; it has {}",
                    spec.architecture,
                    there.join(", ")
                );
                hold("ImageUnusable", message, false)
            })?
        }
    };
    let uri = format!("{}@{digest}", spec.image.repository);
    Ok(Resolved { digest: digest.clone(), uri })
}

/// OCI's word for one of Lambda's architectures.
fn platform(architecture: &str) -> &'static str {
    if architecture == "arm64" { "arm64" } else { "amd64" }
}

/// How soon to look again while Lambda finishes something: its own waiters ask every second; a few
/// seconds do, since nothing hangs on the moment.
pub(super) const BUSY_RECHECK: Duration = Duration::from_secs(2);
