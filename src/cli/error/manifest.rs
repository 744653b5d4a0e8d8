//! Manifests, and what other tools wrote, that cannot be used as they are.

use crate::{
    daemon::source::SourceError,
    engine::{count::count, name::Name},
    import::ReadError,
    manifest::Diagnostic,
};

/// Why nothing can be done with manifests.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The directory cannot be read.
    #[error(transparent)]
    Unreadable(#[from] SourceError),
    #[error("the directory never holds still long enough to be read")]
    Torn,
    /// Some of them are wrong.
    #[error("{}", joined(diagnostics))]
    Faults { diagnostics: Vec<Diagnostic> },
    #[error("no document has these labels")]
    NoSuchLabels,
    #[error("no good document is called `{}`{}", names.join("` or `"), elsewhere(*problems))]
    NoSuchNames {
        names: Vec<String>,
        /// How many problems there are in all manifests.
        problems: usize,
    },
    #[error(
        "functions for {} share this repository, and an image is for one of them: say which with \
         --architecture, and give each architecture a tag of its own",
        architectures.join(" and ")
    )]
    Architectures { architectures: Vec<String> },
    #[error(
        "{place}: no function that is meant has smoke tests; write some at `spec.release.smokeTests` \
         (docs/reference/manifests.md)"
    )]
    NoSmokeTests { place: String },
    #[error("no function with smoke tests is for the target {target}")]
    NoSmokeTestsFor { target: Name },
    /// A function's tests that are of no function.
    #[error("{name} is no function")]
    NoFunction { name: Name },
    #[error("{origin}: nothing there ships as a container image")]
    NothingToImport { origin: String },
    /// Another tool's file.
    #[error(transparent)]
    Foreign(#[from] ReadError),
}

pub(super) fn joined(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn elsewhere(problems: usize) -> String {
    match problems {
        0 => String::new(),
        more => format!("; the manifests have {}: `evenkeel check`", count(more, "problem")),
    }
}
