//! YAML and JSON text in, checked documents out, with every problem at once. Pure: it reads no files.

mod document;
mod expand;
mod note;

pub use document::{Body, Document, Meta, Origin};
pub use expand::{Documents, Wishes, expand, targets};
pub use note::Note;

/// What one file holds: the documents without fault, and every fault of the others.
#[derive(Clone, Default)]
pub struct Parsed {
    /// In file order.
    pub documents: Vec<Document>,
    /// In reading order.
    pub notes: Vec<Note>,
}
