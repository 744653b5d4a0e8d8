//! Finding the manifests below a root, with limits, and without leaving it.
//!
//! Each real folder is read once, however many links lead to it: where it really stands, or, if that place
//! is skipped (`..data`), by the first link in the order of names. The same holds for each real file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::{SourceError, WalkError},
    ignore::{self, IGNORE_FILE, IgnoreFile, IgnoreFileRead, IgnoreRules},
    links::links,
};
use crate::{daemon::stop::Cancel, manifest::Diagnostic};

/// How deep directories may nest.
const DEPTH_MAX: usize = 16;
/// How many manifests there may be.
const FILES_MAX: usize = 20_000;
/// How many entries directories may hold, manifests or not. Reading so many takes about a second.
const ENTRIES_MAX: usize = 100_000;
/// What a manifest is called.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// What a walk found.
pub(super) struct DirectoryListing {
    pub(super) identity: RootIdentity,
    pub(super) files: Vec<ManifestPath>,
    pub(super) folders: Folders,
    pub(super) ignore_files: Vec<IgnoreFile>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Files that are no manifests.
    pub(super) ignored: usize,
}

/// The folders whose entries count, by their paths without symbolic links: those that were read, and those
/// that links to files lead into.
pub(super) type Folders = BTreeMap<PathBuf, Inode>;

/// A file or folder, told from any other that stands at the same path at another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), number: meta.ino() }
    }
}

/// A root, told from any other even if it stands at the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RootIdentity {
    /// Without symbolic links.
    pub(super) path: PathBuf,
    inode: Inode,
}

/// A file to read.
pub(super) struct ManifestPath {
    /// Where it is, without symbolic links.
    pub(super) path: PathBuf,
    /// What it is called in messages: its path below the root.
    pub(super) name: Arc<str>,
}

/// What is left of a walk once the files are read.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) ignore_files: Vec<IgnoreFile>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) ignored: usize,
}

impl DirectoryListing {
    pub(super) fn into_rest(self) -> Rest {
        let Self { ignore_files, diagnostics, ignored, .. } = self;
        Rest { ignore_files, diagnostics, ignored }
    }
}

/// The root that the path leads to now.
pub(super) fn identity(root: &Path) -> Result<RootIdentity, WalkError> {
    let failed = |error| WalkError::Failed(SourceError::io(root, error));
    let path = fs::canonicalize(root).map_err(failed)?;
    let inode = Inode::of(&fs::metadata(&path).map_err(failed)?);
    Ok(RootIdentity { path, inode })
}

/// Finds every manifest below a root, in the order of their names. A root that is a file is the
/// only one. `Err` if something vanished, the root cannot be read, or there is too much.
pub(super) fn walk(root: &Path, cancel: &Cancel) -> Result<DirectoryListing, WalkError> {
    let identity = identity(root)?;
    let path = identity.path.clone();
    let mut walk = Walk::new(&path, cancel);
    if path.is_dir() {
        walk.directory(&path, "")?;
    } else {
        // A single file, whatever it is called.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        walk.files.push(ManifestPath { path: path.clone(), name: name.into() });
    }
    let Walk { mut files, folders, ignore_files, diagnostics, ignored, .. } = walk;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(DirectoryListing { identity, files, folders, ignore_files, diagnostics, ignored })
}

struct Walk<'a> {
    root: &'a Path,
    cancel: &'a Cancel,
    files: Vec<ManifestPath>,
    folders: Folders,
    ignore_files: Vec<IgnoreFile>,
    /// The patterns that hold where we are, those of the root first.
    rules: Vec<IgnoreRules>,
    diagnostics: Vec<Diagnostic>,
    ignored: usize,
    /// How many entries were read.
    entries: usize,
    /// The directories that lead to where we are, to notice a loop of links.
    open: Vec<Inode>,
    /// The directories that were read.
    read: BTreeSet<Inode>,
    /// Where links to files led.
    linked: BTreeSet<PathBuf>,
}

/// A name in a directory.
struct DirectoryEntry {
    path: PathBuf,
    name: String,
    /// Its path below the root.
    full: String,
    is_link: bool,
}

/// What an entry of a directory leads to.
struct EntryTarget {
    /// Without symbolic links.
    path: PathBuf,
    meta: Metadata,
}

