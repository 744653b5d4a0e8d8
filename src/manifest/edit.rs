//! An edit of one value in a file, which leaves every other byte as it is: comments, order, quotes, line ends.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::Value as Json;

use super::{
    scalar,
    tree::{self, Node},
};

/// Why a value cannot be edited in place, and what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {why}; write `{value}` there by hand")]
pub struct EditError {
    /// Where, as far as it is known.
    pub line: u32,
    why: &'static str,
    value: String,
}

/// Where a scalar stands.
struct Place {
    /// Its first character, counted in characters.
    start: usize,
    /// As it reads.
    text: String,
    style: ScalarStyle,
    line: u32,
}

/// Puts another text in the place of the scalar at `path`, in the document whose first key stands on `line`. What it
/// gives back reads as before but for that value; it is never given back unless that was seen.
pub fn replace(text: &str, line: u32, path: &[&str], value: &str) -> Result<String, EditError> {
    let failed = |line, why| EditError { line, why, value: value.to_owned() };
    let before = read(text).ok_or_else(|| failed(line, "the file cannot be read"))?;
    let place = find(text, line, path).map_err(|(at, why)| failed(at, why))?;
    let edited = put(text, &place, value)
        .ok_or_else(|| failed(place.line, "the value is written in a way that is not edited"))?;
    let after = read(&edited).unwrap_or_default();
    let number = before.iter().position(|it| it.0 == line).unwrap_or_default();
    let fits = before.len() == after.len()
        && before.iter().zip(&after).enumerate().all(|(index, (one, other))| {
            let mut wanted = one.1.clone();
            if index == number {
                set(&mut wanted, path, value);
            }
            wanted == other.1
        });
    if fits {
        Ok(edited)
    } else {
        Err(failed(place.line, "an edit would change more than the value"))
    }
}

/// All documents, with the lines that they begin on.
fn read(text: &str) -> Option<Vec<(u32, Json)>> {
    let (documents, troubles) = tree::documents(text, tree::Tags::Refused);
    let all = documents.iter().map(|it: &Node| (it.at.line, scalar::json(it)));
    troubles.is_empty().then(|| all.collect())
}

fn set(document: &mut Json, path: &[&str], value: &str) {
    let pointer: String = path.iter().flat_map(|it| ["/", *it]).collect();
    if let Some(found) = document.pointer_mut(&pointer) {
        *found = Json::from(value);
    }
}

/// The way to where the parser is: the key of each open map, the number of each open list.
enum Frame {
    Map { key: Option<String> },
    List { index: usize },
}

fn find(text: &str, line: u32, path: &[&str]) -> Result<Place, (u32, &'static str)> {
    let mut parser = Parser::new_from_str(text);
    let (mut open, mut here): (Vec<Frame>, bool) = (Vec::new(), false);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|_| (line, "the file cannot be read"))?;
        if open.is_empty() && !matches!(event, Event::DocumentStart(_) | Event::StreamStart) {
            here = number(span) == line;
        }
        let at = here && leads(&open, path);
        match event {
            Event::Scalar(scalar, style, anchor, _) => {
                if is_key(&mut open, &scalar) {
                    continue;
                }
                if at {
                    let (start, text) = (span.start.index(), scalar.into_owned());
                    let place = Place { start, text, style, line: number(span) };
                    let why = (place.line, "others refer to the value (`&`)");
                    return (anchor == 0).then_some(place).ok_or(why);
                }
                leave(&mut open);
            }
            Event::Alias(_) if at => {
                return Err((number(span), "the value stands elsewhere (`*`)"));
            }
            Event::Alias(_) => leave(&mut open),
            Event::MappingStart(..) => open.push(Frame::Map { key: None }),
            Event::SequenceStart(..) => open.push(Frame::List { index: 0 }),
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                leave(&mut open);
            }
            _ => {}
        }
    }
    Err((line, "the value is not there"))
}

/// Whether a scalar is the key of an open map, which it then opens.
fn is_key(open: &mut [Frame], text: &str) -> bool {
    match open.last_mut() {
        Some(Frame::Map { key: key @ None }) => {
            *key = Some(text.to_owned());
            true
        }
        _ => false,
    }
}

/// A value has ended.
fn leave(open: &mut [Frame]) {
    match open.last_mut() {
        Some(Frame::Map { key }) => *key = None,
        Some(Frame::List { index }) => *index += 1,
        None => {}
    }
}

fn leads(open: &[Frame], path: &[&str]) -> bool {
    let fits = |(frame, name): (&Frame, &&str)| match frame {
        Frame::Map { key } => key.as_deref() == Some(*name),
        Frame::List { index } => name.parse() == Ok(*index),
    };
    open.len() == path.len() && open.iter().zip(path).all(fits)
}

