//! YAML and JSON text in, checked documents out, with every problem at once. Pure: it reads no files.

mod check;
mod diagnostic;
mod diagnostics;
mod document;
mod duplicates;
mod edit;
mod envelope;
mod excerpt;
mod expand;
mod foreign;
mod hint;
mod named;
mod near;
mod parse;
mod parse_error;
mod parts;
mod scalar;
mod select;
mod sites;
mod size;
mod template;
mod tree;
mod unit;
mod yaml_error;

pub use diagnostic::Diagnostic;
pub use document::{Body, Document, Meta};
pub use duplicates::duplicates;
pub use edit::{Edit, EditError, edit, replace};
pub use envelope::{API_VERSION, reference, schema, shape_of};
pub use expand::{DesiredResources, DesiredState, expand, targets};
pub use foreign::{ForeignDocuments, SkippedDocuments};
pub use parse::{Parsed, parse, parse_with, plain, position, values};
pub use parts::FunctionParts;
pub use select::Selection;
pub use sites::Documents;
pub use tree::{FILE_MAX, YamlTags};
