//! Lambda functions that ship as container images.

pub mod doc;
