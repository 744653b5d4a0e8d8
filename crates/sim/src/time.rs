//! Moments: how long ago the stand-in began, by its own, perhaps hurried, clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A moment, counted from the start.
pub type Moment = Duration;

/// Its date, for those who read answers.
pub(crate) fn date(start: Timestamp, now: Moment) -> Timestamp {
    let passed = SignedDuration::try_from(now).unwrap_or(SignedDuration::ZERO);
    start.checked_add(passed).unwrap_or(start)
}

/// As Lambda writes it: `2026-01-31T10:11:12.123+0000`.
pub(crate) fn lambda(date: Timestamp) -> String {
    date.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// As the JSON services write it: seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double")]
pub(crate) fn seconds(date: Timestamp) -> f64 {
    date.as_millisecond() as f64 / 1000.0
}
