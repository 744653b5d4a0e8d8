//! What other tools describe, as documents: samples in, documents out, and nothing of them lost on the way.

#![allow(
    clippy::allow_attributes,
    clippy::cloned_ref_to_slice_refs,
    clippy::default_trait_access,
    clippy::format_push_string,
    clippy::large_futures,
    clippy::excessive_nesting,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_enum_variant,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests and their helpers fail loudly"
)]

#[path = "../common/mod.rs"]
mod common;
mod refused;
mod samples;
mod writing;
