//! Container images: what lies in a folder or an archive, whether Lambda would run it, and the way into a registry.
//!
//! Read in this order: [`image`] (what an image is), [`layout`] and [`archive`] (where it lies), `check` (what
//! Lambda refuses), [`client`] (the calls of the OCI distribution API), [`push`] (which of them, in which order).

pub mod archive;
pub(crate) mod check;
pub mod client;
mod error;
mod hashing_writer;
pub mod image;
pub mod layout;
pub mod push;

pub use error::ImageError;
