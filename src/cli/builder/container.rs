//! Images in the store of docker, podman or buildah, and containers of them.

use std::{
    env, fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::Path,
    process::{self, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{process::Command, time};

use super::build::{Build, ImageArgument, complaint};
use crate::{
    aws::{loopback::is_loopback, registry::Login},
    cli::{
        args::ImageBuilder,
        error::{BuilderError, CliError, FileError},
    },
};

/// Variables that steer these programs themselves: a function's must not become theirs. Whole names, and beginnings.
const STEER: [&str; 14] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "KUBECONFIG",
    "GODEBUG",
    "REQUEST_METHOD",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
];
const STEER_ALL: [&str; 9] = [
    "DOCKER_",
    "CONTAINER",
    "PODMAN_",
    "STORAGE_",
    "BUILDAH_",
    "REGISTRY_",
    "XDG_",
    "LD_",
    "SSL_CERT_",
];
/// Who a function is in Lambda: a user without rights.
const USER: &str = "993:990";
/// So begins the time at which a program began that never did: Go's zero time.
const NEVER: &str = "0001-01-01";
/// How long taking a container away, or asking of it, may hold us up.
const REMOVE_MAX: Duration = Duration::from_secs(10);
/// How often it is read whether it is away.
const PEEK: Duration = Duration::from_millis(20);

/// What is to be run.
pub(in crate::cli) struct ContainerSpec {
    /// What the image is called in the store.
    pub(in crate::cli) image: String,
    /// As `linux/arm64`, where the store may hold it for several.
    pub(in crate::cli) platform: Option<String>,
    pub(in crate::cli) variables: Vec<(String, String)>,
    pub(in crate::cli) memory_mb: i32,
    /// How large `/tmp` may be.
    pub(in crate::cli) storage_mb: i32,
    /// What is run instead of the image's own; empty: that.
    pub(in crate::cli) entry_point: Vec<String>,
    pub(in crate::cli) command: Vec<String>,
    pub(in crate::cli) directory: String,
}

/// A variable of a process's environment.
#[derive(Clone, Copy)]
pub(in crate::cli) struct EnvVariable<'a> {
    pub(in crate::cli) name: &'a str,
    pub(in crate::cli) value: &'a str,
}

/// A container, which goes with this.
pub(in crate::cli) struct Container {
    builder: ImageBuilder,
    name: String,
    gone: bool,
}

impl ImageBuilder {
    /// Brings the image that a word means into the builder's store, unless it is there, and returns
    /// its name or id there.
    pub(in crate::cli) async fn load(
        self,
        word: &str,
        dockerfile: Option<&Path>,
        platform: &str,
    ) -> Result<String, CliError> {
        let path = Path::new(word);
        let transport = |kind: &str| format!("{kind}:{word}");
        match (ImageArgument::of(word, dockerfile)?, self) {
            (ImageArgument::Directory(dockerfile), _) => {
                let notes = TempDir::new().map_err(FileError::Scratch)?;
                let platform = platform.to_owned();
                let build = Build { context: path, dockerfile, platform, arguments: &[] };
                Ok(self.build(&build, notes.path()).await?)
            }
            (ImageArgument::Layout, Self::Docker) => {
                Err(BuilderError::Layout { word: word.to_owned() }.into())
            }
            (ImageArgument::Layout, _) => {
                Ok(self.ask(&["pull", "--quiet", &transport("oci")]).await?)
            }
            (ImageArgument::Archive, Self::Buildah) => {
                // There are two sorts of archives, and the name does not tell which this is.
                match self.ask(&["pull", "--quiet", &transport("docker-archive")]).await {
                    Err(_) => Ok(self.ask(&["pull", "--quiet", &transport("oci-archive")]).await?),
                    Ok(name) => Ok(name),
                }
            }
            (ImageArgument::Archive, _) => {
                Ok(self.ask(&["load", "--quiet", "--input", word]).await?)
            }
            (ImageArgument::InBuilderStore, _) => Ok(word.to_owned()),
        }
    }

