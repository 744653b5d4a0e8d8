//! Several directories and files read once as one set of manifests, for a command that only looks at them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use super::{
    error::{SourceError, WalkError},
    ignore::IgnoreFile,
    read::{Cache, SourceFile},
    snapshot::{self, Snapshot},
    walk::{self, DirectoryListing, ManifestPath, Rest},
};
use crate::{
    daemon::stop::Cancel,
    manifest::{ForeignDocuments, SkippedDocuments},
};

/// A directory of manifests, or a single file.
#[derive(Debug, Clone)]
pub struct SourceRoot {
    /// Where it is.
    pub path: PathBuf,
    /// What messages call it: before the names of files in a directory, in place of the name of a single file. Empty:
    /// they are called by their names alone.
    pub name: String,
}

/// What one root led to.
struct RootFiles {
    root: PathBuf,
    /// Its manifests, by the names that they were read under.
    names: BTreeSet<Arc<str>>,
    /// How many of its files are no manifests.
    ignored: usize,
}

/// Reads all roots once, as one set of manifests. With `refuse_empty` one in which no file holds a manifest is an error.
pub(super) fn read(
    roots: &[SourceRoot],
    foreign: ForeignDocuments,
    refuse_empty: bool,
) -> Result<Snapshot, WalkError> {
    let cancel = Cancel::default();
    let mut cache = Cache::default();
    cache.foreign = foreign;
    let (mut rest, mut paths, mut read) = (Rest::default(), Vec::new(), Vec::new());
    // The name of each file, by its path without symbolic links.
    let mut known: BTreeMap<PathBuf, Arc<str>> = BTreeMap::new();
    let mut identities = Vec::new();
    for root in roots {
        let listing = walk::walk(&root.path, &cancel)?;
        if identities.contains(&listing.identity) {
            continue;
        }
        identities.push(listing.identity.clone());
        let (files, more) = root.renamed(listing);
        let mut names = BTreeSet::new();
        let ignored = more.ignored;
        for file in files {
            let name = known.entry(file.path.clone()).or_insert_with(|| Arc::clone(&file.name));
            names.insert(Arc::clone(name));
            if Arc::ptr_eq(name, &file.name) {
                paths.push(file);
            }
        }
        read.push(RootFiles { root: root.path.clone(), names, ignored });
        rest.diagnostics.extend(more.diagnostics);
        rest.ignore_files.extend(more.ignore_files);
        rest.ignored += more.ignored;
    }
    let files = cache.read_all(&paths, &cancel)?;
    rest.ignore_files.iter().try_for_each(IgnoreFile::confirm)?;
    if refuse_empty && rest.diagnostics.is_empty() {
        let empty = read.into_iter().find_map(|it| it.without_manifests(&files));
        if let Some(error) = empty {
            return Err(WalkError::Failed(error));
        }
    }
    Ok(snapshot::snapshot(&files, rest, None))
}

impl SourceRoot {
    /// What a walk found, under the names that messages use.
    fn renamed(&self, listing: DirectoryListing) -> (Vec<ManifestPath>, Rest) {
        let is_file = !listing.identity.path.is_dir();
        let mut files = listing.files;
        let mut rest = Rest {
            ignore_files: listing.ignore_files,
            diagnostics: listing.diagnostics,
            ignored: listing.ignored,
        };
        if !self.name.is_empty() {
            for file in &mut files {
                file.name = self.name_of(&file.name, is_file);
            }
            for file in &mut rest.ignore_files {
                file.name = self.name_of(&file.name, is_file);
            }
            for diagnostic in &mut rest.diagnostics {
                diagnostic.file = self.name_of(&diagnostic.file, is_file);
            }
        }
        (files, rest)
    }

    /// Where the file is that messages call so; `None` if it is no file of this root.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        if !self.path.is_dir() {
            return (self.name.is_empty() || self.name == name).then(|| self.path.clone());
        }
        if self.name.is_empty() {
            return Some(self.path.join(name));
        }
        let below = name.strip_prefix(self.name.trim_end_matches('/'))?.strip_prefix('/')?;
        Some(self.path.join(below)).filter(|it| it.is_file())
    }

    fn name_of(&self, name: &str, is_file: bool) -> Arc<str> {
        if is_file || name.is_empty() {
            return self.name.as_str().into();
        }
        format!("{}/{name}", self.name.trim_end_matches('/')).into()
    }
}

impl RootFiles {
    /// The error of a root in which no file holds a manifest, or anything that may be meant as one.
    fn without_manifests(self, files: &[SourceFile]) -> Option<SourceError> {
        let own: Vec<&SourceFile> =
            files.iter().filter(|it| self.names.contains(&it.name)).collect();
        let holds =
            |it: &&SourceFile| !it.parsed.documents.is_empty() || !it.parsed.diagnostics.is_empty();
        if own.iter().any(holds) {
            return None;
        }
        let mut other = SkippedDocuments::default();
        for file in &own {
            other.extend(&file.parsed.skipped);
        }
        let foreign = own.iter().filter(|it| it.is_foreign()).count();
        Some(SourceError::NoManifests { root: self.root, other, ignored: self.ignored + foreign })
    }
}
