//! Files that cannot be read or written.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refuses.
    #[error("{name}")]
    Access {
        /// Its path, or `standard input`.
        name: String,
        source: io::Error,
    },
    /// There is more in it than is read.
    #[error("{name}: {advice}")]
    TooLarge {
        /// Its path, or `standard input`.
        name: String,
        /// How much is too much, and what to do.
        advice: &'static str,
    },
    #[error("{name}: the text is not UTF-8")]
    NotUtf8 {
        /// Its path, or `standard input`.
        name: String,
    },
    #[error("{}: it is a directory, and should be a file", path.display())]
    Directory { path: PathBuf },
    #[error(
        "{} is there already; import into another directory and compare, or write over it with --force",
        path.display()
    )]
    ImportTaken { path: PathBuf },
    #[error(
        "{} is there already, and nothing was written; take another --name, or another directory",
        path.display()
    )]
    InitTaken { path: PathBuf },
    /// No temporary folder can be made.
    #[error("no room to work")]
    Scratch(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
}

impl FileError {
    /// What the system says of a path.
    pub(in crate::cli) fn access(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Access { name: path.display().to_string(), source }
    }
}
