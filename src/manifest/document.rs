//! What one readable document says, and where it stands.

use std::{collections::BTreeMap, sync::Arc};

use super::parts::FunctionParts;
use crate::{
    engine::{
        desired::Location,
        kind::Kind,
        name::{Key, Name},
    },
    kinds::{
        function::{Function, doc::FunctionDoc},
        repository::{Repository, doc::RepositoryDoc},
    },
};

/// The `metadata` of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// `metadata.name`; also the name in AWS unless the spec gives another.
    pub name: String,
    /// `metadata.target`: the targets it is meant for, in order, without repeats; `default` if left out.
    pub targets: Vec<Name>,
    /// For filters and metrics only.
    pub labels: Arc<BTreeMap<String, String>>,
    /// For other tools; never read here.
    pub annotations: BTreeMap<String, String>,
}

/// One document that was read without a fault.
#[derive(Clone, PartialEq)]
pub struct Document {
    /// Where its first key stands: the file is a path below the watched directory, with slashes on every system.
    pub origin: Location,
    /// Its `metadata`.
    pub meta: Meta,
    /// Its `spec`, by kind.
    pub body: Body,
}

/// The `spec` of a document.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// `kind: Function`, and its blocks.
    Function(Box<FunctionDoc>, Box<FunctionParts>),
    /// `kind: Repository`.
    Repository(Box<RepositoryDoc>),
}

impl Document {
    /// The document's `kind`.
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::Function(..) => Function::NAME,
            Body::Repository(_) => Repository::NAME,
        }
    }

    /// The name in AWS, by which two documents are the same.
    pub fn aws_name(&self) -> Name {
        let given = match &self.body {
            Body::Function(spec, _) => spec.function_name.as_deref(),
            Body::Repository(spec) => spec.repository_name.as_deref(),
        };
        Name::new(given.unwrap_or(&self.meta.name))
    }

    /// The key in every target that the document names.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let name = self.aws_name();
        self.meta.targets.iter().map(move |target| Key {
            target: target.clone(),
            kind: self.kind(),
            name: name.clone(),
        })
    }
}