fn number(span: Span) -> u32 {
    u32::try_from(span.start.line()).unwrap_or(u32::MAX)
}

/// The text with the value in place, in the quotes that stand there; `None` if that cannot be done.
fn put(text: &str, place: &Place, value: &str) -> Option<String> {
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let (before, rest) = text.split_at_checked(ends.into_iter().nth(place.start)?)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || "/._".contains(c);
    if !value.starts_with(first) || !value.chars().all(plain) || value.ends_with(':') {
        return None;
    }
    let (old, quote) = match place.style {
        // One that goes on over several lines does not stand there as it reads.
        ScalarStyle::Plain => (place.text.len(), ""),
        ScalarStyle::SingleQuoted => (quoted(rest, '\'')?, "'"),
        ScalarStyle::DoubleQuoted => (quoted(rest, '"')?, "\""),
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let (old, after) = rest.split_at_checked(old)?;
    let stands = !quote.is_empty() || old == place.text;
    stands.then(|| [before, quote, value, quote, after].concat())
}

/// How many bytes a text in quotes has, with its quotes. The value has been read already, so it does end.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.strip_prefix(quote)?.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let twice = c == quote && quote == '\'' && chars.peek().is_some_and(|it| it.1 == quote);
        let escape = c == '\\' && quote == '"';
        if twice || escape {
            chars.next();
        } else if c == quote {
            return Some(at + 2 * quote.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATH: [&str; 2] = ["spec", "image"];

    fn check(before: &str, after: &str) {
        let line = tree::documents(before, tree::Tags::Refused).0.last().unwrap().at.line;
        assert_eq!(replace(before, line, &PATH, "new:v2").as_deref(), Ok(after));
    }

    #[test]
    fn only_the_value_changes() {
        check("spec:\n  image: old:v1\n", "spec:\n  image: new:v2\n");
        check("spec: { image: old:v1, x: 1 }", "spec: { image: new:v2, x: 1 }");
        check(
            "# é ü 漢\r\nspec:\r\n    image:   'old:v1'   # why ☃\r\n    x: \"image\"\r\n",
            "# é ü 漢\r\nspec:\r\n    image:   'new:v2'   # why ☃\r\n    x: \"image\"\r\n",
        );
        check(
            "a: 1\n---\n# two\nspec: {image: \"old:v1\"}\n",
            "a: 1\n---\n# two\nspec: {image: \"new:v2\"}\n",
        );
        check(
            "{\"spec\":{\"list\":[{\"image\":\"x:1\"}],\"image\":\"old:v1\"}}",
            "{\"spec\":{\"list\":[{\"image\":\"x:1\"}],\"image\":\"new:v2\"}}",
        );
        check("spec:\n  image: old:v1", "spec:\n  image: new:v2");
        check("spec:\n  image: old:v1 # c\n", "spec:\n  image: new:v2 # c\n");
        check("spec:\n  image:\n    old:v1\n  x: 1\n", "spec:\n  image:\n    new:v2\n  x: 1\n");
        check("\u{feff}spec:\n  image: old:v1\n", "\u{feff}spec:\n  image: new:v2\n");
    }

    #[test]
    fn what_cannot_be_edited_is_said() {
        let check = |text: &str, value: &str, expected: &str| {
            let error = replace(text, 1, &PATH, value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("spec: { x: 1 }", "new:v2", "not there");
        check("spec:\n  x: &a old:v1\n  image: *a\n", "new:v2", "stands elsewhere");
        check("spec:\n  image: &a old:v1\n  x: *a\n", "new:v2", "others refer");
        check("spec:\n  image: |\n    old:v1\n", "new:v2", "written in a way");
        check("spec: { image: old:v1 }", "a b", "written in a way");
        check("spec: { image: old:v1 ", "new:v2", "cannot be read");
    }

    proptest! {
        #[test]
        fn every_other_byte_stays(
            comment in "[^\r\n\u{0}-\u{1f}\u{7f}-\u{9f}\u{feff}\u{fffe}\u{ffff}\u{2028}\u{2029}]{0,40}",
            indent in 1_usize..8,
            quote in prop::sample::select(vec!["", "'", "\""]),
            end in prop::sample::select(vec!["\n", "\r\n"]),
            gap in 1_usize..5,
            before in "[a-z]{1,8}",
        ) {
            let (pad, gap) = (" ".repeat(indent), " ".repeat(gap));
            let text = |image: &str| format!(
                "# {comment}{end}spec:{end}{pad}{before}x: 1 # {comment}{end}{pad}image:{gap}{quote}{image}{quote}{gap}# {comment}{end}{pad}y: [1]{end}"
            );
            prop_assert_eq!(replace(&text("old:v1"), 2, &PATH, "new:v2"), Ok(text("new:v2")));
        }
    }
}
