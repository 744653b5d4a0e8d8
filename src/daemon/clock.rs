//! The machine's clocks. The only place that reads them.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::engine::time::{Clock, Mono, Now};

/// The clocks of this machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    fn now(&self) -> Now {
        Now { mono: Mono(self.start.elapsed()), wall: Timestamp::now() }
    }
}

/// A clock that runs faster than the machine's: all waiting is as much shorter. For a stand-in whose own
/// clock is hurried as well.
#[derive(Debug, Clone, Copy)]
pub struct HurriedClock {
    began: Timestamp,
    start: Instant,
    scale: f64,
}

impl HurriedClock {
    /// Starts counting, so many times as fast.
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn start(scale: f64) -> Self {
        Self { began: Timestamp::now(), start: Instant::now(), scale }
    }
}

impl Clock for HurriedClock {
    fn now(&self) -> Now {
        let passed = self.start.elapsed().mul_f64(self.scale);
        let wall = self.began.checked_add(SignedDuration::try_from(passed).unwrap_or_default());
        Now { mono: Mono(passed), wall: wall.unwrap_or(self.began) }
    }

    fn real(&self, wait: Duration) -> Duration {
        wait.div_f64(self.scale)
    }
}
