//! What the YAML parser says of a text that it cannot read, in words for the person who wrote the text, and at the line
//! that has the mistake.

use super::parse_error::{ParseError, Position};

/// What to do about a mistake that has no words of its own.
const HINT: &str = "check the indentation and the quotes around here";

/// Where the mistake is, seen from where the parser stopped.
#[derive(Clone, Copy)]
enum Mistake {
    /// On this line.
    Here,
    /// On the last line before it that is not empty.
    Above,
    /// On the first line from it on that is indented with a tab.
    NextTab,
}

/// A complaint of the parser and what it means.
struct Complaint {
    /// A part of the parser's own words.
    part: &'static str,
    mistake: Mistake,
    message: &'static str,
    hint: &'static str,
}

const COMPLAINTS: &[Complaint] = &[
    Complaint {
        part: "tab",
        mistake: Mistake::NextTab,
        message: "a tab stands in the indentation",
        hint: "indent with spaces; YAML allows no tabs there",
    },
    Complaint {
        part: "simple key expect ':'",
        mistake: Mistake::Above,
        message: "the key has no `:` after it",
        hint: "write `key: value`",
    },
    Complaint {
        part: "a block mapping, did not find expected key",
        mistake: Mistake::Here,
        message: "the line is indented like no key above it",
        hint: "indent it like the other keys of the same map",
    },
    Complaint {
        part: "did not find expected '-' indicator",
        mistake: Mistake::Here,
        message: "the line is indented like the items of a list, and is none",
        hint: "indent it like the first key of the item, or write `- ` before it",
    },
    Complaint {
        part: "mapping values are not allowed in this context",
        mistake: Mistake::Here,
        message: "a key stands where none may",
        hint: "indent the line like the one above, or put a value that holds `: ` in quotes",
    },
    Complaint {
        part: "invalid indentation in quoted scalar",
        mistake: Mistake::Here,
        message: "the quotes that open here are not closed",
        hint: "close them on the same line",
    },
];

/// The error for what the parser says: `info`, at `at`. It repeats nothing of the text.
pub(super) fn explain(text: &str, at: Position, info: &str) -> ParseError {
    let Some(complaint) = COMPLAINTS.iter().find(|it| info.contains(it.part)) else {
        // Some of the parser's words end with the character that it found.
        let info = info.split('`').next().unwrap_or_default().trim_end_matches([' ', ':']);
        return ParseError::new(at, format!("the YAML cannot be read: {info}"), HINT);
    };
    let at = match complaint.mistake {
        Mistake::Here => at,
        Mistake::Above => above(text, at),
        Mistake::NextTab => next_tab(text, at),
    };
    ParseError::new(at, format!("the YAML cannot be read: {}", complaint.message), complaint.hint)
}

/// The last line before `at` that is not empty.
fn above(text: &str, at: Position) -> Position {
    let numbered = (1..at.line).zip(text.lines());
    let filled = numbered.filter(|(_, line)| !line.trim().is_empty());
    filled.last().map_or(at, |(number, line)| Position { line: number, column: indent(line) })
}

/// The first line from `at` on that has a tab in its indentation.
fn next_tab(text: &str, at: Position) -> Position {
    let numbered = (1..).zip(text.lines()).skip_while(|(number, _)| *number < at.line);
    let mut tabbed = numbered.filter_map(|(number, line)| {
        let column = 1 + line.chars().take_while(|c| *c == ' ').count();
        let tab = line.chars().nth(column - 1) == Some('\t');
        tab.then(|| Position { line: number, column: u32::try_from(column).unwrap_or(u32::MAX) })
    });
    tabbed.next().unwrap_or(at)
}

/// The column, from 1, where a line's text begins.
fn indent(line: &str) -> u32 {
    let count = line.chars().take_while(|it| it.is_whitespace()).count();
    u32::try_from(count + 1).unwrap_or(u32::MAX)
}
