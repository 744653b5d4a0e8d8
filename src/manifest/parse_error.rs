//! What is wrong at a place of one text, before anybody says which file it is.

/// A place: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Something that is wrong at a place.
pub(super) struct ParseError {
    pub(super) at: Position,
    pub(super) message: String,
    pub(super) hint: String,
    /// What stands there, without anything that may be secret.
    pub(super) excerpt: Option<String>,
}

impl ParseError {
    /// Trouble without an excerpt: in a text that cannot be read, nobody can tell what is secret.
    pub(super) fn new(at: Position, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: hint.into(), excerpt: None }
    }

    /// The same, with what stands there.
    pub(super) fn showing(self, excerpt: String) -> Self {
        Self { excerpt: Some(excerpt), ..self }
    }
}
