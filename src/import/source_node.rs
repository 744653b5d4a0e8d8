//! What a tool says of one thing, as far as nobody has taken it yet. To take is to remove, so that what is left at
//! the end is what no document says: nothing can be forgotten.

use serde_json::{Map, Value};

/// A map of the source, and where it stands.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceNode {
    /// Its path, in the source's own words.
    pub(super) at: String,
    /// What is still there.
    pub(super) rest: Map<String, Value>,
}

impl SourceNode {
    /// A map at a place; whatever else stands there is nothing to take from.
    pub(super) fn new(at: impl Into<String>, value: Value) -> Self {
        let rest = match value {
            Value::Object(rest) => rest,
            other if is_nothing(&other) => Map::new(),
            // It has no name of its own; it stands for the whole.
            other => Map::from_iter([(String::new(), other)]),
        };
        Self { at: at.into(), rest }
    }

    /// The path of a member.
    pub(super) fn path(&self, key: &str) -> String {
        match (self.at.as_str(), key) {
            (at, "") => at.to_owned(),
            ("", key) => key.to_owned(),
            (at, key) => format!("{at}.{key}"),
        }
    }

    /// A member, if something stands there.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.rest.get(key).filter(|it| !is_nothing(it))
    }

    /// Takes a member, if something stands there.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.rest.remove(key).filter(|it| !is_nothing(it))
    }

    /// Takes a member if it is a text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = self.get(key)?.as_str()?.to_owned();
        self.rest.remove(key);
        Some(text)
    }

    /// Takes members that say nothing of the thing itself.
    pub(super) fn forget(&mut self, keys: &[&str]) {
        for key in keys {
            self.rest.remove(*key);
        }
    }

    /// Takes a member if it is a map, or a list of one map, as Terraform writes it. Every other
    /// member stays, and `None` is returned.
    pub(super) fn child(&mut self, key: &str) -> Option<Self> {
        let value = match self.get(key)? {
            Value::Object(_) => self.take(key)?,
            Value::Array(items) if matches!(items.as_slice(), [Value::Object(_)]) => {
                self.take(key)?
            }
            _ => return None,
        };
        let at = self.path(key);
        Some(match value {
            Value::Array(mut items) => Self::new(at + "[0]", items.pop().unwrap_or_default()),
            map => Self::new(at, map),
        })
    }

    /// Takes a member if it is a list of maps. Every other member stays, and nothing is returned.
    pub(super) fn children(&mut self, key: &str) -> Vec<Self> {
        let maps = |it: &Value| it.as_array().is_some_and(|it| it.iter().all(Value::is_object));
        if !self.get(key).is_some_and(maps) {
            return Vec::new();
        }
        let at = self.path(key);
        let Some(Value::Array(items)) = self.take(key) else { return Vec::new() };
        let child = |(index, it)| Self::new(format!("{at}[{index}]"), it);
        items.into_iter().enumerate().map(child).collect()
    }

    /// Lifts the members of a member into this map. They keep their path as their name, of which only the end counts.
    pub(super) fn lift(&mut self, key: &str) {
        let Some(child) = self.child(key) else { return };
        let prefix = child.at.strip_prefix(&self.at).unwrap_or_default();
        let prefix = prefix.trim_start_matches('.').to_owned();
        for (key, value) in child.rest {
            self.rest.insert(format!("{prefix}.{key}"), value);
        }
    }
}

/// Whether a value says nothing.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(|it| !it.is_string() && is_nothing(it)),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A name as every tool has it: `memory_size`, `MemorySize` and `memorySize` are one.
pub(super) fn fold(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.chars().filter(|it| *it != '_').map(|it| it.to_ascii_lowercase()).collect()
}
