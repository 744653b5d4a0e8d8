//! Why a directory of manifests cannot be read.

use std::{io, path::PathBuf, sync::Arc};

use crate::engine::failure::chain;

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