    /// Pulls an image into the builder's store. `login` goes into a file in a private folder:
    /// arguments can be seen by other users, and the person's own configuration stays as it is.
    pub(in crate::cli) async fn pull(
        self,
        reference: &str,
        platform: &str,
        login: Option<&Login>,
    ) -> Result<(), CliError> {
        let folder = TempDir::new().map_err(FileError::Scratch)?;
        let file = folder.path().join("config.json");
        if let Some(login) = login {
            fs::write(&file, papers(login)).map_err(BuilderError::Login)?;
        }
        let mut command = Command::new(self.program());
        match (self, login) {
            (Self::Docker, Some(_)) => {
                // `--config` hides the person's own configuration, which says where the daemon is.
                let words = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
                let at = self.ask(&words).await;
                command.envs(
                    at.ok()
                        .filter(|_| env::var_os("DOCKER_HOST").is_none())
                        .map(|it| ("DOCKER_HOST", it)),
                );
                command.arg("--config").arg(folder.path()).arg("pull");
            }
            (_, Some(login)) => {
                command.args(["pull", "--authfile"]).arg(&file);
                if login.url.starts_with("http://") && is_loopback(&login.url) {
                    command.arg("--tls-verify=false");
                }
            }
            (_, None) => {
                command.arg("pull");
            }
        }
        command.args(["--quiet", "--platform", platform, reference]).stdin(Stdio::null());
        let program = self.program();
        let failed = |complaint| {
            let image = reference.to_owned();
            BuilderError::Pull { program, image, complaint }
        };
        Ok(output(program, &mut command, failed).await.map(drop)?)
    }

    /// Returns a container and the command that runs it until it ends, which prints what the
    /// function prints. `api`: the variable that tells the function where its runtime API is.
    pub(in crate::cli) async fn container(
        self,
        spec: &ContainerSpec,
        api: EnvVariable<'_>,
    ) -> Result<(Container, Command), BuilderError> {
        // Chance enough: a name that another party foresees would be taken away from under him.
        let name = format!("evenkeel-test-{:016x}", RandomState::new().build_hasher().finish());
        let container = Container { builder: self, name, gone: false };
        let name = container.name.as_str();
        let command = if self == Self::Buildah {
            let words = ["from", "--quiet", "--pull-never", "--name", name, &spec.image];
            self.ask(&words).await?;
            self.chrooted(spec, name, api).await?
        } else {
            self.lambda_like_run(spec, name, api)
        };
        Ok((container, command))
    }

    /// Returns the command of docker or podman. As in Lambda, only `/tmp` can be written, the user
    /// has no rights, and memory is limited; `/tmp` is in memory too, so its size is added.
    fn lambda_like_run(self, spec: &ContainerSpec, name: &str, api: EnvVariable<'_>) -> Command {
        let mut command = Command::new(self.program());
        // The host's network: its runtime API listens on this machine's loopback alone.
        // Without `--rm`: when it has ended, docker or podman still has to say whether it ever began.
        command.args(["run", "--pull=never", "--name", name, "--network", "host"]);
        command.args(["--user", USER, "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges", "--read-only"]);
        if self == Self::Podman {
            // It would make `/run` and `/var/tmp` writable.
            command.arg("--read-only-tmpfs=false");
        }
        let (memory, storage) = (i64::from(spec.memory_mb), i64::from(spec.storage_mb));
        command.args(["--tmpfs", &format!("/tmp:rw,exec,mode=1777,size={storage}m")]);
        command.args(["--memory", &format!("{}m", memory + storage)]);
        command.args(spec.platform.iter().flat_map(|it| ["--platform", it]));
        if !spec.directory.is_empty() {
            command.args(["--workdir", &spec.directory]);
        }
        self.variables(spec, api, &mut command);
        let mut entry = spec.entry_point.iter();
        command.args(entry.next().into_iter().flat_map(|it| ["--entrypoint", it]));
        command.arg(&spec.image).args(entry).args(&spec.command);
        command
    }

