//! What a container prints. It goes to a file: whatever was printed before an answer is there once the answer is.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use crate::{
    aws::scrub::{longest, mask, mask_cut},
    engine::secret::Secret,
};

/// How much of what a run printed is kept, as with Lambda.
const LOG_MAX: usize = 4096;
/// How much a container may print in its life, in bytes.
pub(super) const OUTPUT_MAX: u64 = 64 << 20;

/// The file, to read.
pub(super) struct ContainerOutput {
    file: File,
    /// What must not be seen of it.
    secrets: Vec<Secret>,
}

impl ContainerOutput {
    /// A new one, which has no name, and where to write to, twice.
    pub(super) fn new(secrets: &[Secret]) -> io::Result<(Self, File, File)> {
        let write = tempfile::Builder::new().append(true).tempfile()?;
        let file = File::open(write.path())?;
        let write = write.into_file();
        let other = write.try_clone()?;
        Ok((Self { file, secrets: secrets.to_vec() }, write, other))
    }

    /// How much there is.
    pub(super) fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |it| it.len())
    }

    /// Whether it is more than a container may print.
    pub(super) fn flooded(&self) -> bool {
        self.length() > OUTPUT_MAX
    }

    /// Returns what was printed since then, or the end of it, without secrets. More is read than is
    /// kept, so that no secret is cut before it is known.
    pub(super) fn since(&mut self, from: u64) -> String {
        let secrets: Vec<&Secret> = self.secrets.iter().collect();
        let reach = u64::try_from(LOG_MAX + longest(&secrets)).unwrap_or(u64::MAX);
        let start = from.max(self.length().saturating_sub(reach));
        let mut bytes = Vec::new();
        // What cannot be read was not printed.
        if self.file.seek(SeekFrom::Start(start)).is_ok() {
            (&mut self.file).take(reach).read_to_end(&mut bytes).ok();
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = if start > from { mask_cut(&text, &secrets) } else { mask(&text, &secrets) };
        end(&text).to_owned()
    }
}

/// As much as is kept.
fn end(text: &str) -> &str {
    let from = text.len().saturating_sub(LOG_MAX);
    (from..=text.len()).find_map(|it| text.get(it..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn no_part_of_a_secret_is_left_where_the_end_begins() {
        let secret = "0123456789".repeat(300);
        let (mut output, mut write, _) =
            ContainerOutput::new(&[Secret::new(secret.as_str())]).unwrap();
        for _ in 0..3 {
            writeln!(write, "{secret}").unwrap();
        }
        assert_eq!(output.since(0), "***\n***\n***\n");
        let from = output.length();
        writeln!(write, "{}\n{}{secret}", "a".repeat(9000), "\u{e4}".repeat(2000)).unwrap();
        let log = output.since(from);
        assert!(
            log.len() <= LOG_MAX && log.starts_with("aaa") && log.ends_with("\u{e4}***\n"),
            "{log}"
        );
        assert!(!output.flooded());
    }
}
