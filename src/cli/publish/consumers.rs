//! The manifests that an image is published for: what they say of it, and the new image written into them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    cli::{
        args::PinMode,
        error::{ManifestError, WriteBackError},
        manifest_file::ManifestFile,
        manifests,
    },
    engine::kind::Kind as _,
    kinds::{
        function::{
            doc::FunctionDoc,
            image_ref::{ImageRef, Reference},
        },
        function_config::config::defaults::ARCHITECTURE,
        repository::Repository,
    },
    manifest::{self, Body, Document},
};

/// The documents that name a repository.
pub(super) struct Consumers {
    root: PathBuf,
    /// Functions whose image is of it.
    functions: Vec<Arc<Document>>,
    /// Whether a document describes the repository itself.
    pub(super) describe_repository: bool,
}

impl Consumers {
    /// Reads the manifests below `root`, and finds the functions whose image is of this repository.
    /// A fault in any manifest is an error: it could be in one of these.
    pub(super) fn read(root: &Path, repository: &str) -> Result<Self, ManifestError> {
        let documents = manifests::documents(root)?;
        let describes = |it: &Arc<Document>| {
            it.kind() == Repository::NAME && it.aws_name().as_str() == repository
        };
        let describe_repository = documents.iter().any(describes);
        let names = |it: &Arc<Document>| {
            function(it).and_then(image).is_some_and(|it| it.repository == repository)
        };
        let functions = documents.iter().filter(|it| names(it)).cloned().collect();
        Ok(Self { root: root.to_path_buf(), functions, describe_repository })
    }

    /// Returns the architecture of the functions; `None` if there are none. An image has one, so
    /// functions with different ones are an error.
    pub(super) fn architecture(&self) -> Result<Option<String>, ManifestError> {
        let named = |it: &Arc<Document>| {
            let named = function(it)?.architectures.first().cloned();
            Some(named.unwrap_or_else(|| ARCHITECTURE.to_owned()))
        };
        let mut all: Vec<String> = self.functions.iter().filter_map(named).collect();
        all.sort();
        all.dedup();
        match all.len() {
            0 | 1 => Ok(all.pop()),
            _ => Err(ManifestError::Architectures { architectures: all }),
        }
    }

    /// Whether every function says itself which program is run.
    pub(super) fn have_program(&self) -> bool {
        let has = |it: &FunctionDoc| {
            let config = it.image_config.as_ref();
            config.is_some_and(|it| !it.entry_point.is_empty() || !it.command.is_empty())
        };
        !self.functions.is_empty() && self.functions.iter().filter_map(function).all(has)
    }

    /// Writes the image into the manifest of each function; returns what was done, a line for each
    /// document. `PinMode::Auto` writes a digest where there was one, else the tag.
    pub(super) fn pin(
        &self,
        pin: PinMode,
        tag: &str,
        digest: &str,
    ) -> Result<Vec<String>, WriteBackError> {
        let mut lines = Vec::new();
        for document in &self.functions {
            let Some((old, now)) = function(document).and_then(|it| Some((&it.image, image(it)?)))
            else {
                continue;
            };
            let by_digest = matches!(now.reference, Reference::Digest(_));
            let base = old.split_once('@').map_or(old.as_str(), |(base, _)| base);
            let base = base.strip_suffix(&suffix(&now)).unwrap_or(base);
            let new = match pin {
                PinMode::Digest => format!("{base}@{digest}"),
                PinMode::Auto if by_digest => format!("{base}@{digest}"),
                PinMode::Tag | PinMode::Auto => format!("{base}:{tag}"),
                PinMode::No => continue,
            };
            let origin = &document.origin;
            if new == *old {
                lines.push(format!("{origin}: names {new} already"));
                continue;
            }
            self.write(document, &new)?;
            lines.push(format!("{origin}: {old} → {new}"));
        }
        Ok(lines)
    }

    /// Replaces a document's `spec.image` in its file.
    fn write(&self, document: &Document, image: &str) -> Result<(), WriteBackError> {
        let file = ManifestFile::open(&self.root, &document.origin.file)?;
        let line = document.origin.line;
        let edited = manifest::replace(&file.text, line, &["spec", "image"], image);
        let edited = edited.map_err(|error| file.uneditable(&error.to_string()))?;
        let unpinned = |error| {
            let image = image.to_owned();
            WriteBackError::Unpinned { image, error: Box::new(error) }
        };
        file.save(&edited).map_err(unpinned)
    }
}

/// What follows the repository in a reference by tag.
fn suffix(image: &ImageRef) -> String {
    match &image.reference {
        Reference::Tag(tag) => format!(":{tag}"),
        Reference::Digest(_) => String::new(),
    }
}

fn function(document: &Arc<Document>) -> Option<&FunctionDoc> {
    match &document.body {
        Body::Function(doc, _) => Some(doc),
        Body::Repository(_) => None,
    }
}

fn image(doc: &FunctionDoc) -> Option<ImageRef> {
    ImageRef::parse(&doc.image).ok()
}
