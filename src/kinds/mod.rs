//! The kinds of objects that Evenkeel keeps: one folder each. This file is the only list of them.

pub mod document;
pub mod function;
pub mod image;
pub mod repository;

use crate::engine::kind::Kind as _;

/// Hands the list of all kinds to another macro, as `field: Kind;` each. What others wait for comes first, so
/// that it is under way when they begin to.
macro_rules! each_kind {
    ($do:ident) => {
        $do! {
            images: crate::kinds::image::Image;
            repositories: crate::kinds::repository::Repository;
            functions: crate::kinds::function::Function;
        }
    };
}
pub(crate) use each_kind;

/// The kinds that manifests describe. The others are only a means.
pub const DOCUMENTS: [&str; 2] = [function::Function::NAME, repository::Repository::NAME];

macro_rules! names {
    ($($field:ident: $kind:ty;)*) => {
        /// Every kind.
        pub const ALL: &[&str] = &[$(<$kind as crate::engine::kind::Kind>::NAME),*];
    };
}
each_kind!(names);
