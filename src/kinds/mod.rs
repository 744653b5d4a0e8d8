//! The kinds of objects that Evenkeel keeps: one folder each. This file is the only list of them.

pub mod document;
pub mod function;
pub mod image;
pub mod repository;

use crate::engine::kind::Kind as _;

/// The kinds that manifests describe. The others are only a means.
pub const DOCUMENTS: [&str; 2] = [function::Function::NAME, repository::Repository::NAME];
