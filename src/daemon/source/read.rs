//! Reading files so that a change meanwhile is noticed, and unchanged files are not parsed again.

use std::{collections::BTreeMap, fs::File, io::Read as _, sync::Arc};

use sha2::{Digest as _, Sha256};

use super::{
    error::WalkError,
    stamp::{Stamp, stamp},
    walk::ManifestPath,
};
use crate::{
    daemon::stop::Cancel,
    manifest::{self, Diagnostic, FILE_MAX, ForeignDocuments, Parsed},
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

/// The files of the last reading.
#[derive(Default)]
pub(super) struct Cache {
    /// What becomes of documents of other tools.
    pub(super) foreign: ForeignDocuments,
    files: BTreeMap<Arc<str>, (Stamp, SourceFile)>,
    parsed: u64,
}

impl SourceFile {
    /// Whether it holds nothing but documents of other tools.
    pub(super) fn is_foreign(&self) -> bool {
        let Parsed { documents, diagnostics, skipped, .. } = &*self.parsed;
        skipped.count() > 0 && documents.is_empty() && diagnostics.is_empty()
    }
}

impl Cache {
    pub(super) fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Reads the files of a walk; unchanged ones are not parsed again. `Err` if one changed before
    /// all were read, or the daemon stops. What exceeds [`TOTAL_MAX`] counts as unreadable.
    pub(super) fn read_all(
        &mut self,
        paths: &[ManifestPath],
        cancel: &Cancel,
    ) -> Result<Vec<SourceFile>, WalkError> {
        let mut files = BTreeMap::new();
        let mut total = 0_u64;
        for found in paths {
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
        for found in paths {
            let after = stamp(&found.path, &found.name)?;
            if files.get(&found.name).is_none_or(|(before, _)| *before != after) {
                return Err(WalkError::changed(&found.name));
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
                return Err(WalkError::changed(name));
            }
            Err(error) => return Ok(unread(name, &format!("the file cannot be read: {error}"))),
        }
        if stamp(&found.path, name)? != before {
            return Err(WalkError::changed(name));
        }
        self.parsed += 1;
        let parsed = Arc::new(manifest::parse_with(name, &bytes, self.foreign));
        Ok(SourceFile { name: Arc::clone(name), hash: Sha256::digest(&bytes).into(), parsed })
    }
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
