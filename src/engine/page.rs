//! Part of a list, and the moment that it speaks for.

use super::{name::Name, time::Mono};

/// Rows that one request returned. `T`: what a row shows of an object, as [`super::observed::Reading`].
pub struct Page<T> {
    /// When the request started: the rows are at least as true as that, and no truer.
    pub started: Mono,
    /// What it showed, by the name in AWS.
    pub rows: Vec<(Name, T)>,
}

impl<T> Page<T> {
    /// The same in other words.
    pub fn map<U>(self, map: impl Fn(T) -> U) -> Page<U> {
        let rows = self.rows.into_iter().map(|(name, it)| (name, map(it)));
        Page { started: self.started, rows: rows.collect() }
    }
}
