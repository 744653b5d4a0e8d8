//! The shapes of manifests as the table of what can be carried: a member of the source that is called as a field of
//! ours, however the tool spells it, and whose value fits the field's shape, is taken. All else stays where it is.

use serde_json::{Map, Value, json};

use super::{
    Left, PLACEHOLDER,
    source::{Source, fold, is_nothing},
    why,
};
use crate::shape::{self, Field, Shape};

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

/// How a tool speaks.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// Our fields that it calls by another name: ours, its.
    pub(super) names: &'static [(&'static str, &'static str)],
    /// What it says that AWS makes up, or that is about the tool itself.
    pub(super) computed: &'static [&'static str],
    /// Values, as JSON, that ask for nothing.
    pub(super) idle: &'static [(&'static str, &'static str)],
    /// What a text holds whose value only the tool knows.
    pub(super) opaque: &'static str,
}

/// What became of a source.
pub(super) struct Carry {
    words: &'static Words,
    pub(super) left: Vec<Left>,
    pub(super) secrets: Vec<String>,
}

/// Where a value goes.
#[derive(Clone, Copy)]
struct Spot<'a> {
    at: &'a str,
    field: &'static str,
    shape: &'static Shape,
}

impl Carry {
    pub(super) fn new(words: &'static Words) -> Self {
        Self { words, left: Vec::new(), secrets: Vec::new() }
    }

    /// Something that no document says.
    pub(super) fn leave(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.left.push(Left { path: path.into(), why: why.into() });
    }

    /// Takes what fits these fields, and names the rest. What has to be there and is not gets a placeholder.
    pub(super) fn whole(
        &mut self,
        mut source: Source,
        fields: &'static [Field],
    ) -> Map<String, Value> {
        let mut spec = self.some(&mut source, fields);
        for field in fields.iter().filter(|it| it.required && !spec.contains_key(it.name)) {
            if self.key(&source, field).is_none() {
                let why = format!("missing: {}", field.doc);
                self.leave(source.path(field.name), why);
            }
        }
        spec.extend(required(fields, &spec));
        self.rest(source, fields);
        spec
    }

    /// Takes what fits these fields.
    pub(super) fn some(
        &mut self,
        source: &mut Source,
        fields: &'static [Field],
    ) -> Map<String, Value> {
        let mut spec = Map::new();
        for field in fields {
            let Some(key) = self.key(source, field) else { continue };
            let at = source.path(&key);
            let Some(value) = source.take(&key) else { continue };
            match self.value(value, Spot { at: &at, field: field.name, shape: &field.shape }) {
                Ok(value) => drop(spec.insert(field.name.to_owned(), value)),
                Err(value) => drop(source.rest.insert(key, value)),
            }
        }
        spec
    }

    /// Names all that is still there.
    pub(super) fn rest(&mut self, source: Source, fields: &'static [Field]) {
        let at = Source::new(source.at, Value::Null);
        let mut rest: Vec<(String, Value)> = source.rest.into_iter().collect();
        rest.sort_by(|one, other| one.0.cmp(&other.0));
        // A name that is none of ours may be a secret there.
        let hides = Shape::Object(fields).hides_all();
        for (key, value) in rest {
            let json = value.to_string();
            let idle = |it: &(&str, &str)| *it == (key.as_str(), json.as_str());
            let known = self.words.computed.contains(&key.as_str());
            if is_nothing(&value) || known || self.words.idle.iter().any(idle) {
                continue;
            }
            let field = fields.iter().find(|it| self.is_called(&key, it));
            if hides && field.is_none() {
                self.leave(at.at.as_str(), why::INSIDE);
                continue;
            }
            self.leave(at.path(&key), why::member(&key, &value, (field, self.words.opaque)));
        }
    }

    /// What the source calls a field, if it says it.
    fn key(&self, source: &Source, field: &Field) -> Option<String> {
        let mut keys: Vec<&String> = source.rest.keys().collect();
        keys.sort();
        let said = |key: &&String| self.is_called(key, field) && source.get(key).is_some();
        keys.into_iter().find(said).cloned()
    }

    fn is_called(&self, key: &str, field: &Field) -> bool {
        let other = self.words.names.iter().filter(|(ours, _)| *ours == field.name);
        let mut names = other.map(|(_, theirs)| *theirs).chain([field.name]);
        names.any(|it| fold(it) == fold(key))
    }

