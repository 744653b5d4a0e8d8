//! What builds and keeps images on this machine: docker, podman or buildah. Each gives an image out into a folder of
//! ours, so that the rest is the same for all, or runs it ([`container`]). All of them end with whoever waits for them.

pub(super) mod container;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time};

use super::{CliError, args::Builder};
use crate::registry::layout;

/// How long a builder may take to say that it is there: Docker's program waits for its daemon.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is to be built.
pub(super) struct Build<'a> {
    /// The directory that the Dockerfile sees.
    pub(super) context: &'a Path,
    pub(super) dockerfile: PathBuf,
    /// As `linux/arm64`.
    pub(super) platform: String,
    /// `NAME=VALUE`.
    pub(super) arguments: &'a [String],
}

/// What a builder left behind.
pub(super) enum Built {
    /// A folder in OCI layout.
    Layout(PathBuf),
    /// An archive.
    Archive(PathBuf),
}

/// What a word for an image means: what lies there is read, not how it is called.
pub(super) enum Given {
    /// A directory with this Dockerfile.
    Directory(PathBuf),
    /// A directory in OCI layout.
    Layout,
    /// An archive.
    Archive,
    /// The name of an image that a builder has.
    Stored,
}

impl Given {
    /// Reads.
    pub(super) fn of(word: &str, dockerfile: Option<&Path>) -> Result<Self, CliError> {
        let path = Path::new(word);
        if layout::is_layout(path) {
            return Ok(Self::Layout);
        }
        if path.is_dir() {
            let dockerfile = dockerfile.map_or_else(|| path.join("Dockerfile"), Path::to_path_buf);
            if dockerfile.is_file() {
                return Ok(Self::Directory(dockerfile));
            }
            return Err(CliError(format!(
                "{} is not there: a directory is taken by its Dockerfile (--dockerfile FILE), or as an OCI layout, with `oci-layout` and \
                 `index.json` in it; `evenkeel init` writes a first one",
                dockerfile.display()
            )));
        }
        Ok(if path.is_file() { Self::Archive } else { Self::Stored })
    }
}

/// The last line of what a program said as it failed.
fn complaint(stderr: &[u8]) -> String {
    let said = String::from_utf8_lossy(stderr);
    let line = said.lines().rfind(|it| !it.trim().is_empty());
    line.unwrap_or("it says nothing").trim().to_owned()
}

impl Builder {
    const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// What it is called on the command line.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// The one that is asked for, or the first that answers.
    pub(super) async fn choose(wanted: Option<Self>) -> Result<Self, CliError> {
        let tried = wanted.map_or(Self::ALL.to_vec(), |it| vec![it]);
        let mut why = Vec::new();
        for builder in tried {
            match builder.answers().await {
                Ok(()) => return Ok(builder),
                Err(error) => why.push(error),
            }
        }
        Err(CliError(format!(
            "nothing here builds or runs images: {}; install buildah or podman, start Docker, or build the image elsewhere and \
             give its OCI layout or archive (`docker save`)",
            why.join("; ")
        )))
    }

    /// Whether it is there and works: Docker's program is of no use without its daemon.
    async fn answers(self) -> Result<(), String> {
        let arguments: &[&str] = match self {
            Self::Docker => &["info", "--format", "{{.ServerVersion}}"],
            Self::Podman | Self::Buildah => &["--version"],
        };
        let program = self.program();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let Ok(done) = time::timeout(ANSWER_MAX, command.output()).await else {
            return Err(format!("{program} does not answer within {ANSWER_MAX:?}"));
        };
        match done {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => Err(format!("{program}: {}", complaint(&done.stderr))),
            Err(_) => Err(format!("{program} is not installed")),
        }
    }

    /// Builds an image; what it is called in the builder's store. What the builder says goes to standard error as it
    /// comes. The folder is for its notes.
    pub(super) async fn build(self, build: &Build<'_>, folder: &Path) -> Result<String, CliError> {
        let id = folder.join("image-id");
        let mut words: Vec<OsString> = match self {
            // Attestations would make it an index, which Lambda refuses.
            Self::Docker => ["buildx", "build", "--provenance=false", "--sbom=false", "--load"]
                .map(Into::into)
                .to_vec(),
            // With what was built before kept, the same files are the same image.
            Self::Podman | Self::Buildah => {
                ["build", "--layers", "--format", "oci"].map(Into::into).to_vec()
            }
        };
        words.extend(["--platform".into(), build.platform.clone().into()]);
        words.extend(["--iidfile".into(), id.clone().into()]);
        words.extend(["--file".into(), build.dockerfile.clone().into()]);
        words.extend(build.arguments.iter().flat_map(|it| ["--build-arg".into(), it.into()]));
        words.push(build.context.into());
        self.run(&words, "the build fails: see what it says above").await?;
        let named = std::fs::read_to_string(&id)
            .map_err(|error| CliError(format!("{} names no image: {error}", self.program())))?;
        Ok(named.trim().to_owned())
    }

    /// Takes an image out of the builder's store.
    pub(super) async fn take(self, image: &str, folder: &Path) -> Result<Built, CliError> {
        let (layout, archive) = (folder.join("layout"), folder.join("image.tar"));
        let mut to = OsString::from("oci:");
        to.push(&layout);
        let (words, built): (Vec<OsString>, Built) = match self {
            Self::Docker => (
                vec!["save".into(), "--output".into(), archive.clone().into(), image.into()],
                Built::Archive(archive),
            ),
            Self::Podman => (
                ["save", "--format", "oci-dir", "--output"]
                    .map(OsString::from)
                    .into_iter()
                    .chain([layout.clone().into(), image.into()])
                    .collect(),
                Built::Layout(layout),
            ),
            Self::Buildah => {
                (vec!["push".into(), "--quiet".into(), image.into(), to], Built::Layout(layout))
            }
        };
        let failed = format!(
            "it does not give out the image `{image}`; if that was meant as a directory or a file, there is none"
        );
        self.run(&words, &failed).await?;
        Ok(built)
    }

    async fn run(self, words: &[OsString], failed: &str) -> Result<(), CliError> {
        let program = self.program();
        let mut command = Command::new(program);
        // Standard output is for our answer alone.
        command.args(words).stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
        let status = command.status().await;
        let status = status.map_err(|error| CliError(format!("{program}: {error}")))?;
        if status.success() { Ok(()) } else { Err(CliError(format!("{program}: {failed}"))) }
    }
}
