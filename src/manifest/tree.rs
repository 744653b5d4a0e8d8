//! YAML (and so JSON) as a tree in which everything knows its place. Built from parser events, so that
//! the limits hold while the text is read, not after.

use std::{collections::BTreeMap, rc::Rc};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{
    parse_error::{ParseError, Position},
    size::Size,
    yaml_error,
};

/// The greatest file that is read.
pub const FILE_MAX: usize = 1024 * 1024;
/// How deep maps and lists may nest, those that aliases stand for included. A manifest needs six levels.
pub(super) const DEPTH_MAX: usize = 32;
/// How many values one file may hold, aliases counted as what they stand for. This is what stops a
/// "billion laughs".
const VALUES_MAX: usize = 50_000;
/// How many bytes of text they may hold together, counted in the same way: a long text that is repeated by
/// many aliases. A text without aliases never has so many, since the file is smaller.
const BYTES_MAX: usize = 4 * FILE_MAX;
/// How many documents one file may hold.
const DOCUMENTS_MAX: usize = 1_000;

/// A value and where it stands. An alias shares what its anchor holds, so that no text becomes more by it.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
    /// Whether it has an anchor or is an alias, so that it may stand in several places.
    pub(super) shared: bool,
}

/// What a value is, before anybody asks what it should be.
#[derive(Clone)]
pub(super) enum Value {
    /// `plain`: without quotes, so that YAML may take it for a number.
    Scalar {
        text: Rc<str>,
        plain: bool,
    },
    List(Rc<[Node]>),
    Map(Rc<[(Node, Node)]>),
}

/// What tags (`!…`) mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum YamlTags {
    /// Nothing: they are mistakes.
    #[default]
    Refused,
    /// CloudFormation's functions: `!Sub x` is `{ "Fn::Sub": x }`.
    Functions,
}

/// A value that means nothing here.
pub(super) struct ValueFault {
    /// The number of its document, from 0.
    pub(super) document: usize,
    pub(super) error: ParseError,
}

/// What a text holds.
#[derive(Default)]
pub(super) struct Trees {
    /// Its documents, as far as it can be read.
    pub(super) documents: Vec<Node>,
    /// What is wrong with single values of the documents.
    pub(super) faults: Vec<ValueFault>,
    /// Why the text cannot be read any further.
    pub(super) fatal: Option<ParseError>,
    /// How much the documents hold together.
    pub(super) size: Size,
}

/// The documents of a file, and what is wrong with the text. No trouble repeats any of it: what is secret is known
/// only to those who know what the text is for.
pub(super) fn documents(text: &str, tags: YamlTags) -> Trees {
    let mut builder = TreeBuilder { tags, ..TreeBuilder::default() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let fatal = match event {
            Ok((event, span)) => builder.take(event, at(span)),
            Err(error) => {
                let mark = error.marker();
                let at = Position { line: number(mark.line()), column: number(mark.col() + 1) };
                Err(yaml_error::explain(text, at, error.info()))
            }
        };
        if let Err(error) = fatal {
            builder.trees.fatal = Some(error);
            break;
        }
    }
    builder.trees
}

impl Trees {
    /// Whether nothing is wrong.
    pub(super) fn is_faultless(&self) -> bool {
        self.faults.is_empty() && self.fatal.is_none()
    }

    /// Everything that is wrong, in no order.
    pub(super) fn into_errors(self) -> impl Iterator<Item = ParseError> {
        self.faults.into_iter().map(|it| it.error).chain(self.fatal)
    }
}

#[derive(Default)]
struct TreeBuilder {
    tags: YamlTags,
    trees: Trees,
    open: Vec<OpenNode>,
    anchors: BTreeMap<usize, Sized>,
}

/// A value and how much it holds.
#[derive(Clone)]
struct Sized {
    node: Node,
    size: Size,
}

/// A map or list that has begun.
struct OpenNode {
    at: Position,
    anchor: usize,
    function: Option<String>,
    value: OpenValue,
    size: Size,
}

