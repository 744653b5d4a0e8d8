//! Everything that manifests are held to because AWS is, as one table: made from the shapes and rules of every kind.

use serde_json::Value;

use super::envelope::KINDS;
use crate::{
    engine::{kind::Kind as _, partition::PARTITIONS},
    kinds::{
        async_invoke, event_source,
        function::{self, Function},
        permissions, release,
        repository::{self, Repository},
    },
    shape::{self, FieldRule, KindConstraints, MODEL, MODEL_DATE, Shape},
};

const PAGE: &str = "\
# Constraints

Generated from the shapes and rules that manifests are checked against, which are the only place for these numbers. `make e2e` compares every one of them with
the model of AWS's API in MODEL (DATE); `make aws-model` says what a newer botocore changes. The same for programs: [constraints.json](constraints.json).

Where a constraint is known from:

| word | meaning |
| --- | --- |
| model | botocore's model of the API has it, as a number, a pattern or a list, or in the words that are quoted |
| documented | a page of AWS's says so; the day is the one on which it, or a stored copy of it, was read |
| recorded | an answer of AWS's shows it |
| emulator | another emulator of AWS holds it |
| believed | no source says it outright |
| own | Evenkeel's own, for the reason given |

A field whose limits are Evenkeel's own as a whole (`policy`, `imagePolicy`, most of `release`) is in [Manifests](manifests.md) only.
";

/// The rules of functions and of what hangs on them.
const FUNCTION_RULES: &[&[FieldRule]] = &[
    function::limits::RULES,
    release::RULES,
    permissions::RULES,
    async_invoke::RULES,
    event_source::limits::RULES,
];

/// The constraints of each kind: those of its fields, then its rules.
fn all() -> [KindConstraints; 2] {
    [
        of(Function::NAME, function::shape::OPERATION, FUNCTION_RULES),
        of(Repository::NAME, repository::shape::OPERATION, &[repository::rules::RULES]),
    ]
}

fn of(kind: &'static str, operation: &str, rules: &[&'static [FieldRule]]) -> KindConstraints {
    let mut rows = shape::constraints(fields(kind), operation);
    rows.extend(rules.iter().copied().flatten().map(shape::of_rule));
    KindConstraints { kind, rows }
}

/// The members of `spec` of a kind.
fn fields(kind: &str) -> &'static [shape::Field] {
    let found = KINDS.iter().find(|(name, _)| *name == kind);
    match found {
        Some((_, Shape::Object(fields))) => fields,
        _ => &[],
    }
}

/// The table for people, in Markdown.
pub fn constraints() -> String {
    let mut text = PAGE.replace("MODEL", MODEL).replace("DATE", MODEL_DATE);
    for KindConstraints { kind, rows } in all() {
        let (fields, rules) = (shape::constraints_table(&rows), shape::rules_table(&rows));
        text += &["\n## ", kind, "\n\n### Fields of ", kind, "\n\n", &fields].concat();
        text += &["\n### Rules of ", kind, "\n\n", &rules].concat();
    }
    text
}

/// The same for programs, and the partitions of AWS.
pub fn constraints_json() -> Value {
    let mut table = shape::constraints_json(&all());
    let partitions = PARTITIONS
        .iter()
        .map(|it| serde_json::json!({ "name": it.id, "regions": it.regions, "suffix": it.suffix }));
    if let Some(table) = table.as_object_mut() {
        table.insert("partitions".into(), partitions.collect());
    }
    table
}

/// The fields of which nobody has said which member of AWS's they mirror, or that they are Evenkeel's own.
pub fn unnamed() -> Vec<String> {
    let named = |(kind, shape): &(&'static str, Shape)| {
        let Shape::Object(fields) = shape else { return Vec::new() };
        let found = shape::unnamed(fields);
        found.into_iter().map(|it| format!("{kind} {it}")).collect()
    };
    KINDS.iter().flat_map(named).collect()
}
