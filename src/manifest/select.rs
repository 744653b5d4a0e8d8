//! Choosing some documents of many: by name and by label.

use std::sync::Arc;

use super::Document;
use crate::engine::policy::ReadMode;

/// Which documents are meant. Names are alternatives; labels must all fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// `resize`, `Function/resize` or `default/Function/resize`.
    pub names: Vec<String>,
    /// `label=value`, in parts.
    pub labels: Vec<(String, String)>,
}

impl Selection {
    /// Whether it leaves nothing out.
    pub fn is_all(&self) -> bool {
        self.names.is_empty() && self.labels.is_empty()
    }

    /// Whether it names each of the documents that are meant.
    pub fn is_by_name(&self) -> bool {
        !self.names.is_empty()
    }

    /// How much a single run reads.
    pub fn read_mode(&self) -> ReadMode {
        if self.is_all() { ReadMode::Once } else { ReadMode::Narrow }
    }

    /// Whether a document is meant.
    pub fn takes(&self, document: &Document) -> bool {
        let labelled =
            |(key, value): &(String, String)| document.meta.labels.get(key) == Some(value);
        let named = self.names.is_empty() || self.names.iter().any(|it| is_called(document, it));
        named && self.labels.iter().all(labelled)
    }

    /// The names that no document has.
    pub fn unknown<'a>(&'a self, documents: &[Arc<Document>]) -> Vec<&'a str> {
        let known = |name: &&String| documents.iter().any(|it| is_called(it, name));
        self.names.iter().filter(|it| !known(it)).map(String::as_str).collect()
    }
}

/// By its name in the manifest or in AWS, and with its kind and target if one likes.
fn is_called(document: &Document, name: &str) -> bool {
    let own = document.aws_name();
    let kind = document.kind();
    name == document.meta.name
        || name == own.as_str()
        || name.strip_prefix(kind).and_then(|it| it.strip_prefix('/')) == Some(own.as_str())
        || document.keys().any(|key| key.to_string() == name)
}
