//! Keeps AWS Lambda functions in the state that their manifests describe.

pub mod aws;
pub mod cli;
pub mod daemon;
pub mod engine;
pub mod kinds;
pub mod manifest;
pub mod shape;
