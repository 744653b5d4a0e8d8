//! What YAML 1.2 takes a plain word for (its core schema), and the JSON that a tree means.

use serde_json::{Map, Number, Value as Json};

use super::tree::{Node, Value};

/// What a scalar is.
#[derive(Debug, PartialEq)]
pub(super) enum YamlScalar<'a> {
    Null,
    Flag(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

/// Reads a scalar by YAML 1.2's core schema. One in quotes (not `plain`) is always a text.
pub(super) fn read(text: &str, plain: bool) -> YamlScalar<'_> {
    if !plain {
        return YamlScalar::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return YamlScalar::Null,
        "true" | "True" | "TRUE" => return YamlScalar::Flag(true),
        "false" | "False" | "FALSE" => return YamlScalar::Flag(false),
        _ => {}
    }
    if let Some(int) = int(text) {
        return YamlScalar::Int(int);
    }
    let floats = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match text.parse::<f64>() {
        Ok(float) if floats => YamlScalar::Float(float),
        _ if matches!(text, ".inf" | "-.inf" | ".nan" | ".NaN") => YamlScalar::Float(f64::NAN),
        _ => YamlScalar::Text(text),
    }
}

/// Reads a whole number: decimal, `0x…` or `0o…`. `None` if it is none, or does not fit.
fn int(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok();
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok();
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
    all.then(|| text.strip_prefix('+').unwrap_or(text).parse().ok()).flatten()
}

/// The JSON that a tree means; a number that JSON does not have becomes null.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, plain } => match read(text, *plain) {
            YamlScalar::Null => Json::Null,
            YamlScalar::Flag(flag) => Json::Bool(flag),
            YamlScalar::Int(int) => Json::Number(int.into()),
            YamlScalar::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
            YamlScalar::Text(text) => Json::String(text.to_owned()),
        },
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(pairs) => {
            let members =
                pairs.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), json(value))));
            Json::Object(members.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_are_read_as_yaml_1_2_says() {
        assert_eq!(read("12", true), YamlScalar::Int(12));
        assert_eq!(read("-3", true), YamlScalar::Int(-3));
        assert_eq!(read("0x10", true), YamlScalar::Int(16));
        assert_eq!(read("1.5", true), YamlScalar::Float(1.5));
        assert_eq!(read("1e3", true), YamlScalar::Float(1000.0));
        for text in ["yes", "on", "1_000", "12:30", "inf", "nan", "infinity", "v1.4", "1.2.3"] {
            assert_eq!(read(text, true), YamlScalar::Text(text));
        }
        assert_eq!(read("12", false), YamlScalar::Text("12"));
        assert_eq!(read("", true), YamlScalar::Null);
        assert_eq!(read("", false), YamlScalar::Text(""));
        assert_eq!(read("99999999999999999999", true), YamlScalar::Float(1e20));
    }
}
