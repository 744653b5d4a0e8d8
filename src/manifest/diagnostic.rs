//! One thing that is wrong with a manifest, in words for the person who wrote it.

use std::{fmt, sync::Arc};

/// A problem, the place where it is, and what to do about it. Sorted, they come in reading order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file, below the watched directory.
    pub file: Arc<str>,
    /// From 1; 0 if the whole file is meant.
    pub line: u32,
    /// From 1, in characters; 0 if the whole line is meant.
    pub column: u32,
    /// What is wrong, lower-case, without a full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The offending line, without values that may be secret.
    pub excerpt: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// As `file:line:column: message; hint`, with the excerpt on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n    {excerpt}")?;
        }
        Ok(())
    }
}