    /// Returns the command of buildah, which limits no memory and lets the root be written. It does
    /// not know what an image is to run, so that is read from the image first.
    async fn chrooted(
        self,
        spec: &ContainerSpec,
        name: &str,
        api: EnvVariable<'_>,
    ) -> Result<Command, BuilderError> {
        let image = self.ask(&["inspect", "--type", "image", &spec.image]).await?;
        let image: Value = serde_json::from_str(&image).unwrap_or_default();
        let own = |member: &str| -> Vec<String> {
            let found = image.pointer("/OCIv1/config").and_then(|it| it.get(member));
            let found = found.and_then(Value::as_array).into_iter().flatten();
            found.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        };
        let entry = &spec.entry_point;
        let entry = if entry.is_empty() { own("Entrypoint") } else { entry.clone() };
        // An entry point of another party's own leaves the image's arguments out, as with docker.
        let arguments = match (spec.command.is_empty(), spec.entry_point.is_empty()) {
            (true, true) => own("Cmd"),
            _ => spec.command.clone(),
        };
        if entry.is_empty() && arguments.is_empty() {
            return Err(BuilderError::NoProgram { image: spec.image.clone() });
        }
        let mut command = Command::new(self.program());
        command.args(["run", "--user", USER]);
        command.args(["--mount", "type=tmpfs,destination=/tmp,tmpfs-mode=1777"]);
        if !spec.directory.is_empty() {
            command.args(["--workingdir", &spec.directory]);
        }
        self.variables(spec, api, &mut command);
        command.arg(name).arg("--").args(entry).args(arguments);
        Ok(command)
    }

    /// Adds the function's variables to the command. docker and podman read values from their own
    /// environment, since arguments can be seen by other users, unless the variable would change
    /// what they do themselves. buildah reads none: its values are arguments.
    fn variables(self, spec: &ContainerSpec, api: EnvVariable<'_>, command: &mut Command) {
        let given = spec.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in given.chain([(api.name, api.value)]) {
            if self == Self::Buildah || steers(name) {
                command.arg("--env").arg(format!("{name}={value}"));
            } else {
                command.args(["--env", name]).env(name, value);
            }
        }
    }

    /// Runs a short command and returns its answer: all of it if that is JSON, else the last line
    /// without its label.
    async fn ask(self, words: &[&str]) -> Result<String, BuilderError> {
        let mut command = Command::new(self.program());
        command.args(words).stdin(Stdio::null());
        let program = self.program();
        let failed =
            |complaint| BuilderError::Command { program, words: words.join(" "), complaint };
        let text = output(program, &mut command, failed).await?;
        let text = text.trim();
        if text.starts_with('{') {
            return Ok(text.to_owned());
        }
        let line = text.lines().next_back().unwrap_or_default();
        // `Loaded image: x`, or an id alone.
        Ok(line.rsplit_once(": ").map_or(line, |(_, it)| it).trim().to_owned())
    }
}

/// Runs a command and returns what it printed. If it fails, `failed` makes the error of its
/// complaint.
async fn output(
    program: &'static str,
    command: &mut Command,
    failed: impl FnOnce(String) -> BuilderError,
) -> Result<String, BuilderError> {
    let done = command.kill_on_drop(true).output().await;
    let done = done.map_err(|source| BuilderError::Start { program, source })?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(failed(complaint(&done.stderr)))
}

/// The login as these programs read it.
fn papers(login: &Login) -> String {
    let token = login.authorization.trim_start_matches("Basic ");
    json!({ "auths": { login.host(): { "auth": token } } }).to_string()
}

/// Whether a variable changes what these programs themselves do.
fn steers(name: &str) -> bool {
    STEER.contains(&name) || STEER_ALL.iter().any(|it| name.starts_with(it))
}

/// Whether a line is buildah's own about a container that the OCI runtime could not create or start.
fn is_refused_by_runtime(line: &str) -> bool {
    let Some((_, why)) = line.split_once("error running container: ") else { return false };
    why.contains("creating container for [") || why.contains("starting container for [")
}

