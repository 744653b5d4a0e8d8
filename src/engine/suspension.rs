//! Holding writes to one object by a tag on it, `evenkeel.dev/suspend`: for the person who has to change
//! something by hand, at night, without access to the manifests. Detection goes on.
//!
//! The value is a time, and after it, if one likes, the reason: `2026-12-01T04:00:00Z incident 4711`. No
//! hold by tag lasts longer than a day, so that none is forgotten. A value that cannot be read, or lies
//! further ahead, holds all the same, for a day from when it was first seen: another party meant to keep us off.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The longest hold by tag.
pub const HOLD_MAX: Duration = Duration::from_hours(24);
/// AWS's limit for a tag's value.
const VALUE_MAX: usize = 256;

/// A hold by tag that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// The tag's value.
    value: String,
    /// When this process first saw it.
    seen: Timestamp,
}

/// What a hold means now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveSuspension {
    /// When it ends by itself.
    pub until: Timestamp,
    /// In words.
    pub message: String,
}

impl Suspension {
    /// Takes in the tag's value of now; a value that was seen before keeps its time.
    pub fn renew(before: Option<Self>, value: Option<&String>, wall: Timestamp) -> Option<Self> {
        let value = value?;
        let same = before.filter(|it| it.value == *value);
        Some(same.unwrap_or_else(|| Self { value: value.clone(), seen: wall }))
    }

    /// Returns until when the hold lasts; `None` once it is over. A value that cannot be read, or
    /// that asks for more than a day, holds for a day from when this process first saw it.
    pub fn active(&self, wall: Timestamp) -> Option<ActiveSuspension> {
        let longest = SignedDuration::try_from(HOLD_MAX).unwrap_or_default();
        let end = self.seen.saturating_add(longest).unwrap_or(Timestamp::MAX);
        let (until, message) = match read(&self.value) {
            Ok((until, reason)) if until <= end => {
                (until, format!("suspended by its tag until {until}: {reason}"))
            }
            Ok((until, _)) => (
                end,
                format!(
                    "suspended by its tag until {end}: it says {until}, but no such hold lasts over a day"
                ),
            ),
            Err(why) => (end, format!("suspended by its tag until {end}, though {why}")),
        };
        (wall < until).then_some(ActiveSuspension { until, message })
    }
}

/// Why a suspension cannot be written into a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuspensionError {
    /// It is too short or too long.
    #[error("a hold lasts from 1s to 24h")]
    Length,
    /// The reason holds what no tag may.
    #[error("AWS allows no `{0}` in a tag; use letters, digits, spaces and _ . : / = + - @")]
    Character(char),
    /// The reason does not fit.
    #[error("the reason is too long: {VALUE_MAX} characters go into a tag, the time included")]
    Reason,
    /// There is no such time.
    #[error("the clock of this machine is off")]
    Clock,
}

/// Returns the value of the tag for a hold of the length `suspension`, from now on.
pub fn value(
    suspension: Duration,
    reason: &str,
    wall: Timestamp,
) -> Result<String, SuspensionError> {
    if suspension.is_zero() || suspension > HOLD_MAX {
        return Err(SuspensionError::Length);
    }
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    if let Some(c) = reason.chars().find(|c| !allowed(*c)) {
        return Err(SuspensionError::Character(c));
    }
    let until = SignedDuration::try_from(suspension).ok().and_then(|it| wall.checked_add(it).ok());
    let until = until.ok_or(SuspensionError::Clock)?;
    let text = format!("{} {}", until.strftime("%Y-%m-%dT%H:%M:%SZ"), reason.trim());
    if text.chars().count() > VALUE_MAX {
        return Err(SuspensionError::Reason);
    }
    Ok(text)
}

/// Splits the tag's value into its time and its reason; the error says why it cannot be read.
fn read(value: &str) -> Result<(Timestamp, &str), String> {
    let (time, reason) = value.trim().split_once(' ').unwrap_or((value.trim(), "no reason given"));
    let until = time.parse().map_err(|_| {
        let short: String = value.chars().take(60).collect();
        format!("`{short}` does not begin with a time as 2026-12-01T04:00:00Z")
    })?;
    Ok((until, reason.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn held(value: &str, seen: &str, now: &str) -> Option<String> {
        let suspension = Suspension::renew(None, Some(&value.to_owned()), at(seen))?;
        suspension.active(at(now)).map(|it| it.until.to_string())
    }

    #[test]
    fn a_hold_ends_when_it_says_and_after_a_day_at_the_latest() {
        let (noon, later) = ("2026-11-01T12:00:00Z", "2026-11-02T11:59:59Z");
        assert_eq!(held("2026-11-01T13:00:00Z why", noon, noon).unwrap(), "2026-11-01T13:00:00Z");
        assert_eq!(held("2026-11-01T13:00:00Z", noon, "2026-11-01T13:00:00Z"), None);
        for odd in ["2027-01-01T00:00:00Z", "until monday", ""] {
            assert_eq!(held(odd, noon, later).as_deref(), Some("2026-11-02T12:00:00Z"), "{odd}");
            assert_eq!(held(odd, noon, "2026-11-02T12:00:00Z"), None, "{odd}");
        }
    }

    #[test]
    fn a_new_value_begins_a_new_hold_and_an_old_one_does_not() {
        let (one, two) = ("x".to_owned(), "y".to_owned());
        let first = Suspension::renew(None, Some(&one), at("2026-11-01T12:00:00Z"));
        let same = Suspension::renew(first.clone(), Some(&one), at("2026-11-01T18:00:00Z"));
        assert_eq!(first, same);
        assert_ne!(same, Suspension::renew(same.clone(), Some(&two), at("2026-11-01T18:00:00Z")));
        assert_eq!(Suspension::renew(same, None, at("2026-11-01T18:00:00Z")), None);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let now = at("2026-11-01T12:00:00.123Z");
        let text = value(Duration::from_hours(2), "incident 4711", now).unwrap();
        assert_eq!(text, "2026-11-01T14:00:00Z incident 4711");
        assert_eq!(read(&text), Ok((at("2026-11-01T14:00:00Z"), "incident 4711")));
        assert!(value(Duration::from_hours(25), "x", now).is_err());
        assert!(value(Duration::ZERO, "x", now).is_err());
        assert!(value(HOLD_MAX, "what?", now).is_err());
        assert!(value(HOLD_MAX, &"x".repeat(256), now).is_err());
    }
}
