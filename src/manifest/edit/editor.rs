//! One edit of a text, by the places of what stands in it.

use std::ops::Range;

use saphyr_parser::ScalarStyle;
use serde_json::Value as Json;

use super::{
    super::scalar,
    node::{Items, TextNode, TextValue},
    render::Tongue,
};

/// What is to become of one value in a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The members that lead to it, from the document's top; numbers from 0 in lists.
    pub path: Vec<String>,
    /// What stands there then; `None`: nothing.
    pub value: Option<Json>,
}

/// Why an edit is not made.
pub(super) struct EditRefusal {
    pub(super) line: u32,
    pub(super) why: &'static str,
}

const ELSEWHERE: &str = "the value stands elsewhere (`*`)";
const REFERRED: &str = "others refer to the value (`&`)";
pub(super) const NO_EDIT: &str = "the value is written in a way that is not edited";
pub(super) const NOT_THERE: &str = "the value is not there";

/// Whether a value stands where it is, and for itself.
pub(super) fn free(node: &TextNode) -> Result<(), EditRefusal> {
    match node.value {
        TextValue::Alias => Err(EditRefusal { line: node.line, why: ELSEWHERE }),
        _ if node.anchored => Err(EditRefusal { line: node.line, why: REFERRED }),
        _ => Ok(()),
    }
}

/// What edits a text.
pub(super) struct Editor<'a> {
    pub(super) text: &'a str,
    pub(super) tongue: Tongue,
}

