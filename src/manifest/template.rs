//! Templates of Helm, Jinja and the like in a manifest: nothing renders them here.

use super::{
    excerpt::outline,
    parse_error::{ParseError, Position},
};

/// What to do about a template.
pub(super) const HINT: &str = "Evenkeel does not render templates: render the file first";

/// What templates begin with, and how messages call them.
const OPENERS: [(&str, &str); 2] = [("{{", "{{ … }}"), ("{%", "{% … %}")];

/// Whether a value has a template in it.
pub(super) fn is_template(value: &str) -> bool {
    OPENERS.iter().any(|(opener, _)| value.contains(opener))
}

/// The error for a text that cannot be read because of a template; `None` if there is none where `error` is. It repeats
/// nothing of the text.
pub(super) fn explain(text: &str, error: &ParseError) -> Option<ParseError> {
    let here = opener(text, error.at.line, false);
    // What a template opens, the parser may miss on the next line only.
    let found = here.or_else(|| opener(text, error.at.line.checked_sub(1)?, true));
    let (at, form) = found?;
    let message = format!("the YAML cannot be read: `{form}` is a template");
    Some(ParseError { excerpt: outline(text, at.line), ..ParseError::new(at, message, HINT) })
}

/// The first template of a line that stands where a value or a key begins; with `alone` only at the begin of the line.
fn opener(text: &str, line: u32, alone: bool) -> Option<(Position, &'static str)> {
    let number = usize::try_from(line).ok()?.checked_sub(1)?;
    let shown = text.lines().nth(number)?;
    let begins = |(at, form): (usize, &'static str)| {
        let before = shown.get(..at)?;
        let end = before.trim_end();
        let is_begin = end.is_empty() || (!alone && end.ends_with([':', '-', ',', '[', '{']));
        let column = u32::try_from(before.chars().count() + 1).ok()?;
        is_begin.then_some((Position { line, column }, form))
    };
    let mut all: Vec<(usize, &str)> = OPENERS
        .iter()
        .flat_map(|(opener, form)| shown.match_indices(opener).map(|(at, _)| (at, *form)))
        .collect();
    all.sort_unstable();
    all.into_iter().find_map(begins)
}
