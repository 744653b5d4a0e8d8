//! What docker, podman and buildah do not do on this machine.

use std::{io, path::PathBuf, time::Duration};

/// Why an image is not built, pulled, given out or run.
#[derive(Debug, thiserror::Error)]
pub enum BuilderError {
    #[error(
        "nothing here builds or runs images: {}; install buildah or podman, start Docker, or build the image \
         elsewhere and give its OCI layout or archive (`docker save`)",
        joined(all)
    )]
    NoneAvailable { all: Vec<UnavailableBuilder> },
    #[error(
        "{} is not there: a directory is taken by its Dockerfile (--dockerfile FILE), or as an OCI layout, with \
         `oci-layout` and `index.json` in it; `evenkeel init` writes a first one",
        dockerfile.display()
    )]
    NoDockerfile { dockerfile: PathBuf },
    /// The program cannot be started.
    #[error("{program}")]
    Start { program: &'static str, source: io::Error },
    #[error("{program}: the build fails: see what it says above")]
    Build { program: &'static str },
    /// It has built something and does not say what.
    #[error("{program} names no image")]
    Unnamed { program: &'static str, source: io::Error },
    #[error(
        "{program}: it does not give out the image `{image}`; if that was meant as a directory or a file, there is none"
    )]
    Export { program: &'static str, image: String },
    #[error("{program}: it cannot pull {image}: {complaint}")]
    Pull { program: &'static str, image: String, complaint: String },
    #[error("{program}: `{words}` fails: {complaint}")]
    Command { program: &'static str, words: String, complaint: String },
    /// The login for a pull cannot be written.
    #[error(transparent)]
    Login(io::Error),
    #[error(
        "{word}: docker takes no folder in OCI layout; use podman or buildah (--builder), or an archive"
    )]
    Layout { word: String },
    #[error("{image}: neither the image nor the manifest (`imageConfig`) says what is to be run")]
    NoProgram { image: String },
    #[error("no container can be started")]
    Machine(#[source] io::Error),
    #[error("{program} cannot start a container of the image: {complaint}")]
    NotBegun { program: &'static str, complaint: String },
    #[error(
        "the container did not ask for an event within {within:?}: the image must speak Lambda's runtime API, and \
         {program} must let it reach this machine's 127.0.0.1 (`--network host`): Docker Desktop has to be told \
         (\"Enable host networking\"), and rootless docker, a DOCKER_HOST elsewhere and `podman machine` cannot"
    )]
    NoEvent { program: &'static str, within: Duration },
}

/// Why a program is of no use.
#[derive(Debug, thiserror::Error)]
pub enum UnavailableBuilder {
    #[error("{program} does not answer within {within:?}")]
    Silent { program: &'static str, within: Duration },
    /// It fails.
    #[error("{program}: {complaint}")]
    Failing { program: &'static str, complaint: String },
    #[error("{program} is not installed")]
    NotInstalled { program: &'static str },
}

fn joined(all: &[UnavailableBuilder]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join("; ")
}
