//! What stands in an alias's description: which version it should lead to, how far a canary is, and which
//! version is held back. It is written by the very call that moves the alias, so that the two cannot part.

use std::fmt;

use jiff::Timestamp;

/// What our descriptions begin with.
const OURS: &str = "evenkeel ";
/// AWS's limit (Lambda API reference, UpdateAlias).
const LENGTH_MAX: usize = 256;

/// Why a version is held back that a person took back.
pub const BY_HAND: &str = "rolled back by hand";

/// A description.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReleaseNote {
    /// The version that callers should get.
    pub current: Option<u64>,
    /// The version that all callers got before.
    pub before: Option<u64>,
    /// The version that is on its way.
    pub rolling: Option<Rolling>,
    /// The version that must not get any callers.
    pub rejected: Option<RejectedVersion>,
}

/// A version on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// The version.
    pub version: u64,
    /// The percent of the calls that it gets.
    pub percent: u32,
    /// Since when.
    pub since: Timestamp,
}

/// A version that is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedVersion {
    /// The version.
    pub version: u64,
    /// Why, in words.
    pub why: String,
}

impl ReleaseNote {
    /// Whether a person has led callers back since `before`. Evenkeel itself takes callers only from a version on its
    /// way: the version that callers should get stays the same then.
    pub fn is_led_back(&self, before: &Self) -> bool {
        let Some(rejected) = &self.rejected else { return false };
        let first = rejected.why == BY_HAND && before.rejected.as_ref() != Some(rejected);
        let further = self.current.zip(before.current).is_some_and(|(now, before)| now < before);
        first || further
    }

    /// Reads an alias's description; `None` if it is not ours, or a value in it cannot be read.
    pub fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(OURS)?;
        let (words, why) = rest.split_once(" why=").unwrap_or((rest, ""));
        let mut note = Self::default();
        for word in words.split(' ') {
            let (key, value) = word.split_once('=')?;
            match key {
                "current" => note.current = Some(value.parse().ok()?),
                "before" => note.before = Some(value.parse().ok()?),
                "rolling" => note.rolling = Some(rolling(value)?),
                "held" => {
                    let version = value.parse().ok()?;
                    note.rejected = Some(RejectedVersion { version, why: why.to_owned() });
                }
                // A later Evenkeel's.
                _ => {}
            }
        }
        Some(note)
    }
}

fn rolling(text: &str) -> Option<Rolling> {
    let mut parts = text.split(':');
    let version = parts.next()?.parse().ok()?;
    let percent = parts.next()?.parse().ok()?;
    let since = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
    Some(Rolling { version, percent, since })
}

impl fmt::Display for ReleaseNote {
    /// Writes the description, cut to AWS's limit. The reason stands last, so that nothing else is
    /// cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.current.map(|it| format!("current={it}"));
        let before = self.before.map(|it| format!("before={it}"));
        let rolling = self.rolling.map(|it| {
            let Rolling { version, percent, since } = it;
            format!("rolling={version}:{percent}:{}", since.as_second())
        });
        let rejected =
            self.rejected.as_ref().map(|it| format!("held={} why={}", it.version, it.why));
        let words: Vec<String> =
            [current, before, rolling, rejected].into_iter().flatten().collect();
        let text = format!("{OURS}{}", words.join(" "));
        f.write_str(&text.chars().take(LENGTH_MAX).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description in another party's account holds this: it must never change by accident.
    #[test]
    fn a_note_is_read_as_it_was_written() {
        let check = |text: &str, note: &ReleaseNote| {
            assert_eq!(note.to_string(), text);
            assert_eq!(ReleaseNote::read(text).as_ref(), Some(note));
        };
        let since = Timestamp::from_second(1_764_000_000).unwrap();
        let rejected = RejectedVersion { version: 9, why: "smoke test counts: no".into() };
        check("evenkeel current=7", &ReleaseNote { current: Some(7), ..ReleaseNote::default() });
        check(
            "evenkeel current=7 before=5 rolling=8:10:1764000000 held=9 why=smoke test counts: no",
            &ReleaseNote {
                current: Some(7),
                before: Some(5),
                rolling: Some(Rolling { version: 8, percent: 10, since }),
                rejected: Some(rejected.clone()),
            },
        );
        let long = RejectedVersion { why: "ü".repeat(999), ..rejected };
        let text = ReleaseNote { rejected: Some(long), ..ReleaseNote::default() }.to_string();
        assert_eq!(text.chars().count(), 256);
        assert_eq!(ReleaseNote::read(&text).unwrap().rejected.unwrap().version, 9);
    }

    #[test]
    fn a_person_who_goes_back_is_told_from_evenkeel() {
        let note = |text: &str| ReleaseNote::read(text).unwrap();
        let check = |before: &str, now: &str| note(now).is_led_back(&note(before));
        let by_hand = "evenkeel current=7 held=8 why=rolled back by hand";
        assert!(check("evenkeel current=8 before=7", by_hand));
        assert!(check("evenkeel current=7 rolling=8:10:1764000000", by_hand));
        assert!(!check(by_hand, by_hand));
        // Whoever goes back further still holds the newest back, whatever the reason.
        assert!(check(by_hand, "evenkeel current=6 held=8 why=rolled back by hand"));
        assert!(check("evenkeel current=7 held=8 why=bad", "evenkeel current=6 held=8 why=bad"));
        // Evenkeel's own doing.
        assert!(!check(
            "evenkeel current=7 rolling=8:10:1764000000",
            "evenkeel current=7 held=8 why=bad"
        ));
        assert!(!check(by_hand, "evenkeel current=9 before=7"));
        assert!(!check(by_hand, "evenkeel current=7"));
    }

    #[test]
    fn what_others_wrote_is_not_ours() {
        for text in ["", "prod", "evenkeel", "evenkeel current=x", "evenkeel current"] {
            assert_eq!(ReleaseNote::read(text), None, "{text}");
        }
        let later = ReleaseNote::read("evenkeel current=7 colour=red").unwrap();
        assert_eq!(later.current, Some(7));
    }
}
