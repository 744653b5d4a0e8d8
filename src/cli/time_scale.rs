//! How many times as fast the clock runs. Tests and benchmarks set it, against a stand-in on this machine whose clock
//! runs as fast; it is no flag, since nobody else may.

use std::sync::Arc;

use super::error::UsageError;
use crate::{
    daemon::clock::{HurriedClock, SystemClock},
    engine::time::Clock,
};

/// Reads it from the environment: help must not show it.
#[cfg(feature = "demo")]
pub(super) fn time_scale() -> Result<f64, UsageError> {
    std::env::var_os("EVENKEEL_TIME_SCALE").map_or(Ok(1.0), |it| parse(&it.to_string_lossy()))
}

/// What was built without the stand-in has the clock of this machine.
#[cfg(not(feature = "demo"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one needs it")]
pub(super) fn time_scale() -> Result<f64, UsageError> {
    Ok(1.0)
}

#[cfg(feature = "demo")]
fn parse(text: &str) -> Result<f64, UsageError> {
    let scale = text.parse().ok().filter(|it| (1.0..=1000.0).contains(it));
    scale.ok_or_else(|| UsageError::TimeScale { text: text.to_owned() })
}

/// The clock.
pub(super) fn clock() -> Result<Arc<dyn Clock>, UsageError> {
    Ok(match time_scale()? {
        1.0 => Arc::new(SystemClock::start()),
        scale => Arc::new(HurriedClock::start(scale)),
    })
}

#[cfg(all(test, feature = "demo"))]
mod tests {
    use super::*;

    #[test]
    fn scales_are_read() {
        assert_eq!(parse("50").ok(), Some(50.0));
        for bad in ["", "0.5", "1001", "NaN", "fast"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
