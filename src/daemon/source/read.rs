//! Reading files so that a change meanwhile is noticed, and unchanged files are not parsed again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::walk::{DirectoryListing, ManifestPath, WalkError};
use crate::{
    daemon::stop::Cancel,
    manifest::{self, Diagnostic, FILE_MAX, Parsed},
};

/// How much all manifests together may hold, in bytes: of text, aliases counted as what they repeat, and some for
/// each value.
const TOTAL_MAX: u64 = 256 * 1024 * 1024;
/// How much of a file is read: one byte more than allowed, so that the reader of manifests sees that it is too large.
const READ_MAX: u64 = FILE_MAX as u64 + 1;

/// One file as it was read.
#[derive(Clone)]
pub(super) struct SourceFile {
    pub(super) name: Arc<str>,
    /// The hash of its bytes.
    pub(super) hash: [u8; 32],
    pub(super) parsed: Arc<Parsed>,
}

/// What tells one state of a file from another. The change time is the kernel's own and cannot be set
/// back, so that a file written within one tick of the clock, or under a clock that jumped, differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The files of the last reading.
#[derive(Default)]
pub(super) struct Cache {
    files: BTreeMap<Arc<str>, (Stamp, SourceFile)>,
    parsed: u64,
}

impl Cache {
    pub(super) fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Reads the files of a walk; unchanged ones are not parsed again. `Err` if one changed before
    /// all were read, or the daemon stops. What exceeds [`TOTAL_MAX`] counts as unreadable.
    pub(super) fn read_all(
        &mut self,
        listing: &DirectoryListing,
        cancel: &Cancel,
    ) -> Result<Vec<SourceFile>, WalkError> {
        let mut files = BTreeMap::new();
        let mut total = 0_u64;
        for found in &listing.files {
            if cancel.is_cancelled() {
                return Err(WalkError::Cancelled);
            }
            let before = stamp(&found.path, &found.name)?;
            let size = before.size.min(READ_MAX);
            let read = match self.files.get(&found.name) {
                _ if total.saturating_add(size) > TOTAL_MAX => unread(&found.name, &too_much()),
                // What could not be read is tried again.
                Some((stamp, read)) if *stamp == before && read.parsed.weight > 0 => read.clone(),
                Some(_) | None => self.read(found, before)?,
            };
            let weight = u64::try_from(read.parsed.weight).unwrap_or(u64::MAX);
            total = total.saturating_add(weight.max(size));
            files.insert(Arc::clone(&found.name), (before, read));
        }
        // Nothing may have moved between the first file and the last.
        for found in &listing.files {
            let after = stamp(&found.path, &found.name)?;
            if files.get(&found.name).is_none_or(|(before, _)| *before != after) {
                return Err(changed(&found.name));
            }
        }
        self.files = files;
        Ok(self.files.values().map(|(_, read)| read.clone()).collect())
    }

    /// Reads and parses a file whose stamp was `before`. `Err` if it has changed or is gone; a file
    /// that is there and cannot be read comes back with a diagnostic.
    fn read(&mut self, found: &ManifestPath, before: Stamp) -> Result<SourceFile, WalkError> {
        let name = &found.name;
        let mut bytes = Vec::new();
        let opened = File::open(&found.path);
        let result = opened.and_then(|file| file.take(READ_MAX).read_to_end(&mut bytes));
        match result {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(changed(name));
            }
            Err(error) => return Ok(unread(name, &format!("the file cannot be read: {error}"))),
        }
        if stamp(&found.path, name)? != before {
            return Err(changed(name));
        }
        self.parsed += 1;
        let parsed = Arc::new(manifest::parse(name, &bytes));
        Ok(SourceFile { name: Arc::clone(name), hash: Sha256::digest(&bytes).into(), parsed })
    }
}

/// The stamp of a file now. Without one, the file has changed since the walk found it.
fn stamp(path: &Path, name: &str) -> Result<Stamp, WalkError> {
    let meta = fs::metadata(path).map_err(|_| changed(name))?;
    Ok(Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

fn changed(name: &str) -> WalkError {
    WalkError::Torn(format!("{name} changed while the directory was read"))
}

fn too_much() -> String {
    format!("all manifests together hold more than {} MiB", TOTAL_MAX >> 20)
}

/// Makes a file that is there and cannot be read: it freezes what it held, as a broken one does.
fn unread(name: &Arc<str>, message: &str) -> SourceFile {
    let note = Diagnostic {
        file: Arc::clone(name),
        line: 0,
        column: 0,
        message: message.into(),
        hint: None,
        excerpt: None,
    };
    let parsed = Parsed { diagnostics: vec![note], ..Parsed::default() };
    let hash = Sha256::digest(message.as_bytes()).into();
    SourceFile { name: Arc::clone(name), hash, parsed: Arc::new(parsed) }
}
