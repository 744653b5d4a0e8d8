//! Tags as versions. Pure.

use semver::{Version, VersionReq};

/// The highest of these tags that lies within a range; of two spellings of one version (`1.4.0` and
/// `v1.4.0`) the greater text. Tags that are no versions count for nothing.
pub(super) fn highest<'a>(range: &str, tags: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let range = VersionReq::parse(range).ok()?;
    let versions = tags.filter_map(|tag| {
        let version = Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()?;
        range.matches(&version).then_some((version, tag))
    });
    versions.max().map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_wins_and_not_the_longest_text() {
        let tags = ["latest", "v1.4.9", "1.4.10", "v1.5.0", "2.0.0", "1.4", "v1.4.11-rc.1"];
        let highest = |range| highest(range, tags.into_iter());
        assert_eq!(highest("^1.4"), Some("v1.5.0"));
        assert_eq!(highest("~1.4"), Some("1.4.10"));
        assert_eq!(highest(">=1.4, <1.5"), Some("1.4.10"));
        assert_eq!(highest("*"), Some("2.0.0"));
        assert_eq!(highest(">=1.4.11-rc.0, <1.4.12"), Some("v1.4.11-rc.1"));
        assert_eq!(highest("^3"), None);
        assert_eq!(highest("nonsense"), None);
        let both = ["v1.0.0", "1.0.0"];
        assert_eq!(super::highest("1", both.into_iter()), Some("v1.0.0"));
    }
}
