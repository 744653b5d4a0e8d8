//! Time as an argument. Only `daemon::clock` makes a [`Now`] from the machine's clocks.

use std::time::Duration;

use jiff::Timestamp;

/// A point on the monotonic clock, counted from the start of the process. It orders work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mono(pub Duration);

impl Mono {
    /// The point `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Both clocks at one moment. The wall clock is shown to people and compared with dates that people
/// wrote; it never orders work, because it jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// For waiting and ordering.
    pub mono: Mono,
    /// For showing.
    pub wall: Timestamp,
}

/// Reads a time as manifests write it: digits and a unit, as `90s`, `2m`, `500ms`, `2h`. `None` for
/// anything else.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis)
}

/// Something that tells the time: the machine's clocks, or a test's own.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks, now.
    fn now(&self) -> Now;

    /// How long a wait takes by the machine's clock. It is as long as that, unless the clock is hurried.
    fn real(&self, wait: Duration) -> Duration {
        wait
    }
}
