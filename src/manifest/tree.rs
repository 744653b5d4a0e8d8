//! YAML (and so JSON) as a tree in which everything knows its place. Built from parser events, so that
//! the limits hold while the text is read, not after.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// How deep maps and lists may nest. A manifest needs six levels.
const DEPTH_MAX: usize = 32;
/// How many values one file may hold, aliases counted as what they stand for. This is what stops a
/// "billion laughs".
const NODES_MAX: usize = 50_000;
/// How many documents one file may hold.
const DOCUMENTS_MAX: usize = 1_000;

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Value,
}

/// What a value is, before anybody asks what it should be.
#[derive(Clone)]
pub(super) enum Value {
    /// `plain`: without quotes, so that YAML may take it for a number.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// A place: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct At {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Something that is wrong at a place.
pub(super) struct Trouble {
    pub(super) at: At,
    pub(super) message: String,
    pub(super) hint: String,
    /// What stands there, without anything that may be secret.
    pub(super) excerpt: Option<String>,
}

impl Trouble {
    /// Trouble without an excerpt: in a text that cannot be read, nobody can tell what is secret.
    pub(super) fn new(at: At, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: hint.into(), excerpt: None }
    }

    /// The same, with what stands there.
    pub(super) fn showing(self, excerpt: String) -> Self {
        Self { excerpt: Some(excerpt), ..self }
    }
}

/// What tags (`!…`) mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tags {
    /// Nothing: they are mistakes.
    #[default]
    Refused,
    /// CloudFormation's functions: `!Sub x` is `{ "Fn::Sub": x }`.
    Functions,
}

/// The documents of a file, as far as it can be read, and what is wrong with the text.
pub(super) fn documents(text: &str, tags: Tags) -> (Vec<Node>, Vec<Trouble>) {
    let mut builder = Builder { tags, ..Builder::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let fatal = match event {
            Ok((event, span)) => builder.take(event, at(span)),
            Err(error) => {
                let mark = error.marker();
                let at = At { line: number(mark.line()), column: number(mark.col() + 1) };
                let message = format!("the YAML cannot be read: {}", error.info());
                Err(Trouble::new(at, message, "check the indentation and the quotes around here"))
            }
        };
        if let Err(trouble) = fatal {
            builder.troubles.push(trouble);
            break;
        }
    }
    (builder.documents, builder.troubles)
}

