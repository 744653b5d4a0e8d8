//! Our own tags on a function: whose it is, what it is, and what was applied last.

use std::collections::BTreeMap;

use super::{live::Live, spec::Spec};
use crate::engine::{facts::Digest, kind::Claim, sight::Known};

/// Who keeps the function.
pub const OWNER: &str = "evenkeel.dev/owner";
/// Which object it is: `Function/resize`. A tag set copied to another function gives itself away.
pub const OBJECT: &str = "evenkeel.dev/object";
/// What is to happen when the manifest goes: `retain` or `delete`.
pub const DELETION: &str = "evenkeel.dev/deletion";
/// What was applied last: [`Applied`].
pub const APPLIED: &str = "evenkeel.dev/applied";
/// Set by CloudFormation on everything that a stack makes.
const STACK: &str = "aws:cloudformation:stack-name";

/// How many hex digits of a hash the tag holds: 64 bits are plenty to tell two states of one function
/// apart, and the tag stays readable.
const DIGITS: usize = 16;

/// Whose a function is, by its tags.
pub(super) fn claim(live: &Live) -> Claim {
    let tags = match &live.tags {
        Known::Yes(tags) => tags,
        Known::No(why) => return Claim::Unreadable(why.clone()),
    };
    match (tags.get(OWNER), tags.get(STACK)) {
        (Some(id), _) => Claim::Owner {
            id: id.clone(),
            object: tags.get(OBJECT).cloned(),
            deletion: tags.get(DELETION).cloned(),
        },
        (None, Some(stack)) => Claim::CloudFormation(stack.clone()),
        (None, None) => Claim::Nobody,
    }
}

/// Every tag that the function should carry, but for the record of what was applied.
pub(super) fn desired(spec: &Spec) -> BTreeMap<String, String> {
    let mut tags = spec.tags.clone();
    tags.insert(OWNER.into(), spec.ownership.owner.clone());
    tags.insert(OBJECT.into(), spec.ownership.object.clone());
    tags.insert(DELETION.into(), spec.ownership.deletion.into());
    tags
}

/// What was applied last: the beginnings of an image digest and of a config hash, as
/// `v1:0123456789abcdef:0123456789abcdef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Of the image digest.
    pub digest: String,
    /// Of the config hash.
    pub config: String,
}

impl Applied {
    /// The record of a digest and a config hash.
    pub fn of(digest: &Digest, config_hash: &str) -> Self {
        Self { digest: digest.short(DIGITS).into(), config: short(config_hash).into() }
    }

    /// Reads the tag; `None` if it is absent or of another version.
    pub(super) fn read(tags: &Known<BTreeMap<String, String>>) -> Option<Self> {
        let text = tags.get()?.get(APPLIED)?;
        let mut parts = text.strip_prefix("v1:")?.split(':');
        let (digest, config) = (parts.next()?, parts.next()?);
        let good = |hex: &str| hex.len() == DIGITS && hex.bytes().all(|it| it.is_ascii_hexdigit());
        (good(digest) && good(config) && parts.next().is_none())
            .then(|| Self { digest: digest.into(), config: config.into() })
    }

    /// The tag's value.
    pub fn text(&self) -> String {
        format!("v1:{}:{}", self.digest, self.config)
    }

    /// Whether this image was the one.
    pub(super) fn is_digest(&self, digest: Option<&Digest>) -> bool {
        digest.is_some_and(|it| it.short(DIGITS) == self.digest)
    }

    /// Whether this configuration was the one.
    pub(super) fn is_config(&self, config_hash: &str) -> bool {
        short(config_hash) == self.config
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
            let tags = BTreeMap::from([(APPLIED.to_owned(), text.to_owned())]);
            Applied::read(&Known::Yes(tags)).map(|it| it.text())
        };
        let good = "v1:0123456789abcdef:fedcba9876543210";
        assert_eq!(read(good).as_deref(), Some(good));
        for bad in [
            "",
            "v2:0123456789abcdef:fedcba9876543210",
            "v1:0123456789abcdef",
            "v1:0123456789abcdeg:fedcba9876543210",
            "v1:0123456789abcdef:fedcba9876543210:x",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(Applied::read(&Known::No("denied".into())).is_none());
    }
}
