//! Documents of other tools among the manifests: which they are, and how many.
//!
//! To take a manifest for another tool's document would take its object out of the desired state, so whatever may be
//! meant for Evenkeel is a manifest, and its faults are told.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    envelope::{API_VERSION, KINDS},
    named::short,
    near::{distance, nearest},
    tree::{Node, Value},
};

/// The name in [`API_VERSION`].
const OURS: &str = "evenkeel";
/// How many letters of that name may be wrong. Other words of this length that are in use, as `eventing`, are further away.
const LETTERS_MAX: usize = 2;
/// How many versions are listed by name.
const SHOWN_MAX: usize = 6;

/// What becomes of documents of other tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForeignDocuments {
    /// They are skipped and counted.
    #[default]
    Skipped,
    /// Each of them is a fault.
    Refused,
}

/// How many documents of other tools there are, by `apiVersion`. `Display` lists them:
/// `3 documents of other tools (apps/v1, v1)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedDocuments {
    versions: BTreeMap<Arc<str>, usize>,
    unversioned: usize,
}

/// A document of another tool.
pub(super) enum ForeignDocument<'a> {
    /// It has an `apiVersion`.
    Versioned(&'a str),
    /// It has none.
    Unversioned,
}

impl SkippedDocuments {
    /// How many they are.
    pub fn count(&self) -> usize {
        self.versions.values().sum::<usize>() + self.unversioned
    }

    /// Adds those of another file.
    pub fn extend(&mut self, other: &Self) {
        for (version, count) in &other.versions {
            *self.versions.entry(Arc::clone(version)).or_default() += count;
        }
        self.unversioned += other.unversioned;
    }

    pub(super) fn add(&mut self, document: &ForeignDocument<'_>) {
        match document {
            ForeignDocument::Versioned(version) => {
                *self.versions.entry(short(version).into()).or_default() += 1;
            }
            ForeignDocument::Unversioned => self.unversioned += 1,
        }
    }
}

impl fmt::Display for SkippedDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<String> =
            self.versions.keys().take(SHOWN_MAX).map(ToString::to_string).collect();
        if self.versions.len() > SHOWN_MAX {
            names.push("…".to_owned());
        }
        match (self.unversioned, names.is_empty()) {
            (0, _) => {}
            (_, true) => names.push("without `apiVersion`".to_owned()),
            (count, false) => names.push(format!("{count} without `apiVersion`")),
        }
        let names = names.join(", ");
        match self.count() {
            1 => write!(f, "1 document of another tool ({names})"),
            count => write!(f, "{count} documents of other tools ({names})"),
        }
    }
}

/// Returns what a document is if it is another tool's; `None` if it is a manifest, or may be meant as one.
pub(super) fn document(tree: &Node) -> Option<ForeignDocument<'_>> {
    if is_meant(tree) {
        return None;
    }
    Some(match version(tree) {
        Some(version) => ForeignDocument::Versioned(version),
        None => ForeignDocument::Unversioned,
    })
}

/// Whether a document is a manifest, or may be meant as one.
fn is_meant(tree: &Node) -> bool {
    match &tree.value {
        // Half of a file perhaps; no tool keeps a single word in one.
        Value::Scalar { .. } => true,
        Value::List(items) => items.iter().any(holds_ours),
        Value::Map(_) => {
            let listed =
                tree.member("items").is_some_and(|(_, it)| it.items().iter().any(holds_ours));
            listed || is_meant_map(tree)
        }
    }
}

/// Whether an item of a list is a manifest.
fn holds_ours(item: &Node) -> bool {
    version(item).is_some_and(is_near)
}

fn is_meant_map(tree: &Node) -> bool {
    let kind = tree.member("kind").and_then(|(_, it)| it.text());
    let kinds = || KINDS.iter().map(|(name, _)| *name);
    match (version(tree), kind) {
        (Some(version), _) if is_near(version) => true,
        // The core of Kubernetes, whose versions have no group, has no such kind.
        (Some(version), Some(kind)) => !version.contains('/') && kinds().any(|it| it == kind),
        (Some(_), None) => false,
        // The key may be misspelt, as `apiversion`.
        (None, _) if tree.pairs().iter().any(|(_, it)| it.text().is_some_and(names_ours)) => true,
        (None, Some(kind)) => nearest(kind, kinds()).is_some(),
        (None, None) => tree.member("metadata").is_some() && tree.member("spec").is_some(),
    }
}

/// The `apiVersion` of a document, if it has one.
fn version(tree: &Node) -> Option<&str> {
    let (_, value) = tree.member("apiVersion")?;
    value.text().filter(|_| !value.is_null())
}

/// Whether an `apiVersion` is ours, another version of it, or probably a misspelt or unfinished one.
fn is_near(version: &str) -> bool {
    let version = version.to_lowercase();
    let group = version.split(['.', '/']).next().unwrap_or_default();
    names_ours(&version)
        || API_VERSION.starts_with(&version)
        || group.len() <= 2 * OURS.len() && distance(group, OURS) <= LETTERS_MAX
}

/// Whether a value names the versions of ours.
fn names_ours(value: &str) -> bool {
    value.contains("evenkeel.dev/")
}
