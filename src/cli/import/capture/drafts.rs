//! Files of manifests on their way to another text.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::{
    cli::{
        error::{CliError, FileError, WriteBackError},
        manifest_file::ManifestFile,
        manifests,
        out::note,
    },
    daemon::source::Snapshot,
    manifest::{self, Diagnostic, Document, Edit},
};

/// All of them.
pub(super) struct ManifestDrafts<'a> {
    root: &'a Path,
    snapshot: &'a Snapshot,
    all: BTreeMap<Arc<str>, ManifestDraft>,
}

/// One.
pub(super) struct ManifestDraft {
    file: ManifestFile,
    text: String,
    /// What was edited, a line each.
    lines: Vec<String>,
}

/// A directory of manifests as it would be.
pub(super) struct ScratchCopy {
    pub(super) root: PathBuf,
    // It goes with this.
    _folder: TempDir,
}

impl<'a> ManifestDrafts<'a> {
    /// None yet, of manifests that have been read.
    pub(super) fn new(root: &'a Path, snapshot: &'a Snapshot) -> Self {
        Self { root, snapshot, all: BTreeMap::new() }
    }

    /// Returns the draft of the file that a document stands in, and reads the file the first time.
    /// Fails if the document is not there as it was read. Documents of one file must be edited from
    /// below, since an edit moves the lines that follow.
    pub(super) fn open(
        &mut self,
        document: &Document,
    ) -> Result<&mut ManifestDraft, WriteBackError> {
        let name = &document.origin.file;
        let draft = match self.all.entry(Arc::clone(name)) {
            Entry::Occupied(draft) => draft.into_mut(),
            Entry::Vacant(place) => {
                let file = ManifestFile::open(self.root, name)?;
                let text = file.text.clone();
                place.insert(ManifestDraft { file, text, lines: Vec::new() })
            }
        };
        let now = manifest::parse(name, draft.text.as_bytes());
        if now.documents.iter().any(|it| **it == *document) {
            return Ok(draft);
        }
        Err(WriteBackError::Stale { path: draft.file.path() })
    }

    /// Writes the manifests as they would be into a scratch directory, and checks that they have no
    /// new fault. Manifests may hold secrets, so nobody else may read the directory.
    pub(super) fn copy(&self) -> Result<ScratchCopy, CliError> {
        let private = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(private).tempdir();
        let folder = folder.map_err(FileError::Scratch)?;
        let files: BTreeSet<&Arc<str>> =
            self.snapshot.documents.iter().map(|it| &it.origin.file).collect();
        for file in &files {
            // A name that is no text cannot be opened by it; if that matters, the proof misses it.
            let Some(text) = self.text(file) else { continue };
            let path = folder.path().join(&***file);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(FileError::Scratch)?;
            }
            fs::write(path, text).map_err(FileError::Scratch)?;
        }
        let only = files.first().filter(|_| !self.root.is_dir());
        let root =
            only.map_or_else(|| folder.path().to_path_buf(), |it| folder.path().join(&***it));
        // Lines have moved.
        let known = &self.snapshot.diagnostics;
        let is_known = |it: &&Diagnostic| {
            known.iter().any(|known| (&known.file, &known.message) == (&it.file, &it.message))
        };
        let now = manifests::read(&root)?;
        if let Some(diagnostic) = now.diagnostics.iter().find(|it| !is_known(it)) {
            let diagnostic = Box::new(diagnostic.clone());
            return Err(WriteBackError::Faulty { diagnostic }.into());
        }
        Ok(ScratchCopy { root, _folder: folder })
    }

    /// A file as it would be.
    fn text(&self, file: &Arc<str>) -> Option<String> {
        let draft = self.all.get(file).map(|it| it.text.clone());
        draft.or_else(|| Some(ManifestFile::open(self.root, file).ok()?.text))
    }

    /// Puts every edited file in its place, or none, as far as the file system tells that before:
    /// all are written beside their places and compared with what was read before the first is put.
    pub(super) fn save(&self) -> Result<(), CliError> {
        let edited: Vec<&ManifestDraft> =
            self.all.values().filter(|it| it.text != it.file.text).collect();
        let staged =
            edited.iter().map(|it| it.file.stage(&it.text)).collect::<Result<Vec<_>, _>>()?;
        for (draft, staged) in edited.iter().zip(&staged) {
            staged.check(&draft.file)?;
        }
        if manifests::read(self.root)?.id != self.snapshot.id {
            return Err(WriteBackError::AllStale.into());
        }
        for (draft, staged) in edited.into_iter().zip(staged) {
            // Each is named as it is done: whoever is stopped in between knows how far it came.
            staged.put(&draft.file)?;
            draft.lines.iter().for_each(|it| note(it));
        }
        Ok(())
    }
}

impl ManifestDraft {
    /// The `spec` of a document.
    pub(super) fn spec(&self, document: &Document) -> Result<Map<String, Value>, WriteBackError> {
        let all = manifest::values("", self.text.as_bytes(), manifest::YamlTags::Refused);
        let found = all.ok().and_then(|all| {
            let (_, document) = all.into_iter().find(|it| it.0 == document.origin.line)?;
            document.get("spec")?.as_object().cloned()
        });
        found.ok_or_else(|| WriteBackError::Moved { path: self.file.path() })
    }

    /// Edits the draft, which is not in its file before it is saved. `line` is printed then.
    pub(super) fn edit(
        &mut self,
        document: &Document,
        edit: &Edit,
        line: &str,
    ) -> Result<(), WriteBackError> {
        let edited = manifest::edit(&self.text, document.origin.line, edit);
        self.text = edited
            .map_err(|error| self.file.uneditable(&format!("{error}; nothing was written")))?;
        self.lines.push(format!("{}: {line}", document.origin));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_nobody_elses_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: { name: jobs }\nspec: {}\n";
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("sub/a.yaml"), text).unwrap();
        let snapshot = manifests::read(folder.path()).unwrap();
        let copy = ManifestDrafts::new(folder.path(), &snapshot).copy().unwrap();
        assert_eq!(fs::metadata(&copy.root).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_to_string(copy.root.join("sub/a.yaml")).unwrap(), text);
        let root = copy.root.clone();
        drop(copy);
        assert!(!root.exists());
    }

    #[test]
    fn nothing_is_written_once_somebody_has_changed_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(format!("{name}.yaml"));
        let text = |name: &str| {
            format!(
                "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: {name} }}\nspec: {{}}\n"
            )
        };
        fs::write(file("jobs"), text("jobs")).unwrap();
        let snapshot = manifests::read(folder.path()).unwrap();
        let document = snapshot.documents.first().unwrap();
        let value = Some(Value::from("IMMUTABLE"));
        let edit = Edit { path: vec!["spec".into(), "imageTagMutability".into()], value };
        let mut drafts = ManifestDrafts::new(folder.path(), &snapshot);
        drafts.open(document).unwrap().edit(document, &edit, "told").unwrap();
        // Not in the file that is edited.
        fs::write(file("other"), text("other")).unwrap();
        assert!(drafts.save().unwrap_err().to_string().contains("changed meanwhile"));
        assert_eq!(fs::read_to_string(file("jobs")).unwrap(), text("jobs"));
        fs::remove_file(file("other")).unwrap();
        drafts.save().unwrap();
        let wanted = text("jobs").replace("{}", "{ imageTagMutability: IMMUTABLE }");
        assert_eq!(fs::read_to_string(file("jobs")).unwrap(), wanted);
    }
}
