//! Where everything in a document stands, in bytes.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::super::tree::DEPTH_MAX;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct TextNode {
    /// Its first byte.
    pub(super) start: usize,
    /// After its last byte that is no space, comment or line end.
    pub(super) end: usize,
    /// From 1.
    pub(super) line: u32,
    /// Whether others refer to it.
    pub(super) anchored: bool,
    pub(super) value: TextValue,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum TextValue {
    /// As it reads.
    Scalar(String, ScalarStyle),
    /// It stands elsewhere.
    Alias,
    List(Items),
    /// Keys, and what they lead to.
    Map(Items, Vec<TextNode>),
}

/// Values in a row.
#[derive(Debug)]
pub(super) struct Items {
    /// Within braces or brackets.
    pub(super) flow: bool,
    pub(super) values: Vec<TextNode>,
}

impl TextNode {
    /// The member of a map or list, by key or number.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match &self.value {
            TextValue::List(items) => items.values.get(name.parse::<usize>().ok()?),
            TextValue::Map(items, keys) => {
                items.values.get(keys.iter().position(|it| it.reads(name))?)
            }
            TextValue::Scalar(..) | TextValue::Alias => None,
        }
    }

    /// Whether it is a scalar with this text.
    pub(super) fn reads(&self, text: &str) -> bool {
        matches!(&self.value, TextValue::Scalar(it, _) if it == text)
    }

    /// What is in it, if it is a map or a list.
    pub(super) fn items(&self) -> Option<&Items> {
        match &self.value {
            TextValue::List(items) | TextValue::Map(items, _) => Some(items),
            TextValue::Scalar(..) | TextValue::Alias => None,
        }
    }

    /// The key of a member of this map.
    pub(super) fn key_of(&self, member: &Self) -> Option<&Self> {
        let TextValue::Map(items, keys) = &self.value else { return None };
        keys.get(items.values.iter().position(|it| it.start == member.start)?)
    }

    /// What a path leads to.
    pub(super) fn find(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.member(name))
    }
}

/// The document whose first key stands on `line`; `None` if there is none, or the text cannot be
/// read up to its end.
pub(super) fn document(text: &str, line: u32) -> Option<TextNode> {
    let mut reader =
        NodeReader { text, at: offsets(text), open: Vec::new(), done: None, wanted_line: line };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        reader.take(event, span)?;
        if reader.done.is_some() {
            break;
        }
    }
    reader.done
}

/// The byte at which each character begins, and the end of the text.
fn offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

struct NodeReader<'a> {
    text: &'a str,
    at: Vec<usize>,
    /// Maps and lists that have begun, with the key that waits for its value.
    open: Vec<(TextNode, Option<TextNode>)>,
    done: Option<TextNode>,
    wanted_line: u32,
}

impl NodeReader<'_> {
    /// Takes in one event of the parser. `None` if it has no place in the text, or nests too deep.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let (start, end) = (*self.at.get(span.start.index())?, *self.at.get(span.end.index())?);
        let line = u32::try_from(span.start.line()).ok()?;
        let node =
            |anchor: usize, value| TextNode { start, end, line, anchored: anchor != 0, value };
        let flow = |mark| self.text.get(start..).is_some_and(|it| it.starts_with(mark));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let length = length(self.text.get(start..end)?, &text, style);
                let mut node = node(anchor, TextValue::Scalar(text.into_owned(), style));
                node.end = start + length;
                self.attach(node);
            }
            Event::Alias(_) => self.attach(node(0, TextValue::Alias)),
            // Nothing that is read nests deeper.
            Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() >= DEPTH_MAX => {
                return None;
            }
            Event::SequenceStart(anchor, _) => {
                let items = Items { flow: flow('['), values: Vec::new() };
                self.open.push((node(anchor, TextValue::List(items)), None));
            }
            Event::MappingStart(anchor, _) => {
                let items = Items { flow: flow('{'), values: Vec::new() };
                self.open.push((node(anchor, TextValue::Map(items, Vec::new())), None));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (mut node, _) = self.open.pop()?;
                let (TextValue::List(items) | TextValue::Map(items, _)) = &node.value else {
                    return None;
                };
                // What has no bracket ends with the last that is in it.
                let bracket = self.text.get(start..end)?.trim_end().len();
                node.end = if items.flow { start + bracket } else { items.values.last()?.end };
                self.attach(node);
            }
            _ => {}
        }
        Some(())
    }

    /// Puts a value into the map or list that is open, or keeps it as the document that is looked
    /// for.
    fn attach(&mut self, node: TextNode) {
        match self.open.last_mut() {
            Some((TextNode { value: TextValue::List(items), .. }, _)) => items.values.push(node),
            Some((TextNode { value: TextValue::Map(items, keys), .. }, pending_key)) => {
                match pending_key.take() {
                    None => *pending_key = Some(node),
                    Some(known) => {
                        keys.push(known);
                        items.values.push(node);
                    }
                }
            }
            _ if node.line == self.wanted_line => self.done = Some(node),
            // Another document of the file.
            _ => {}
        }
    }
}

/// How many bytes a scalar has; what the parser tells may go on to what comes next.
fn length(stands: &str, reads: &str, style: ScalarStyle) -> usize {
    let known = match style {
        ScalarStyle::SingleQuoted => quoted(stands, '\''),
        ScalarStyle::DoubleQuoted => quoted(stands, '"'),
        ScalarStyle::Plain => stands.starts_with(reads).then_some(reads.len()),
        ScalarStyle::Literal | ScalarStyle::Folded => None,
    };
    known.unwrap_or_else(|| stands.trim_end().len())
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
