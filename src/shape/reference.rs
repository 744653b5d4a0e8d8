//! Shapes as a table for people, in Markdown.

use super::field::{Field, Shape, Text};

/// One row for each field, nested ones by their path.
pub fn reference(fields: &[Field]) -> String {
    let mut rows = vec![
        "| field | type | default | meaning |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    add("", fields, &mut rows);
    rows.push(String::new());
    rows.join("\n")
}

/// Adds a row for each field, and for the fields below it. `prefix`: the path that their names
/// follow.
fn add(prefix: &str, fields: &[Field], rows: &mut Vec<String>) {
    for field in fields {
        let path = format!("{prefix}{}", field.name);
        let default = match (field.required, field.default) {
            (true, _) => "required",
            (false, "") => "—",
            (false, words) => words,
        };
        rows.push(format!("| `{path}` | {} | {default} | {} |", words(&field.shape), field.doc));
        nested(&path, &field.shape, rows);
    }
}

/// Adds the rows of the fields within a shape, if it has any; `path` is where it stands. The keys
/// of a map are the user's own, so it has none to name.
fn nested(path: &str, shape: &Shape, rows: &mut Vec<String>) {
    match shape {
        Shape::Object(fields) => add(&format!("{path}."), fields, rows),
        Shape::List(item, _) => nested(&format!("{path}[]"), item, rows),
        Shape::Either(one, other) => {
            nested(path, one, rows);
            nested(path, other, rows);
        }
        Shape::Text(_)
        | Shape::Int(..)
        | Shape::Number(..)
        | Shape::Flag
        | Shape::Choice(_)
        | Shape::Time
        | Shape::Null
        | Shape::Any
        | Shape::Map(_) => {}
    }
}

/// Says in words what a shape may hold, for the column `type`.
fn words(shape: &Shape) -> String {
    match shape {
        Shape::Text(text) => of_text(text),
        Shape::Int(min, max) => format!("whole number, {min} to {max}"),
        Shape::Number(min, max) => format!("number, {min} to {max}"),
        Shape::Flag => "`true` or `false`".into(),
        Shape::Choice(choices) => {
            let quoted: Vec<String> = choices.iter().map(|it| format!("`{it}`")).collect();
            quoted.join(" or ")
        }
        Shape::Time => "RFC 3339 time".into(),
        Shape::Null => "`null`".into(),
        Shape::List(item, max) => format!("list of at most {max}: {}", words(item)),
        Shape::Map(map) => {
            let secret = if map.secret { "; values are never shown" } else { "" };
            let values = match map.value {
                Shape::Text(_) => "texts".to_owned(),
                other => format!("values ({})", words(other)),
            };
            format!("map of at most {} {values}{secret}", map.entries_max)
        }
        Shape::Object(_) => "object".into(),
        Shape::Any => "anything".into(),
        Shape::Either(one, other) => format!("{}, or {}", words(one), words(other)),
    }
}

fn of_text(text: &Text) -> String {
    match (text.words, text.min) {
        ("", 0) => format!("text of at most {} characters", text.max),
        ("", min) => format!("text of {min} to {} characters", text.max),
        (words, _) => words.to_owned(),
    }
}
