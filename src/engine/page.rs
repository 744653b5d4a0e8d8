//! Part of a list, and the moment that it speaks for.

use super::{kind::Kind, name::Name, observed::Reading, time::Mono};

/// Rows that one request returned.
pub struct Page<K: Kind> {
    /// When the request started: the rows are at least as true as that, and no truer.
    pub started: Mono,
    /// What it showed.
    pub rows: Vec<(Name, Reading<K::Live>)>,
}
