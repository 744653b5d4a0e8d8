//! A file of manifests that is edited in place.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{error::WriteBackError, out};

/// A file and what stands in it.
pub(super) struct ManifestFile {
    path: PathBuf,
    pub(super) text: String,
}

impl ManifestFile {
    /// Reads one of the files below a directory; or the only one, if that is no directory.
    pub(super) fn open(root: &Path, file: &str) -> Result<Self, WriteBackError> {
        let path = if root.is_dir() { root.join(file) } else { root.to_path_buf() };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self { path, text }),
            Err(source) => Err(WriteBackError::Unreadable { path, source }),
        }
    }

    /// The file itself.
    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    /// Why it cannot be edited.
    pub(super) fn uneditable(&self, why: &str) -> WriteBackError {
        WriteBackError::Uneditable { path: self.path(), why: out::clean(why) }
    }

    fn unwritable(&self, source: io::Error) -> WriteBackError {
        WriteBackError::Unwritable { path: self.path(), source }
    }

    /// Puts another text there, whole or not at all. A link stays a link, and rights stay what they are.
    pub(super) fn save(&self, text: &str) -> Result<(), WriteBackError> {
        self.stage(text)?.put(self)
    }

    /// Writes another text to a new file beside this one, with the same rights and owner, so that a
    /// rename puts it in place. Behind a link it is the link's target that is replaced.
    pub(super) fn stage(&self, text: &str) -> Result<StagedFile, WriteBackError> {
        let staged = self.path.canonicalize().and_then(|path| {
            let rights = fs::metadata(&path)?.permissions();
            // The rename that follows would replace it all the same.
            if rights.readonly() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            let part = out::stage(&path, text, rights)?;
            keep_owner(part.as_file(), &path)?;
            Ok(StagedFile { part, path })
        });
        staged.map_err(|source| self.unwritable(source))
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
pub(super) struct StagedFile {
    part: NamedTempFile,
    path: PathBuf,
}

impl StagedFile {
    /// Whether nobody else has written there since it was read.
    pub(super) fn check(&self, file: &ManifestFile) -> Result<(), WriteBackError> {
        let unread = |source| WriteBackError::Unreadable { path: file.path(), source };
        let now = fs::read(&self.path).map_err(unread)?;
        if now == file.text.as_bytes() {
            return Ok(());
        }
        Err(WriteBackError::Overtaken { path: file.path() })
    }

    /// Puts it in the file's place.
    pub(super) fn put(self, file: &ManifestFile) -> Result<(), WriteBackError> {
        self.check(file)?;
        let put = self.part.persist(&self.path).map(drop);
        put.map_err(|error| file.unwritable(error.error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::engine::failure::chain;

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "one").unwrap();
        let file = ManifestFile::open(folder.path(), "a.yaml").unwrap();
        let staged = file.stage("two").unwrap();
        fs::write(&path, "theirs").unwrap();
        let error = staged.put(&file).unwrap_err().to_string();
        assert!(error.contains("changed meanwhile"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let file = ManifestFile::open(&path, "a.yaml").unwrap();
        file.save("three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = file.save("four").unwrap_err();
        assert!(chain(&error).contains("read-only"), "{error:?}");
    }
}
