//! What counts, given the files of now and the last good snapshot. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{ignore::folder_of, read::SourceFile, walk::Rest};
use crate::{
    engine::{hex::hex, name::Key},
    manifest::{self, Diagnostic, Document, SkippedDocuments},
};

/// How many hex digits of the hash people see.
const DIGITS: usize = 16;

/// The manifests at one moment.
#[derive(Clone)]
pub struct Snapshot {
    /// A hash of every path and content: the commit may be the same while these differ.
    pub id: String,
    /// The git commit, or the name that git-sync gives it; for people only.
    pub revision: Option<String>,
    /// What counts now, in the order of files and lines; documents that stand at their last good
    /// version included.
    pub documents: Vec<Arc<Document>>,
    /// The keys that stand at their last good version, since their present text cannot be used.
    pub frozen: BTreeSet<Key>,
    /// Everything that is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Files without fault.
    pub valid: usize,
    /// Files with one.
    pub invalid: usize,
    /// Files that are no manifests: by their names, by an ignore file, or since all in them is another tool's.
    pub ignored: usize,
    /// The documents of other tools.
    pub skipped: SkippedDocuments,
}

impl Snapshot {
    /// Whether every file could be read and used.
    pub fn intact(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Whether the other says the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.id == other.id
            && self.revision == other.revision
            && self.diagnostics == other.diagnostics
            && self.frozen == other.frozen
    }
}

/// Puts a snapshot together. A file with a fault, and a key that is claimed twice, give no
/// documents of now: those that `before`, the last snapshot, had of them stay, frozen.
pub(super) fn snapshot(files: &[SourceFile], rest: Rest, before: Option<&Snapshot>) -> Snapshot {
    let mut diagnostics = rest.diagnostics;
    let mut good: Vec<Arc<Document>> = Vec::new();
    let mut broken = unread(&diagnostics);
    let mut hasher = Sha256::new();
    let mut skipped = SkippedDocuments::default();
    for file in &rest.ignore_files {
        hash(&mut hasher, &file.name, &file.hash);
    }
    for file in files {
        hash(&mut hasher, &file.name, &file.hash);
        diagnostics.extend(file.parsed.diagnostics.iter().cloned());
        skipped.extend(&file.parsed.skipped);
        if !file.parsed.diagnostics.is_empty() {
            broken.insert(Arc::clone(&file.name));
        } else if !is_broken(&file.name, &broken) {
            good.extend(file.parsed.documents.iter().cloned());
        }
    }
    let duplicates = manifest::duplicates(good.iter().map(|it| &**it));
    diagnostics.extend(duplicates.values().flatten().cloned());
    good.retain(|document| !document.keys().any(|key| duplicates.contains_key(&key)));
    let claimed: BTreeSet<Key> = good.iter().flat_map(|it| it.keys()).collect();
    let frozen = frozen(before, &broken, &duplicates, &claimed);
    let keys = frozen.iter().flat_map(|it| it.keys()).collect();
    good.extend(frozen);
    good.sort_by(|a, b| a.origin.cmp(&b.origin));
    diagnostics.sort();
    diagnostics.dedup();
    let invalid: BTreeSet<&Arc<str>> = diagnostics.iter().map(|it| &it.file).collect();
    let foreign = files.iter().filter(|it| it.is_foreign()).count();
    let valid = files.iter().filter(|it| !it.is_foreign() && !invalid.contains(&it.name)).count();
    Snapshot {
        id: hex(&hasher.finalize()).chars().take(DIGITS).collect(),
        revision: None,
        documents: good,
        frozen: keys,
        valid,
        invalid: invalid.len(),
        diagnostics,
        ignored: rest.ignored + foreign,
        skipped,
    }
}

fn hash(hasher: &mut Sha256, name: &str, content: &[u8; 32]) {
    hasher.update(name.as_bytes());
    hasher.update([0]);
    hasher.update(content);
}

/// What the walk could not read, by its path: it counts as broken. So does all below a folder whose ignore file has a
/// fault, since nobody knows what the file was to hide.
fn unread(diagnostics: &[Diagnostic]) -> BTreeSet<Arc<str>> {
    let folders = diagnostics.iter().filter_map(|it| folder_of(&it.file)).map(Arc::from);
    diagnostics.iter().map(|it| Arc::clone(&it.file)).chain(folders).collect()
}

/// The documents of the last snapshot whose text cannot be used now: their file is broken, or
/// another document claims the same key. A key that a good document claims elsewhere has moved, and
/// is not frozen.
fn frozen(
    before: Option<&Snapshot>,
    broken: &BTreeSet<Arc<str>>,
    duplicates: &BTreeMap<Key, Vec<Diagnostic>>,
    claimed: &BTreeSet<Key>,
) -> Vec<Arc<Document>> {
    let last = before.map(|it| it.documents.as_slice()).unwrap_or_default();
    let unusable = |document: &&Arc<Document>| {
        is_broken(&document.origin.file, broken)
            || document.keys().any(|key| duplicates.contains_key(&key))
    };
    let moved = |document: &&Arc<Document>| document.keys().any(|key| claimed.contains(&key));
    last.iter().filter(unusable).filter(|it| !moved(it)).cloned().collect()
}

/// Whether a file cannot be used, or a folder that holds it: what is in a folder that was not read is not gone.
fn is_broken(file: &str, broken: &BTreeSet<Arc<str>>) -> bool {
    let folders = file.match_indices('/').filter_map(|(at, _)| file.get(..at));
    folders.chain(["", file]).any(|it| broken.contains(it))
}
