//! The manifests that commands read: once, as the daemon would read them.

use std::{path::Path, sync::Arc};

use super::error::ManifestError;
use crate::{
    daemon::source::{self, ManifestSource, Snapshot, SourceOptions, SourceRead, SourceRoot},
    manifest::{Document, Selection},
};

/// How often a directory that never holds still is read again.
const TRIES: usize = 20;

/// Reads all manifests of a directory, with their problems, as the daemon does. A directory that
/// changes meanwhile is read again, at most `TRIES` times.
pub(super) fn read(dir: &Path) -> Result<Arc<Snapshot>, ManifestError> {
    read_with(dir, SourceOptions::default())
}

/// Reads all manifests as [`read`] does, by these options.
pub(super) fn read_with(
    dir: &Path,
    options: SourceOptions,
) -> Result<Arc<Snapshot>, ManifestError> {
    let mut source = ManifestSource::new(dir.to_path_buf()).with(options);
    for _ in 0..TRIES {
        match source.read() {
            SourceRead::Fresh(snapshot) => return Ok(snapshot),
            SourceRead::Failed(error) => return Err(error.into()),
            SourceRead::Torn(why) => tracing::debug!(why, "reading again"),
            SourceRead::Unchanged | SourceRead::Cancelled => {}
        }
    }
    Err(ManifestError::Torn)
}

/// Reads all manifests of several directories and files as one set, once. What changes meanwhile is read again, at most
/// `TRIES` times.
pub(super) fn read_together(
    roots: &[SourceRoot],
    options: SourceOptions,
) -> Result<Arc<Snapshot>, ManifestError> {
    for _ in 0..TRIES {
        match source::read_together(roots, options) {
            SourceRead::Fresh(snapshot) => return Ok(snapshot),
            SourceRead::Failed(error) => return Err(error.into()),
            SourceRead::Torn(why) => tracing::debug!(why, "reading again"),
            SourceRead::Unchanged | SourceRead::Cancelled => {}
        }
    }
    Err(ManifestError::Torn)
}

/// All documents, if none has a fault: one that has could be just the one that is meant.
pub(super) fn documents(dir: &Path) -> Result<Vec<Arc<Document>>, ManifestError> {
    let snapshot = read(dir)?;
    faultless(&snapshot).map(|()| snapshot.documents.clone())
}

/// Returns the documents that are selected. A fault in any manifest is an error, unless they are
/// selected by name: then faults in other manifests do not matter.
pub(super) fn chosen(
    snapshot: &Snapshot,
    selection: &Selection,
) -> Result<Vec<Arc<Document>>, ManifestError> {
    if !selection.is_by_name() {
        faultless(snapshot)?;
    }
    if !selection.is_all() {
        known(snapshot, selection)?;
    }
    let all = snapshot.documents.iter();
    Ok(all.filter(|it| selection.takes(it)).cloned().collect())
}

fn faultless(snapshot: &Snapshot) -> Result<(), ManifestError> {
    let diagnostics = snapshot.diagnostics.clone();
    if diagnostics.is_empty() { Ok(()) } else { Err(ManifestError::Faults { diagnostics }) }
}

/// Checks that each given name is one of a document, and that some document has the labels.
/// Commands do so before they touch anything.
pub(super) fn known(snapshot: &Snapshot, selection: &Selection) -> Result<(), ManifestError> {
    let unknown = selection.unknown(&snapshot.documents);
    let none = !snapshot.documents.iter().any(|it| selection.takes(it));
    match (unknown.as_slice(), none) {
        ([], false) => Ok(()),
        ([], true) => Err(ManifestError::NoSuchLabels),
        (names, _) => Err(ManifestError::NoSuchNames {
            names: names.iter().map(|it| (*it).to_owned()).collect(),
            problems: snapshot.diagnostics.len(),
        }),
    }
}
