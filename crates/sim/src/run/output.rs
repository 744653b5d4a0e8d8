//! What a process prints. It goes to a file: whatever was printed before an answer is there once the answer is.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use crate::{lambda::invoke::Line, time::Moment};

/// How much an environment may print in its life, in bytes.
const OUTPUT_MAX: u64 = 64 << 20;
/// The longest event of CloudWatch Logs, in bytes.
const LINE_MAX: usize = 256 << 10;

/// The lines of a process, stdout and stderr alike.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    read: u64,
    /// What no line has ended yet.
    rest: Vec<u8>,
}

impl Output {
    /// A new one, and where to write to, twice.
    pub(super) fn new(folder: &Path) -> io::Result<(Self, File, File)> {
        let write = tempfile::Builder::new().append(true).tempfile_in(folder)?;
        let file = File::open(write.path())?;
        // The file has no name from here on, and goes with the last who has it open.
        let write = write.into_file();
        let other = write.try_clone()?;
        Ok((Self { file, read: 0, rest: Vec::new() }, write, other))
    }

    /// Lines that ended since the last time.
    pub(super) fn lines(&mut self, at: Moment, early: bool) -> Vec<Line> {
        let mut bytes = Vec::new();
        // What cannot be read was not printed.
        let read = self.file.read_to_end(&mut bytes).unwrap_or_default();
        self.read += u64::try_from(read).unwrap_or_default();
        self.rest.extend(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.rest.iter().position(|it| *it == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = line.get(..end.min(LINE_MAX)).unwrap_or_default();
            lines.push(Line { at, text: String::from_utf8_lossy(line).into_owned(), early });
        }
        lines
    }

    /// The same, with a line that has no end.
    pub(super) fn last(&mut self, at: Moment, early: bool) -> Vec<Line> {
        let mut lines = self.lines(at, early);
        if !self.rest.is_empty() {
            let text = String::from_utf8_lossy(&std::mem::take(&mut self.rest)).into_owned();
            lines.push(Line { at, text, early });
        }
        lines
    }

    /// Whether it printed more than it may.
    pub(super) fn flooded(&self) -> bool {
        self.read > OUTPUT_MAX
    }
}
