//! The shapes of manifests as the table of what can be converted: a member of the source that is called as a field of
//! ours, however the tool spells it, and whose value fits the field's shape, is taken. All else stays where it is.

use serde_json::{Map, Value, json};

use super::{
    document::Omission,
    reasons,
    source_node::{SourceNode, fold, is_nothing},
};
use crate::{
    kinds::document::PLACEHOLDER,
    shape::{self, Field, Shape},
};

/// The fields in which the target's account and Region are filled in.
const FILLED_IN: &[&str] = &[
    "role",
    "image",
    "kmsKeyArn",
    "targetArn",
    "arn",
    "capacityProviderArn",
    "onSuccess",
    "onFailure",
    "eventSourceArn",
    "uri",
    "kmsKeyId",
    "kmsKey",
    "sourceArn",
    "sourceAccount",
    "principal",
    "repositoryPolicy",
    "Statement",
];

/// What a tool calls the fields of a manifest, and what it says besides.
#[derive(Clone, Copy)]
pub(super) struct Vocabulary {
    /// Our fields that it calls by another name: ours, its.
    pub(super) aliases: &'static [(&'static str, &'static str)],
    /// What it says that AWS makes up, or that is about the tool itself.
    pub(super) computed: &'static [&'static str],
    /// Values, as JSON, that ask for nothing.
    pub(super) defaults: &'static [(&'static str, &'static str)],
    /// What a text holds that the tool works out when it runs; empty if there is no such thing.
    pub(super) expression: &'static str,
}

/// Makes fields of a manifest out of what a source says, and remembers what it leaves out.
pub(super) struct Converter {
    vocabulary: &'static Vocabulary,
    pub(super) left: Vec<Omission>,
    pub(super) secrets: Vec<String>,
}

/// Where a value stands, and which field it goes to.
#[derive(Clone, Copy)]
struct FieldContext<'a> {
    at: &'a str,
    field: &'static str,
    shape: &'static Shape,
}

impl Converter {
    pub(super) fn new(vocabulary: &'static Vocabulary) -> Self {
        Self { vocabulary, left: Vec::new(), secrets: Vec::new() }
    }

    /// Names something that no document says.
    pub(super) fn omit(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.left.push(Omission { path: path.into(), why: why.into() });
    }

    /// Converts a map into `fields`, and names what does not fit as left out. A required field that
    /// is missing gets a placeholder, which a person has to fill in.
    pub(super) fn convert(
        &mut self,
        mut source: SourceNode,
        fields: &'static [Field],
    ) -> Map<String, Value> {
        let mut spec = self.convert_fields(&mut source, fields);
        for field in fields.iter().filter(|it| it.required && !spec.contains_key(it.name)) {
            if self.key(&source, field).is_none() {
                let why = format!("missing: {}", field.doc);
                self.omit(source.path(field.name), why);
            }
        }
        spec.extend(required(fields, &spec));
        self.omit_rest(source, fields);
        spec
    }

    /// Takes the members that fit `fields` out of `source` and returns them under our names. A
    /// member whose value does not fit stays in `source`.
    pub(super) fn convert_fields(
        &mut self,
        source: &mut SourceNode,
        fields: &'static [Field],
    ) -> Map<String, Value> {
        let mut spec = Map::new();
        for field in fields {
            let Some(key) = self.key(source, field) else { continue };
            let at = source.path(&key);
            let Some(value) = source.take(&key) else { continue };
            match self
                .value(value, FieldContext { at: &at, field: field.name, shape: &field.shape })
            {
                Ok(value) => drop(spec.insert(field.name.to_owned(), value)),
                Err(value) => drop(source.rest.insert(key, value)),
            }
        }
        spec
    }

    /// Names what is still in `source` as left out, unless it says nothing, is made up by AWS or
    /// the tool, or is a default. `fields` tells a value that does not fit from a name that is not
    /// ours.
    pub(super) fn omit_rest(&mut self, source: SourceNode, fields: &'static [Field]) {
        let at = SourceNode::new(source.at, Value::Null);
        let mut rest: Vec<(String, Value)> = source.rest.into_iter().collect();
        rest.sort_by(|one, other| one.0.cmp(&other.0));
        // A name that is none of ours may be a secret there.
        let hides = Shape::Object(fields).hides_all();
        for (key, value) in rest {
            let json = value.to_string();
            let default = |it: &(&str, &str)| *it == (key.as_str(), json.as_str());
            let known = self.vocabulary.computed.contains(&key.as_str());
            if is_nothing(&value) || known || self.vocabulary.defaults.iter().any(default) {
                continue;
            }
            let field = fields.iter().find(|it| self.is_called(&key, it));
            if hides && field.is_none() {
                self.omit(at.at.as_str(), reasons::INSIDE);
                continue;
            }
            self.omit(
                at.path(&key),
                reasons::member(&key, &value, field, self.vocabulary.expression),
            );
        }
    }

