//! The manifests, read once, as the daemon would read them.

use std::{path::Path, sync::Arc};

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
