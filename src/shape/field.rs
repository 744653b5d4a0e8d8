//! A field, its shape, and the forms of texts and maps.

use std::{cell::RefCell, collections::BTreeMap};

use regex_lite::Regex;

use super::constraint::{ModelDifference, OWN};

/// The form of every duration in a manifest.
pub const DURATION: Text =
    Text::new((2, 12), "^[0-9]+(ms|s|m|h)$", "a duration, as `30s`, `5m` or `2h`");

/// One member of an object.
#[derive(Clone, Copy)]
pub struct Field {
    /// As it stands in the manifest.
    pub name: &'static str,
    /// What it may hold.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means if it is left out, in words; empty if that is clear.
    pub default: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// The member of AWS's API that it mirrors: below that of the field around it, as `Timeout`, or from a service and
    /// an operation, as `lambda:CreateAlias.Name`. Empty: not said.
    pub aws: &'static str,
    /// Where a number, a list or a choice differs from the model of that member.
    pub differences: &'static [ModelDifference],
}

/// What a value may be.
#[derive(Clone, Copy)]
pub enum Shape {
    /// A text.
    Text(&'static Text),
    /// A whole number, both ends included.
    Int(i64, i64),
    /// A number, both ends included.
    Number(f64, f64),
    /// `true` or `false`.
    Flag,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// An RFC 3339 time.
    Time,
    /// `null`.
    Null,
    /// A list of at most so many.
    List(&'static Shape, usize),
    /// A map from texts of one form to values.
    Map(&'static Map),
    /// An object with these members and no others.
    Object(&'static [Field]),
    /// Anything; it is read elsewhere.
    Any,
    /// Either of two.
    Either(&'static Shape, &'static Shape),
}

/// The keys and values of a map.
pub struct Map {
    /// The form of the keys.
    pub key: &'static Text,
    /// What each value may be.
    pub value: &'static Shape,
    /// How many there may be.
    pub entries_max: usize,
    /// Whether the values must never be shown.
    pub secret: bool,
}

/// The form of a text.
pub struct Text {
    /// The shortest, in characters.
    pub min: usize,
    /// The longest, in characters.
    pub max: usize,
    /// A regular expression for the whole text; empty if every text will do.
    pub pattern: &'static str,
    /// What the pattern means, to follow "should be".
    pub words: &'static str,
    /// Where it differs from the model of the member that it mirrors.
    pub differences: &'static [ModelDifference],
}

thread_local! {
    /// Each pattern is compiled once in a thread. It is not kept in [`Text`], which is constant.
    static COMPILED: RefCell<BTreeMap<&'static str, Option<Regex>>> =
        const { RefCell::new(BTreeMap::new()) };
}

impl Text {
    /// A text of this length that matches this pattern.
    pub const fn new(
        (min, max): (usize, usize),
        pattern: &'static str,
        words: &'static str,
    ) -> Self {
        Self { min, max, pattern, words, differences: &[] }
    }

    /// Says where it differs from AWS's model, and why.
    #[must_use]
    pub const fn unlike(mut self, differences: &'static [ModelDifference]) -> Self {
        self.differences = differences;
        self
    }

    /// A text of which only the length matters.
    pub const fn any(min: usize, max: usize) -> Self {
        Self::new((min, max), "", "")
    }

    /// Whether a text matches the pattern.
    pub fn fits(&self, text: &str) -> bool {
        self.pattern.is_empty()
            || COMPILED.with_borrow_mut(|compiled| {
                let regex =
                    compiled.entry(self.pattern).or_insert_with(|| Regex::new(self.pattern).ok());
                regex.as_ref().is_some_and(|it| it.is_match(text))
            })
    }
}

impl Field {
    /// A member that must be there.
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, required: true, default: "", doc, aws: "", differences: &[] }
    }

    /// A member that may be left out; `default` says what that means.
    pub const fn optional(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { name, shape, required: false, default, doc, aws: "", differences: &[] }
    }

    /// Names the member of AWS's API that it mirrors.
    #[must_use]
    pub const fn aws(mut self, member: &'static str) -> Self {
        self.aws = member;
        self
    }

    /// Says that it is Evenkeel's own, and all below it that does not name a member of AWS's.
    #[must_use]
    pub const fn own(self) -> Self {
        self.aws(OWN)
    }

    /// Says where it differs from AWS's model, and why.
    #[must_use]
    pub const fn unlike(mut self, differences: &'static [ModelDifference]) -> Self {
        self.differences = differences;
        self
    }
}

/// The members of two objects as one.
#[expect(clippy::indexing_slicing, reason = "a constant that does not fit does not compile")]
pub const fn join<const N: usize>(one: &[Field], two: &[Field]) -> [Field; N] {
    let mut all = [Field::optional("", Shape::Any, "", ""); N];
    let mut index = 0;
    while index < N {
        all[index] = if index < one.len() { one[index] } else { two[index - one.len()] };
        index += 1;
    }
    all
}

/// How many of these members stand in no other one: their paths have one name.
#[expect(clippy::indexing_slicing, reason = "a constant that does not fit does not compile")]
pub const fn count_top_level_fields(members: &[(&str, Field)]) -> usize {
    let (mut count, mut index) = (0, 0);
    while index < members.len() {
        count += is_top(members[index].0) as usize;
        index += 1;
    }
    count
}

/// Returns the members that stand in no other one ([`count_top_level_fields`] says how many: `N`). `members`
/// are fields with their paths.
#[expect(clippy::indexing_slicing, reason = "a constant that does not fit does not compile")]
pub const fn top_level_fields<const N: usize>(members: &[(&str, Field)]) -> [Field; N] {
    let mut all = [Field::optional("", Shape::Any, "", ""); N];
    let (mut count, mut index) = (0, 0);
    while index < members.len() {
        if is_top(members[index].0) {
            all[count] = members[index].1;
            count += 1;
        }
        index += 1;
    }
    all
}

/// Whether a path has one name, without `/`.
#[expect(clippy::indexing_slicing, reason = "a constant that does not fit does not compile")]
const fn is_top(path: &str) -> bool {
    let (path, mut index) = (path.as_bytes(), 0);
    while index < path.len() {
        if path[index] == b'/' {
            return false;
        }
        index += 1;
    }
    true
}

impl Shape {
    /// Whether some value in it must never be shown.
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Map(map) => map.secret || map.value.is_secret(),
            Self::Object(fields) => fields.iter().any(|it| it.shape.is_secret()),
            Self::List(item, _) => item.is_secret(),
            Self::Either(one, other) => one.is_secret() || other.is_secret(),
            Self::Text(_)
            | Self::Int(..)
            | Self::Number(..)
            | Self::Flag
            | Self::Choice(_)
            | Self::Time
            | Self::Null
            | Self::Any => false,
        }
    }

