//! Lambda functions that ship as container images.

pub mod config;
pub mod doc;
pub mod live;
pub mod spec;
pub mod step;

/// `kind: Function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {}

impl Function {
    /// The word in manifests, keys and labels.
    pub const NAME: &'static str = "Function";
}
