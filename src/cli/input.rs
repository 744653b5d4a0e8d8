//! Files that people hand over, and standard input.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use super::error::FileError;

/// How much of a file is read.
pub(super) struct SizeLimit {
    /// In bytes.
    pub(super) max: usize,
    /// How much is too much, and what to do.
    pub(super) advice: &'static str,
}

/// Reads a file that the operator named.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(file).map_err(FileError::access(file))
}

/// Reads a file, or for `-` standard input; fails if it is larger than the limit, without reading
/// on.
pub(super) fn read_up_to(path: &Path, limit: &SizeLimit) -> Result<Vec<u8>, FileError> {
    let SizeLimit { max, advice } = *limit;
    let stdin = path.as_os_str() == "-";
    let name = if stdin { Path::new("standard input") } else { path };
    let source: Box<dyn io::Read> = if stdin {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(FileError::access(name))?)
    };
    let reach = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(reach).read_to_end(&mut bytes).map_err(FileError::access(name))?;
    if bytes.len() > max {
        return Err(FileError::TooLarge { name: name.display().to_string(), advice });
    }
    Ok(bytes)
}
