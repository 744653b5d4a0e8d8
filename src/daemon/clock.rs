//! The machine's clocks. The only place that reads them.

use std::time::Instant;

use jiff::Timestamp;

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
