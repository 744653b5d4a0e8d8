//! Manifests from standard input: `-` in place of a directory.

use std::{
    fs,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    args::STDIN,
    error::{CliError, FileError, StdinError},
    input::{self, SizeLimit},
    out::note,
};
use crate::manifest::FILE_MAX;

/// What messages call the manifests of standard input.
pub(super) const NAME: &str = "stdin.yaml";

/// The manifests of standard input in a file, for as long as this is there.
pub(super) struct StdinManifests {
    folder: TempDir,
}

impl StdinManifests {
    /// Reads standard input, if that is what `dir` means.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, CliError> {
        const LIMIT: SizeLimit =
            SizeLimit { max: FILE_MAX, advice: "it is larger than 1 MiB; use a directory" };
        if !is_stdin(dir) {
            return Ok(None);
        }
        if io::stdin().is_terminal() {
            note("reading manifests from the terminal, up to Ctrl-D");
        }
        let bytes = input::read_up_to(dir, &LIMIT)?;
        if bytes.trim_ascii().is_empty() {
            return Err(StdinError::Empty.into());
        }
        let folder = tempfile::tempdir().map_err(FileError::Scratch)?;
        let manifests = Self { folder };
        let path = manifests.path();
        fs::write(&path, bytes).map_err(FileError::access(&path))?;
        Ok(Some(manifests))
    }

    /// Where they are. Messages call the file by its name alone.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_stdin(dir: &Path) -> bool {
    dir.as_os_str() == STDIN
}
