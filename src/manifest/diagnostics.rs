//! The diagnostics of one file while it is read.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    diagnostic::Diagnostic,
    parse_error::{ParseError, Position},
};

/// How many diagnostics one file may have: who has more of them reads no more, and each takes memory.
const DIAGNOSTICS_MAX: usize = 100;

/// Collects the diagnostics of one file.
pub(super) struct Diagnostics {
    file: Arc<str>,
    pub(super) all: Vec<Diagnostic>,
    /// How many there are besides.
    more: usize,
}

impl Diagnostics {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), all: Vec::new(), more: 0 }
    }

    /// Adds a problem; beyond [`DIAGNOSTICS_MAX`] it is only counted.
    pub(super) fn push(&mut self, error: ParseError) {
        if self.all.len() >= DIAGNOSTICS_MAX {
            self.more += 1;
            return;
        }
        let ParseError { at, message, hint, excerpt } = error;
        self.all.push(Diagnostic {
            file: Arc::clone(&self.file),
            line: at.line,
            column: at.column,
            message,
            hint: (!hint.is_empty()).then_some(hint),
            excerpt,
        });
    }

    /// Whether one more problem would be shown, and not only counted.
    pub(super) fn has_room(&self) -> bool {
        self.all.len() < DIAGNOSTICS_MAX
    }

    /// Drops what was found on these lines after the first `told` problems.
    pub(super) fn drop_lines(&mut self, told: usize, lines: &BTreeSet<u32>) {
        let mut index = 0;
        self.all.retain(|it| {
            index += 1;
            index <= told || !lines.contains(&it.line)
        });
    }

    /// All diagnostics in reading order, each once, and at the end how many are not shown.
    pub(super) fn into_all(mut self) -> Vec<Diagnostic> {
        self.all.sort();
        self.all.dedup();
        if self.more > 0 {
            let message = match self.more {
                1 => "1 more problem of this file is not shown".to_owned(),
                more => format!("{more} more problems of this file are not shown"),
            };
            self.all.push(Diagnostic {
                file: self.file,
                line: 0,
                column: 0,
                message,
                hint: None,
                excerpt: None,
            });
        }
        self.all
    }

    /// How many problems there are, also those that are not shown.
    pub(super) fn count(&self) -> usize {
        self.all.len() + self.more
    }

    /// Something wrong with the file as a whole.
    pub(super) fn file(&mut self, message: &str, hint: &str) {
        self.push(ParseError::new(Position::default(), message, hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_has_notes_without_end() {
        let keys: Vec<String> = (0..20_000).map(|it| format!("  k{it}: 1\n")).collect();
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: a }}\nspec:\n{}",
            keys.concat()
        );
        let parsed = crate::manifest::parse("x.yaml", text.as_bytes());
        assert_eq!((parsed.documents.len(), parsed.diagnostics.len()), (0, DIAGNOSTICS_MAX + 1));
        let last = parsed.diagnostics.last().unwrap();
        assert_eq!(last.message, "19902 more problems of this file are not shown");
    }
}
