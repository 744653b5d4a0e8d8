//! What tells one state of a file from another.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::error::WalkError;

/// The state of a file. The change time is the kernel's own and cannot be set
/// back, so that a file written within one tick of the clock, or under a clock that jumped, differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    /// How many bytes the file has.
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The stamp of a file now. Without one, the file has changed since the walk found it; `name` is its path below the
/// root.
pub(super) fn stamp(path: &Path, name: &str) -> Result<Stamp, WalkError> {
    let meta = fs::metadata(path).map_err(|_| WalkError::changed(name))?;
    Ok(Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        size: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}