impl<'a> Walk<'a> {
    /// Makes a walk that has found nothing yet.
    fn new(root: &'a Path, cancel: &'a Cancel) -> Self {
        Self {
            root,
            cancel,
            files: Vec::new(),
            folders: Folders::new(),
            ignore_files: Vec::new(),
            rules: Vec::new(),
            diagnostics: Vec::new(),
            ignored: 0,
            entries: 0,
            open: Vec::new(),
            read: BTreeSet::new(),
            linked: BTreeSet::new(),
        }
    }

    /// Walks a directory; `prefix` is its path below the root. A circle of links and a directory
    /// that is too deep become diagnostics.
    fn directory(&mut self, path: &Path, prefix: &str) -> Result<(), WalkError> {
        let inode = self.inode(path)?;
        if self.open.contains(&inode) {
            self.note(prefix, "the link leads back to a directory that holds it", "remove it");
            return Ok(());
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("directories nest deeper than {DEPTH_MAX} levels");
            self.note(prefix, &message, "move it up");
            return Ok(());
        }
        // Another way has led here before.
        if !self.read.insert(inode) {
            return Ok(());
        }
        self.folders.insert(path.to_path_buf(), inode);
        self.open.push(inode);
        let entries = self.entries(path, prefix)?;
        let outside = self.rules.len();
        if let Some(entry) = entries.iter().find(|it| it.name == IGNORE_FILE) {
            self.ignore_file(entry)?;
        }
        for entry in &entries {
            self.entry(entry)?;
        }
        self.rules.truncate(outside);
        self.open.pop();
        Ok(())
    }

    /// Reads the ignore file of the folder where we are: its patterns hold until the folder is left.
    fn ignore_file(&mut self, entry: &DirectoryEntry) -> Result<(), WalkError> {
        let Some(EntryTarget { path, meta }) = self.resolve(entry)? else { return Ok(()) };
        if !meta.is_file() {
            self.note(&entry.full, "it is no regular file", "put a file there");
            return Ok(());
        }
        let IgnoreFileRead { file, rules, diagnostics } = ignore::read(&path, &entry.full)?;
        self.ignore_files.push(file);
        self.rules.push(rules);
        self.diagnostics.extend(diagnostics);
        if entry.is_link { self.keep(&path) } else { Ok(()) }
    }

    /// Whether an ignore file hides what is called so. The nearest file that has a pattern for it decides.
    fn is_ignored(&self, full: &str, is_folder: bool) -> bool {
        self.rules.iter().rev().find_map(|it| it.ignores(full, is_folder)).unwrap_or(false)
    }

