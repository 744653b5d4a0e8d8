//! Images from docker, podman or buildah: each gives an image out into a folder of ours, so that the rest is the same for
//! all. All of them end with whoever waits for them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time};

use crate::{
    cli::{
        args::ImageBuilder,
        error::{BuilderError, UnavailableBuilder},
    },
    registry::layout,
};

/// How long a builder may take to say that it is there: Docker's program waits for its daemon.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is to be built.
pub(in crate::cli) struct Build<'a> {
    /// The directory that the Dockerfile sees.
    pub(in crate::cli) context: &'a Path,
    pub(in crate::cli) dockerfile: PathBuf,
    /// As `linux/arm64`.
    pub(in crate::cli) platform: String,
    /// `NAME=VALUE`.
    pub(in crate::cli) arguments: &'a [String],
}

/// What a builder left behind.
pub(in crate::cli) enum ExportedImage {
    /// A folder in OCI layout.
    Layout(PathBuf),
    /// An archive.
    Archive(PathBuf),
}

/// What a word for an image means: what lies there is read, not how it is called.
pub(in crate::cli) enum ImageArgument {
    /// A directory with this Dockerfile.
    Directory(PathBuf),
    /// A directory in OCI layout.
    Layout,
    /// An archive.
    Archive,
    /// The name of an image that a builder has.
    InBuilderStore,
}

impl ImageArgument {
    /// Tells what a word for an image means by what lies at that path; a word that is no path names
    /// an image in a builder's store. `dockerfile` is used instead of the directory's own. Fails
    /// for a directory without one.
    pub(in crate::cli) fn of(word: &str, dockerfile: Option<&Path>) -> Result<Self, BuilderError> {
        let path = Path::new(word);
        if layout::is_layout(path) {
            return Ok(Self::Layout);
        }
        if path.is_dir() {
            let dockerfile = dockerfile.map_or_else(|| path.join("Dockerfile"), Path::to_path_buf);
            if dockerfile.is_file() {
                return Ok(Self::Directory(dockerfile));
            }
            return Err(BuilderError::NoDockerfile { dockerfile });
        }
        Ok(if path.is_file() { Self::Archive } else { Self::InBuilderStore })
    }
}

/// The last line of what a program said as it failed.
pub(super) fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rfind(|it| !it.trim().is_empty());
    line.unwrap_or("it says nothing").trim().to_owned()
}

impl ImageBuilder {
    const ALL: [Self; 3] = [Self::Docker, Self::Podman, Self::Buildah];

    /// What it is called on the command line.
    pub(in crate::cli) fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Buildah => "buildah",
        }
    }

    /// Returns the builder that is asked for, or the first that works here. The error says of each
    /// why it does not.
    pub(in crate::cli) async fn choose(wanted: Option<Self>) -> Result<Self, BuilderError> {
        let candidates = wanted.map_or(Self::ALL.to_vec(), |it| vec![it]);
        let mut all = Vec::new();
        for builder in candidates {
            match builder.answers().await {
                Ok(()) => return Ok(builder),
                Err(error) => all.push(error),
            }
        }
        Err(BuilderError::NoneAvailable { all })
    }

    /// Checks that the builder is installed and works. Docker's program is of no use without its
    /// daemon, so the daemon is asked.
    async fn answers(self) -> Result<(), UnavailableBuilder> {
        let arguments: &[&str] = match self {
            Self::Docker => &["info", "--format", "{{.ServerVersion}}"],
            Self::Podman | Self::Buildah => &["--version"],
        };
        let program = self.program();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let Ok(done) = time::timeout(ANSWER_MAX, command.output()).await else {
            return Err(UnavailableBuilder::Silent { program, within: ANSWER_MAX });
        };
        match done {
            Ok(done) if done.status.success() => Ok(()),
            Ok(done) => {
                Err(UnavailableBuilder::Failing { program, complaint: complaint(&done.stderr) })
            }
            Err(_) => Err(UnavailableBuilder::NotInstalled { program }),
        }
    }

    /// Builds an image and returns its id in the builder's store. What the builder says goes to
    /// standard error as it comes. `folder`: where the builder may leave the id.
    pub(in crate::cli) async fn build(
        self,
        build: &Build<'_>,
        folder: &Path,
    ) -> Result<String, BuilderError> {
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
        let program = self.program();
        self.run(&words, BuilderError::Build { program }).await?;
        let named = std::fs::read_to_string(&id)
            .map_err(|source| BuilderError::Unnamed { program, source })?;
        Ok(named.trim().to_owned())
    }

    /// Exports an image of the builder's store into `folder`: as an archive with Docker, else as a
    /// layout.
    pub(in crate::cli) async fn take(
        self,
        image: &str,
        folder: &Path,
    ) -> Result<ExportedImage, BuilderError> {
        let (layout, archive) = (folder.join("layout"), folder.join("image.tar"));
        let mut to = OsString::from("oci:");
        to.push(&layout);
        let (words, built): (Vec<OsString>, ExportedImage) = match self {
            Self::Docker => (
                vec!["save".into(), "--output".into(), archive.clone().into(), image.into()],
                ExportedImage::Archive(archive),
            ),
            Self::Podman => (
                ["save", "--format", "oci-dir", "--output"]
                    .map(OsString::from)
                    .into_iter()
                    .chain([layout.clone().into(), image.into()])
                    .collect(),
                ExportedImage::Layout(layout),
            ),
            Self::Buildah => (
                vec!["push".into(), "--quiet".into(), image.into(), to],
                ExportedImage::Layout(layout),
            ),
        };
        let (program, image) = (self.program(), image.to_owned());
        self.run(&words, BuilderError::Export { program, image }).await?;
        Ok(built)
    }

    /// Runs the builder with these arguments; returns `failed` if it exits with an error.
    async fn run(self, words: &[OsString], failed: BuilderError) -> Result<(), BuilderError> {
        let program = self.program();
        let mut command = Command::new(program);
        // Standard output is for our answer alone.
        command.args(words).stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
        let status = command.status().await;
        let status = status.map_err(|source| BuilderError::Start { program, source })?;
        if status.success() { Ok(()) } else { Err(failed) }
    }
}
