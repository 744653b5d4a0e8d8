//! `evenkeel check`: the manifests alone.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    args::{CheckArgs, Output},
    error::CliError,
    manifests,
    out::print,
    outcome::CommandOutcome,
    placement,
    stdin::{self, StdinManifests, is_stdin},
};
use crate::{
    daemon::{
        source::{Snapshot, SourceRoot},
        view::state::API_VERSION,
    },
    engine::count::count,
    manifest::Diagnostic,
};

/// What `check` found in the manifests.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckReport {
    /// `evenkeel.dev/v1`.
    api_version: &'static str,
    /// `CheckReport`.
    kind: &'static str,
    /// How many files of manifests were read.
    files: usize,
    /// How many documents are without fault.
    documents: usize,
    /// How many documents of other tools were skipped.
    skipped: usize,
    /// Everything that is wrong, in reading order.
    problems: Vec<CheckProblem>,
}

/// One thing that is wrong with a manifest.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckProblem {
    /// The file: below the directory if one path was given, else as a path from the current directory.
    file: String,
    /// The line, from 1. Without it the whole file is meant.
    line: Option<u32>,
    /// The column, from 1, in characters. Without it the whole line is meant.
    column: Option<u32>,
    /// What is wrong.
    message: String,
    /// What to do.
    hint: Option<String>,
    /// The line, without values that may be secret.
    excerpt: Option<String>,
}

/// Reads the manifests of all paths, prints every problem, what was skipped, and the sum. A problem makes the exit
/// code 2.
pub(super) fn check(args: &CheckArgs) -> Result<CommandOutcome, CliError> {
    let paths = args.paths.paths();
    let stdin = paths.iter().find(|it| is_stdin(it)).map(|it| StdinManifests::read(it));
    let stdin = stdin.transpose()?.flatten();
    let roots = roots(paths, stdin.as_ref());
    let snapshot = manifests::read_together(&roots, args.manifests.options())?;
    let mut diagnostics = snapshot.diagnostics.clone();
    diagnostics.extend(placement::check(args, &roots, &snapshot)?);
    diagnostics.sort();
    let text = match args.output {
        Output::Text => text(&snapshot, &diagnostics),
        Output::Json => {
            let report = CheckReport::of(&snapshot, &diagnostics);
            let json = serde_json::to_string_pretty(&report);
            json.map_err(|error| CliError::Serialize(error.into()))?
        }
    };
    print(&text)?;
    Ok(if diagnostics.is_empty() { CommandOutcome::Good } else { CommandOutcome::Error })
}

/// The paths with what messages call them. A single one needs no name; of several, standard input keeps its own.
fn roots(paths: &[PathBuf], stdin: Option<&StdinManifests>) -> Vec<SourceRoot> {
    let root = |path: &PathBuf| match stdin.filter(|_| is_stdin(path)) {
        Some(stdin) => SourceRoot { path: stdin.path(), name: stdin::NAME.to_owned() },
        None if paths.len() == 1 => SourceRoot { path: path.clone(), name: String::new() },
        // No file may have the name of standard input.
        None if stdin.is_some() && short(path) == stdin::NAME => {
            SourceRoot { path: path.clone(), name: format!("./{}", stdin::NAME) }
        }
        None => SourceRoot { path: path.clone(), name: short(path) },
    };
    paths.iter().map(root).collect()
}

/// A path without `./` before it.
fn short(path: &Path) -> String {
    let short: PathBuf = path.components().filter(|it| *it != Component::CurDir).collect();
    let short = if short.as_os_str().is_empty() { Path::new(".") } else { &short };
    short.display().to_string()
}

/// Every problem, what was skipped, and the sum.
fn text(snapshot: &Snapshot, diagnostics: &[Diagnostic]) -> String {
    let mut lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    if snapshot.skipped.count() > 0 {
        lines.push(format!("skipped {}", snapshot.skipped));
    }
    lines.push(format!(
        "{}, {}, {}",
        count(snapshot.valid + snapshot.invalid, "file"),
        count(snapshot.documents.len(), "good document"),
        count(diagnostics.len(), "problem")
    ));
    lines.join("\n")
}

impl CheckReport {
    fn of(snapshot: &Snapshot, diagnostics: &[Diagnostic]) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "CheckReport",
            files: snapshot.valid + snapshot.invalid,
            documents: snapshot.documents.len(),
            skipped: snapshot.skipped.count(),
            problems: diagnostics.iter().map(CheckProblem::of).collect(),
        }
    }
}

impl CheckProblem {
    fn of(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { file, line, column, message, hint, excerpt } = diagnostic.clone();
        let (line, column) = (Some(line).filter(|it| *it > 0), Some(column).filter(|it| *it > 0));
        Self { file: file.to_string(), line, column, message, hint, excerpt }
    }
}
