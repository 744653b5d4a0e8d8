//! The pause file: while it exists, nothing is written anywhere. Read before every write.

use std::{fs, io::ErrorKind, path::PathBuf};

use crate::engine::diff::Reason;

/// A file that holds all writes while it exists.
#[derive(Debug, Clone, Default)]
pub(crate) struct PauseFile(Option<PathBuf>);

impl PauseFile {
    /// This file; `None`: nothing ever pauses.
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// Why nothing may be written now. A path that cannot be read counts as a file that is there.
    pub(crate) fn why(&self) -> Option<Reason> {
        let path = self.0.as_ref()?;
        let shown = path.display();
        let message = match fs::symlink_metadata(path) {
            Ok(_) => format!("the pause file {shown} exists; remove it to go on"),
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => format!("the pause file {shown} cannot be looked at: {error}"),
        };
        Some(Reason::new("PauseFile", message))
    }
}
