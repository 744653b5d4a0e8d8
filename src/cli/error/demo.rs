//! Why the story of `demo` ends early.

use std::io;

/// What went wrong on the stage.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It cannot be set up.
    #[error("the stage cannot be set")]
    Stage(#[source] io::Error),
    #[error("the daemon does not start")]
    Daemon(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stand-in refuses a call of the story's.
    #[error("{operation}: {message}")]
    Call { operation: &'static str, message: String },
    #[error("{file} does not have `{text}`")]
    Edit { file: String, text: String },
    #[error("it did not happen in a minute: {what}")]
    Late { what: String },
    /// The metrics cannot be read.
    #[error(transparent)]
    Metrics(Box<dyn std::error::Error + Send + Sync>),
}
