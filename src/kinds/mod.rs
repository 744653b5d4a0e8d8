//! The kinds of objects that Evenkeel keeps: one folder each. This file is the only list of them.

pub mod async_invoke;
pub mod block;
pub mod concurrency;
pub mod document;
pub mod event_source;
pub mod export;
pub mod facets;
pub mod function;
pub mod function_config;
pub mod image;
pub mod log_group;
pub mod part;
pub mod permissions;
pub mod principal;
pub mod provisioned;
pub mod recursion;
pub mod release;
pub mod report;
pub mod repository;
pub mod repository_name;
pub mod scaling;
pub mod url;

use self::part::Part;
use crate::{
    engine::{kind::Kind, name::Name},
    shape,
};

/// Hands the list of all kinds to another macro, as `field: Kind;` each. What others wait for comes first, so
/// that it is under way when they begin to.
macro_rules! each_kind {
    ($do:ident) => {
        $do! {
            images: crate::kinds::image::Image;
            repositories: crate::kinds::repository::Repository;
            functions: crate::kinds::function::Function;
            releases: crate::kinds::release::Release;
            urls: crate::kinds::block::Of<crate::kinds::url::Url>;
            permissions: crate::kinds::block::Of<crate::kinds::permissions::Permissions>;
            async_invokes: crate::kinds::block::Of<crate::kinds::async_invoke::AsyncInvoke>;
            concurrencies: crate::kinds::block::Of<crate::kinds::concurrency::Concurrency>;
            provisioned: crate::kinds::block::Of<crate::kinds::provisioned::Provisioned>;
            scalings: crate::kinds::block::Of<crate::kinds::scaling::Scaling>;
            recursions: crate::kinds::block::Of<crate::kinds::recursion::Recursion>;
            event_sources: crate::kinds::event_source::EventSource;
            log_groups: crate::kinds::block::Of<crate::kinds::log_group::LogGroup>;
        }
    };
}
pub(crate) use each_kind;

/// Hands the list of all parts of functions to another macro, as `member of spec: engine, Part;`
/// each. A part whose member stands within another part's comes before that one.
macro_rules! each_block {
    ($do:ident) => {
        $do! {
            release: releases, crate::kinds::release::Release;
            url: urls, crate::kinds::url::Url;
            permissions: permissions, crate::kinds::permissions::Permissions;
            async_invoke: async_invokes, crate::kinds::async_invoke::AsyncInvoke;
            provisioned: provisioned, crate::kinds::provisioned::Provisioned;
            concurrency: concurrencies, crate::kinds::concurrency::Concurrency;
            scaling_config: scalings, crate::kinds::scaling::Scaling;
            recursive_loop: recursions, crate::kinds::recursion::Recursion;
            event_sources: event_sources, crate::kinds::event_source::EventSource;
            log_group: log_groups, crate::kinds::log_group::LogGroup;
        }
    };
}
pub(crate) use each_block;

/// The kinds that manifests describe. The others are only a means.
pub const DOCUMENTS: [&str; 2] = [function::Function::NAME, repository::Repository::NAME];

/// The kinds whose objects carry tags of their own, so that what is left of a document can be deleted.
pub const TAGGED: [&str; 3] =
    [function::Function::NAME, repository::Repository::NAME, event_source::EventSource::NAME];

macro_rules! names {
    ($($field:ident: $kind:ty;)*) => {
        /// Every kind.
        pub const ALL: &[&str] = &[$(<$kind as crate::engine::kind::Kind>::NAME),*];

        /// The document that an object belongs to: its kind and its name. An object that is no part
        /// of another one stands for itself.
        pub fn document_of(kind: &'static str, name: &Name) -> (&'static str, Name) {
            $(
                if kind == <$kind as Kind>::NAME {
                    return match <$kind as Kind>::PART_OF {
                        Some(document) => (document, <$kind as Kind>::host(name)),
                        None => (kind, name.clone()),
                    };
                }
            )*
            (kind, name.clone())
        }
    };
}
each_kind!(names);

/// Which one of its document's objects of the same kind an object is, where there can be several.
pub fn item_of<'a>(kind: &'static str, name: &'a Name) -> Option<&'a str> {
    let (_, document) = document_of(kind, name);
    name.as_str().strip_prefix(document.as_str())?.strip_prefix('/')
}

macro_rules! facets {
    ($($field:ident: $engine:ident, $block:ty;)*) => {
        /// The member of a document's `spec` that describes objects of this kind; `None` if they are no part of another.
        pub fn facet_of(kind: &str) -> Option<&'static str> {
            $(
                if kind == <<$block as Part>::Kind as Kind>::NAME {
                    return Some(<$block as Part>::FIELD);
                }
            )*
            None
        }
    };
}
each_block!(facets);

macro_rules! shapes {
    ($($field:ident: $engine:ident, $block:ty;)*) => {
        /// Each part's member of `spec` and its shape.
        const PARTS: &[(&str, shape::Field)] =
            &[$((<$block as Part>::FIELD, <$block as Part>::SHAPE)),*];
    };
}
each_block!(shapes);

/// The members of a function's `spec` that describe blocks. A part within another's member is in that one's shape.
pub const BLOCKS: &[shape::Field] =
    &shape::top_level_fields::<{ shape::count_top_level_fields(PARTS) }>(PARTS);
