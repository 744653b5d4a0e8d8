//! Where text goes: answers to standard output, words about them to standard error.

use std::io::{self, Write as _};

use super::CliError;

/// Writes a line to standard output. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    write(format!("{text}\n").as_bytes()).map(drop)
}

/// Writes bytes to standard output as they are; false if the reader has gone away.
pub(super) fn write(bytes: &[u8]) -> Result<bool, CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CliError(format!("cannot write the output: {error}"))),
    }
}

/// A line for people. Nobody may be listening.
pub(super) fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}
