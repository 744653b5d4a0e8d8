//! Everything that is tested from outside of the library, a module a topic; [`common`] is what they share.

#![expect(
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
    unreachable_pub,
    reason = "tests and their helpers fail loudly, and nobody imports them"
)]

mod blocks;
mod breaker;
mod bulk_rows;
mod command_line;
mod common;
mod credentials;
mod docs;
mod engines;
mod environment;
mod errors;
mod exit_codes;
mod foreign;
mod function_config;
mod gone;
mod identity;
mod import;
mod log;
mod lost_settings;
mod manifest;
mod model;
mod outputs;
mod partitions;
mod permissions;
mod plan;
mod provisioned;
mod refresh;
mod registry;
mod releases;
mod single_run;
mod source;
mod tidy;
mod unmanaged;
mod wire;