impl Container {
    /// Whether the container's program ever ran. The code that `docker run` ends with does not
    /// tell: programs also end with the codes that docker and podman keep for their own failures
    /// (125, 126, 127). buildah keeps no record of it: there `output` decides, all that the run printed.
    pub(in crate::cli) async fn began(&self, output: &str) -> bool {
        if self.builder == ImageBuilder::Buildah {
            return !output.lines().any(is_refused_by_runtime);
        }
        let mut command = Command::new(self.builder.program());
        command.args(["inspect", "--type", "container", "--format", "{{.State.StartedAt}}"]);
        command.arg(&self.name).stdin(Stdio::null()).kill_on_drop(true);
        let Ok(Ok(done)) = time::timeout(REMOVE_MAX, command.output()).await else { return false };
        let at = String::from_utf8_lossy(&done.stdout);
        done.status.success() && !at.trim().is_empty() && !at.starts_with(NEVER)
    }

    /// Removes the container and waits until that is done.
    pub(in crate::cli) async fn remove(mut self) {
        let mut command = Command::from(self.removal());
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        // It may be gone already.
        time::timeout(REMOVE_MAX, command.status()).await.ok();
        self.gone = true;
    }

    fn removal(&self) -> process::Command {
        let mut command = process::Command::new(self.builder.program());
        match self.builder {
            ImageBuilder::Buildah => command.arg("rm"),
            ImageBuilder::Docker | ImageBuilder::Podman => command.args(["rm", "--force"]),
        };
        command.arg(&self.name).stdin(Stdio::null());
        command
    }
}

impl Drop for Container {
    /// Removes the container if [`Container::remove`] did not, as when a signal ends a test. This
    /// blocks for at most `REMOVE_MAX`.
    fn drop(&mut self) {
        if self.gone {
            return;
        }
        let mut command = self.removal();
        let Ok(mut child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return;
        };
        for _ in 0..REMOVE_MAX.as_millis() / PEEK.as_millis() {
            match child.try_wait() {
                Ok(None) => pause(),
                _ => return,
            }
        }
        child.kill().ok();
    }
}

/// A moment, for what happens as a value goes.
#[expect(clippy::disallowed_methods, reason = "nothing else can wait while a value goes")]
pub(in crate::cli) fn pause() {
    thread::sleep(PEEK);
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: EnvVariable<'_> = EnvVariable { name: "API", value: "here" };

    fn spec(variables: &[&str]) -> ContainerSpec {
        ContainerSpec {
            image: "image".into(),
            platform: None,
            variables: variables.iter().map(|it| ((*it).into(), "secret".into())).collect(),
            memory_mb: 256,
            storage_mb: 512,
            entry_point: Vec::new(),
            command: Vec::new(),
            directory: String::new(),
        }
    }

    fn words(command: &Command) -> String {
        let words = command.as_std().get_args().filter_map(|it| it.to_str());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_steers_the_engine_is_seen_on_its_command_line() {
        let spec =
            spec(&["PATH", "DOCKER_HOST", "http_proxy", "AWS_SECRET_ACCESS_KEY", "PATH_INFO"]);
        let given = |builder: ImageBuilder| {
            let mut command = Command::new("x");
            builder.variables(&spec, API, &mut command);
            words(&command).replace("--env ", "")
        };
        assert_eq!(
            given(ImageBuilder::Docker),
            "PATH=secret DOCKER_HOST=secret http_proxy=secret AWS_SECRET_ACCESS_KEY PATH_INFO API"
        );
        assert!(given(ImageBuilder::Buildah).contains("AWS_SECRET_ACCESS_KEY=secret"));
    }

    #[test]
    fn engines_hold_a_function_as_lambda_does() {
        for builder in [ImageBuilder::Docker, ImageBuilder::Podman] {
            let command = builder.lambda_like_run(&spec(&[]), "name", API);
            let own = if builder == ImageBuilder::Podman { " --read-only-tmpfs=false" } else { "" };
            assert_eq!(
                words(&command),
                format!(
                    "run --pull=never --name name --network host --user 993:990 --cap-drop ALL --security-opt \
                     no-new-privileges --read-only{own} --tmpfs /tmp:rw,exec,mode=1777,size=512m --memory 768m --env \
                     API image"
                )
            );
        }
    }
}
