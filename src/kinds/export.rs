//! Documents as people would write them: what AWS does by default is left out.

use serde_json::Value;

/// A member of a document, and its value if it has to be written.
pub type Member = (&'static str, Option<Value>);

/// A map of what has to be written.
pub fn map(members: impl IntoIterator<Item = Member>) -> Value {
    let members = members.into_iter();
    Value::Object(members.filter_map(|(name, it)| Some((name.to_owned(), it?))).collect())
}

/// A value that has to be written unless it is AWS's own.
pub fn unless<T: PartialEq + Into<Value>>(value: T, default: &T) -> Option<Value> {
    (value != *default).then(|| value.into())
}

/// A text that has to be written unless it is empty.
pub fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}