impl OpenNode {
    fn new(value: OpenValue, at: Position, anchor: usize) -> Self {
        Self { at, anchor, function: None, value, size: Size::HOLDER }
    }
}

enum OpenValue {
    List(Vec<Node>),
    Map(Members, Option<Node>),
}

/// The members of a map that has begun.
#[derive(Default)]
struct Members {
    pairs: Vec<(Node, Node)>,
    /// The line of each key: a search through all of them for each would take long.
    lines: BTreeMap<Rc<str>, u32>,
}

impl TreeBuilder {
    /// Takes in one event of the parser. `Err` ends the reading of the file.
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), ParseError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let function = self.function(tag.as_deref());
                let tag = tag.as_deref().filter(|_| function.is_none());
                let plain = style == ScalarStyle::Plain && !self.is_text(tag, at);
                let size = Size::of(&text);
                self.count(size, at)?;
                let value = Value::Scalar { text: text.into(), plain };
                let node = Node { at, value, shared: anchor > 0 };
                self.add(Sized { node, size }.called(function), anchor);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(OpenNode::new(OpenValue::List(Vec::new()), at, anchor), tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => {
                let map = OpenValue::Map(Members::default(), None);
                self.begin(OpenNode::new(map, at, anchor), tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.leave();
                Ok(())
            }
            Event::Alias(anchor) => self.repeat(anchor, at),
            Event::DocumentStart(_) if self.trees.documents.len() >= DOCUMENTS_MAX => {
                let message = format!("the file holds more than {DOCUMENTS_MAX} documents");
                Err(ParseError::new(at, message, "split it"))
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

    /// Counts what is about to be added to the file. `Err` if that is too much, or too deep.
    fn count(&mut self, size: Size, at: Position) -> Result<(), ParseError> {
        let all = &mut self.trees.size;
        all.add(size);
        let message = if all.values > VALUES_MAX {
            format!("the file holds more than {VALUES_MAX} values")
        } else if all.bytes > BYTES_MAX {
            format!("the file holds more than {} MiB of text", BYTES_MAX >> 20)
        } else if self.open.len() + size.depth > DEPTH_MAX {
            let message = format!("the file nests deeper than {DEPTH_MAX} levels");
            return Err(ParseError::new(at, message, "a manifest needs about six"));
        } else {
            return Ok(());
        };
        Err(ParseError::new(at, message, "split it; aliases count as what they repeat"))
    }

    fn repeat(&mut self, anchor: usize, at: Position) -> Result<(), ParseError> {
        let Some(Sized { node, size }) = self.anchors.get(&anchor).cloned() else {
            let hint = "an alias may stand only after its anchor has ended";
            return Err(ParseError::new(at, "this alias has no anchor", hint));
        };
        self.count(size, at)?;
        self.add(Sized { node: Node { at, ..node }, size }, 0);
        Ok(())
    }

    /// Whether a tag says that the value is a text whatever it looks like. Other tags mean nothing here.
    fn is_text(&mut self, tag: Option<&Tag>, at: Position) -> bool {
        let Some(tag) = tag else { return false };
        let text = tag.is_yaml_core_schema() && tag.suffix == "str";
        let known = tag.is_yaml_core_schema() && matches!(&*tag.suffix, "str" | "map" | "seq");
        if !known {
            // What looks like a tag may be a secret that lost its quotes.
            let message = "a tag (`!…`) means nothing here";
            let hint = "write the plain value, in quotes";
            self.fault(ParseError::new(at, message, hint));
        }
        text
    }

    /// Adds what is wrong with a value of the document that is being read.
    fn fault(&mut self, error: ParseError) {
        self.trees.faults.push(ValueFault { document: self.trees.documents.len(), error });
    }

    /// The function of CloudFormation's that a tag means, if tags mean any.
    fn function(&self, tag: Option<&Tag>) -> Option<String> {
        let tag = tag.filter(|it| self.tags == YamlTags::Functions && it.handle == "!")?;
        let bare = matches!(&*tag.suffix, "Ref" | "Condition");
        Some(if bare { tag.suffix.clone() } else { format!("Fn::{}", tag.suffix) })
    }

    fn begin(&mut self, node: OpenNode, tag: Option<&Tag>) -> Result<(), ParseError> {
        let function = self.function(tag);
        self.is_text(tag.filter(|_| function.is_none()), node.at);
        self.count(Size::HOLDER, node.at)?;
        self.open.push(OpenNode { function, ..node });
        Ok(())
    }

    fn leave(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        let value = match frame.value {
            OpenValue::List(items) => Value::List(items.into()),
            OpenValue::Map(members, _) => Value::Map(members.pairs.into()),
        };
        let node = Node { at: frame.at, value, shared: frame.anchor > 0 };
        self.add(Sized { node, size: frame.size }.called(frame.function), frame.anchor);
    }

    /// Puts a finished value into the map or list that is open, or among the documents.
    fn add(&mut self, sized: Sized, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, sized.clone());
        }
        let Sized { node, size } = sized;
        let Some(frame) = self.open.last_mut() else {
            self.trees.documents.push(node);
            return;
        };
        frame.size.add(size);
        match &mut frame.value {
            OpenValue::List(items) => items.push(node),
            OpenValue::Map(_, key @ None) => *key = Some(node),
            OpenValue::Map(members, key @ Some(_)) => {
                let Some(key) = key.take() else { return };
                let error = members.add(key, node);
                if let Some(error) = error {
                    self.fault(error);
                }
            }
        }
    }
}

