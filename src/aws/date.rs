//! Dates as Lambda writes them.

use jiff::Timestamp;

/// `2026-01-31T10:11:12.123+0000`, or ISO 8601 as emulators write it.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let iso = text.strip_suffix("+0000").map_or_else(|| text.to_owned(), |it| format!("{it}Z"));
    iso.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_dates_are_read() {
        for text in ["2026-01-31T10:11:12.123+0000", "2026-01-31T10:11:12.123456789Z"] {
            assert!(timestamp(text).is_some(), "{text}");
        }
        assert_eq!(timestamp("yesterday"), None);
    }
}
