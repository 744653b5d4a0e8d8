//! `evenkeel check`: the manifests alone.

use super::{CheckArgs, CliError, Outcome, print};
use crate::daemon::{
    clock::SystemClock,
    source::{ManifestSource, SourceRead},
};
use crate::engine::time::Clock as _;

/// Torn reads are tried again this often.
const TRIES: usize = 20;

/// Reads the directory and prints every problem.
pub(super) fn check(args: &CheckArgs) -> Result<Outcome, CliError> {
    let clock = SystemClock::start();
    let mut source = ManifestSource::new(args.dir.clone());
    for _ in 0..TRIES {
        match source.read(clock.now().wall) {
            SourceRead::Fresh(snapshot) => {
                for note in &snapshot.diagnostics {
                    print(&note.to_string())?;
                }
                let good = snapshot.documents.len();
                let files = snapshot.valid + snapshot.invalid;
                let problems = snapshot.diagnostics.len();
                print(&format!("{files} files, {good} good documents, {problems} problems"))?;
                return Ok(if problems == 0 { Outcome::Good } else { Outcome::Error });
            }
            SourceRead::Failed(why) => return Err(CliError(why)),
            SourceRead::Torn(why) => tracing::debug!(why, "reading again"),
            SourceRead::Unchanged | SourceRead::Cancelled => {}
        }
    }
    Err(CliError("the directory never holds still long enough to be read".into()))
}
