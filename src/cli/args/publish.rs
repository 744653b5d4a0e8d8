//! The arguments of `publish`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::access::{AWS, AccessArgs};
use crate::{cli::parse::tag, engine::name::Owner};

/// The arguments of `publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// What is published: a directory with a Dockerfile, a directory in OCI layout, an archive (`docker save`,
    /// `podman save`), or the name of an image that docker, podman or buildah has on this machine.
    #[arg(value_name = "DIR|IMAGE")]
    pub(in crate::cli) source: String,
    /// The repository in ECR, as `thumbnails/resize`.
    #[arg(long, env = "EVENKEEL_REPOSITORY", value_name = "NAME")]
    pub(in crate::cli) repository: String,
    /// The tag. Without it the image gets one of its own, from its digest.
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub(in crate::cli) tag: Option<String>,
    /// The manifests, a file or a directory: they say for which architecture the image is, whether the repository is
    /// to be made, and they get the new image written in, and nothing else changed.
    #[arg(long, env = "EVENKEEL_MANIFEST", value_name = "FILE")]
    pub(in crate::cli) manifest: Option<PathBuf>,
    /// What is written into the manifests: what they name now, a tag or a digest, or one of the two, or nothing.
    #[arg(long, env = "EVENKEEL_PIN", default_value = "auto", value_name = "WHAT")]
    pub(in crate::cli) pin: PinMode,
    /// The architecture, as Lambda calls it, if the manifests do not say it.
    #[arg(long, env = "EVENKEEL_ARCHITECTURE", value_name = "ARCHITECTURE",
          value_parser = ["x86_64", "arm64"])]
    pub(in crate::cli) architecture: Option<String>,
    /// What builds the image; the first of these that is there and answers, if it is not said.
    #[arg(long, env = "EVENKEEL_BUILDER", value_name = "BUILDER")]
    pub(in crate::cli) builder: Option<ImageBuilder>,
    /// The Dockerfile; that of the directory, if it is not said.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) dockerfile: Option<PathBuf>,
    /// A value for an ARG of the Dockerfile; may be given several times. It can be read in the image's history: it is
    /// no place for secrets.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) build_arg: Vec<String>,
    /// Another registry than ECR's, to try things out: no call to AWS is made. `http://` only on this machine.
    #[arg(long, env = "EVENKEEL_REGISTRY", value_name = "URL", conflicts_with_all = ["targets", "account_id"])]
    pub(in crate::cli) registry: Option<String>,
    /// Who this Evenkeel is: it is needed to make the repository.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    pub(in crate::cli) owner: Option<Owner>,
    /// Which target it is for, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET", help_heading = AWS)]
    pub(in crate::cli) target: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: AccessArgs,
}

/// What is written into the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PinMode {
    /// A tag where they name a tag, a digest where they name a digest.
    Auto,
    /// The tag.
    Tag,
    /// The digest.
    Digest,
    /// Nothing.
    No,
}

/// What builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ImageBuilder {
    /// `docker buildx`.
    Docker,
    /// `podman`.
    Podman,
    /// `buildah`.
    Buildah,
}
