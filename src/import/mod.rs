//! Descriptions that other tools made, as documents of ours; and documents as YAML that people like to read.
//! Pure: text in, text out. Whatever of a source has no place in a document is named, never dropped in silence.
//!
//! Read in this order: [`ImportedDocument`] (what comes out), `source_node` (what is taken, and what is left),
//! `convert` (the shapes of manifests as the table of what can be converted), then a tool: `lambroll`, `terraform`,
//! `ack`, `cloudformation`.

mod ack;
pub(crate) mod capture;
mod cloudformation;
mod convert;
mod defaults;
mod document;
mod draft;
mod intrinsics;
mod lambroll;
mod read;
mod reasons;
mod sam;
mod source_node;
mod terraform;
mod write;

pub use self::{
    document::{ImportedDocument, Omission, SourceFormat},
    read::{ReadError, read},
    write::write,
};
