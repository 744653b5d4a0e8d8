//! What YAML 1.2 takes a plain word for (its core schema), and the JSON that a tree means.

use serde_json::{Map, Number, Value as Json};

use super::tree::{Node, Value};

/// What a scalar is.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Flag(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

/// Reads a scalar.
pub(super) fn read(text: &str, plain: bool) -> Scalar<'_> {
    if !plain {
        return Scalar::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Flag(true),
        "false" | "False" | "FALSE" => return Scalar::Flag(false),
        _ => {}
    }
    if let Some(int) = int(text) {
        return Scalar::Int(int);
    }
    let floats = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match text.parse::<f64>() {
        Ok(float) if floats => Scalar::Float(float),
        _ if matches!(text, ".inf" | "-.inf" | ".nan" | ".NaN") => Scalar::Float(f64::NAN),
        _ => Scalar::Text(text),
    }
}

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

/// The JSON that a tree means.
pub(super) fn json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, plain } => match read(text, *plain) {
            Scalar::Null => Json::Null,
            Scalar::Flag(flag) => Json::Bool(flag),
            Scalar::Int(int) => Json::Number(int.into()),
            Scalar::Float(float) => Number::from_f64(float).map_or(Json::Null, Json::Number),
            Scalar::Text(text) => Json::String(text.to_owned()),
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
        assert_eq!(read("12", true), Scalar::Int(12));
        assert_eq!(read("-3", true), Scalar::Int(-3));
        assert_eq!(read("0x10", true), Scalar::Int(16));
        assert_eq!(read("1.5", true), Scalar::Float(1.5));
        assert_eq!(read("1e3", true), Scalar::Float(1000.0));
        for text in ["yes", "on", "1_000", "12:30", "inf", "nan", "infinity", "v1.4", "1.2.3"] {
            assert_eq!(read(text, true), Scalar::Text(text));
        }
        assert_eq!(read("12", false), Scalar::Text("12"));
        assert_eq!(read("", true), Scalar::Null);
        assert_eq!(read("", false), Scalar::Text(""));
        assert_eq!(read("99999999999999999999", true), Scalar::Float(1e20));
    }
}
