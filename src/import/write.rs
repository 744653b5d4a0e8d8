//! A document as YAML: fields in the order of the reference, a comment above for what it does not say.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::document::ImportedDocument;
use crate::{
    manifest::{API_VERSION, shape_of},
    shape::{Field, Shape},
};

/// How long a line of a comment may get, in characters.
const WIDTH: usize = 100;

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

/// What YAML 1.1 or our own reader takes for something else than a text, in lower case and without sign or point. The
/// library writes YAML 1.2, in which these are texts.
const NOT_TEXTS: &[&str] = &["y", "n", "yes", "no", "on", "off", "<<", "=", "inf"];
/// The library chooses how a text is quoted. It takes double quotes for one that ends with this.
const MARK: char = '\u{7f}';
/// How a marked text ends.
const MARKED_END: &str = "\\x7F\"";

/// Writes one YAML document. The comment above it has the lines of `header`, the variables to fill
/// in, and what of the source is left out.
pub fn write(found: &ImportedDocument, header: &[String]) -> String {
    let ImportedDocument { kind, name, spec, left, secrets } = found;
    let mut comment = Comment::default();
    for line in header {
        comment.wrap("", line);
    }
    if !secrets.is_empty() {
        comment.part(
            "Environment variables to fill in, or to leave as they are with `{ keep: true }`:",
        );
        comment.wrap("  ", &secrets.join(", "));
    }
    if !left.is_empty() {
        comment.part("Not carried over:");
    }
    for it in left {
        comment.wrap("  - ", &format!("{}: {}", it.path, it.why));
    }
    let document = ManifestYaml {
        api_version: API_VERSION,
        kind,
        metadata: Metadata { name: YamlText(name) },
        spec: OrderedMap { map: spec, shape: shape_of(kind) },
    };
    let yaml = yaml_serde::to_string(&document).expect("JSON values can be written as YAML");
    // The marks have done their work: each text that had one is quoted.
    comment.lines.push(yaml.replace(MARKED_END, "\""));
    comment.lines.join("\n")
}

/// A document in the order in which people read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestYaml<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
    spec: OrderedMap<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: YamlText<'a>,
}

/// A text that every reader takes for this text.
struct YamlText<'a>(&'a str);

impl Serialize for YamlText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if needs_quotes(self.0) {
            return serializer.serialize_str(&format!("{}{MARK}", self.0));
        }
        serializer.serialize_str(self.0)
    }
}

fn needs_quotes(text: &str) -> bool {
    // What YAML 1.1 calls line breaks, and 1.2 does not.
    let breaks = text.contains(['\u{2028}', '\u{2029}']);
    let word = text.trim_start_matches(['+', '-', '.']).to_lowercase();
    let marked = text.contains(MARK) || text.contains(MARKED_END);
    breaks || marked || NOT_TEXTS.contains(&word.as_str()) || is_like_a_number(text)
}

/// Numbers of every base, times, dates, versions: what begins as a number, and has nothing in it but what numbers and
/// times have.
fn is_like_a_number(text: &str) -> bool {
    let part = |c: char| c.is_ascii_hexdigit() || "xXoO_.:+-tTzZ ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && text.chars().all(part)
}

/// A value whose maps are in the order of their shapes.
struct OrderedValue<'a> {
    value: &'a Value,
    shape: Option<&'static Shape>,
}

impl Serialize for OrderedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(map) => OrderedMap { map, shape: self.shape }.serialize(serializer),
            Value::Array(items) => {
                let shape = item_shape(self.shape);
                serializer.collect_seq(items.iter().map(|value| OrderedValue { value, shape }))
            }
            Value::String(text) => YamlText(text).serialize(serializer),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.value.serialize(serializer),
        }
    }
}

/// A map in the order of its shape.
struct OrderedMap<'a> {
    map: &'a Map<String, Value>,
    shape: Option<&'static Shape>,
}

impl Serialize for OrderedMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = fields(self.shape);
        let place = |name: &str| {
            let known = fields.iter().position(|it| it.name == name);
            known.or_else(|| Some(fields.len() + FIRST.iter().position(|it| *it == name)?))
        };
        let mut members: Vec<(&String, &Value)> = self.map.iter().collect();
        members.sort_by_key(|(name, _)| (place(name).unwrap_or(usize::MAX), *name));
        serializer.collect_map(members.into_iter().map(|(name, value)| {
            (YamlText(name), OrderedValue { value, shape: member_shape(name, self.shape) })
        }))
    }
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
        self.wrap("", text);
    }

    /// Adds a text to the comment, in lines shorter than `WIDTH` with `# ` and `lead`; the later
    /// lines are indented as far as `lead`. A longer word stays whole. A control character becomes
    /// a space: no text of a source may end the comment.
    fn wrap(&mut self, lead: &str, text: &str) {
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

/// Returns the members of an object, or of the alternative that is one; empty for every other
/// shape.
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
