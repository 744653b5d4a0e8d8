//! The stand-in over HTTP and by its value: its registry, its logs, its tagging API, images that run.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests and their helpers fail loudly"
)]

mod images;
mod logs;
mod registry;
mod scene;
mod tagging;
