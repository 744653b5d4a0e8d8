//! The runtime that asynchronous commands run on.

use std::time::Duration;

use super::error::{CliError, DaemonError};

/// How long what blocks may keep us when all is done.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// Runs a command to its end, on a runtime of its own.
pub(super) fn block_on<T>(
    command: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(DaemonError::Runtime)?;
    let outcome = runtime.block_on(command);
    // Whatever still blocks, a file system that hangs perhaps, is no reason to stay.
    runtime.shutdown_timeout(LEAVE_MAX);
    outcome
}
