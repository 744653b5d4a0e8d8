//! What a bulk read shows: the tags of many resources, or the settings of many log groups, by a few calls.
//!
//! The index behind such a read may lag by minutes, so that a row is no observation: nothing is taken from it. It
//! nominates an object for an exact read, if it differs from what the last exact read showed.

use std::collections::BTreeMap;

use super::{diff::Fingerprint, name::Name, observed::Known, tags::Tags};

/// After so many passes without it a row is forgotten. A list that was cut short, or an index that lost a row for a
/// while, is no news.
const MISSED_MAX: u64 = 20;

/// Every so many passes all rows count as news. A hold that an exact read saw and that was ended before a pass could
/// show it leaves no row that differs from the one before: only the next audit would see that it has ended.
const WHOLE_EVERY: u64 = 10;

/// What a row of a bulk read is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BulkSubject {
    /// A function, by its name.
    Function(Name),
    /// A repository, by its name.
    Repository(Name),
    /// An event source mapping, by its UUID.
    EventSource(String),
    /// A log group, by its name.
    LogGroup(String),
}

/// One row of a bulk read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRow {
    /// What it is about.
    pub of: BulkSubject,
    /// What it shows: tags by key, or fields by name.
    pub shown: BTreeMap<String, String>,
}

impl BulkRow {
    /// The fingerprint of all that the row shows: equal rows have equal ones.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(format!("{:?}", self.shown).as_bytes())
    }
}

/// Rows of a bulk read, by what they are about. They can be compared, and not be read.
#[derive(Debug, Default)]
pub struct BulkRows(BTreeMap<BulkSubject, BTreeMap<String, String>>);

impl FromIterator<BulkRow> for BulkRows {
    fn from_iter<I: IntoIterator<Item = BulkRow>>(rows: I) -> Self {
        Self(rows.into_iter().map(|it| (it.of, it.shown)).collect())
    }
}

impl BulkRows {
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a row about a resource, and it differs from what an exact read showed (`held`) in what
    /// `matters`, by key.
    pub fn differ(
        &self,
        of: &BulkSubject,
        held: &BTreeMap<String, String>,
        matters: impl Fn(&str) -> bool,
    ) -> bool {
        let Some(shown) = self.0.get(of) else { return false };
        let relevant = |it: &(&String, &String)| matters(it.0);
        !shown.iter().filter(relevant).eq(held.iter().filter(relevant))
    }

    /// Whether there is a row about a resource that shows other tags than an exact read did, among those that
    /// `matters` names. Tags that no read could show differ from nothing.
    pub fn tags_differ(
        &self,
        of: &BulkSubject,
        held: &Known<Tags>,
        matters: impl Fn(&str) -> bool,
    ) -> bool {
        held.get().is_some_and(|held| self.differ(of, held, matters))
    }
}

/// The rows of the passes before, by which a new row is told from an old one.
#[derive(Debug, Default)]
pub struct SeenRows {
    /// What each showed, and in which pass it was seen last.
    rows: BTreeMap<BulkSubject, (Fingerprint, u64)>,
    pass: u64,
}

impl SeenRows {
    /// Another pass begins.
    pub fn begin(&mut self) {
        self.pass += 1;
    }

    /// The rows of a page that differ from those before. At first all do, and so they count every tenth time.
    pub fn news(&mut self, page: Vec<BulkRow>) -> BulkRows {
        let whole = self.pass.is_multiple_of(WHOLE_EVERY);
        let news = page.into_iter().filter(|row| {
            let seen = (row.fingerprint(), self.pass);
            let before = self.rows.insert(row.of.clone(), seen);
            whole || before.is_none_or(|it| it.0 != seen.0)
        });
        news.collect()
    }

    /// A pass is over: what has not been seen for long is forgotten. That a row is gone proves nothing.
    pub fn end(&mut self) {
        let oldest = self.pass.saturating_sub(MISSED_MAX);
        self.rows.retain(|_, (_, pass)| *pass >= oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_row_differs_only_in_what_matters() {
        let of = |name| BulkSubject::Function(Name::new(name));
        let shown = map(&[("a", "1"), ("b", "2")]);
        let rows = BulkRows::from_iter([BulkRow { of: of("f"), shown }]);
        let differ = |name, held: &[(&str, &str)], key: &str| {
            rows.differ(&of(name), &map(held), |it| key.is_empty() || it == key)
        };
        assert!(!differ("f", &[("a", "1"), ("b", "2")], ""));
        assert!(differ("f", &[("a", "1")], ""));
        assert!(!differ("f", &[("a", "1")], "a"));
        assert!(differ("f", &[("a", "1"), ("b", "2"), ("c", "3")], ""));
        // Of what no row is about, none says anything.
        assert!(!differ("g", &[], ""));
        let unread = Known::No("denied".to_owned());
        assert!(!rows.tags_differ(&of("f"), &unread, |_| true));
        assert!(rows.tags_differ(&of("f"), &Known::Yes(Tags::new()), |_| true));
    }

    #[test]
    fn a_row_is_news_where_it_differs_from_the_one_before() {
        let mut rows = SeenRows::default();
        let mut news = |page: &[(&str, &str)]| {
            rows.begin();
            let row = |(name, value): &(&str, &str)| {
                let of = BulkSubject::LogGroup((*name).to_owned());
                BulkRow { of, shown: map(&[("key", value)]) }
            };
            let news = rows.news(page.iter().map(row).collect());
            rows.end();
            let name = |it: BulkSubject| match it {
                BulkSubject::LogGroup(name) => name,
                other => panic!("{other:?}"),
            };
            (news.0.into_keys().map(name).collect::<Vec<_>>().concat(), rows.rows.len())
        };
        assert_eq!(news(&[("a", "1"), ("b", "1")]).0, "ab");
        assert_eq!(news(&[("a", "1"), ("b", "2")]).0, "b");
        // One that was missing is no news when it comes back as it was.
        assert_eq!(news(&[("b", "2")]).0, "");
        assert_eq!(news(&[("a", "1"), ("b", "2")]), (String::new(), 2));
        for pass in 5..=5 + MISSED_MAX {
            let all = [10, 20].contains(&pass);
            assert_eq!(news(&[("b", "2")]).0, if all { "b" } else { "" }, "pass {pass}");
        }
        assert_eq!(news(&[("b", "2")]).1, 1);
    }
}
