//! What an import makes: documents, and what of the source they leave out.

use serde_json::{Map, Value};

/// A document, made of what another tool describes.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedDocument {
    /// As in `kind:`.
    pub kind: &'static str,
    /// `metadata.name`: the name in AWS.
    pub name: String,
    /// The document's `spec`.
    pub spec: Map<String, Value>,
    /// What of the source it does not say.
    pub left: Vec<Omission>,
    /// The environment variables whose values are [`PLACEHOLDER`](crate::kinds::document::PLACEHOLDER).
    pub secrets: Vec<String>,
}

/// A tool that describes functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
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
pub struct Omission {
    /// Where it stands, in the source's own words.
    pub path: String,
    /// What it is, and what to do about it.
    pub why: String,
}
