//! A document as YAML: fields in the order of the reference, a comment above for what it does not say.

use serde_json::{Map, Value};

use super::{
    Found,
    scalar::{self, Scalar, word},
};
use crate::{
    manifest::{API_VERSION, shape_of},
    shape::{Field, Shape},
};

/// How long a line of a comment may get, in characters.
const WIDTH: usize = 100;
/// The longest key that may stand on the line of its value (YAML 1.2, 7.4.2), quotes and escapes counted.
const KEY_MAX: usize = 1000;

/// What comes first in what no shape orders: the words of IAM and of ECR's rules, as their manuals write them. All
/// else follows by name.
const FIRST: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "Condition",
    "rulePriority",
    "description",
    "selection",
    "action",
    "tagStatus",
    "tagPrefixList",
    "tagPatternList",
    "countType",
    "countUnit",
    "countNumber",
    "type",
];

/// One YAML document. `header` is what a comment says first, a line each.
pub fn write(found: &Found, header: &[String]) -> String {
    let Found { kind, name, spec, left, secrets } = found;
    let mut comment = Comment::default();
    for line in header {
        comment.say("", line);
    }
    if !secrets.is_empty() {
        comment.part(
            "Environment variables to fill in, or to leave as they are with `{ keep: true }`:",
        );
        comment.say("  ", &secrets.join(", "));
    }
    if !left.is_empty() {
        comment.part("Not carried over:");
    }
    for it in left {
        comment.say("  - ", &format!("{}: {}", it.path, it.why));
    }
    let mut lines = comment.lines;
    lines.push(format!("apiVersion: {API_VERSION}"));
    lines.push(format!("kind: {kind}"));
    lines.push("metadata:".to_owned());
    lines.push(format!("  name: {}", word(name)));
    put(&mut lines, "spec:", laid_map(spec, shape_of(kind)));
    lines.join("\n") + "\n"
}

/// The comment above a document.
#[derive(Default)]
struct Comment {
    lines: Vec<String>,
}

impl Comment {
    /// A new part, set off from what comes before.
    fn part(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push("#".to_owned());
        }
        self.say("", text);
    }

    /// A text, however many lines that takes. Those after the first are set under `lead`.
    fn say(&mut self, lead: &str, text: &str) {
        let room = |it: &str| it.chars().count() < WIDTH;
        let hang = " ".repeat(lead.chars().count());
        let mut line = format!("# {lead}");
        let bare = line.chars().count();
        let shown = |c: char| if c.is_control() || c == '\u{feff}' { ' ' } else { c };
        for word in text.chars().map(shown).collect::<String>().split_whitespace() {
            let begun = line.chars().count() > bare;
            if begun && !room(&format!("{line} {word}")) {
                self.lines.push(std::mem::replace(&mut line, format!("# {hang}")));
            } else if begun {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.lines.push(line.trim_end().to_owned());
    }
}

/// How a value is laid out.
enum Laid {
    /// On the line of its key.
    Inline(String),
    /// A word on the line of its key, and lines below it.
    Literal(&'static str, Vec<String>),
    /// Lines below its key.
    Block(Vec<String>),
}

fn laid(value: &Value, shape: Option<&Shape>) -> Laid {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Laid::Inline(value.to_string()),
        Value::String(text) => match scalar::text(text) {
            Scalar::Inline(word) => Laid::Inline(word),
            Scalar::Literal(header, lines) => Laid::Literal(header, lines),
        },
        Value::Array(items) if items.is_empty() => Laid::Inline("[]".to_owned()),
        Value::Array(items) => {
            let item = item_shape(shape);
            let mut lines = Vec::new();
            for it in items {
                put_item(&mut lines, "- ", laid(it, item));
            }
            Laid::Block(lines)
        }
        Value::Object(map) => laid_map(map, shape),
    }
}

fn laid_map(map: &Map<String, Value>, shape: Option<&Shape>) -> Laid {
    if map.is_empty() {
        return Laid::Inline("{}".to_owned());
    }
    let fields = fields(shape);
    let place = |name: &str| {
        let known = fields.iter().position(|it| it.name == name);
        known.or_else(|| Some(fields.len() + FIRST.iter().position(|it| *it == name)?))
    };
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    members.sort_by_key(|(name, _)| (place(name).unwrap_or(usize::MAX), *name));
    let mut lines = Vec::new();
    for (name, value) in members {
        let shape = member_shape(name, shape);
        let key = word(name);
        if key.chars().count() > KEY_MAX {
            lines.push(format!("? {key}"));
            put_item(&mut lines, ": ", laid(value, shape));
        } else {
            put(&mut lines, &format!("{key}:"), laid(value, shape));
        }
    }
    Laid::Block(lines)
}

/// A member of a map.
fn put(lines: &mut Vec<String>, key: &str, value: Laid) {
    match value {
        Laid::Inline(text) => lines.push(format!("{key} {text}")),
        Laid::Literal(header, below) => {
            lines.push(format!("{key} {header}"));
            nest(lines, below);
        }
        Laid::Block(below) => {
            lines.push(key.to_owned());
            nest(lines, below);
        }
    }
}

/// An item of a list, which begins on the line of its dash.
fn put_item(lines: &mut Vec<String>, dash: &str, value: Laid) {
    match value {
        Laid::Inline(text) => lines.push(format!("{dash}{text}")),
        Laid::Literal(header, below) => {
            lines.push(format!("{dash}{header}"));
            nest(lines, below);
        }
        Laid::Block(below) => {
            let mut below = below.into_iter();
            lines.extend(below.next().map(|first| format!("{dash}{first}")));
            nest(lines, below.collect());
        }
    }
}

fn nest(lines: &mut Vec<String>, below: Vec<String>) {
    let nested = |line: String| if line.is_empty() { line } else { format!("  {line}") };
    lines.extend(below.into_iter().map(nested));
}

/// The members that a shape knows, if it is one of an object.
fn fields(shape: Option<&Shape>) -> &'static [Field] {
    match shape {
        Some(Shape::Object(fields)) => fields,
        Some(Shape::Either(one, other)) => {
            let fields = fields(Some(one));
            if fields.is_empty() { self::fields(Some(other)) } else { fields }
        }
        _ => &[],
    }
}

fn member_shape(name: &str, shape: Option<&Shape>) -> Option<&'static Shape> {
    match shape {
        Some(Shape::Map(map)) => Some(map.value),
        shape => fields(shape).iter().find(|it| it.name == name).map(|it| &it.shape),
    }
}

fn item_shape(shape: Option<&Shape>) -> Option<&'static Shape> {
    match shape {
        Some(Shape::List(item, _)) => Some(item),
        Some(Shape::Either(one, other)) => {
            item_shape(Some(one)).or_else(|| item_shape(Some(other)))
        }
        _ => None,
    }
}
