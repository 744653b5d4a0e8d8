//! A file of manifests that is edited in place.

use std::{
    fmt::Display,
    fs, io,
    os::unix::fs::{MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

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
        CliError(format!("{}: {}", self.path.display(), out::clean(&what.to_string())))
    }

    /// Puts another text there, whole or not at all. A link stays a link, and rights stay what they are.
    pub(super) fn save(&self, text: &str) -> Result<(), CliError> {
        self.stage(text)?.put(self)
    }

    /// Writes another text beside it, so that only its name is missing.
    pub(super) fn stage(&self, text: &str) -> Result<Staged, CliError> {
        let staged = self.path.canonicalize().and_then(|path| {
            let rights = fs::metadata(&path)?.permissions();
            if rights.readonly() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            let part = out::stage(&path, text, rights)?;
            keep_owner(part.as_file(), &path)?;
            Ok(Staged { part, path })
        });
        staged.map_err(|error| self.wrong(format!("cannot be written: {error}")))
    }
}

/// The new file is as much its owner's as the old one.
fn keep_owner(new: &fs::File, old: &Path) -> io::Result<()> {
    let (old, now) = (fs::metadata(old)?, new.metadata()?);
    if (old.uid(), old.gid()) == (now.uid(), now.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid()))
}

/// A text that waits beside its file.
pub(super) struct Staged {
    part: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Whether nobody else has written there since it was read.
    pub(super) fn check(&self, sheet: &Sheet) -> Result<(), CliError> {
        let now = fs::read(&self.path).map_err(|error| sheet.wrong(error))?;
        if now == sheet.text.as_bytes() {
            return Ok(());
        }
        Err(sheet.wrong("it has been changed meanwhile, and is left as it is: begin again"))
    }

    /// Puts it in the file's place.
    pub(super) fn put(self, sheet: &Sheet) -> Result<(), CliError> {
        let wrong = |error: io::Error| sheet.wrong(format!("cannot be written: {error}"));
        self.check(sheet)?;
        self.part.persist(&self.path).map(drop).map_err(|error| wrong(error.error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "one").unwrap();
        let sheet = Sheet::open(folder.path(), "a.yaml").unwrap();
        let staged = sheet.stage("two").unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = staged.put(&sheet).unwrap_err().to_string();
        assert!(error.contains("changed meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let sheet = Sheet::open(&path, "a.yaml").unwrap();
        sheet.save("three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(sheet.save("four").unwrap_err().to_string().contains("read-only"));
    }
}
