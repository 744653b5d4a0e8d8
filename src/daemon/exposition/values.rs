//! Values of samples.

use jiff::Timestamp;

pub(super) fn flag(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

#[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
pub(super) fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps are far below 2^52")]
pub(super) fn total(number: u64) -> f64 {
    number as f64
}

/// Seconds since 1970; 0 for never.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
pub(super) fn seconds(at: Option<Timestamp>) -> f64 {
    at.map_or(0.0, |it| it.as_millisecond() as f64 / 1000.0)
}