    /// What the source calls a field, if it says it.
    fn key(&self, source: &SourceNode, field: &Field) -> Option<String> {
        let mut keys: Vec<&String> = source.rest.keys().collect();
        keys.sort();
        let said = |key: &&String| self.is_called(key, field) && source.get(key).is_some();
        keys.into_iter().find(said).cloned()
    }

    fn is_called(&self, key: &str, field: &Field) -> bool {
        let other = self.vocabulary.aliases.iter().filter(|(ours, _)| *ours == field.name);
        let mut names = other.map(|(_, theirs)| *theirs).chain([field.name]);
        names.any(|it| fold(it) == fold(key))
    }

    /// Converts a value to the shape in `context`; the error gives the value back as it was.
    fn value(&mut self, value: Value, context: FieldContext<'_>) -> Result<Value, Value> {
        match context.shape {
            Shape::Object(fields) => match child(context.at, value) {
                Ok(child) => Ok(Value::Object(self.convert(child, fields))),
                Err(value) => Err(value),
            },
            Shape::List(shape, max) => self.list(value, FieldContext { shape, ..context }, *max),
            Shape::Map(map) => self.map(value, context, map),
            Shape::Either(one, other) => {
                let value = self.value(value, FieldContext { shape: one, ..context });
                value.or_else(|value| self.value(value, FieldContext { shape: other, ..context }))
            }
            Shape::Any if self.is_known(&value, context) => Ok(value),
            Shape::Any | Shape::Null => Err(value),
            Shape::Text(_)
            | Shape::Int(..)
            | Shape::Number(..)
            | Shape::Flag
            | Shape::Choice(_)
            | Shape::Time => self.scalar(value, context),
        }
    }

    /// Converts a text, number or flag, alone or as the only `destination…` of a map. The error
    /// gives the value back: it does not fit, or only the tool can work it out.
    fn scalar(&self, value: Value, context: FieldContext<'_>) -> Result<Value, Value> {
        // A destination is a map of one member with all other tools.
        let inner = match &value {
            Value::Object(map) if map.len() == 1 => {
                let only =
                    map.iter().next().filter(|(key, _)| fold(key).starts_with("destination"));
                only.map(|(_, value)| value.clone())
            }
            Value::Array(items) => match items.as_slice() {
                [only @ Value::Object(_)] => {
                    return self.scalar(only.clone(), context).map_err(|_| value);
                }
                _ => None,
            },
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => None,
        };
        let text = match inner.as_ref().unwrap_or(&value) {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => inner.as_ref().unwrap_or(&value).to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(value),
        };
        let known = self.is_known(&Value::String(text.clone()), context);
        read(&text, context.shape).filter(|_| known).ok_or(value)
    }

    /// Converts all items of a list, or none: what the items of a list that is given back left out
    /// is forgotten, since the list itself is named then. `context.shape` is that of an item. A
    /// text counts as a list of one.
    fn list(
        &mut self,
        value: Value,
        context: FieldContext<'_>,
        max: usize,
    ) -> Result<Value, Value> {
        let items = match &value {
            Value::Array(items) if items.len() <= max => items.clone(),
            Value::String(_) => vec![value.clone()],
            _ => return Err(value),
        };
        let (left, secrets) = (self.left.len(), self.secrets.len());
        let mut list = Vec::new();
        for (index, it) in items.into_iter().enumerate() {
            let at = format!("{}[{index}]", context.at);
            let Ok(it) = self.value(it, FieldContext { at: &at, ..context }) else {
                self.left.truncate(left);
                self.secrets.truncate(secrets);
                return Err(value);
            };
            list.push(it);
        }
        Ok(Value::Array(list))
    }

