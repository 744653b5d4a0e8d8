//! What users expect of any command line: help, usage, examples, completions, manual pages, a config file, standard
//! input. The real binary, without AWS.

mod check;
mod config;
mod format;
mod guess;
mod help;
mod input;
mod pages;
mod wait;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A user with a home of their own, and nothing else in the environment.
pub struct User {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl User {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), variables: Vec::new() }
    }

    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for all commands that follow.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(it, _)| it != name);
        self.variables.push((name.into(), value.into()));
    }

    /// Writes a file below the home.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub fn run(&self, words: &[&str]) -> Ended {
        self.pipe(words, b"")
    }

    /// Runs a command with a text on standard input.
    pub fn pipe(&self, words: &[&str], text: &[u8]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command.args(words).env_clear().env("HOME", self.home()).current_dir(self.home());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that needs no input has closed its end.
        child.stdin.take().unwrap().write_all(text).ok();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }
}

/// All commands, with the names that users type.
pub fn commands() -> Vec<clap::Command> {
    let mut root = evenkeel::cli::command();
    root.build();
    let all: Vec<clap::Command> =
        root.get_subcommands().filter(|it| it.get_name() != "help").cloned().collect();
    assert!(all.len() > 15, "{}", all.len());
    all
}

/// The words of a line, as a shell has them.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "{line}");
    words.extend(word);
    words
}
