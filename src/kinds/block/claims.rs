//! The function's tags `evenkeel.dev/block/…`: which blocks of it we made, and a hash of what each was made last.
//!
//! Each block has a tag of its own, since AWS may answer a read from a copy that lags: whoever writes back a list
//! that he read may undo what another has just added to it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{At, Fields};
use crate::engine::{
    hex::hex,
    name::Name,
    tags::{BLOCK, Tags},
};

/// How many hex digits of a hash a tag holds: enough to tell two states of one block apart.
const DIGITS: usize = 8;

/// The key of a block's tag.
pub fn key(word: &str) -> String {
    format!("{BLOCK}{word}")
}

/// What a block was made last, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimTag<'a> {
    /// [`hash`].
    pub hash: &'a str,
    /// The alias that it belongs to, if it does not belong to the function itself.
    pub alias: Option<&'a str>,
}

/// Reads the block's tag: what it was made last, and where; `None` if it is not ours.
pub fn claim<'a>(tags: &'a Tags, word: &str) -> Option<ClaimTag<'a>> {
    let value = tags.get(&key(word))?;
    Some(match value.split_once('@') {
        Some((hash, alias)) => ClaimTag { hash, alias: Some(alias) },
        None => ClaimTag { hash: value, alias: None },
    })
}

/// Returns the value of a block's tag, as `0123abcd` or `0123abcd@live`.
pub fn value(hash: &str, at: &At) -> String {
    match &at.qualifier {
        Some(alias) => format!("{hash}@{alias}"),
        None => hash.to_owned(),
    }
}

/// Returns a few hex digits of a block's fields. They stand in a tag of the function: if a field
/// gets another path or text, the tag of every such block is written again, and a difference found
/// before that counts as made by both sides.
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

/// Writes a block's tag, or takes it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetClaim {
    /// The function.
    pub function: Name,
    /// Its ARN, which tag calls take.
    pub arn: String,
    /// The block.
    pub word: &'static str,
    /// The tag's value; `None`: no tag.
    pub value: Option<String>,
}

impl fmt::Display for SetClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (function, key) = (&self.function, key(self.word));
        match &self.value {
            Some(value) => write!(f, "tag function {function}: {key} {value}"),
            None => write!(f, "untag function {function}: {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tag in another party's account holds this: it must never change by accident.
    #[test]
    fn the_tag_is_an_interface() {
        let fields = Fields::from([("authType".into(), "NONE".into())]);
        assert_eq!(hash(&fields), "9e09fbe5");
        let tags = Tags::from([("evenkeel.dev/block/url".into(), "9e09fbe5".into())]);
        let expected = ClaimTag { hash: "9e09fbe5", alias: None };
        assert_eq!((claim(&tags, "url"), claim(&tags, "ur")), (Some(expected), None));
        let at = At { function: Name::new("f"), qualifier: Some("live".into()) };
        assert_eq!(value("9e09fbe5", &at), "9e09fbe5@live");
        let tags = Tags::from([(key("url"), value("9e09fbe5", &at))]);
        let expected = ClaimTag { hash: "9e09fbe5", alias: Some("live") };
        assert_eq!(claim(&tags, "url"), Some(expected));
    }
}
