//! What is started: the image's own entrypoint, or the one of the function's configuration, within the image.

use std::path::{Path, PathBuf};

use evenkeel_runtime_api::error;
use serde_json::{Value, json};

use crate::{
    lambda::invoke::{Ending, Line, Outcome},
    time::Moment,
    world::errand::Errand,
};

/// What an image may look through if it does not say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program within an image.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    /// What the image sets.
    pub(super) environment: Vec<(String, String)>,
    words: Words,
}

/// What was to be started, as Lambda's log names it.
#[derive(Debug, Clone)]
struct Words {
    entrypoint: Vec<String>,
    command: Vec<String>,
    folder: String,
}

/// Why nothing could be started.
#[derive(Debug)]
pub(super) struct Fault {
    text: String,
    words: Words,
}

impl Entry {
    pub(super) fn of(errand: &Errand, root: Result<PathBuf, String>) -> Result<Self, Fault> {
        let own = &errand.image.config["config"];
        let none = json!({});
        let response = errand.begun.config.get("ImageConfigResponse");
        let given = response.map_or(&none, |it| &it["ImageConfig"]);
        let entrypoint = list(&given["EntryPoint"]).or_else(|| list(&own["Entrypoint"]));
        // An entrypoint that is given takes the image's command away, as it does for containers.
        let command = list(&own["Cmd"]).filter(|_| list(&given["EntryPoint"]).is_none());
        let command = list(&given["Command"]).or(command);
        let folder = given["WorkingDirectory"].as_str().or(own["WorkingDir"].as_str());
        let words = Words {
            entrypoint: entrypoint.unwrap_or_default(),
            command: command.unwrap_or_default(),
            folder: folder.filter(|it| !it.is_empty()).unwrap_or("/").to_owned(),
        };
        let environment: Vec<(String, String)> = list(&own["Env"])
            .unwrap_or_default()
            .iter()
            .filter_map(|it| it.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let fault = |text: String| Fault { text, words: words.clone() };
        let root = root.and_then(|it| it.canonicalize().map_err(|it| it.to_string()));
        let root = root.map_err(fault)?;
        let mut all = words.entrypoint.iter().chain(&words.command);
        let name =
            all.next().ok_or_else(|| fault("Couldn't find valid bootstrap(s): []".into()))?;
        let path = environment.iter().find(|it| it.0 == "PATH").map_or(PATH, |it| it.1.as_str());
        let absent = || fault(format!("fork/exec {name}: no such file or directory"));
        let program = find(&root, name, (path, &words.folder)).ok_or_else(absent)?;
        let folder = within(&root, &words.folder).filter(|it| it.is_dir()).unwrap_or(root.clone());
        let arguments = all.cloned().collect();
        Ok(Self { program, arguments, folder, environment, words: words.clone() })
    }

    /// It is there, and cannot be started.
    pub(super) fn refused(&self, error: &std::io::Error) -> Fault {
        let reason = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file or directory",
            std::io::ErrorKind::PermissionDenied => "permission denied",
            _ => "exec format error",
        };
        let all = self.words.entrypoint.iter().chain(&self.words.command);
        let name = all.into_iter().next().map_or("", String::as_str);
        Fault { text: format!("fork/exec {name}: {reason}"), words: self.words.clone() }
    }
}

impl Fault {
    pub(super) fn outcome(self, errand: &Errand, now: Moment) -> Outcome {
        let Words { entrypoint, command, folder } = self.words;
        let text = format!(
            "IMAGE\tLaunch error: {}\tEntrypoint: [{}]\tCmd: [{}]\tWorkingDir: [{folder}]",
            self.text,
            entrypoint.join(" "),
            command.join(" ")
        );
        let kind = "Runtime.InvalidEntrypoint";
        Outcome {
            payload: error(kind, &errand.begun.id, &self.text),
            error: Some("Unhandled".into()),
            ending: Ending::Failure(kind.into()),
            lines: vec![Line { at: now, text, early: true }],
            took_ms: 0.0,
            init_ms: None,
            memory_mb: 0,
            ended: now,
            gone: true,
        }
    }
}

fn list(value: &Value) -> Option<Vec<String>> {
    let all = value.as_array().filter(|it| !it.is_empty())?;
    Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// A program by its path, or by its name in one of the folders that are looked through.
fn find(root: &Path, name: &str, (path, folder): (&str, &str)) -> Option<PathBuf> {
    let found = if name.starts_with('/') {
        within(root, name)
    } else if name.contains('/') {
        within(root, &format!("{folder}/{name}"))
    } else {
        path.split(':').find_map(|it| within(root, &format!("{it}/{name}")))
    };
    found.filter(|it| it.is_file())
}

/// Where a path of the image is, if it is there and does not lead out of it.
fn within(root: &Path, path: &str) -> Option<PathBuf> {
    let found = root.join(path.trim_start_matches('/')).canonicalize().ok()?;
    found.starts_with(root).then_some(found)
}
