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

use super::{
    super::{CliError, args::Builder},
    Build, Given, complaint,
};
use crate::aws::{clients::is_loopback, registry::Login};

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
const LOOK: Duration = Duration::from_millis(20);

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
    gone: bool,
}

impl Builder {
    /// Brings into the store what a word means; what it is called there.
    pub(in crate::cli) async fn load(
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
                self.build(&build, notes.path()).await
            }
            (Given::Layout, Self::Docker) => Err(CliError(format!(
                "{word}: docker takes no folder in OCI layout; use podman or buildah (--builder), or an archive"
            ))),
            (Given::Layout, _) => self.said(&["pull", "--quiet", &transport("oci")]).await,
            (Given::Archive, Self::Buildah) => {
                match self.said(&["pull", "--quiet", &transport("docker-archive")]).await {
                    Err(_) => self.said(&["pull", "--quiet", &transport("oci-archive")]).await,
                    name => name,
                }
            }
            (Given::Archive, _) => self.said(&["load", "--quiet", "--input", word]).await,
            (Given::Stored, _) => Ok(word.to_owned()),
        }
    }

    /// Pulls an image; with a login, if the registry wants ours.
    pub(in crate::cli) async fn pull(
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
                let words = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
                let at = self.said(&words).await;
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
        output(self.program(), &mut command, &why).await.map(drop)
    }

    /// A container, and the command that runs it until it ends. What it prints is the function's. `api`: one more
    /// variable, that tells it where its runtime API is.
    pub(in crate::cli) async fn container(
        self,
        wanted: &Wanted,
        api: Api<'_>,
    ) -> Result<(Container, Command), CliError> {
        // Chance enough: a name that another party foresees would be taken away from under him.
        let name = format!("evenkeel-test-{:016x}", RandomState::new().build_hasher().finish());
        let container = Container { builder: self, name, gone: false };
        let mut command = Command::new(self.program());
        if self == Self::Buildah {
            let name = ["--name", &container.name];
            let words = ["from", "--quiet", "--pull-never"].into_iter().chain(name);
            self.said(&words.chain([wanted.image.as_str()]).collect::<Vec<_>>()).await?;
            self.chrooted(wanted, (&container.name, api), &mut command).await?;
        } else {
            self.contained(wanted, (&container.name, api), &mut command);
        }
        Ok((container, command))
    }

    /// docker and podman: as in Lambda, only `/tmp` can be written, the user has no rights, and memory is as small as
    /// there; what lies in `/tmp` is in memory too.
    fn contained(self, wanted: &Wanted, (name, api): (&str, Api<'_>), command: &mut Command) {
        // Without `--rm`: when it has ended, the engine still has to say whether it ever began.
        command.args(["run", "--pull=never", "--name", name, "--network", "host"]);
        command.args(["--user", USER, "--cap-drop", "ALL"]);
        command.args(["--security-opt", "no-new-privileges", "--read-only"]);
        if self == Self::Podman {
            // It would make `/run` and `/var/tmp` writable.
            command.arg("--read-only-tmpfs=false");
        }
        let (memory, storage) = (i64::from(wanted.memory_mb), i64::from(wanted.storage_mb));
        command.args(["--tmpfs", &format!("/tmp:rw,exec,mode=1777,size={storage}m")]);
        command.args(["--memory", &format!("{}m", memory + storage)]);
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
    async fn chrooted(
        self,
        wanted: &Wanted,
        (name, api): (&str, Api<'_>),
        command: &mut Command,
    ) -> Result<(), CliError> {
        let image = self.said(&["inspect", "--type", "image", &wanted.image]).await?;
        let image: Value = serde_json::from_str(&image).unwrap_or_default();
        let own = |member: &str| -> Vec<String> {
            let found = image.pointer("/OCIv1/config").and_then(|it| it.get(member));
            let found = found.and_then(Value::as_array).into_iter().flatten();
            found.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
        };
        let entry = &wanted.entry_point;
        let entry = if entry.is_empty() { own("Entrypoint") } else { entry.clone() };
        // An entry point of another party's own leaves the image's arguments out, as with docker.
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
        command.args(["run", "--user", USER]);
        command.args(["--mount", "type=tmpfs,destination=/tmp,tmpfs-mode=1777"]);
        if !wanted.directory.is_empty() {
            command.args(["--workingdir", &wanted.directory]);
        }
        self.variables((wanted, api), command);
        command.arg(name).arg("--").args(entry).args(arguments);
        Ok(())
    }

    /// docker and podman read values from their own environment, where no other user sees them, unless that would
    /// change what they do; buildah reads none.
    fn variables(self, (wanted, api): (&Wanted, Api<'_>), command: &mut Command) {
        let given = wanted.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in given.chain([api]) {
            if self == Self::Buildah || steers(name) {
                command.arg("--env").arg(format!("{name}={value}"));
            } else {
                command.args(["--env", name]).env(name, value);
            }
        }
    }

    /// What a short command says in its last line, or all of it if that is JSON.
    async fn said(self, words: &[&str]) -> Result<String, CliError> {
        let mut command = Command::new(self.program());
        command.args(words).stdin(Stdio::null());
        let why = format!("`{}` fails", words.join(" "));
        let text = output(self.program(), &mut command, &why).await?;
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
async fn output(program: &str, command: &mut Command, why: &str) -> Result<String, CliError> {
    let done = command.kill_on_drop(true).output().await;
    let done = done.map_err(|error| CliError(format!("{program}: {error}")))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(CliError(format!("{program}: {why}: {}", complaint(&done.stderr))))
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

impl Container {
    /// Whether its program ever ran. The code that `docker run` ends with does not tell: a program may end with the same
    /// (docker and podman keep 125, 126 and 127 for their own failures, which others use too). Of buildah, which fails
    /// before there is a process, it is taken for granted.
    pub(in crate::cli) async fn began(&self) -> bool {
        if self.builder == Builder::Buildah {
            return true;
        }
        let mut command = Command::new(self.builder.program());
        command.args(["inspect", "--type", "container", "--format", "{{.State.StartedAt}}"]);
        command.arg(&self.name).stdin(Stdio::null()).kill_on_drop(true);
        let Ok(Ok(done)) = time::timeout(REMOVE_MAX, command.output()).await else { return false };
        let at = String::from_utf8_lossy(&done.stdout);
        done.status.success() && !at.trim().is_empty() && !at.starts_with(NEVER)
    }

    /// Takes it away.
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
            Builder::Buildah => command.arg("rm"),
            Builder::Docker | Builder::Podman => command.args(["rm", "--force"]),
        };
        command.arg(&self.name).stdin(Stdio::null());
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.gone {
            return;
        }
        let mut command = self.removal();
        let Ok(mut child) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            return;
        };
        for _ in 0..REMOVE_MAX.as_millis() / LOOK.as_millis() {
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
    thread::sleep(LOOK);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(variables: &[&str]) -> Wanted {
        Wanted {
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
        let wanted =
            wanted(&["PATH", "DOCKER_HOST", "http_proxy", "AWS_SECRET_ACCESS_KEY", "PATH_INFO"]);
        let given = |builder: Builder| {
            let mut command = Command::new("x");
            builder.variables((&wanted, ("API", "here")), &mut command);
            words(&command).replace("--env ", "")
        };
        assert_eq!(
            given(Builder::Docker),
            "PATH=secret DOCKER_HOST=secret http_proxy=secret AWS_SECRET_ACCESS_KEY PATH_INFO API"
        );
        assert!(given(Builder::Buildah).contains("AWS_SECRET_ACCESS_KEY=secret"));
    }

    #[test]
    fn engines_hold_a_function_as_lambda_does() {
        for builder in [Builder::Docker, Builder::Podman] {
            let mut command = Command::new("x");
            builder.contained(&wanted(&[]), ("name", ("API", "here")), &mut command);
            let own = if builder == Builder::Podman { " --read-only-tmpfs=false" } else { "" };
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
