//! Names and keys: how one object is told from another.

use std::{fmt, sync::Arc};

/// The name of an object within its kind, as AWS spells it (a function name, an image reference),
/// or the name of a target. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// Wraps a text that its reader has already checked.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        debug_assert!(!text.is_empty(), "a name is never empty");
        Self(text)
    }

    /// The name as AWS spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One object in AWS: `target/Kind/name`, as `default/Function/resize`. The name comes last because
/// some names hold slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The account and Region, by the name that the operator gave it.
    pub target: Name,
    /// [`crate::engine::kind::Kind::NAME`].
    pub kind: &'static str,
    /// The name in AWS.
    pub name: Name,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.target, self.kind, self.name)
    }
}

/// The id of this Evenkeel among others on the same account: 1–32 of `[a-z0-9-]`. It stands in the
/// tag `evenkeel.dev/owner` of everything that we made or adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

/// Why a text is not an owner id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an owner id: use 1 to 32 of a-z, 0-9 and -, as `platform-team`")]
pub struct BadOwner(String);

impl std::str::FromStr for Owner {
    type Err = BadOwner;
    fn from_str(text: &str) -> Result<Self, BadOwner> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&text.len()) && text.chars().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(BadOwner(text.into()))
        }
    }
}

impl Owner {
    /// The id, as it stands in the tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_ids_are_checked() {
        for good in ["a", "team-7", &"x".repeat(32)] {
            assert_eq!(good.parse::<Owner>().unwrap().as_str(), good);
        }
        for bad in ["", "Team", "a b", "ä", &"x".repeat(33)] {
            assert!(bad.parse::<Owner>().is_err(), "{bad}");
        }
    }
}
