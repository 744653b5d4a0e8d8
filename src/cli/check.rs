//! `evenkeel check`: the manifests alone.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

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
    kinds::document::Violation,
    manifest::{Body, Diagnostic, Document},
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
    /// What AWS takes, but will hardly be meant, in reading order. It changes no exit code.
    warnings: Vec<CheckProblem>,
}

/// One thing that is wrong with a manifest, or will hardly be meant.
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

/// Reads the manifests of all paths, prints every problem and warning, what was skipped, and the sum. A problem makes
/// the exit code 2.
pub(super) fn check(args: &CheckArgs) -> Result<CommandOutcome, CliError> {
    let paths = args.paths.paths();
    let stdin = paths.iter().find(|it| is_stdin(it)).map(|it| StdinManifests::read(it));
    let stdin = stdin.transpose()?.flatten();
    let roots = roots(paths, stdin.as_ref());
    let snapshot = manifests::read_together(&roots, args.manifests.options())?;
    let mut diagnostics = snapshot.diagnostics.clone();
    diagnostics.extend(placement::check(args, &roots, &snapshot)?);
    diagnostics.sort();
    let found =
        Findings { snapshot: &snapshot, diagnostics, warnings: warnings(&snapshot, &roots) };
    let text = match args.output {
        Output::Text => found.text(),
        Output::Json => {
            let report = CheckReport::of(&found);
            let json = serde_json::to_string_pretty(&report);
            json.map_err(|error| CliError::Serialize(error.into()))?
        }
    };
    print(&text)?;
    Ok(if found.diagnostics.is_empty() { CommandOutcome::Good } else { CommandOutcome::Error })
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

/// What is to be told of the manifests.
struct Findings<'a> {
    snapshot: &'a Snapshot,
    diagnostics: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Findings<'_> {
    /// Every problem, every warning, what was skipped, and the sum.
    fn text(&self) -> String {
        let Self { snapshot, diagnostics, warnings } = self;
        let mut lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        lines.extend(warnings.iter().map(|it| {
            let message = format!("warning: {}", it.message);
            Diagnostic { message, ..it.clone() }.to_string()
        }));
        if snapshot.skipped.count() > 0 {
            lines.push(format!("skipped {}", snapshot.skipped));
        }
        let mut sum = vec![
            count(snapshot.valid + snapshot.invalid, "file"),
            count(snapshot.documents.len(), "good document"),
            count(diagnostics.len(), "problem"),
        ];
        if !warnings.is_empty() {
            sum.push(count(warnings.len(), "warning"));
        }
        lines.push(sum.join(", "));
        lines.join("\n")
    }
}

/// What the good documents ask for that will hardly be meant.
fn warnings(snapshot: &Snapshot, roots: &[SourceRoot]) -> Vec<Diagnostic> {
    let of = |document: &Arc<Document>| {
        let Body::Function(_, parts) = &document.body else { return Vec::new() };
        let warning = |it: Violation| {
            let path: Vec<&str> =
                ["spec"].into_iter().chain(it.path.iter().map(String::as_str)).collect();
            let (line, column) = placement::position(document, roots, &path);
            Diagnostic {
                file: Arc::clone(&document.origin.file),
                line,
                column,
                message: it.message,
                hint: Some(it.hint.to_owned()),
                excerpt: None,
            }
        };
        parts.warnings().into_iter().map(warning).collect()
    };
    let mut all: Vec<Diagnostic> = snapshot.documents.iter().flat_map(of).collect();
    all.sort();
    all
}

impl CheckReport {
    fn of(found: &Findings<'_>) -> Self {
        let Findings { snapshot, diagnostics, warnings } = found;
        Self {
            api_version: API_VERSION,
            kind: "CheckReport",
            files: snapshot.valid + snapshot.invalid,
            documents: snapshot.documents.len(),
            skipped: snapshot.skipped.count(),
            problems: diagnostics.iter().map(CheckProblem::of).collect(),
            warnings: warnings.iter().map(CheckProblem::of).collect(),
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
