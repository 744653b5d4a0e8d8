//! Where text goes: answers to standard output, words about them to standard error, manifests to files.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use super::error::FileError;

/// Writes a line to standard output. A reader that has gone away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), FileError> {
    write(format!("{text}\n").as_bytes()).map(drop)
}

/// Writes bytes to standard output as they are; false if the reader has gone away.
pub(super) fn write(bytes: &[u8]) -> Result<bool, FileError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(FileError::Output(error)),
    }
}

/// Marks that turn the direction of what follows.
const TURNS: [char; 11] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// What another party wrote, as it may be shown: nothing in it moves the cursor.
pub(super) fn clean(text: &str) -> String {
    let clean = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || TURNS.contains(&c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(clean).collect()
}

/// Whether `--quiet` was given. Set once, before the command begins.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Leaves out notes and progress from now on.
pub(super) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Whether progress may be drawn: standard error is a terminal, and the user has not asked for quiet.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal() && !QUIET.load(Ordering::Relaxed)
}

/// Whether `--quiet` was given.
pub(super) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// A line for people, left out with `--quiet`. Nobody may be listening.
pub(super) fn note(text: &str) {
    if !QUIET.load(Ordering::Relaxed) {
        warn(text);
    }
}

/// A line that people must see, also with `--quiet`.
pub(super) fn warn(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// Puts a text in a file's place, whole or not at all.
pub(super) fn save(path: &Path, text: &str, rights: fs::Permissions) -> io::Result<()> {
    stage(path, text, rights)?.persist(path).map(drop).map_err(|error| error.error)
}

/// Writes a text to a new file beside `path`, for a rename to put it in place. The new file goes if
/// it is dropped before that.
pub(super) fn stage(
    path: &Path,
    text: &str,
    rights: fs::Permissions,
) -> io::Result<tempfile::NamedTempFile> {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut part = tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))?;
    part.write_all(text.as_bytes())?;
    part.as_file().set_permissions(rights)?;
    part.as_file().sync_all()?;
    Ok(part)
}
