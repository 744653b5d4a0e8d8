//! What commands read: the manifests, once, as the daemon would read them; and what people hand over.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use super::CliError;
use crate::{
    daemon::{
        clock::SystemClock,
        source::{Reading, Snapshot, Source},
    },
    engine::time::Clock as _,
};

/// How often a directory that never holds still is read again.
const TRIES: usize = 20;

/// Everything that is there, with its problems.
pub(super) fn read(dir: &Path) -> Result<Arc<Snapshot>, CliError> {
    let clock = SystemClock::start();
    let mut source = Source::new(dir.to_path_buf());
    for _ in 0..TRIES {
        match source.read(clock.now().wall) {
            Reading::Fresh(snapshot) => return Ok(snapshot),
            Reading::Failed(why) => return Err(CliError(why)),
            Reading::Torn(_) | Reading::Unchanged => {}
        }
    }
    Err(CliError("the directory never holds still long enough to be read".into()))
}

/// A file that somebody names, `-` for standard input, up to a size; `hint` says what of a greater one.
pub(super) fn bytes(path: &Path, (most, hint): (usize, &str)) -> Result<Vec<u8>, CliError> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "standard input".to_owned() } else { path.display().to_string() };
    let failed = |error: io::Error| CliError(format!("{name}: {error}"));
    let source: Box<dyn io::Read> = if stdin {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).map_err(failed)?)
    };
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > most { Err(CliError(format!("{name}: {hint}"))) } else { Ok(bytes) }
}