    /// Converts a map with free keys, such as variables or tags; some tools write it as a list of
    /// keys and values. An entry that does not fit is named, and if it may be a secret, it becomes
    /// a placeholder, so that the variable is not lost.
    fn map(
        &mut self,
        value: Value,
        context: FieldContext<'_>,
        map: &'static shape::Map,
    ) -> Result<Value, Value> {
        let pairs = match &value {
            Value::Object(_) if reasons::is_unknown(&value) => return Err(value),
            Value::Object(pairs) => pairs.clone(),
            Value::Array(items) => match tags(items) {
                Some(pairs) => pairs,
                None => return Err(value),
            },
            _ => return Err(value),
        };
        if pairs.len() > map.entries_max {
            return Err(value);
        }
        let mut kept = Map::new();
        let mut pairs: Vec<(String, Value)> = pairs.into_iter().collect();
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
        for (key, value) in pairs {
            let at = format!("{}.{key}", context.at);
            if read(&key, &Shape::Text(map.key)).is_none() || is_reserved(&key) {
                self.bad_key(&key, context.at, map.secret);
                continue;
            }
            if value.is_null() {
                continue;
            }
            let inner = FieldContext { at: &at, field: context.field, shape: plain(map) };
            let value = self.value(value, inner);
            let unfit =
                |value: Value| reasons::value(&value, self.vocabulary.expression, map.secret);
            match value.map_err(unfit) {
                Ok(value) => drop(kept.insert(key, value)),
                Err(why) => {
                    self.omit(at, why);
                    self.secrets.extend(map.secret.then(|| key.clone()));
                    kept.extend(map.secret.then(|| (key, json!(PLACEHOLDER))));
                }
            }
        }
        Ok(Value::Object(kept))
    }

    /// Names a key that AWS does not allow; below a secret it may be one itself, and is not repeated.
    fn bad_key(&mut self, key: &str, at: &str, hides: bool) {
        let path = if hides { at.to_owned() } else { format!("{at}.{key}") };
        self.omit(path, reasons::key(key, hides));
    }

    /// Whether a value holds nothing that has to be worked out: no expression, no intrinsic
    /// function, and account and Region only where Evenkeel fills them in.
    fn is_known(&self, value: &Value, context: FieldContext<'_>) -> bool {
        let expression = self.vocabulary.expression;
        match value {
            Value::String(text) => {
                let filled = FILLED_IN.contains(&context.field) || !text.contains("${target.");
                filled && (expression.is_empty() || !text.contains(expression))
            }
            Value::Array(items) => items.iter().all(|it| self.is_known(it, context)),
            Value::Object(map) => {
                !reasons::is_unknown(value) && map.values().all(|it| self.is_known(it, context))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }
}

/// Placeholders for what has to be there and is not.
fn required(fields: &[Field], spec: &Map<String, Value>) -> Vec<(String, Value)> {
    let missing = fields.iter().filter(|it| it.required && !spec.contains_key(it.name));
    missing.map(|it| (it.name.to_owned(), json!(PLACEHOLDER))).collect()
}

/// What a value of a map is; that a secret is kept as it is says no other tool.
fn plain(map: &shape::Map) -> &'static Shape {
    match map.value {
        Shape::Either(one, _) if map.secret => one,
        shape => shape,
    }
}

/// Tags that AWS or Evenkeel sets itself.
fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("aws:") || key.starts_with("evenkeel.dev/")
}

fn child(at: &str, value: Value) -> Result<SourceNode, Value> {
    if reasons::is_unknown(&value) {
        return Err(value);
    }
    let mut outer = SourceNode::new(at, json!({ "": value }));
    outer.child("").ok_or_else(|| outer.rest.remove("").unwrap_or_default())
}

/// A list of keys and values as a map.
fn tags(items: &[Value]) -> Option<Map<String, Value>> {
    let pair = |it: &Value| {
        let map = it.as_object().filter(|it| it.len() <= 2)?;
        let member = |name: &str| map.iter().find(|(key, _)| fold(key) == name).map(|(_, it)| it);
        Some((member("key")?.as_str()?.to_owned(), member("value")?.clone()))
    };
    items.iter().map(pair).collect()
}

/// Reads a text as a value of this shape; `None` if it does not fit, or the shape holds no single
/// value.
pub(super) fn read(text: &str, shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Text(form) => {
            let length = text.chars().count();
            ((form.min..=form.max).contains(&length) && form.fits(text)).then(|| json!(text))
        }
        Shape::Int(min, max) => {
            let number = text.parse::<f64>().ok().filter(|it| it.fract() == 0.0)?;
            #[expect(clippy::cast_possible_truncation, reason = "what is out of bounds is refused")]
            let number = number as i64;
            (*min..=*max).contains(&number).then(|| json!(number))
        }
        Shape::Number(min, max) => {
            let number: f64 = text.parse().ok()?;
            (*min..=*max).contains(&number).then(|| json!(number))
        }
        Shape::Flag => text.parse::<bool>().ok().map(Value::Bool),
        Shape::Choice(choices) => choices.contains(&text).then(|| json!(text)),
        Shape::Time => text.parse::<jiff::Timestamp>().ok().map(|_| json!(text)),
        Shape::Null
        | Shape::List(..)
        | Shape::Map(_)
        | Shape::Object(_)
        | Shape::Any
        | Shape::Either(..) => None,
    }
}
