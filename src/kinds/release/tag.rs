//! The function's tag `evenkeel.dev/block/release`: that we keep its alias, and what is held back, as `0123abcd@live/9:7`.
//!
//! What counts is the alias's description. The tag has a version that is held back only where there is no alias yet
//! (`/9`), or as the trace of a person who led callers back (`/9:7`) or let go on what was held back while they got 7
//! (`/:7`): no list shows an alias, and a bulk read shows tags, so that the trace is how a daemon comes to read the alias
//! soon.

use crate::kinds::block::claims::{self, ClaimTag};

/// What the tag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseTag<'a> {
    /// The alias.
    pub alias: &'a str,
    /// The version that is held back.
    pub rejected: Option<u64>,
    /// The version that callers got when a person moved the alias or let it go on.
    pub led_to: Option<u64>,
}

impl<'a> ReleaseTag<'a> {
    /// Nothing is held back.
    pub fn of(alias: &'a str) -> Self {
        Self { alias, rejected: None, led_to: None }
    }

    /// Reads a tag; `None` if no alias stands in it.
    pub fn read(claim: ClaimTag<'a>) -> Option<Self> {
        let text = claim.alias?;
        let (alias, rest) = text.split_once('/').unwrap_or((text, ""));
        let (rejected, led_to) = rest.split_once(':').unwrap_or((rest, ""));
        Some(Self { alias, rejected: rejected.parse().ok(), led_to: led_to.parse().ok() })
    }

    /// The value of the tag.
    pub fn value(&self) -> String {
        let Self { alias, rejected, led_to } = self;
        let fields = [("alias".to_owned(), (*alias).to_owned())];
        let hash = claims::hash(&fields.into_iter().collect());
        let rejected = rejected.map(|it| it.to_string()).unwrap_or_default();
        let led_to = led_to.map(|it| format!(":{it}")).unwrap_or_default();
        let slash = if rejected.is_empty() && led_to.is_empty() { "" } else { "/" };
        format!("{hash}@{alias}{slash}{rejected}{led_to}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tags::Tags;

    const WORD: &str = "release";
    const KEY: &str = "evenkeel.dev/block/release";

    /// A tag in another party's account holds this: it must never change by accident.
    #[test]
    fn the_tag_is_an_interface() {
        for (value, alias, rejected, led_to) in [
            ("77c2d84c@live", "live", None, None),
            ("77c2d84c@live/9", "live", Some(9), None),
            ("77c2d84c@live/9:7", "live", Some(9), Some(7)),
            ("77c2d84c@live/:7", "live", None, Some(7)),
        ] {
            let tags = Tags::from([(KEY.to_owned(), value.to_owned())]);
            let tag = ReleaseTag { alias, rejected, led_to };
            let read = claims::claim(&tags, WORD).and_then(ReleaseTag::read);
            assert_eq!((read, tag.value().as_str()), (Some(tag), value));
        }
        assert_eq!(ReleaseTag::read(ClaimTag { hash: "77c2d84c", alias: None }), None);
    }
}
