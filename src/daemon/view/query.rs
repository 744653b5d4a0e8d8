//! Which objects are asked for, in what order, and which of them come on this page. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    params::{ObjectParams, SortOrder},
    viewer::{View, split},
};
use crate::{
    daemon::objects::{BoardObject, FacetName},
    engine::{
        diff::Cause,
        name::Key,
        status::{ShownRow, Status},
    },
    kinds::TAGGED,
};

/// How many objects a page may have.
pub(crate) const LIMIT_MAX: usize = 1_000;

/// A rank after all others, in eighteen digits.
const LAST: i64 = 999_999_999_999_999_999;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectQuery {
    target: String,
    kind: String,
    statuses: Vec<Status>,
    causes: Vec<Cause>,
    labels: BTreeMap<String, String>,
    text: String,
    /// In which order.
    pub order: SortOrder,
    after: Option<(i64, String)>,
    /// How many at most; `None`: all.
    pub limit: Option<usize>,
}

/// Why a query cannot be answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}`: {message}")]
pub(crate) struct BadQuery {
    /// The parameter.
    pub name: &'static str,
    /// What is wrong with it, and what it may be.
    pub message: String,
}

impl ObjectQuery {
    /// Reads the parameters of a query. `Err` names the first one that cannot be understood.
    pub(crate) fn parse(params: &ObjectParams) -> Result<Self, BadQuery> {
        if !params.kind.is_empty() {
            one_of("kind", &params.kind, TAGGED.iter().map(|it| (*it, ())))?;
        }
        Ok(Self {
            target: params.target.clone(),
            kind: params.kind.clone(),
            statuses: many("status", &params.status, || Status::ALL.map(|it| (it.as_str(), it)))?,
            causes: many("cause", &params.cause, || Cause::ALL.map(|it| (it.as_str(), it)))?,
            labels: labels(&params.label)?,
            text: params.q.to_lowercase(),
            order: match params.sort.as_str() {
                "" => SortOrder::Key,
                word => one_of("sort", word, SortOrder::ALL.map(|it| (it.as_str(), it)))?,
            },
            after: cursor(&params.cursor)?,
            limit: limit(&params.limit)?,
        })
    }
}

fn many<T, const N: usize>(
    name: &'static str,
    words: &str,
    all: impl Fn() -> [(&'static str, T); N],
) -> Result<Vec<T>, BadQuery> {
    items(words).map(|word| one_of(name, word, all())).collect()
}

/// What stands between commas; nothing in an empty text.
fn items(words: &str) -> impl Iterator<Item = &str> {
    words.split(',').filter(move |_| !words.is_empty())
}

/// Finds a word in a closed list and returns its value. `name` is the parameter, for the error.
fn one_of<T>(
    name: &'static str,
    word: &str,
    all: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, BadQuery> {
    let mut known = Vec::new();
    for (it, value) in all {
        if it == word {
            return Ok(value);
        }
        known.push(it);
    }
    let message = format!("there is no `{word}`; it is one of {}", known.join(", "));
    Err(BadQuery { name, message })
}

/// Reads pairs as `label=value` with commas between them; none from an empty text.
fn labels(words: &str) -> Result<BTreeMap<String, String>, BadQuery> {
    let pair = |word: &str| match word.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => {
            let message = format!("`{word}` is no label; write `label=value`, as `team=imaging`");
            Err(BadQuery { name: "label", message })
        }
    };
    items(words).map(pair).collect()
}

/// Reads a cursor: the rank and the key of the last object of the page before. `None` if the text
/// is empty: this is the first page.
fn cursor(word: &str) -> Result<Option<(i64, String)>, BadQuery> {
    if word.is_empty() {
        return Ok(None);
    }
    match word.split_once('~').and_then(|(word, key)| Some((rank(word)?, key))) {
        Some((rank, key)) if split(key).is_some() => Ok(Some((rank, key.to_owned()))),
        _ => {
            let message =
                "it is not one that was given with a page, as `0~default/Function/resize`".into();
            Err(BadQuery { name: "cursor", message })
        }
    }
}

fn rank(word: &str) -> Option<i64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let good = digits.len() <= 18 && digits.bytes().all(|it| it.is_ascii_digit());
    good.then(|| word.parse().ok()).flatten()
}

fn limit(word: &str) -> Result<Option<usize>, BadQuery> {
    if word.is_empty() {
        return Ok(None);
    }
    let number = word.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
    let message = || format!("`{word}` is not a number from 1 to {LIMIT_MAX}");
    number.map(Some).ok_or_else(|| BadQuery { name: "limit", message: message() })
}

/// A page of what was asked for.
pub(in crate::daemon) struct ResultPage<'a> {
    /// What comes on it.
    pub(in crate::daemon) items: Vec<&'a BoardObject>,
    /// How many there are on all pages.
    pub(in crate::daemon) total: usize,
    /// What to ask for the next page with; `None`: there is none.
    pub(in crate::daemon) next: Option<String>,
}

