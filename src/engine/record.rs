//! The record of what was applied last, which stands in the tag `evenkeel.dev/applied`: it tells a
//! manifest that moved from another party who changed AWS, also after a restart.

use super::{
    diff::Origin,
    facts::Digest,
    observed::Known,
    tags::{APPLIED, Tags},
};

/// How many hex digits of a hash the tag holds: 64 bits are plenty to tell two states of one object
/// apart, and the tag stays readable.
const DIGITS: usize = 16;
/// Stands for the image of an object that has none.
const NO_IMAGE: &str = "-";

/// The beginnings of an image digest and of a config hash, as `v1:0123456789abcdef:0123456789abcdef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    image: String,
    config: String,
}

impl Record {
    /// The record of an object; `None` for kinds without an image.
    pub fn of(image: Option<&Digest>, config_hash: &str) -> Self {
        let image = image.map_or(NO_IMAGE, |it| it.short(DIGITS));
        Self { image: image.into(), config: short(config_hash).into() }
    }

    /// Reads the tag; `None` if it is absent or of another version.
    pub fn read(tags: &Known<Tags>) -> Option<Self> {
        let text = tags.get()?.get(APPLIED)?;
        let mut parts = text.strip_prefix("v1:")?.split(':');
        let (image, config) = (parts.next()?, parts.next()?);
        let good = |hex: &str| hex.len() == DIGITS && hex.bytes().all(|it| it.is_ascii_hexdigit());
        let whole = (good(image) || image == NO_IMAGE) && good(config) && parts.next().is_none();
        whole.then(|| Self { image: image.into(), config: config.into() })
    }

    /// The tag's value.
    pub fn text(&self) -> String {
        format!("v1:{}:{}", self.image, self.config)
    }

    /// Whether this image was the one.
    pub fn is_image(&self, digest: Option<&Digest>) -> bool {
        digest.is_some_and(|it| it.short(DIGITS) == self.image)
    }

    /// Whether this configuration was the one.
    pub fn is_config(&self, config_hash: &str) -> bool {
        short(config_hash) == self.config
    }

    /// Who moved, given the hashes of both sides of a configuration.
    pub fn config_origin(record: Option<&Self>, live_hash: &str, desired_hash: &str) -> Origin {
        match record {
            None => Origin::NoRecord,
            // What differs is nothing that the hash holds.
            Some(_) if live_hash == desired_hash => Origin::NoRecord,
            Some(it) => moved(it.is_config(live_hash), it.is_config(desired_hash)),
        }
    }

    /// Who moved, given the images of both sides.
    pub fn image_origin(record: Option<&Self>, live: Option<&Digest>, desired: &Digest) -> Origin {
        record.map_or(Origin::NoRecord, |it| moved(it.is_image(live), it.is_image(Some(desired))))
    }
}

/// Whether AWS still has what was applied, and whether the manifest still asks for it.
fn moved(live_is_applied: bool, desired_is_applied: bool) -> Origin {
    match (live_is_applied, desired_is_applied) {
        (true, _) => Origin::Pending,
        (false, true) => Origin::Drift,
        (false, false) => Origin::Unclear,
    }
}

fn short(hash: &str) -> &str {
    hash.get(..DIGITS).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_other_versions_are_no_records() {
        let read = |text: &str| {
            let tags = Tags::from([(APPLIED.to_owned(), text.to_owned())]);
            Record::read(&Known::Yes(tags)).map(|it| it.text())
        };
        for good in ["v1:0123456789abcdef:fedcba9876543210", "v1:-:fedcba9876543210"] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "v2:0123456789abcdef:fedcba9876543210",
            "v1:0123456789abcdef",
            "v1:0123456789abcdef:-",
            "v1:0123456789abcdeg:fedcba9876543210",
            "v1:0123456789abcdef:fedcba9876543210:x",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(Record::read(&Known::No("denied".into())).is_none());
    }
}
