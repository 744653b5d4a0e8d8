//! Finding the manifests below a root, with limits, and without leaving it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::manifest::Note;

/// How deep directories may nest.
const DEPTH_MAX: usize = 16;
/// How many manifests there may be.
const FILES_MAX: usize = 20_000;
/// What a manifest is called.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Why a walk came to nothing.
pub(super) enum Trouble {
    /// Something vanished meanwhile; read again.
    Torn(String),
    /// The root cannot be read.
    Failed(String),
}

/// What a walk found.
pub(super) struct Walked {
    pub(super) identity: Identity,
    pub(super) files: Vec<Found>,
    pub(super) notes: Vec<Note>,
    pub(super) ignored: usize,
}

/// A root, told from any other even if it stands at the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// Without symbolic links.
    pub(super) path: PathBuf,
    device: u64,
    inode: u64,
}

/// A file to read.
pub(super) struct Found {
    /// Where it is, without symbolic links.
    pub(super) path: PathBuf,
    /// What it is called in messages: its path below the root.
    pub(super) name: Arc<str>,
}

/// What is left of a walk once the files are read.
pub(super) struct Rest {
    pub(super) notes: Vec<Note>,
    pub(super) ignored: usize,
}

impl Walked {
    pub(super) fn into_rest(self) -> Rest {
        Rest { notes: self.notes, ignored: self.ignored }
    }
}

/// The root that the path leads to now.
pub(super) fn identity(root: &Path) -> Result<Identity, Trouble> {
    let failed = |error: io::Error| Trouble::Failed(format!("{}: {error}", root.display()));
    let path = fs::canonicalize(root).map_err(failed)?;
    let meta = fs::metadata(&path).map_err(failed)?;
    Ok(Identity { path, device: meta.dev(), inode: meta.ino() })
}

/// Finds every manifest, in the order of their names.
pub(super) fn walk(root: &Path) -> Result<Walked, Trouble> {
    let identity = identity(root)?;
    let path = identity.path.clone();
    let mut walk =
        Walk { root: &path, files: Vec::new(), notes: Vec::new(), ignored: 0, open: Vec::new() };
    if path.is_dir() {
        walk.directory(&path, "")?;
    } else {
        // A single file, whatever it is called.
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        walk.files.push(Found { path: path.clone(), name: name.into() });
    }
    let Walk { mut files, notes, ignored, .. } = walk;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Walked { identity, files, notes, ignored })
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<Found>,
    notes: Vec<Note>,
    ignored: usize,
    /// The directories that lead to where we are, to notice a loop of links.
    open: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, prefix: &str) -> Result<(), Trouble> {
        let meta = fs::metadata(path).map_err(|error| self.trouble(path, &error))?;
        let id = (meta.dev(), meta.ino());
        if self.open.contains(&id) {
            self.note(prefix, "the link leads back to a directory that holds it", "remove it");
            return Ok(());
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("directories nest deeper than {DEPTH_MAX} levels");
            self.note(prefix, &message, "move it up");
            return Ok(());
        }
        self.open.push(id);
        let entries = fs::read_dir(path).map_err(|error| self.trouble(path, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| self.trouble(path, &error))?;
            let file_name = entry.file_name();
            let name = file_name.to_string_lossy();
            let full =
                if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().map_err(|error| self.trouble(path, &error))?;
            let place = entry.path();
            // Below a path without links, only a link leads elsewhere.
            let real = if kind.is_symlink() { None } else { Some(place.clone()) };
            self.entry((&place, real), &name, &full)?;
        }
        self.open.pop();
        Ok(())
    }

    fn entry(
        &mut self,
        (path, real): (&Path, Option<PathBuf>),
        name: &str,
        full: &str,
    ) -> Result<(), Trouble> {
        // Kubernetes keeps a ConfigMap's real files below `..data`, git its own below `.git`.
        if name.starts_with('.') {
            return Ok(());
        }
        if is_leftover(name) {
            self.ignored += 1;
            return Ok(());
        }
        // Where the entry really is. A link whose end is gone is a swap under way, or a mistake.
        let real = match real.map_or_else(|| fs::canonicalize(path), Ok) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Trouble::Torn(format!("{full} vanished while the directory was read")));
            }
            Err(error) => {
                self.note(full, &format!("cannot be resolved: {error}"), "remove the link");
                return Ok(());
            }
        };
        if !real.starts_with(self.root) {
            self.note(full, "the link leads out of the directory", "put the file itself there");
            return Ok(());
        }
        let meta = fs::metadata(&real).map_err(|error| self.trouble(&real, &error))?;
        if meta.is_dir() {
            return self.directory(&real, full);
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !EXTENSIONS.contains(&extension.as_str()) {
            self.ignored += 1;
            return Ok(());
        }
        if !meta.is_file() {
            // Opening a pipe would wait for somebody to write into it.
            self.note(full, "it is no regular file", "put a file there");
            return Ok(());
        }
        if self.files.len() >= FILES_MAX {
            return Err(Trouble::Failed(format!("there are more than {FILES_MAX} manifests")));
        }
        self.files.push(Found { path: real, name: full.into() });
        Ok(())
    }

    fn trouble(&self, path: &Path, error: &io::Error) -> Trouble {
        let text = format!("{}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::NotFound if path != self.root => Trouble::Torn(text),
            _ => Trouble::Failed(text),
        }
    }

    fn note(&mut self, name: &str, message: &str, hint: &str) {
        self.notes.push(Note {
            file: name.into(),
            line: 0,
            column: 0,
            message: message.into(),
            hint: Some(hint.into()),
            excerpt: None,
        });
    }
}

/// What editors leave behind.
fn is_leftover(name: &str) -> bool {
    name.ends_with('~')
        || name.starts_with('#')
        || [".bak", ".swp", ".tmp", ".orig"].iter().any(|end| name.ends_with(end))
}