#[derive(Default)]
struct Builder {
    tags: Tags,
    documents: Vec<Node>,
    troubles: Vec<Trouble>,
    open: Vec<Frame>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

/// A map or list that has begun.
struct Frame {
    at: At,
    anchor: usize,
    function: Option<String>,
    held: Held,
}

enum Held {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: At) -> Result<(), Trouble> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let function = self.function(tag.as_deref());
                let tag = tag.as_deref().filter(|_| function.is_none());
                let plain = style == ScalarStyle::Plain && !self.is_text(tag, at);
                let value = Value::Scalar { text: text.into_owned(), plain };
                self.add(called(function, Node { at, value }), anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Held::List(Vec::new()), (at, anchor), tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Held::Map(Vec::new(), None), (at, anchor), tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    let hint = "an alias may stand only after its anchor has ended";
                    return Err(Trouble::new(at, "this alias has no anchor", hint));
                };
                let size = size(&node);
                self.add(Node { at, value: node.value }, 0, size)
            }
            Event::DocumentStart(_) if self.documents.len() >= DOCUMENTS_MAX => {
                let message = format!("the file holds more than {DOCUMENTS_MAX} documents");
                Err(Trouble::new(at, message, "split it"))
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentStart(_) | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    /// Whether a tag says that the value is a text whatever it looks like. Other tags mean nothing here.
    fn is_text(&mut self, tag: Option<&Tag>, at: At) -> bool {
        let Some(tag) = tag else { return false };
        let text = tag.is_yaml_core_schema() && tag.suffix == "str";
        let known = tag.is_yaml_core_schema() && matches!(&*tag.suffix, "str" | "map" | "seq");
        if !known {
            // What looks like a tag may be a secret that lost its quotes.
            let message = "a tag (`!…`) means nothing here";
            self.troubles.push(Trouble::new(at, message, "write the plain value, in quotes"));
        }
        text
    }

    /// The function of CloudFormation's that a tag means, if tags mean any.
    fn function(&self, tag: Option<&Tag>) -> Option<String> {
        let tag = tag.filter(|it| self.tags == Tags::Functions && it.handle == "!")?;
        let bare = matches!(&*tag.suffix, "Ref" | "Condition");
        Some(if bare { tag.suffix.clone() } else { format!("Fn::{}", tag.suffix) })
    }

    fn begin(
        &mut self,
        held: Held,
        (at, anchor): (At, usize),
        tag: Option<&Tag>,
    ) -> Result<(), Trouble> {
        let function = self.function(tag);
        self.is_text(tag.filter(|_| function.is_none()), at);
        self.enter(Frame { at, anchor, function, held })
    }

    fn enter(&mut self, frame: Frame) -> Result<(), Trouble> {
        if self.open.len() >= DEPTH_MAX {
            let message = format!("the file nests deeper than {DEPTH_MAX} levels");
            return Err(Trouble::new(frame.at, message, "a manifest needs about six"));
        }
        self.open.push(frame);
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Trouble> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        let value = match frame.held {
            Held::List(items) => Value::List(items),
            Held::Map(pairs, _) => Value::Map(pairs),
        };
        self.add(called(frame.function, Node { at: frame.at, value }), frame.anchor, 1)
    }

    /// Puts a finished value where it belongs.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Trouble> {
        self.nodes += size;
        if self.nodes > NODES_MAX {
            let message = format!("the file holds more than {NODES_MAX} values");
            return Err(Trouble::new(
                node.at,
                message,
                "split it; aliases count as what they repeat",
            ));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(frame) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut frame.held {
            Held::List(items) => items.push(node),
            Held::Map(_, key @ None) => *key = Some(node),
            Held::Map(pairs, key @ Some(_)) => {
                let Some(key) = key.take() else { return Ok(()) };
                match key_trouble(pairs, &key) {
                    Some(trouble) => self.troubles.push(trouble),
                    None => pairs.push((key, node)),
                }
            }
        }
        Ok(())
    }
}

/// What a function is called with, in the long form.
fn called(function: Option<String>, node: Node) -> Node {
    let Some(text) = function else { return node };
    let at = node.at;
    let key = Node { at, value: Value::Scalar { text, plain: false } };
    Node { at, value: Value::Map(vec![(key, node)]) }
}

/// What is wrong with one more key of a map, if anything.
fn key_trouble(pairs: &[(Node, Node)], key: &Node) -> Option<Trouble> {
    let Value::Scalar { text, plain } = &key.value else {
        return Some(Trouble::new(key.at, "a key must be a text", "write a plain word"));
    };
    if *plain && text == "<<" {
        let hint = "write the members out; merge keys are not part of YAML 1.2";
        return Some(Trouble::new(key.at, "merge keys (`<<`) are not read", hint));
    }
    let first = pairs.iter().find(|(it, _)| it.text() == Some(text))?;
    let message = format!("`{text}` stands here twice; it is also on line {}", first.0.at.line);
    Some(Trouble::new(key.at, message, "keep one of them"))
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// A member of a map: its key and its value.
    pub(super) fn member(&self, name: &str) -> Option<(&Node, &Node)> {
        let pairs = match &self.value {
            Value::Map(pairs) => pairs,
            // An item, by its number.
            Value::List(items) => return items.get(name.parse::<usize>().ok()?).map(|it| (it, it)),
            Value::Scalar { .. } => return None,
        };
        pairs.iter().find(|(key, _)| key.text() == Some(name)).map(|(key, value)| (key, value))
    }

    /// Whether the document is empty: nothing, or comments only.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| size(key) + size(value)).sum(),
    }
}

fn at(span: Span) -> At {
    At { line: number(span.start.line()), column: number(span.start.col() + 1) }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
