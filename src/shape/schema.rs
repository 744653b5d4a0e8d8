//! Shapes as JSON Schema (draft 2020-12).

use serde_json::{Map as Json, Value, json};

use super::field::{Field, Shape, Text};

/// Returns the JSON Schema of a shape.
pub fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Text(text) => of_text(text),
        Shape::Int(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Choice(words) => json!({ "enum": words }),
        Shape::Any => json!({}),
        Shape::Null => json!({ "type": "null" }),
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::List(item, max) => {
            json!({ "type": "array", "items": schema(item), "maxItems": max })
        }
        Shape::Map(map) => json!({
            "type": "object",
            "propertyNames": of_text(map.key),
            "additionalProperties": schema(map.value),
            "maxProperties": map.entries_max,
        }),
        Shape::Object(fields) => object(fields),
        Shape::Either(one, other) => json!({ "anyOf": [schema(one), schema(other)] }),
    }
}

/// Returns the schema of a text, with its pattern if it has one.
fn of_text(text: &Text) -> Value {
    let mut out = json!({ "type": "string", "minLength": text.min, "maxLength": text.max });
    if let (Some(out), false) = (out.as_object_mut(), text.pattern.is_empty()) {
        out.insert("pattern".into(), json!(text.pattern));
    }
    out
}

/// Returns the schema of an object with these members and no others. A default stands in the
/// description, since it is words and not always a value.
fn object(fields: &[Field]) -> Value {
    let required: Vec<&str> = fields.iter().filter(|it| it.required).map(|it| it.name).collect();
    let mut properties = Json::new();
    for field in fields {
        let mut property = schema(&field.shape);
        if let Some(property) = property.as_object_mut() {
            let words = match field.default {
                "" => field.doc.to_owned(),
                default => format!("{} Default: {default}.", field.doc),
            };
            property.insert("description".into(), json!(words));
        }
        properties.insert(field.name.into(), property);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