    /// The entries of a directory, in the order of names: of two links to one folder, always the
    /// same one counts.
    fn entries(&mut self, path: &Path, prefix: &str) -> Result<Vec<DirectoryEntry>, WalkError> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| self.error_at(path, error))? {
            let entry = entry.map_err(|error| self.error_at(path, error))?;
            self.count()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().map_err(|error| self.error_at(path, error))?;
            entries.push(DirectoryEntry {
                path: entry.path(),
                name,
                full,
                is_link: kind.is_symlink(),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Counts one more entry. `Err` if there are too many, or the daemon stops.
    fn count(&mut self) -> Result<(), WalkError> {
        self.entries += 1;
        if self.cancel.is_cancelled() {
            return Err(WalkError::Cancelled);
        }
        if self.entries > ENTRIES_MAX {
            let root = self.root.to_path_buf();
            return Err(WalkError::Failed(SourceError::TooManyEntries { root, max: ENTRIES_MAX }));
        }
        Ok(())
    }

    /// Deals with one entry of a directory: walks a directory, keeps a manifest, passes over the
    /// rest. A link that leads out of the root becomes a diagnostic.
    fn entry(&mut self, entry: &DirectoryEntry) -> Result<(), WalkError> {
        let DirectoryEntry { path, name, full, is_link } = entry;
        // Kubernetes keeps a ConfigMap's real files below `..data`, git its own below `.git`.
        if name.starts_with('.') {
            return Ok(());
        }
        if is_leftover(name) {
            self.ignored += 1;
            return Ok(());
        }
        // What a link leads to may be anything, or nothing any more: its name alone may hide it.
        if *is_link && self.is_ignored(full, false) {
            self.ignored += 1;
            return Ok(());
        }
        let Some(EntryTarget { path: real, meta }) = self.resolve(entry)? else { return Ok(()) };
        if self.is_ignored(full, meta.is_dir()) {
            self.ignored += usize::from(!meta.is_dir());
            return Ok(());
        }
        if meta.is_dir() {
            let round = self.open.contains(&Inode::of(&meta));
            // A link to what the walk comes to by its own name counts there. A circle does not:
            // `directory` has to report it.
            let elsewhere = *is_link && !round && self.is_seen(&real);
            return if elsewhere { Ok(()) } else { self.directory(&real, full) };
        }
        if !is_manifest(path) {
            self.ignored += 1;
            return Ok(());
        }
        if !meta.is_file() {
            // Opening a pipe would wait for another party to write into it.
            self.note(full, "it is no regular file", "put a file there");
            return Ok(());
        }
        if *is_link {
            let elsewhere = is_manifest(&real) && self.is_seen(&real);
            if elsewhere || !self.linked.insert(real.clone()) {
                return Ok(());
            }
            self.keep(&real)?;
        }
        if self.files.len() >= FILES_MAX {
            return Err(WalkError::Failed(SourceError::TooManyManifests { max: FILES_MAX }));
        }
        self.files.push(ManifestPath { path: real, name: full.as_str().into() });
        Ok(())
    }

    /// Finds what an entry leads to. `None`, and a diagnostic, for a link that leads nowhere or out of the root.
    fn resolve(&mut self, entry: &DirectoryEntry) -> Result<Option<EntryTarget>, WalkError> {
        let DirectoryEntry { path, full, is_link, .. } = entry;
        // Below a path without links, only a link leads elsewhere. A link whose end is gone is a swap under
        // way, or a mistake.
        let path = match if *is_link { fs::canonicalize(path) } else { Ok(path.clone()) } {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(WalkError::Torn(format!(
                    "{full} vanished while the directory was read"
                )));
            }
            Err(error) => {
                self.note(full, &format!("cannot be resolved: {error}"), "remove the link");
                return Ok(None);
            }
        };
        if !path.starts_with(self.root) {
            self.note(full, "the link leads out of the directory", "put the file itself there");
            return Ok(None);
        }
        let meta = fs::metadata(&path).map_err(|error| self.error_at(&path, error))?;
        if *is_link {
            self.leads_through(&entry.path)?;
        }
        Ok(Some(EntryTarget { path, meta }))
    }

    /// Whether the walk comes to a place below the root by its own name.
    fn is_seen(&self, real: &Path) -> bool {
        let mut names = real.strip_prefix(self.root).into_iter().flatten();
        names.all(|it| !is_skipped(&it.to_string_lossy()))
    }

    /// Keeps the folders inside the root with the links that a link leads through: a swap of one leads it elsewhere.
    fn leads_through(&mut self, link: &Path) -> Result<(), WalkError> {
        let inside = |it: &&PathBuf| it.starts_with(self.root) && *it != self.root;
        let links: Vec<PathBuf> = links(link).iter().filter(inside).cloned().collect();
        links.iter().try_for_each(|it| self.keep(it))
    }

    /// Keeps the folder in which a file or a link stands.
    fn keep(&mut self, file: &Path) -> Result<(), WalkError> {
        let folder = file.parent().unwrap_or(self.root);
        if !self.folders.contains_key(folder) {
            let inode = self.inode(folder)?;
            self.folders.insert(folder.to_path_buf(), inode);
        }
        Ok(())
    }

    fn inode(&self, path: &Path) -> Result<Inode, WalkError> {
        let meta = fs::metadata(path).map_err(|error| self.error_at(path, error))?;
        Ok(Inode::of(&meta))
    }

    fn error_at(&self, path: &Path, error: io::Error) -> WalkError {
        let torn = error.kind() == io::ErrorKind::NotFound && path != self.root;
        let error = SourceError::io(path, error);
        if torn { WalkError::Torn(error.text()) } else { WalkError::Failed(error) }
    }

    /// Adds a diagnostic about a file or directory as a whole; `name` is its path below the root.
    fn note(&mut self, name: &str, message: &str, hint: &str) {
        self.diagnostics.push(Diagnostic {
            file: name.into(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: Some(hint.into()),
            excerpt: None,
        });
    }
}

/// Whether a walk passes a name by.
fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || is_leftover(name)
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    EXTENSIONS.contains(&extension.as_str())
}

/// What editors leave behind.
fn is_leftover(name: &str) -> bool {
    name.ends_with('~')
        || name.starts_with('#')
        || [".bak", ".swp", ".tmp", ".orig"].iter().any(|end| name.ends_with(end))
}
