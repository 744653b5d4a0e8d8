//! What a command line asks for and cannot have, with what to write instead.

use std::path::PathBuf;

use crate::{
    daemon::telemetry::LogStartError, engine::suspension::SuspensionError,
    kinds::function::image_ref::ImageRefError, manifest::Diagnostic,
};

/// Why the arguments of a command cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// `--log-level` is none.
    #[error(transparent)]
    Log(#[from] LogStartError),
    #[error("say which target is meant: --target {}", names.join(" or "))]
    TargetMissing { names: Vec<String> },
    #[error(
        "to repair anything, say which account it must be: --account-id ID; or run with --mode observe"
    )]
    AccountMissing,
    #[error("a name is needed, as `resize` or `Repository/thumbnails`")]
    NameMissing,
    #[error("--prune looks at everything that is ours: it goes with no names or labels")]
    PruneOfSome,
    #[error("EVENKEEL_TIME_SCALE: `{text}` is not between 1 and 1000")]
    TimeScale { text: String },
    #[error("EVENKEEL_TIME_SCALE is for a stand-in on this machine")]
    HurriedAws,
    #[error("{}: a key has at least {min} bytes", path.display())]
    HashKey { path: PathBuf, min: usize },
    /// A suspension that does not fit into a tag.
    #[error(transparent)]
    Suspension(#[from] SuspensionError),
    /// The name of a repository or of an image is none.
    #[error(transparent)]
    ImageName(#[from] ImageRefError),
    /// The event of `invoke`.
    #[error("{origin} is no JSON")]
    Event {
        origin: String,
        /// Whether it stands on the command line itself.
        inline: bool,
        source: serde_json::Error,
    },
    #[error("--capture needs --manifest and --owner")]
    CaptureIncomplete,
    #[error("--capture writes what `check` takes: --values keep or open")]
    CapturePlaceholder,
    #[error("--image runs on this machine, and --on aws does not; leave one of them out")]
    ImageOnAws,
    #[error(
        "--image is one image, and the functions that are meant have several ({}); name the one that it is for",
        repositories.join(", ")
    )]
    ImageForSeveral { repositories: Vec<String> },
    #[error(
        "`{url}` is no registry that is pushed to: write https://HOST, or http://127.0.0.1:PORT on this machine"
    )]
    RegistryUrl { url: String },
    #[error(
        "`{id}` is no request's id; `evenkeel invoke` prints it, and so do the lines START and REPORT"
    )]
    RequestId { id: String },
    #[error("`{name}` is no name for both a function and a repository: {diagnostic}")]
    InitName { name: String, diagnostic: Box<Diagnostic> },
}

impl UsageError {
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Event { inline: true, .. } => {
                "; a text needs quotes of its own: --payload '\"text\"'"
            }
            Self::Event { inline: false, .. } => "; Lambda takes events as JSON alone",
            _ => "",
        }
    }
}
