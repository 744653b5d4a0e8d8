//! Images that cannot be published.

use std::path::PathBuf;

use crate::registry::ImageError;

/// Why an image is not in the registry.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("Lambda would not run this image: {}", faults.join("; "))]
    Unfit { faults: Vec<String> },
    #[error("{}: {why}", path.display())]
    NoImage { path: PathBuf, why: String },
    /// It cannot be read or pushed. The text of this error names its cause.
    #[error("{0}")]
    Image(ImageError),
    #[error(
        "there is no repository {repository}: describe it in a manifest (`kind: Repository`) and name that with \
         --manifest, or make it with `aws ecr create-repository --repository-name {repository}`"
    )]
    NoRepository { repository: String },
    #[error(
        "there is no repository {repository}, and a manifest describes it: say with --owner ID who makes it"
    )]
    NoOwner { repository: String },
    #[error("the repository {repository} could not be made:\n{plan}")]
    NotMade { repository: String, plan: String },
}
