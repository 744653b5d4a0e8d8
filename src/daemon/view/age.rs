//! Times for people.

use jiff::Timestamp;

/// How long ago something was, in the one unit that says it best, as `10m`.
pub(crate) fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_one_unit() {
        let now: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
        let age = |at: &str| age(at.parse().unwrap(), now);
        assert_eq!(age("2026-11-01T23:59:30Z"), "30s");
        assert_eq!(age("2026-11-01T23:50:00Z"), "10m");
        assert_eq!(age("2026-11-01T00:00:00Z"), "24h");
        assert_eq!(age("2026-10-01T00:00:00Z"), "32d");
        assert_eq!(age("2026-11-02T00:00:09Z"), "0s");
    }
}
