//! Descriptions that other tools made, as documents of ours; and documents as YAML that people like to read.
//! Pure: text in, text out. Whatever of a source has no place in a document is named, never dropped in silence.
//!
//! Read in this order: [`Found`] (what comes out), `source` (what is taken, and what is left), `carry` (the shapes of
//! manifests as the table of what can be carried), then a tool: `lambroll`, `terraform`, `ack`, `cloudformation`.

mod ack;
pub mod capture;
mod carry;
mod cloudformation;
mod defaults;
mod draft;
mod intrinsics;
mod lambroll;
mod read;
mod sam;
mod source;
mod terraform;
mod why;
mod write;

use serde_json::{Map, Value};

pub use self::{
    read::{ReadError, read},
    write::write,
};
pub use crate::kinds::document::PLACEHOLDER;

/// A document, made of what another tool describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// As in `kind:`.
    pub kind: &'static str,
    /// `metadata.name`: the name in AWS.
    pub name: String,
    /// The document's `spec`.
    pub spec: Map<String, Value>,
    /// What of the source it does not say.
    pub left: Vec<Left>,
    /// The environment variables whose values are [`PLACEHOLDER`].
    pub secrets: Vec<String>,
}

/// A tool that describes functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// AWS Controllers for Kubernetes: `Function` and what belongs to it, `Repository`.
    Ack,
    /// CloudFormation, and the Serverless Application Model.
    CloudFormation,
    /// lambroll: `function.json`, with or without `function_url.json` after it.
    Lambroll,
    /// What `terraform show -json` prints of a state or a plan.
    Terraform,
}

/// Something of a source that a document cannot say. No value stands in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Where it stands, in the source's own words.
    pub path: String,
    /// What it is, and what to do about it.
    pub why: String,
}
