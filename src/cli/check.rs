//! `evenkeel check`: the manifests alone.

use super::{args::CheckArgs, error::CliError, manifests, out::print, outcome::CommandOutcome};

/// Reads the manifests of a directory, prints every problem and the sum. A problem makes the exit
/// code 2.
pub(super) fn check(args: &CheckArgs) -> Result<CommandOutcome, CliError> {
    let snapshot = manifests::read(args.source.dir())?;
    for diagnostic in &snapshot.diagnostics {
        print(&diagnostic.to_string())?;
    }
    let good = snapshot.documents.len();
    let files = snapshot.valid + snapshot.invalid;
    let problems = snapshot.diagnostics.len();
    print(&format!("{files} files, {good} good documents, {problems} problems"))?;
    Ok(if problems == 0 { CommandOutcome::Good } else { CommandOutcome::Error })
}