    /// The value as the shape has it, or what it was.
    fn value(&mut self, value: Value, spot: Spot<'_>) -> Result<Value, Value> {
        match spot.shape {
            Shape::Object(fields) => match child(spot.at, value) {
                Ok(child) => Ok(Value::Object(self.whole(child, fields))),
                Err(value) => Err(value),
            },
            Shape::List(item, max) => self.list(value, spot, (item, *max)),
            Shape::Map(map) => self.map(value, spot, map),
            Shape::Either(one, other) => {
                let value = self.value(value, Spot { shape: one, ..spot });
                value.or_else(|value| self.value(value, Spot { shape: other, ..spot }))
            }
            Shape::Any if self.is_known(&value, spot) => Ok(value),
            Shape::Any | Shape::Null => Err(value),
            Shape::Text(_)
            | Shape::Int(..)
            | Shape::Number(..)
            | Shape::Flag
            | Shape::Choice(_)
            | Shape::Time => self.scalar(value, spot),
        }
    }

    fn scalar(&self, value: Value, spot: Spot<'_>) -> Result<Value, Value> {
        // A destination is a map of one member with all other tools.
        let inner = match &value {
            Value::Object(map) if map.len() == 1 => {
                let only =
                    map.iter().next().filter(|(key, _)| fold(key).starts_with("destination"));
                only.map(|(_, value)| value.clone())
            }
            Value::Array(items) => match items.as_slice() {
                [only @ Value::Object(_)] => {
                    return self.scalar(only.clone(), spot).map_err(|_| value);
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
        let known = self.is_known(&Value::String(text.clone()), spot);
        read(&text, spot.shape).filter(|_| known).ok_or(value)
    }

    /// A list is carried as a whole, or not at all.
    fn list(
        &mut self,
        value: Value,
        spot: Spot<'_>,
        (item, max): (&'static Shape, usize),
    ) -> Result<Value, Value> {
        let items = match &value {
            Value::Array(items) if items.len() <= max => items.clone(),
            Value::String(_) => vec![value.clone()],
            _ => return Err(value),
        };
        let (left, secrets) = (self.left.len(), self.secrets.len());
        let mut list = Vec::new();
        for (index, it) in items.into_iter().enumerate() {
            let at = format!("{}[{index}]", spot.at);
            let Ok(it) = self.value(it, Spot { at: &at, shape: item, ..spot }) else {
                self.left.truncate(left);
                self.secrets.truncate(secrets);
                return Err(value);
            };
            list.push(it);
        }
        Ok(Value::Array(list))
    }

    fn map(
        &mut self,
        value: Value,
        spot: Spot<'_>,
        map: &'static shape::Map,
    ) -> Result<Value, Value> {
        let pairs = match &value {
            Value::Object(_) if why::is_unknown(&value) => return Err(value),
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
            let at = format!("{}.{key}", spot.at);
            if read(&key, &Shape::Text(map.key)).is_none() || is_reserved(&key) {
                self.bad_key(&key, (spot.at, map.secret));
                continue;
            }
            if value.is_null() {
                continue;
            }
            let inner = Spot { at: &at, field: spot.field, shape: plain(map) };
            let value = self.value(value, inner);
            let unfit = |value: Value| why::value(&value, (self.words.opaque, map.secret));
            match value.map_err(unfit) {
                Ok(value) => drop(kept.insert(key, value)),
                Err(why) => {
                    self.leave(at, why);
                    self.secrets.extend(map.secret.then(|| key.clone()));
                    kept.extend(map.secret.then(|| (key, json!(PLACEHOLDER))));
                }
            }
        }
        Ok(Value::Object(kept))
    }

    /// Names a key that AWS does not allow; below a secret it may be one itself, and is not repeated.
    fn bad_key(&mut self, key: &str, (at, hides): (&str, bool)) {
        let path = if hides { at.to_owned() } else { format!("{at}.{key}") };
        self.leave(path, why::key(key, hides));
    }

    /// Whether nothing in a value is known to the tool alone.
    fn is_known(&self, value: &Value, spot: Spot<'_>) -> bool {
        let opaque = self.words.opaque;
        match value {
            Value::String(text) => {
                let filled = FILLED_IN.contains(&spot.field) || !text.contains("${target.");
                filled && (opaque.is_empty() || !text.contains(opaque))
            }
            Value::Array(items) => items.iter().all(|it| self.is_known(it, spot)),
            Value::Object(map) => {
                !why::is_unknown(value) && map.values().all(|it| self.is_known(it, spot))
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

fn child(at: &str, value: Value) -> Result<Source, Value> {
    if why::is_unknown(&value) {
        return Err(value);
    }
    let mut outer = Source::new(at, json!({ "": value }));
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

/// A text as what a shape holds, if it fits.
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
