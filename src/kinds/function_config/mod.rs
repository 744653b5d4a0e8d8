//! What `UpdateFunctionConfiguration` can set of a function, each field described once.
//!
//! [`config`] has the fields and their table: what a plan shows, what is hashed, left to others, written as a
//! manifest and sent follows from it. [`aws`] has the other half, how each is read and sent. The versions of a
//! function have the same fields, so that no kind owns them.

pub mod aws;
pub mod config;
pub mod logging;
pub mod table;
