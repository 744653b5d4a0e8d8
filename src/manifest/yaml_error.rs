//! What the YAML parser says of a text that it cannot read, in words for the person who wrote the text, and at the line
//! that has the mistake.

use super::{
    envelope::is_field,
    parse_error::{ParseError, Position},
};

/// What to do about a mistake that has no words of its own.
const HINT: &str = "check the indentation and the quotes around here";

/// Where the mistake is, seen from where the parser stopped.
#[derive(Clone, Copy)]
enum Mistake {
    /// On this line.
    Here,
    /// On the last line before it that is not empty.
    Above,
    /// On the line above, which has a key whose `:` no space follows.
    Glued,
    /// On the first line from it on that is indented with a tab.
    NextTab,
    /// On this line, at the tab before it.
    TabBefore,
}

/// A complaint of the parser and what it means.
struct Complaint {
    /// A part of the parser's own words.
    part: &'static str,
    mistake: Mistake,
    message: &'static str,
    hint: &'static str,
}

const TAB: Complaint = Complaint {
    part: "tab",
    mistake: Mistake::NextTab,
    message: "a tab stands in the indentation",
    hint: "indent with spaces; YAML allows no tabs there",
};

/// The first one that fits counts.
const COMPLAINTS: &[Complaint] = &[
    TAB,
    Complaint {
        part: "':' must be followed by a valid YAML whitespace",
        mistake: Mistake::TabBefore,
        message: "a tab stands after the `:`",
        hint: "write a space there: `key: value`",
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
        mistake: Mistake::Glued,
        message: "the key has no space after its `:`",
        hint: "write `key: value`",
    },
    Complaint {
        part: "mapping values are not allowed in this context",
        mistake: Mistake::Here,
        message: "a key stands where none may",
        hint: "indent the line like the one above, or put a value that holds `: ` in quotes",
    },
    Complaint {
        part: "quoted scalar",
        mistake: Mistake::Here,
        message: "the quotes that open here are not closed",
        hint: "close them on the same line",
    },
    Complaint {
        part: "did not find expected ',' or",
        mistake: Mistake::Here,
        message: "a `[` or `{` above is not closed",
        hint: "close it, and put a comma between its members",
    },
    Complaint {
        part: "illegal placement of ':' indicator",
        mistake: Mistake::Here,
        message: "a `[` or `{` above is not closed",
        hint: "close it, or put a value that holds `:` in quotes",
    },
    Complaint {
        part: "unexpected character",
        mistake: Mistake::Here,
        message: "the value begins with a character that YAML keeps for itself",
        hint: "put the value in quotes",
    },
];

/// The error for what the parser says: `info`, at `at`. It repeats nothing of the text.
pub(super) fn explain(text: &str, at: Position, info: &str) -> ParseError {
    let tabbed = next_tab(text, at).filter(|it| it.line == at.line).map(|at| (&TAB, at));
    let mut fits = COMPLAINTS.iter().filter(|it| info.contains(it.part));
    let found = tabbed.or_else(|| fits.find_map(|it| Some((it, it.mistake.place(text, at)?))));
    let Some((complaint, at)) = found else {
        // Some of the parser's words end with the character that it found.
        let info = info.split('`').next().unwrap_or_default().trim_end_matches([' ', ':']);
        return ParseError::new(at, format!("the YAML cannot be read: {info}"), HINT);
    };
    ParseError::new(at, format!("the YAML cannot be read: {}", complaint.message), complaint.hint)
}

impl Mistake {
    /// Where it is, if the parser stopped at `at`; `None` if nothing of the sort is there.
    fn place(self, text: &str, at: Position) -> Option<Position> {
        match self {
            Self::Here => Some(at),
            Self::Above => above(text, at),
            Self::Glued => above(text, at).filter(|it| is_glued(text, it.line)),
            Self::NextTab => next_tab(text, at),
            Self::TabBefore => tab_before(text, at),
        }
    }
}

/// The last line before `at` that is not empty.
fn above(text: &str, at: Position) -> Option<Position> {
    let numbered = (1..at.line).zip(text.lines());
    let filled = numbered.filter(|(_, line)| !line.trim().is_empty());
    filled.last().map(|(number, line)| Position { line: number, column: indent(line) })
}

/// Whether a line is a field's name, a colon and a value, with nothing between.
fn is_glued(text: &str, line: u32) -> bool {
    let line = (1..).zip(text.lines()).find(|(number, _)| *number == line);
    let glued = line.and_then(|(_, line)| line.trim().split_once(':'));
    glued.is_some_and(|(key, rest)| {
        is_field(key) && !rest.is_empty() && !rest.starts_with(char::is_whitespace)
    })
}

/// The first line from `at` on that has a tab in its indentation.
fn next_tab(text: &str, at: Position) -> Option<Position> {
    let numbered = (1..).zip(text.lines()).skip_while(|(number, _)| *number < at.line);
    let mut tabbed = numbered.filter_map(|(number, line)| {
        let column = 1 + line.chars().take_while(|c| *c == ' ').count();
        let tab = line.chars().nth(column - 1) == Some('\t');
        tab.then(|| Position { line: number, column: u32::try_from(column).unwrap_or(u32::MAX) })
    });
    tabbed.next()
}

/// The tab just before `at`.
fn tab_before(text: &str, at: Position) -> Option<Position> {
    let (_, line) = (1..).zip(text.lines()).find(|(number, _)| *number == at.line)?;
    let column = at.column.checked_sub(1)?;
    let before = usize::try_from(column).ok()?.checked_sub(1)?;
    let tab = line.chars().nth(before) == Some('\t');
    tab.then_some(Position { line: at.line, column })
}

/// The column, from 1, where a line's text begins.
fn indent(line: &str) -> u32 {
    let count = line.chars().take_while(|it| it.is_whitespace()).count();
    u32::try_from(count + 1).unwrap_or(u32::MAX)
}