impl View {
    /// The objects that a query asks for.
    pub(in crate::daemon) fn select(&self, query: &ObjectQuery) -> ResultPage<'_> {
        query.select(self.objects().iter())
    }
}

impl ObjectQuery {
    /// Sorts the objects that pass the filters, and returns the page that begins after the cursor.
    /// `total` counts the objects of all pages.
    fn select<'a>(&self, all: impl Iterator<Item = &'a BoardObject>) -> ResultPage<'a> {
        let mut chosen: Vec<_> =
            all.filter(|it| self.takes(it)).map(|it| (self.rank(it), it)).collect();
        let total = chosen.len();
        chosen.sort_by(|(one, a), (other, b)| {
            one.cmp(other).then_with(|| place(a.key()).cmp(&place(b.key())))
        });
        if let Some((rank, key)) = &self.after {
            let last = (*rank, split(key));
            // By rank and key, since the object itself may be gone.
            let passed =
                chosen.partition_point(|(rank, it)| (*rank, Some(place(it.key()))) <= last);
            chosen.drain(..passed);
        }
        let more = self.limit.filter(|limit| chosen.len() > *limit);
        if let Some(limit) = more {
            chosen.truncate(limit);
        }
        let last = chosen.last().filter(|_| more.is_some());
        let next = last.map(|(rank, it)| format!("{rank}~{}", it.key()));
        ResultPage { items: chosen.into_iter().map(|(_, it)| it).collect(), total, next }
    }

    /// Whether an object passes every filter of the query; an empty one lets all pass.
    fn takes(&self, it: &BoardObject) -> bool {
        let key = it.key();
        (self.target.is_empty() || key.target.as_str() == self.target)
            && (self.kind.is_empty() || key.kind == self.kind)
            && (self.statuses.is_empty() || self.statuses.contains(&it.status))
            && (self.causes.is_empty() || self.causes.iter().any(|cause| it.causes.contains(cause)))
            && self.labels.iter().all(|(key, value)| it.base.labels.get(key) == Some(value))
            && (self.text.is_empty() || self.finds(it))
    }

    /// Whether the text stands in what people see of an object, in capitals or not.
    fn finds(&self, it: &BoardObject) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        let facet = |row: &ShownRow| {
            has(&FacetName::of(&row.key).to_string())
                || has(row.reason.code)
                || has(&row.reason.message)
        };
        has(&it.key().to_string())
            || it.facets.iter().any(facet)
            || it.base.labels.iter().any(|(key, value)| has(key) || has(value))
            || it.base.manifest.as_ref().is_some_and(|it| has(&it.file))
    }

    fn rank(&self, it: &BoardObject) -> i64 {
        match self.order {
            SortOrder::Key => 0,
            SortOrder::Status => -i64::from(it.status.display_rank()),
            SortOrder::Drift => it.drift_since.map_or(LAST, Timestamp::as_microsecond),
            SortOrder::Since => -it.worst().since.as_microsecond(),
            SortOrder::Observed => it.observed().map_or(-LAST, Timestamp::as_microsecond),
        }
    }
}

/// A key in the form in which a cursor has it.
fn place(key: &Key) -> (&str, &str, &str) {
    (key.target.as_str(), key.kind, key.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(params: &ObjectParams) -> String {
        ObjectQuery::parse(params).unwrap_err().to_string()
    }

    #[test]
    fn words_that_mean_nothing_are_named_with_what_they_may_be() {
        let none = ObjectParams::default();
        assert!(ObjectQuery::parse(&none).is_ok());
        assert!(
            wrong(&ObjectParams { status: "synced,blue".into(), ..none.clone() })
                .contains("`blue`; it is one of synced")
        );
        assert!(
            wrong(&ObjectParams { kind: "Lambda".into(), ..none.clone() }).contains("Function")
        );
        assert!(wrong(&ObjectParams { sort: "size".into(), ..none.clone() }).starts_with("`sort`"));
        for label in ["x", "=y", "a=b,"] {
            assert!(
                wrong(&ObjectParams { label: label.into(), ..none.clone() })
                    .contains("label=value"),
                "{label}"
            );
        }
        for limit in ["0", "1001", "-1", "many"] {
            assert!(
                wrong(&ObjectParams { limit: limit.into(), ..none.clone() }).starts_with("`limit`"),
                "{limit}"
            );
        }
        for cursor in ["7", "~a/b/c", "x~a/b/c", "1~a/b", "1~a//c", "+1~a/b/c"] {
            assert!(
                wrong(&ObjectParams { cursor: cursor.into(), ..none.clone() })
                    .starts_with("`cursor`"),
                "{cursor}"
            );
        }
        let good =
            ObjectQuery::parse(&ObjectParams { cursor: "-1~a/b/c/d".into(), ..none }).unwrap();
        assert_eq!(good.after, Some((-1, "a/b/c/d".to_owned())));
    }
}
