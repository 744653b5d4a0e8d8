//! The function's tag `evenkeel.dev/manages`: which blocks of it we made, and what we made them last, as
//! `permissions:0a1b2c3d/url:4e5f6071`.

use std::{collections::BTreeMap, fmt};

use sha2::{Digest as _, Sha256};

use super::Fields;
use crate::engine::{hex::hex, name::Name, tags::MANAGES};

/// How many hex digits of a hash the tag holds: enough to tell two states of one block apart, and few enough
/// for all blocks together to fit into the 256 characters of a tag.
const DIGITS: usize = 8;

/// The blocks that are ours, and the hash of what each was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manages(BTreeMap<String, String>);

impl Manages {
    /// Reads the tag's value. A word without a hash is a block whose state was not noted.
    pub fn read(value: &str) -> Self {
        let words = value.split('/').filter(|it| !it.is_empty());
        let pair = |word: &str| {
            let (word, hash) = word.split_once(':').unwrap_or((word, ""));
            (word.to_owned(), hash.to_owned())
        };
        Self(words.map(pair).collect())
    }

    /// Whether a block is ours.
    pub fn holds(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }

    /// What it was made last; empty if that was not noted.
    pub fn hash(&self, word: &str) -> Option<&str> {
        self.0.get(word).map(String::as_str)
    }

    /// The same with a block, made what has this hash.
    #[must_use]
    pub fn with(mut self, word: &str, hash: &str) -> Self {
        self.0.insert(word.to_owned(), hash.to_owned());
        self
    }

    /// The same without a block.
    #[must_use]
    pub fn without(mut self, word: &str) -> Self {
        self.0.remove(word);
        self
    }

    /// The tag's value; `None`: no tag.
    pub fn text(&self) -> Option<String> {
        let words = self.0.iter().map(|(word, hash)| match hash.as_str() {
            "" => word.clone(),
            hash => format!("{word}:{hash}"),
        });
        let text = words.collect::<Vec<_>>().join("/");
        (!text.is_empty()).then_some(text)
    }
}

/// What a block looks like, in a few digits.
pub fn hash(fields: &Fields) -> String {
    let mut hasher = Sha256::new();
    for (path, value) in fields {
        hasher.update(path.as_bytes());
        hasher.update([0]);
        hasher.update(value.as_bytes());
        hasher.update([0]);
    }
    hex(&hasher.finalize()).chars().take(DIGITS).collect()
}

/// Writes the tag, or takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manage {
    /// The function.
    pub function: Name,
    /// Its ARN, which tag calls take.
    pub arn: String,
    /// The tag's value; `None`: no tag.
    pub value: Option<String>,
}

impl fmt::Display for Manage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = &self.function;
        match &self.value {
            Some(value) => write!(f, "tag function {function}: {MANAGES} {value}"),
            None => write!(f, "untag function {function}: {MANAGES}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_read_as_it_is_written() {
        let tag = Manages::read("url:4e5f6071/permissions").with("asyncInvoke", "00000000");
        assert!(tag.holds("url") && !tag.holds("recursiveLoop"));
        assert_eq!((tag.hash("url"), tag.hash("permissions")), (Some("4e5f6071"), Some("")));
        let text = tag.text().unwrap();
        assert_eq!(text, "asyncInvoke:00000000/permissions/url:4e5f6071");
        assert_eq!(Manages::read(&text), tag);
        assert_eq!(Manages::read("url:1").without("url").text(), None);
    }

    /// A tag in somebody's account holds this: it must never change by accident.
    #[test]
    fn the_hash_is_an_interface() {
        let fields = Fields::from([("authType".into(), "NONE".into())]);
        assert_eq!(hash(&fields), "9e09fbe5");
    }
}
