//! A file of manifests that is edited in place.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use super::{CliError, out};

/// A file and what stands in it.
pub(super) struct Sheet {
    path: PathBuf,
    pub(super) text: String,
}

impl Sheet {
    /// Reads one of the files below a directory; or the only one, if that is no directory.
    pub(super) fn open(root: &Path, file: &str) -> Result<Self, CliError> {
        let path = if root.is_dir() { root.join(file) } else { root.to_path_buf() };
        let text = fs::read_to_string(&path);
        let text = text.map_err(|error| CliError(format!("{}: {error}", path.display())))?;
        Ok(Self { path, text })
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self, what: impl Display) -> CliError {
        CliError(format!("{}: {what}", self.path.display()))
    }

    /// Puts another text there, whole or not at all. A link stays a link, and rights stay what they are.
    pub(super) fn save(&self, text: &str) -> Result<(), CliError> {
        let saved = self.path.canonicalize().and_then(|path| {
            let rights = fs::metadata(&path)?.permissions();
            out::save(&path, text, rights)
        });
        saved.map_err(|error| self.wrong(format!("cannot be written: {error}")))
    }
}
