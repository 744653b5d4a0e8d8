//! YAML and JSON text in, checked documents out, with every problem at once. Pure: it reads no files.

mod check;
mod document;
mod duplicates;
mod edit;
mod envelope;
mod expand;

mod diagnostic;
mod diagnostics;
mod parse;
mod parts;
mod scalar;
mod select;
mod sites;
mod tree;

use std::sync::Arc;

pub use diagnostic::Diagnostic;
pub use document::{Body, Document, Meta};
pub use duplicates::duplicates;
pub use edit::{Edit, EditError, edit, replace};
pub use envelope::{API_VERSION, reference, schema, shape_of};
pub use expand::{DesiredState, expand, targets};
pub use parse::{FILE_MAX, parse, plain, values};
pub use parts::FunctionParts;
pub use select::Selection;
pub use sites::Documents;
pub use tree::YamlTags;

/// What one file holds: the documents without fault, and every fault of the others.
#[derive(Clone, Default)]
pub struct Parsed {
    /// In file order. Shared by every snapshot that they stand in.
    pub documents: Vec<Arc<Document>>,
    /// In reading order.
    pub diagnostics: Vec<Diagnostic>,
    /// How many bytes it takes to hold what the file says, about: more than its size where values are short or
    /// aliases repeat much. 0 if it was not read.
    pub weight: usize,
}
