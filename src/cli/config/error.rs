//! Config files that cannot be used.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a config file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The system refuses.
    #[error("config file {}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no config file.
    #[error("config file {}: it is larger than {max} KiB", path.display())]
    TooLarge {
        /// Which one.
        path: PathBuf,
        /// In KiB.
        max: u64,
    },
    /// It is no text.
    #[error("config file {}: the text is not UTF-8", path.display())]
    NotUtf8 {
        /// Which one.
        path: PathBuf,
    },
    /// Something in it is wrong.
    #[error("{}", lines(path, faults))]
    Faults {
        /// Which one.
        path: PathBuf,
        /// Everything that is wrong.
        faults: Vec<ConfigFault>,
    },
    /// Whoever may write manifests could set what the commands do.
    #[error(
        "config file {}: it is in the directory of manifests, {}, whose authors must not set the owner, the account or \
         the Region; move it out of there",
        path.display(), dir.display()
    )]
    InsideManifests {
        /// Which one.
        path: PathBuf,
        /// The directory of manifests.
        dir: PathBuf,
    },
}

/// One thing that is wrong in a config file.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

fn lines(path: &Path, faults: &[ConfigFault]) -> String {
    let line = |it: &ConfigFault| format!("{}:{}: {}", path.display(), it.line, it.message);
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}
