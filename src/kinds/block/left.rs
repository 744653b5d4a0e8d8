//! What is said of a block that the document leaves to others once it has been made (`policy.ignore`).

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::diff::{Reason, Shown};

/// For how long a block is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Always.
    Always,
    /// Until it has been made: then it is left to others (`policy.ignore`).
    UntilMade,
}

impl Keeping {
    /// Whether it is left to others by now. `made`: whether a claim says that we made it.
    pub(super) fn ends(self, made: bool) -> bool {
        self == Self::UntilMade && made
    }

    /// How long a member of `spec` is kept where these pointers are left to others.
    pub(super) fn of(ignored: &[String], field: &str) -> Self {
        let left = |it: &String| it.strip_prefix('/') == Some(field);
        if ignored.iter().any(left) { Self::UntilMade } else { Self::Always }
    }
}

/// Says how a member of `spec` that is left to others differs from the document, by the fields of both.
pub(super) fn told(
    field: &str,
    wanted: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> Reason {
    let shown = |fields: &BTreeMap<String, String>, path: &String| {
        Shown::open(fields.get(path).map_or("(unset)", String::as_str))
    };
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let differing = paths.into_iter().filter(|path| wanted.get(*path) != found.get(*path));
    let lines = differing.map(|path| {
        let field = format!("{field}/{path}").replace('/', ".");
        let field = field.trim_end_matches('.');
        format!("{field} {} → {}", shown(found, path), shown(wanted, path))
    });
    let text = lines.collect::<Vec<_>>().join(", ");
    Reason::new("LeftToOthers", format!("left to others, though it differs: {text}"))
}