    /// Whether nothing below it may be shown, names included: where a quote or a colon is missing, a secret stands in
    /// the place of a name.
    pub fn hides_all(&self) -> bool {
        match self {
            Self::Map(map) => map.secret || map.value.hides_all(),
            Self::Object(fields) => {
                !fields.is_empty() && fields.iter().all(|it| it.shape.hides_all())
            }
            Self::List(item, _) => item.hides_all(),
            Self::Either(one, other) => one.hides_all() || other.hides_all(),
            Self::Text(_)
            | Self::Int(..)
            | Self::Number(..)
            | Self::Flag
            | Self::Choice(_)
            | Self::Time
            | Self::Null
            | Self::Any => false,
        }
    }

    /// Returns how many members of a path below this shape, from the first, a message may show: a
    /// name of ours may be shown, another only where the shape does not hide all.
    pub fn open(&self, path: &[String]) -> usize {
        let Some((name, rest)) = path.split_first() else { return 0 };
        let inner = match self {
            Self::Object(fields) => fields.iter().find(|it| it.name == name).map(|it| it.shape),
            Self::Map(map) if !map.secret => Some(*map.value),
            Self::List(item, _) => Some(**item),
            Self::Either(one, other) => return one.open(path).max(other.open(path)),
            // A value without members, a secret map, or anything.
            _ => None,
        };
        match inner {
            Some(inner) => 1 + inner.open(rest),
            None if self.hides_all() => 0,
            None => path.len(),
        }
    }

    /// The shape in a word, for tables and messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text(text) if text.pattern == DURATION.pattern => "duration",
            Self::Text(_) | Self::Choice(_) => "text",
            Self::Int(..) => "whole number",
            Self::Number(..) => "number",
            Self::Flag => "true or false",
            Self::Time => "time",
            Self::Null => "null",
            Self::List(..) => "list",
            Self::Any => "value",
            Self::Map(_) | Self::Object(_) => "map",
            Self::Either(one, _) => one.word(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_does_not_compile_fits_nothing() {
        const BROKEN: Text = Text::new((0, 9), "(", "");
        assert!(!BROKEN.fits("x"));
    }
}