impl Sized {
    /// Wraps the value as the one member of a map whose key is the function, if there is one.
    fn called(self, function: Option<String>) -> Self {
        let Some(text) = function else { return self };
        let Self { node, size: inner } = self;
        let (at, shared) = (node.at, node.shared);
        let mut size = Size::HOLDER;
        size.add(Size::of(&text));
        size.add(inner);
        let key = Node { at, value: Value::Scalar { text: text.into(), plain: false }, shared };
        Self { node: Node { at, value: Value::Map([(key, node)].into()), shared }, size }
    }
}

impl Members {
    /// Adds a member, or says what is wrong with its key without showing it: it may be a secret.
    fn add(&mut self, key: Node, value: Node) -> Option<ParseError> {
        let Value::Scalar { text, plain } = &key.value else {
            return Some(ParseError::new(key.at, "a key must be a text", "write a plain word"));
        };
        if *plain && &**text == "<<" {
            let hint = "write the members out; merge keys are not part of YAML 1.2";
            return Some(ParseError::new(key.at, "merge keys (`<<`) are not read", hint));
        }
        if let Some(line) = self.lines.get(text) {
            let message = format!("the key stands here twice; it is also on line {line}");
            return Some(ParseError::new(key.at, message, "keep one of them"));
        }
        self.lines.insert(Rc::clone(text), key.at.line);
        self.pairs.push((key, value));
        None
    }
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The members of a map; none if it is no map.
    pub(super) fn pairs(&self) -> &[(Node, Node)] {
        if let Value::Map(pairs) = &self.value { pairs } else { &[] }
    }

    /// The items of a list; none if it is no list.
    pub(super) fn items(&self) -> &[Node] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// A member of a map: its key and its value.
    pub(super) fn member(&self, name: &str) -> Option<(&Node, &Node)> {
        if let Value::List(items) = &self.value {
            // An item, by its number.
            return items.get(name.parse::<usize>().ok()?).map(|it| (it, it));
        }
        let found = self.pairs().iter().find(|(key, _)| key.text() == Some(name));
        found.map(|(key, value)| (key, value))
    }

    /// Whether the document is empty: nothing, or comments only.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }
}

fn at(span: Span) -> Position {
    Position { line: number(span.start.line()), column: number(span.start.col() + 1) }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
