//! What commands read: the manifests, once, as the daemon would read them; and what people hand over.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use super::CliError;
use crate::{
    daemon::{
        clock::SystemClock,
        source::{ManifestSource, Snapshot, SourceRead},
    },
    engine::time::Clock as _,
    manifest::{Diagnostic, Document, Selection},
};

/// How often a directory that never holds still is read again.
const TRIES: usize = 20;

/// Everything that is there, with its problems.
pub(super) fn read(dir: &Path) -> Result<Arc<Snapshot>, CliError> {
    let clock = SystemClock::start();
    let mut source = ManifestSource::new(dir.to_path_buf());
    for _ in 0..TRIES {
        match source.read(clock.now().wall) {
            SourceRead::Fresh(snapshot) => return Ok(snapshot),
            SourceRead::Failed(why) => return Err(CliError(why)),
            SourceRead::Torn(_) | SourceRead::Unchanged | SourceRead::Cancelled => {}
        }
    }
    Err(CliError("the directory never holds still long enough to be read".into()))
}

/// All documents, if none has a fault: one that has could be just the one that is meant.
pub(super) fn documents(dir: &Path) -> Result<Vec<Arc<Document>>, CliError> {
    let snapshot = read(dir)?;
    faultless(&snapshot).map(|()| snapshot.documents.clone())
}

/// Those that are meant. Whoever names some is not failed by faults in other manifests.
pub(super) fn chosen(
    snapshot: &Snapshot,
    selection: &Selection,
) -> Result<Vec<Arc<Document>>, CliError> {
    if !selection.is_by_name() {
        faultless(snapshot)?;
    }
    if !selection.is_all() {
        known(snapshot, selection)?;
    }
    let all = snapshot.documents.iter();
    Ok(all.filter(|it| selection.takes(it)).cloned().collect())
}

fn faultless(snapshot: &Snapshot) -> Result<(), CliError> {
    let diagnostics: Vec<String> = snapshot.diagnostics.iter().map(ToString::to_string).collect();
    if diagnostics.is_empty() { Ok(()) } else { Err(CliError(diagnostics.join("\n"))) }
}

/// Whether every name that was given is one of a document, before anything is touched.
pub(super) fn known(snapshot: &Snapshot, selection: &Selection) -> Result<(), CliError> {
    let unknown = selection.unknown(&snapshot.documents);
    let none = !snapshot.documents.iter().any(|it| selection.takes(it));
    match (unknown.as_slice(), none) {
        ([], false) => Ok(()),
        ([], true) => Err(CliError("no document has these labels".into())),
        (names, _) => Err(CliError(unnamed(names, &snapshot.diagnostics))),
    }
}

/// A name may be missing because its file is broken.
fn unnamed(names: &[&str], diagnostics: &[Diagnostic]) -> String {
    let text = format!("no good document is called `{}`", names.join("` or `"));
    match diagnostics.len() {
        0 => text,
        problems => format!("{text}; the manifests have {problems} problems: `evenkeel check`"),
    }
}

/// A file that another party names, `-` for standard input, up to a size; `hint` says what of a greater one.
pub(super) fn bytes(path: &Path, (most, hint): (usize, &str)) -> Result<Vec<u8>, CliError> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "standard input".to_owned() } else { path.display().to_string() };
    let failed = |error: io::Error| CliError(format!("{name}: {error}"));
    let source: Box<dyn io::Read> = if stdin {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > most { Err(CliError(format!("{name}: {hint}"))) } else { Ok(bytes) }
}
