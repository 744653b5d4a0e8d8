//! How a directory of manifests is read.

use clap::Args;

use crate::{daemon::source::SourceOptions, manifest::ForeignDocuments};

/// What becomes of documents that are not Evenkeel's.
#[derive(Debug, Clone, Copy, Args)]
pub struct StrictArgs {
    /// Refuse documents of other tools. Without it they are skipped and counted: documents with another
    /// `apiVersion`, and files that have neither `apiVersion` nor `kind`.
    #[arg(long, env = "EVENKEEL_STRICT")]
    strict: bool,
}

/// What becomes of documents that are not Evenkeel's, and of a directory that has no others.
#[derive(Debug, Clone, Copy, Args)]
pub struct ManifestArgs {
    #[command(flatten)]
    strict: StrictArgs,
    /// Accept a directory that holds no manifest. Without it that is an error, since the path is probably wrong.
    #[arg(long, env = "EVENKEEL_ALLOW_EMPTY")]
    allow_empty: bool,
}

impl StrictArgs {
    /// How a directory is read that may be empty.
    pub(in crate::cli) fn options(self) -> SourceOptions {
        let foreign =
            if self.strict { ForeignDocuments::Refused } else { ForeignDocuments::Skipped };
        SourceOptions { foreign, refuse_empty: false }
    }
}

impl ManifestArgs {
    /// How the directory is read.
    pub(in crate::cli) fn options(self) -> SourceOptions {
        SourceOptions { refuse_empty: !self.allow_empty, ..self.strict.options() }
    }
}
