//! Why an image cannot be read or pushed.

use std::{io, path::PathBuf};

/// Why an image cannot be read or pushed, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What lies there is no image, or one that Lambda refuses; in words, with what to do.
    #[error("{0}")]
    Unfit(String),
    /// The registry cannot be reached, or the connection broke too often.
    #[error("{0}")]
    Unreachable(String),
    /// The registry refuses.
    #[error("{0}")]
    Refused(String),
}

impl ImageError {
    /// An error about a file.
    pub fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { path: path.into(), source }
    }
}
