//! JSON whose text is always the same, so that its hash may stand in another party's account for years.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::hex::hex;

/// The SHA-256 of a value, in hex: of its JSON with the members of every object in the order of their names.
///
/// The library's own text is no ground for a hash: it sorts members, or keeps them as they came, depending on what
/// features whoever else is built with it asks of it.
pub fn hash(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    hex(&Sha256::digest(text))
}

/// Appends the JSON text of a value, members sorted by name. Its hash stands in tags of live
/// objects: another text for the same value would make every object seem changed.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            text.push('{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                separate(index, text);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, text);
                write(item, text);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

fn separate(index: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter_at_any_depth_and_that_of_items_does() {
        let value = |members: &[(&str, Value)]| {
            let pairs = members.iter().map(|(name, it)| ((*name).to_owned(), it.clone()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        let inner = [("y", json!([1, 2])), ("x", json!("\"é\n"))];
        let turned = [inner[1].clone(), inner[0].clone()];
        let one = value(&[("b", value(&inner)), ("a", Value::Null)]);
        let other = value(&[("a", Value::Null), ("b", value(&turned))]);
        assert_eq!(hash(&one), hash(&other));
        let mut text = String::new();
        write(&one, &mut text);
        assert_eq!(text, r#"{"a":null,"b":{"x":"\"é\n","y":[1,2]}}"#);
        assert_ne!(hash(&json!([1, 2])), hash(&json!([2, 1])));
    }
}
