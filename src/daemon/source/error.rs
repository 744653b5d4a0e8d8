//! Why a directory of manifests cannot be read.

use std::{io, path::PathBuf, sync::Arc};

use crate::{
    engine::{count::count, failure::chain},
    manifest::SkippedDocuments,
};

/// Why the manifests cannot be read. The last good snapshot still counts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The system refuses to read a path. Shared, since what is shown of the source keeps it.
    #[error("{}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The directory is no directory of manifests.
    #[error(
        "{} holds more than {max} files and directories; give Evenkeel a directory that holds the manifests \
         only",
        root.display()
    )]
    TooManyEntries {
        /// The directory.
        root: PathBuf,
        /// How many it may hold.
        max: usize,
    },
    /// There are more manifests than are read.
    #[error("there are more than {max} manifests")]
    TooManyManifests {
        /// How many there may be.
        max: usize,
    },
    /// A directory that had manifests has none.
    #[error("the directory has no manifests any more; the last ones still count")]
    Emptied,
    /// No file holds a manifest, and the reader needs one.
    #[error("{} holds no manifest{}; is it the right directory? With --allow-empty it is accepted", root.display(), skipped(other, *ignored))]
    NoManifests {
        /// The directory.
        root: PathBuf,
        /// The documents of other tools that it holds.
        other: SkippedDocuments,
        /// How many other files it holds.
        ignored: usize,
    },
    /// The manifests change whenever they are read.
    #[error("the manifests change whenever they are read: {change}")]
    Unsteady {
        /// What changed last.
        change: String,
    },
}

impl SourceError {
    /// The error of a path.
    pub(super) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { path: path.into(), source: Arc::new(source) }
    }

    /// The error and its causes on one line.
    pub fn text(&self) -> String {
        chain(self)
    }
}

/// What a directory without manifests holds instead, as a part of a sentence.
fn skipped(other: &SkippedDocuments, ignored: usize) -> String {
    match (other.count(), ignored) {
        (0, 0) => String::new(),
        (0, files) => format!(" ({})", count(files, "other file")),
        (_, _) => format!("; it holds {other}"),
    }
}

/// Why a walk came to nothing.
pub(super) enum WalkError {
    /// Something vanished meanwhile; read again.
    Torn(String),
    /// The root cannot be read.
    Failed(SourceError),
    /// The daemon stops.
    Cancelled,
}

impl WalkError {
    /// A file is not what it was when the walk found it; `name` is its path below the root.
    pub(super) fn changed(name: &str) -> Self {
        Self::Torn(format!("{name} changed while the directory was read"))
    }
}
