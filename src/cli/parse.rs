//! Values on the command line.

use std::time::Duration;

use jiff::Timestamp;

use crate::engine::{status::Status, time};

/// The greatest hold by tag, as it is written.
const HOLD_MAX: Duration = Duration::from_hours(24);

/// `90s`, `2m`, `500ms`: digits and a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let hint = || format!("`{text}` is no time; write it as 500ms, 30s, 10m or 2h");
    time::duration(text).ok_or_else(hint)
}

pub(super) fn resync(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    let good = (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&time);
    if good { Ok(time) } else { Err(format!("`{text}` is not between 1s and 1h")) }
}

pub(super) fn grace(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    let good = (Duration::from_mins(1)..=Duration::from_hours(24)).contains(&time);
    if good { Ok(time) } else { Err(format!("`{text}` is not between 1m and 24h")) }
}

/// The address of a running Evenkeel. Without a scheme it is `http`, which is all that Evenkeel serves.
pub(super) fn url(text: &str) -> Result<String, String> {
    let bare = !text.contains("://");
    let whole = if bare { format!("http://{text}") } else { text.to_owned() };
    let rest = whole.strip_prefix("http://").or_else(|| whole.strip_prefix("https://"));
    let host = rest.and_then(|it| it.split('/').next()).unwrap_or_default();
    let good = !host.is_empty() && !host.starts_with(':') && !host.contains(char::is_whitespace);
    if good {
        Ok(whole)
    } else {
        Err(format!("`{text}` is no address of an Evenkeel; write it as http://127.0.0.1:9809"))
    }
}

/// A field below `spec`.
pub(super) fn pointer(text: &str) -> Result<String, String> {
    let good = text.starts_with('/') && text.len() > 1 && !text.ends_with('/');
    if good {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no field; write it as `plan` does: /memorySize"))
    }
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|it| (0.01..=1.0).contains(it));
    share.ok_or_else(|| format!("`{text}` is not between 0.01 and 1"))
}

pub(super) fn audit_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|it| (0.01..=0.9).contains(it));
    share.ok_or_else(|| format!("`{text}` is not between 0.01 and 0.9"))
}

pub(super) fn account_id(text: &str) -> Result<String, String> {
    let good = text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
    if good { Ok(text.into()) } else { Err("an account id has twelve digits".into()) }
}

/// `eu-central-1`.
pub(super) fn region(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = !text.is_empty() && text.chars().all(plain);
    if good {
        Ok(text.into())
    } else {
        Err(format!("`{text}` is no Region, as `eu-central-1` is one"))
    }
}

pub(super) fn hold(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    let good = (Duration::from_secs(1)..=HOLD_MAX).contains(&time);
    if good { Ok(time) } else { Err(format!("`{text}` is not between 1s and 24h")) }
}

/// `team=imaging`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let pair = pair.ok_or_else(|| format!("`{text}` is no label; write it as team=imaging"))?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

pub(super) fn hash(text: &str) -> Result<String, String> {
    let good = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
    let text = text.to_ascii_lowercase();
    if good { Ok(text) } else { Err("a hash has 16 hex digits, as `plan` shows it".into()) }
}

/// A status of an object.
pub(super) fn status(text: &str) -> Result<Status, String> {
    let found = Status::ALL.into_iter().find(|it| it.as_str() == text);
    let words = Status::ALL.map(Status::as_str).join(", ");
    found.ok_or_else(|| format!("it is one of {words}"))
}

/// What a registry takes as a tag.
pub(super) fn tag(text: &str) -> Result<String, String> {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let good = text.len() <= 128
        && text.starts_with(first)
        && text.chars().all(|c| first(c) || c == '.' || c == '-');
    let hint =
        || format!("`{text}` is no tag; use 1 to 128 of A-Za-z0-9_.- and begin with none of .-");
    good.then(|| text.to_owned()).ok_or_else(hint)
}

/// A moment, or how long before now it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogTime {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl LogTime {
    /// The moment, in ms since 1970.
    pub(super) fn millis(self, now: Timestamp) -> i64 {
        let at = match self {
            Self::Ago(time) => now.checked_sub(time).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::At(at) => at,
        };
        at.as_millisecond().max(0)
    }
}

/// `2h`, `7d`, or `2026-11-25T10:00:00Z`.
pub(super) fn when(text: &str) -> Result<LogTime, String> {
    let days = text.strip_suffix('d').and_then(|it| it.parse::<u32>().ok());
    let days = days.map(|it| Duration::from_hours(24) * it);
    let ago = days.or_else(|| time::duration(text)).map(LogTime::Ago);
    let hint =
        || format!("`{text}` is no time; write it as 90s, 10m, 2h, 7d or 2026-11-25T10:00:00Z");
    ago.or_else(|| text.parse().ok().map(LogTime::At)).ok_or_else(hint)
}

/// `7`, or `$LATEST`.
pub(super) fn version(text: &str) -> Result<String, String> {
    let number = !text.is_empty() && text.len() <= 18 && text.bytes().all(|it| it.is_ascii_digit());
    let hint = || format!("`{text}` is no version; write a number, or '$LATEST' in quotes");
    (number || text == "$LATEST").then(|| text.to_owned()).ok_or_else(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_scheme_is_one_of_http() {
        assert_eq!(url("localhost:9809"), Ok("http://localhost:9809".into()));
        assert_eq!(url("127.0.0.1:9809/"), Ok("http://127.0.0.1:9809/".into()));
        assert_eq!(url("https://evenkeel.example.com"), Ok("https://evenkeel.example.com".into()));
        for bad in ["", ":9809", "http://", "ftp://localhost", "a b"] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for bad in ["", "s", "10", "-1s", "1d", "1 s", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(hold("24h").is_ok() && hold("25h").is_err() && hold("0s").is_err());
        assert!(resync("1s").is_ok() && resync("999ms").is_err() && resync("2h").is_err());
        assert!(audit_share("0.9").is_ok() && audit_share("1").is_err());
        assert!(share("1").is_ok() && share("0").is_err() && share("NaN").is_err());
    }

    #[test]
    fn moments_and_versions_are_read() {
        let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        let millis = |text: &str| when(text).map(|it| it.millis(now) - now.as_millisecond());
        assert_eq!(millis("90s"), Ok(-90_000));
        assert_eq!(millis("2d"), Ok(-172_800_000));
        assert_eq!(millis("2026-11-25T11:00:00+02:00"), Ok(-3_600_000));
        assert_eq!(when("4294967295d").map(|it| it.millis(now)), Ok(0));
        assert!(when("yesterday").is_err() && when("d").is_err() && when("").is_err());
        assert!(version("7").is_ok() && version("$LATEST").is_ok());
        assert!(version("").is_err() && version("live").is_err());
    }

    #[test]
    fn labels_and_hashes_are_read() {
        assert_eq!(label("team=a=b"), Ok(("team".into(), "a=b".into())));
        assert!(label("team").is_err() && label("=x").is_err());
        assert_eq!(hash("0123456789ABCDEF").as_deref(), Ok("0123456789abcdef"));
        assert!(hash("0123").is_err() && hash("0123456789abcdeg").is_err());
    }
}