impl Editor<'_> {
    /// Makes an edit and returns the text with it. `Err` if the value is not there, stands
    /// elsewhere, is referred to, or is written in a way that is not edited.
    pub(super) fn edited(&self, top: &TextNode, edit: &Edit) -> Result<String, EditRefusal> {
        let path: Vec<&str> = edit.path.iter().map(String::as_str).collect();
        let (name, above) =
            path.split_last().ok_or(EditRefusal { line: top.line, why: NOT_THERE })?;
        let parent = top.find(above).ok_or(EditRefusal { line: top.line, why: NOT_THERE })?;
        if let TextValue::Alias = parent.value {
            return Err(EditRefusal { line: parent.line, why: ELSEWHERE });
        }
        let flow = (0..=above.len()).any(|it| {
            let node = above.get(..it).and_then(|it| top.find(it));
            node.is_some_and(|it| it.items().is_some_and(|it| it.flow))
        });
        let edited = match (parent.member(name), &edit.value) {
            (Some(node), Some(value)) => {
                free(node)?;
                let kept = value.as_str().and_then(|it| scalar_put(self.text, node, it));
                kept.or_else(|| {
                    let key = parent.key_of(node).filter(|it| !flow && it.line < node.line);
                    self.changed(node, key, value)
                })
            }
            (None, Some(value)) => self.added(parent, name, value),
            (Some(node), None) => self.removed(parent, node),
            (None, None) => return Err(EditRefusal { line: parent.line, why: NOT_THERE }),
        };
        edited.ok_or(EditRefusal { line: parent.line, why: NO_EDIT })
    }

    /// Puts another value in the place of `node`. `key` is that of the value, if it stands on a
    /// line above; a value on one line then moves up to it. `None`: it cannot be done.
    fn changed(&self, node: &TextNode, key: Option<&TextNode>, value: &Json) -> Option<String> {
        let Some(key) = key else {
            return self.put(node.start..node.end, &self.tongue.line(value));
        };
        let block =
            matches!(node.value, TextValue::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded));
        let Some(lines) = self.tongue.lines(value).filter(|_| !block) else {
            // Nothing that stands below its key, so it moves up to it.
            let colon = self.text.get(key.end..)?.find(':')? + key.end + 1;
            return self.put(colon..node.end, &format!(" {}", self.tongue.line(value)));
        };
        let (own, above) = (self.column(node.start)?, self.column(key.start)?);
        let column = if own > above || value.is_array() { own } else { above + 2 };
        let from = self.line_start(node.start)?;
        self.put(from..node.end, &self.indented(&lines, column))
    }

    /// Adds a member to a map or an item to a list, in the style of what is there. `None`: it
    /// cannot be done.
    fn added(&self, parent: &TextNode, name: &str, value: &Json) -> Option<String> {
        let (items, keys) = match &parent.value {
            TextValue::Map(items, keys) => (items, keys),
            TextValue::List(items) => return self.appended(parent, items, value),
            TextValue::Scalar(..) | TextValue::Alias => return None,
        };
        let member = || format!("{}: {}", self.tongue.word(name), self.tongue.line(value));
        match (items.flow, items.values.last(), keys.first()) {
            (true, Some(last), _) => self.put(last.end..last.end, &format!(", {}", member())),
            (true, None, _) => self.put(parent.start..parent.end, &format!("{{ {} }}", member())),
            (false, _, first) => {
                let column = self.column(first?.start)?;
                let end = self.line_end(parent.end)?;
                let lines = self.indented(&self.tongue.member(name, value), column);
                self.put(end..end, &format!("{}{lines}", self.newline()))
            }
        }
    }

    /// Adds an item at the end of a list, in the style of what is there. `None`: it cannot be done.
    fn appended(&self, parent: &TextNode, items: &Items, value: &Json) -> Option<String> {
        let line = self.tongue.line(value);
        let Some(last) = items.values.last() else {
            return self.put(parent.start..parent.end, &format!("[{line}]"));
        };
        if items.flow {
            return self.put(last.end..last.end, &format!(", {line}"));
        }
        let dash = self.text.get(..last.start)?.rfind('-')?;
        let lines = self.tongue.lines(&Json::Array(vec![value.clone()]))?;
        let lines = self.indented(&lines, self.column(dash)?);
        let end = self.line_end(parent.end)?;
        self.put(end..end, &format!("{}{lines}", self.newline()))
    }

    /// Takes a value out, with its key or dash and, in block style, its lines. `None`: it cannot be
    /// done.
    fn removed(&self, parent: &TextNode, node: &TextNode) -> Option<String> {
        let items = parent.items()?;
        let at = items.values.iter().position(|it| it.start == node.start)?;
        let begin = |it: &TextNode| parent.key_of(it).map_or(it.start, |key| key.start);
        let before = at.checked_sub(1).and_then(|it| items.values.get(it));
        let after = items.values.get(at + 1);
        if items.flow {
            return match (before, after) {
                (_, Some(next)) => self.put(begin(node)..begin(next), ""),
                (Some(last), None) => self.put(last.end..node.end, ""),
                (None, None) => self.put(begin(node)..node.end, ""),
            };
        }
        // The whole lines that it stands on, which must be its own; nothing may be left over that is no map.
        before.or(after)?;
        let from = self.line_start(begin(node))?;
        let lead = self.text.get(from..begin(node))?.trim();
        let own = lead.is_empty() || (lead == "-" && matches!(parent.value, TextValue::List(_)));
        let end = self.line_end(node.end)?;
        let end = end + self.text.get(end..)?.find('\n').map_or(0, |it| it + 1);
        own.then(|| self.put(from..end, ""))?
    }

    /// Puts other text in the place of a range. `None` if a comment stands in it, since that is
    /// another party's word on something else.
    fn put(&self, range: Range<usize>, with: &str) -> Option<String> {
        let old = self.text.get(range.clone())?;
        let begins = |(at, _): (usize, &str)| {
            old.get(..at).is_some_and(|it| it.is_empty() || it.ends_with(char::is_whitespace))
        };
        if old.match_indices('#').any(begins) {
            return None;
        }
        let (before, after) = (self.text.get(..range.start)?, self.text.get(range.end..)?);
        Some([before, with, after].concat())
    }

    fn indented(&self, lines: &[String], column: usize) -> String {
        let lines: Vec<String> =
            lines.iter().map(|it| format!("{}{it}", " ".repeat(column))).collect();
        lines.join(self.newline())
    }

    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    fn line_start(&self, at: usize) -> Option<usize> {
        Some(self.text.get(..at)?.rfind('\n').map_or(0, |it| it + 1))
    }

    /// Before the line's end.
    fn line_end(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let line = rest.split('\n').next()?;
        Some(at + line.trim_end_matches('\r').len())
    }

    fn column(&self, at: usize) -> Option<usize> {
        Some(self.text.get(self.line_start(at)?..at)?.chars().count())
    }
}

/// Puts another scalar in the place of one, in the quotes that stand there, and returns the text;
/// `None` if that cannot be done.
pub(super) fn scalar_put(text: &str, node: &TextNode, value: &str) -> Option<String> {
    let TextValue::Scalar(reads, style) = &node.value else { return None };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:".contains(c);
    let first = |c: char| c.is_ascii_alphanumeric() || "/._".contains(c);
    if !value.starts_with(first) || !value.chars().all(plain) || value.ends_with(':') {
        return None;
    }
    let quote = match style {
        ScalarStyle::Plain => "",
        ScalarStyle::SingleQuoted => "'",
        ScalarStyle::DoubleQuoted => "\"",
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let (before, rest) = text.split_at_checked(node.start)?;
    let (old, after) = rest.split_at_checked(node.end - node.start)?;
    // A plain one that goes on over several lines does not stand there as it reads.
    let text = || matches!(scalar::read(value, true), scalar::YamlScalar::Text(_));
    let stands = if quote.is_empty() { old == reads && text() } else { old.starts_with(quote) };
    stands.then(|| [before, quote, value, quote, after].concat())
}
