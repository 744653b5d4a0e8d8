//! Manifests that cannot be edited as they stand.

use std::{fmt::Write as _, io, path::PathBuf};

use crate::{
    engine::{desired::Location, failure::chain, name::Key},
    manifest::Diagnostic,
};

/// A field: of which object, and where below `spec`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectField {
    /// The object.
    pub object: Key,
    /// As `/memorySize`.
    pub path: String,
}

/// Why manifests are left as they are.
#[derive(Debug, thiserror::Error)]
pub enum WriteBackError {
    /// A file cannot be read.
    #[error("{}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: cannot be written", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{}: it has been changed meanwhile, and is left as it is: begin again", path.display())]
    Overtaken { path: PathBuf },
    #[error("{}: it has been changed meanwhile; nothing was written: begin again", path.display())]
    Stale { path: PathBuf },
    #[error("the manifests have been changed meanwhile; nothing was written: begin again")]
    AllStale,
    #[error("{}: the document is not where it was", path.display())]
    Moved { path: PathBuf },
    #[error("{}: {why}", path.display())]
    Uneditable {
        path: PathBuf,
        /// Where, why, and what to do; nothing in it moves the cursor.
        why: String,
    },
    #[error("{}; write `{image}` there by hand", chain(&**error))]
    Unpinned { image: String, error: Box<WriteBackError> },
    #[error(
        "{origin}: it is for {}, and what was changed in one of them would be asked of all; give that one a document \
         of its own first",
        targets.join(" and ")
    )]
    Shared { origin: Location, targets: Vec<String> },
    #[error(
        "nothing was written, since the manifests would not be good any more: {diagnostic}; if it is about another \
         document, capture that one in the same call"
    )]
    Faulty { diagnostic: Box<Diagnostic> },
    #[error("not everything could be looked at again; nothing was written")]
    Unproved,
    #[error("what AWS has cannot be asked for, and nothing was written: {object}: {reason}: {why}")]
    Refused {
        object: Key,
        reason: &'static str,
        /// In words; nothing in it moves the cursor.
        why: String,
    },
    #[error(
        "the manifests would not say what AWS has, so nothing was written; make the change by hand:{}{}",
        lines(more, "would differ then"),
        lines(less, "would be changed with it, and nobody asked for that")
    )]
    Misses {
        /// What would differ and does not now.
        more: Vec<ObjectField>,
        /// What would not differ any more, and was not captured.
        less: Vec<ObjectField>,
    },
}

fn lines(fields: &[ObjectField], what: &str) -> String {
    let mut text = String::new();
    for ObjectField { object, path } in fields {
        write!(text, "\n  {object}: {path} {what}").ok();
    }
    text
}
