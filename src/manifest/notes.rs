//! The notes of one file while it is read.

use std::sync::Arc;

use super::{
    note::Note,
    tree::{At, Trouble},
};

/// How many notes one file may have: who has more of them reads no more, and each takes memory.
const NOTES_MAX: usize = 100;
/// Collects the notes of one file.
pub(super) struct Notes {
    file: Arc<str>,
    pub(super) all: Vec<Note>,
    /// How many there are besides.
    more: usize,
}

impl Notes {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), all: Vec::new(), more: 0 }
    }

    /// One more thing that is wrong.
    pub(super) fn push(&mut self, trouble: Trouble) {
        if self.all.len() >= NOTES_MAX {
            self.more += 1;
            return;
        }
        let Trouble { at, message, hint, excerpt } = trouble;
        self.all.push(Note {
            file: Arc::clone(&self.file),
            line: at.line,
            column: at.column,
            message,
            hint: (!hint.is_empty()).then_some(hint),
            excerpt,
        });
    }

    /// All of them, in reading order.
    pub(super) fn into_all(mut self) -> Vec<Note> {
        self.all.sort();
        self.all.dedup();
        if self.more > 0 {
            let message = format!("{} more problems of this file are not shown", self.more);
            self.all.push(Note {
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
        self.push(Trouble::new(At::default(), message, hint));
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
        assert_eq!((parsed.documents.len(), parsed.notes.len()), (0, NOTES_MAX + 1));
        let last = parsed.notes.last().unwrap();
        assert_eq!(last.message, "19902 more problems of this file are not shown");
    }
}
