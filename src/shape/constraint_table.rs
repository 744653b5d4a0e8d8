//! Constraints as a table: for people in Markdown, for programs in JSON.

use serde_json::{Map as Json, Value, json};

use super::{
    constraint::{ConstraintPart, DocPage, MODEL, MODEL_DATE, Provenance},
    constraints::{Constraint, HeldPart, KindConstraints},
};

/// The constraints of every kind for programs.
pub fn constraints_json(kinds: &[KindConstraints]) -> Value {
    let rows = kinds.iter().flat_map(|it| it.rows.iter().map(|row| to_json(it.kind, row)));
    json!({ "model": MODEL, "modelDate": MODEL_DATE, "constraints": rows.collect::<Vec<_>>() })
}

fn to_json(kind: &str, it: &Constraint) -> Value {
    let held = it.held.iter().map(|it| (it.part.as_str().to_owned(), it.value.clone()));
    let differences = it.differences.iter().map(|it| {
        let known = known(it.why);
        (it.part.as_str().to_owned(), json!({ "aws": it.aws, "why": known }))
    });
    json!({
        "kind": kind,
        "field": it.field,
        "aws": it.aws,
        "held": held.collect::<Json<_, _>>(),
        "differences": differences.collect::<Json<_, _>>(),
        "rule": it.words,
        "known": known(it.provenance),
    })
}

/// Where something is known from, for programs.
fn known(provenance: Provenance) -> Value {
    match provenance {
        Provenance::Model => json!({ "from": "model", "date": MODEL_DATE }),
        Provenance::Words { member, phrase } => {
            json!({ "from": "model", "date": MODEL_DATE, "member": member, "phrase": phrase })
        }
        Provenance::Documented(DocPage { address, read }) => {
            json!({ "from": "documented", "date": read, "address": address })
        }
        Provenance::Recorded(why) => json!({ "from": "recorded", "why": why }),
        Provenance::Emulator(why) => json!({ "from": "emulator", "why": why }),
        Provenance::Believed(why) => json!({ "from": "believed", "why": why }),
        Provenance::Own(why) => json!({ "from": "own", "why": why }),
    }
}

/// The constraints of one kind as a table for people, in Markdown: what a field is held to and where it is known from.
pub fn constraints_table(rows: &[Constraint]) -> String {
    let mut lines = vec![
        "| field | AWS's member | Evenkeel holds | known from |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    let fields = rows.iter().filter(|it| it.words.is_empty());
    lines.extend(fields.map(|it| {
        let held = it.held.iter().map(part_words);
        let differences = it.differences.iter().map(|it| {
            let theirs = match (it.part, it.aws) {
                (_, "none") => "the model has none".to_owned(),
                // They are long; the table for programs has them.
                (ConstraintPart::Pattern, _) => "the model's is another one".to_owned(),
                (_, aws) => format!("the model has {}", code(aws)),
            };
            format!("{} differs, {theirs}: {}", it.part.as_str(), source(it.why))
        });
        let known: Vec<String> = std::iter::once("model".to_owned()).chain(differences).collect();
        let held: Vec<String> = held.collect();
        let (held, known) = (held.join(", "), known.join("; "));
        format!("| `{}` | `{}` | {held} | {known} |", it.field, it.aws)
    }));
    lines.push(String::new());
    lines.join("\n")
}

/// The rules of one kind as a table for people.
pub fn rules_table(rows: &[Constraint]) -> String {
    let mut lines =
        vec!["| field | rule | known from |".to_owned(), "| --- | --- | --- |".to_owned()];
    let rules = rows.iter().filter(|it| !it.words.is_empty());
    lines.extend(
        rules.map(|it| format!("| `{}` | {} | {} |", it.field, it.words, source(it.provenance))),
    );
    lines.push(String::new());
    lines.join("\n")
}

fn part_words(held: &HeldPart) -> String {
    let part = held.part;
    match &held.value {
        Value::Array(words) => {
            let words: Vec<String> = words.iter().filter_map(Value::as_str).map(code).collect();
            words.join(" ")
        }
        Value::String(pattern) => format!("{} {}", part.as_str(), code(pattern)),
        number => format!("{} {number}", part.as_str()),
    }
}

/// A text as code in a cell of a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Where something is known from, for people.
fn source(provenance: Provenance) -> String {
    match provenance {
        Provenance::Model => "model".to_owned(),
        Provenance::Words { member, phrase } => {
            format!("model, in words of `{member}`: “{phrase}”")
        }
        Provenance::Documented(DocPage { address, read }) => {
            format!("documented: <{address}> ({read})")
        }
        Provenance::Recorded(why) => format!("recorded: {why}"),
        Provenance::Emulator(why) => format!("emulator: {why}"),
        Provenance::Believed(why) => format!("believed: {why}"),
        Provenance::Own(why) => format!("own: {why}"),
    }
}
