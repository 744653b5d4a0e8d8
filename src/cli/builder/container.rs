//! Images in the store of docker, podman or buildah, and containers of them.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    super::{CliError, args::Builder},
    Build, Given,
};
use crate::aws::{clients::is_loopback, registry::Login};

/// Variables of these programs themselves: a function's must not become theirs.
const OWN: [&str; 8] =
    ["DOCKER_", "CONTAINER", "STORAGE_", "BUILDAH_", "REGISTRY_", "XDG_", "LD_", "TMPDIR"];

/// What is to be run.
pub(in crate::cli) struct Wanted {
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

/// Where a function finds its runtime API: a variable and its value.
type Api<'a> = (&'a str, &'a str);

/// A container, which goes with this.
pub(in crate::cli) struct Container {
    builder: Builder,
    name: String,
}

impl Builder {
    /// Brings into the store what a word means; what it is called there.
    pub(in crate::cli) fn load(
        self,
        (word, dockerfile): (&str, Option<&Path>),
        platform: &str,
    ) -> Result<String, CliError> {
        let path = Path::new(word);
        let transport = |kind: &str| format!("{kind}:{word}");
        match (Given::of(word, dockerfile)?, self) {
            (Given::Directory(dockerfile), _) => {
                let notes = TempDir::new()
                    .map_err(|error| CliError(format!("no room to work: {error}")))?;
                let platform = platform.to_owned();
                let build = Build { context: path, dockerfile, platform, arguments: &[] };
                self.build(&build, notes.path())
            }
            (Given::Layout, Self::Docker) => Err(CliError(format!(
                "{word}: docker takes no folder in OCI layout; use podman or buildah (--builder), or an archive"
            ))),
            (Given::Layout, _) => self.said(&["pull", "--quiet", &transport("oci")]),
            (Given::Archive, Self::Buildah) => {
                let one = self.said(&["pull", "--quiet", &transport("docker-archive")]);
                one.or_else(|_| self.said(&["pull", "--quiet", &transport("oci-archive")]))
            }
            (Given::Archive, _) => self.said(&["load", "--quiet", "--input", word]),
            (Given::Stored, _) => Ok(word.to_owned()),
        }
    }

