//! Bytes that are counted and hashed on their way.

use std::io;

use sha2::{Digest as _, Sha256};

use crate::engine::hex::hex;

/// Passes bytes on.
pub(super) struct HashingWriter<W> {
    to: W,
    hash: Sha256,
    size: u64,
}

impl<W: io::Write> HashingWriter<W> {
    /// Passes them on to this.
    pub(super) fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), size: 0 }
    }

    /// The digest, `sha256:…`, and how many bytes there were.
    pub(super) fn end(self) -> (String, u64) {
        (format!("sha256:{}", hex(&self.hash.finalize())), self.size)
    }
}

impl<W: io::Write> io::Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
