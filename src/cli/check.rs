//! `evenkeel check`: the manifests alone.

use super::{
    args::CheckArgs, error::CliError, manifests, out::print, outcome::CommandOutcome, placement,
};

/// Reads the manifests of a directory, prints every problem, what was skipped, and the sum. A problem makes the exit
/// code 2.
pub(super) fn check(args: &CheckArgs) -> Result<CommandOutcome, CliError> {
    let snapshot = manifests::read_with(args.source.dir(), args.manifests.options())?;
    let mut diagnostics = snapshot.diagnostics.clone();
    diagnostics.extend(placement::check(args, &snapshot)?);
    diagnostics.sort();
    for diagnostic in &diagnostics {
        print(&diagnostic.to_string())?;
    }
    if snapshot.skipped.count() > 0 {
        print(&format!("skipped {}", snapshot.skipped))?;
    }
    let good = snapshot.documents.len();
    let files = snapshot.valid + snapshot.invalid;
    let problems = diagnostics.len();
    print(&format!("{files} files, {good} good documents, {problems} problems"))?;
    Ok(if problems == 0 { CommandOutcome::Good } else { CommandOutcome::Error })
}