    /// Pulls an image; with a login, if the registry wants ours.
    pub(in crate::cli) fn pull(
        self,
        (reference, platform): (&str, &str),
        login: Option<&Login>,
    ) -> Result<(), CliError> {
        let folder = TempDir::new();
        let folder = folder.map_err(|error| CliError(format!("no room to work: {error}")))?;
        let file = folder.path().join("config.json");
        if let Some(login) = login {
            fs::write(&file, papers(login)).map_err(|error| CliError(error.to_string()))?;
        }
        let mut command = Command::new(self.program());
        match (self, login) {
            (Self::Docker, Some(_)) => {
                // What else stands in the person's own configuration is not seen any more: where the daemon is.
                let at =
                    self.said(&["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
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
        let why = format!("it cannot pull {reference}");
        output(self.program(), &mut command, &why).map(drop)
    }

    /// A container, and the command that runs it until it ends. What it prints is the function's. `api`: one more
    /// variable, that tells it where its runtime API is.
    pub(in crate::cli) fn container(
        self,
        wanted: &Wanted,
        api: Api<'_>,
    ) -> Result<(Container, Command), CliError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenkeel-test-{}-{number}", std::process::id());
        let container = Container { builder: self, name };
        let mut command = Command::new(self.program());
        if self == Self::Buildah {
            self.said(&[
                "from",
                "--quiet",
                "--pull-never",
                "--name",
                &container.name,
                &wanted.image,
            ])?;
            self.chrooted(wanted, (&container.name, api), &mut command)?;
        } else {
            self.contained(wanted, (&container.name, api), &mut command);
        }
        Ok((container, command))
    }

    /// docker and podman: as in Lambda, only `/tmp` can be written, and memory is as small as there.
    fn contained(self, wanted: &Wanted, (name, api): (&str, Api<'_>), command: &mut Command) {
        command.args(["run", "--rm", "--name", name, "--network", "host", "--read-only"]);
        command.args(["--tmpfs", &format!("/tmp:rw,exec,size={}m", wanted.storage_mb)]);
        command.args(["--memory", &format!("{}m", wanted.memory_mb)]);
        command.args(wanted.platform.iter().flat_map(|it| ["--platform", it]));
        if !wanted.directory.is_empty() {
            command.args(["--workdir", &wanted.directory]);
        }
        self.variables((wanted, api), command);
        let mut entry = wanted.entry_point.iter();
        command.args(entry.next().into_iter().flat_map(|it| ["--entrypoint", it]));
        command.arg(&wanted.image).args(entry).args(&wanted.command);
    }

    /// buildah: it has no memory limit and no read-only root, and does not know what an image is to run.
    fn chrooted(
        self,
        wanted: &Wanted,
        (name, api): (&str, Api<'_>),
        command: &mut Command,
    ) -> Result<(), CliError> {
        let image = self.said(&["inspect", "--type", "image", &wanted.image])?;
        let image: Value = serde_json::from_str(&image).unwrap_or_default();
        let own = |member: &str| -> Vec<String> {
            let found = image.pointer("/OCIv1/config").and_then(|it| it.get(member));
            let found = found.and_then(Value::as_array).into_iter().flatten();
            found.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        };
        let entry = &wanted.entry_point;
        let entry = if entry.is_empty() { own("Entrypoint") } else { entry.clone() };
        // An entry point of somebody's own leaves the image's arguments out, as with docker.
        let arguments = match (wanted.command.is_empty(), wanted.entry_point.is_empty()) {
            (true, true) => own("Cmd"),
            _ => wanted.command.clone(),
        };
        if entry.is_empty() && arguments.is_empty() {
            return Err(CliError(format!(
                "{}: neither the image nor the manifest (`imageConfig`) says what is to be run",
                wanted.image
            )));
        }
        command.arg("run").args(["--mount", "type=tmpfs,destination=/tmp"]);
        if !wanted.directory.is_empty() {
            command.args(["--workingdir", &wanted.directory]);
        }
        self.variables((wanted, api), command);
        command.arg(name).arg("--").args(entry).args(arguments);
        Ok(())
    }

    /// docker and podman read values from their own environment, where no other user sees them; buildah reads
    /// none.
    fn variables(self, (wanted, api): (&Wanted, Api<'_>), command: &mut Command) {
        let given = wanted.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in given.chain([api]) {
            let other = env::var_os(name).is_some_and(|it| it != value);
            let own = other || OWN.iter().any(|it| name.starts_with(it));
            if self == Self::Buildah || own {
                command.arg("--env").arg(format!("{name}={value}"));
            } else {
                command.args(["--env", name]).env(name, value);
            }
        }
    }

    /// What a short command says in its last line, or all of it if that is JSON.
    fn said(self, words: &[&str]) -> Result<String, CliError> {
        let mut command = Command::new(self.program());
        command.args(words).stdin(Stdio::null());
        let text = output(self.program(), &mut command, &format!("`{}` fails", words.join(" ")))?;
        let text = text.trim();
        if text.starts_with('{') {
            return Ok(text.to_owned());
        }
        let line = text.lines().next_back().unwrap_or_default();
        // `Loaded image: x`, or an id alone.
        Ok(line.rsplit_once(": ").map_or(line, |(_, it)| it).trim().to_owned())
    }
}

/// What a program wrote; its complaint, if it fails.
fn output(program: &str, command: &mut Command, why: &str) -> Result<String, CliError> {
    let done = command.output().map_err(|error| CliError(format!("{program}: {error}")))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let line = said.lines().rfind(|it| !it.trim().is_empty()).unwrap_or("it says nothing");
    Err(CliError(format!("{program}: {why}: {}", line.trim())))
}

/// The login as these programs read it.
fn papers(login: &Login) -> String {
    let token = login.authorization.trim_start_matches("Basic ");
    json!({ "auths": { login.host(): { "auth": token } } }).to_string()
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut command = Command::new(self.builder.program());
        match self.builder {
            Builder::Buildah => command.arg("rm"),
            Builder::Docker | Builder::Podman => command.args(["rm", "--force"]),
        };
        // It may be gone already.
        command.arg(&self.name).stdin(Stdio::null()).output().ok();
    }
}
