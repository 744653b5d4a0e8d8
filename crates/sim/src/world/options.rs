//! How a stand-in is set up.

use std::time::Duration;

use jiff::Timestamp;

use crate::lambda::Lags;

/// How the stand-in is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// What all chance comes from.
    pub seed: u64,
    /// How much faster its clock runs: lags, quotas and the time of faults.
    pub time_scale: f64,
    /// Whether AWS's rates hold.
    pub quotas: bool,
    /// How long what is accepted takes.
    pub lags: Lags,
    /// What every call takes.
    pub latency: Duration,
    /// The date at the start.
    pub start: Timestamp,
    /// Whether an invocation runs the image's own entrypoint, if the image was pushed with its layers: code of whoever
    /// pushed it, with the rights of this user.
    pub run_images: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            time_scale: 1.0,
            quotas: true,
            lags: Lags::default(),
            latency: Duration::ZERO,
            start: Timestamp::UNIX_EPOCH,
            run_images: false,
        }
    }
}
