//! What every document has around its `spec`, and the kinds that there are.

use serde_json::{Value, json};

use crate::{
    engine::kind::Kind as _,
    kinds::{
        BLOCKS,
        function::{self, Function},
        repository::{self, Repository},
    },
    shape::{self, Field, Map, Shape, Text},
};

/// The version of the form.
pub const API_VERSION: &str = "evenkeel.dev/v1";

/// A function's own members and those of its blocks.
static FUNCTION: [Field; function::shape::SPEC.len() + BLOCKS.len()] =
    shape::join(function::shape::SPEC, BLOCKS);

/// The kinds of documents and the shapes of their `spec`.
pub(super) const KINDS: &[(&str, Shape)] = &[
    (Function::NAME, Shape::Object(&FUNCTION)),
    (Repository::NAME, Shape::Object(repository::shape::SPEC)),
];

/// The shape of the `spec` of a kind of document.
pub fn shape_of(kind: &str) -> Option<&'static Shape> {
    KINDS.iter().find(|(name, _)| *name == kind).map(|(_, shape)| shape)
}

/// What any kind may be called; each has its own rule besides.
const NAME: Text = Text::new((1, 256), "^[A-Za-z0-9_./-]+$", "1 to 256 of A-Z a-z 0-9 _ . / -");
const TARGET: Text = Text::new((1, 32), "^[a-z0-9-]+$", "1 to 32 of a-z 0-9 -");
const LABEL: Text = Text::new(
    (1, 63),
    "^[A-Za-z0-9_][A-Za-z0-9_./-]*$",
    "1 to 63 of A-Z a-z 0-9 _ . / -, with a letter, digit or _ first",
);
const LABEL_VALUE: Text = Text::any(0, 63);
const ANNOTATION: Text = Text::any(1, 253);
const ANNOTATION_VALUE: Text = Text::any(0, 65_536);

const METADATA: &[Field] = &[
    Field::required(
        "name",
        Shape::Text(&NAME),
        "The document's name, and the object's unless `spec` gives another.",
    ),
    Field::optional(
        "target",
        Shape::Either(&Shape::Text(&TARGET), &Shape::List(&Shape::Text(&TARGET), 64)),
        "`default`",
        "The target, or the list of targets, that it is meant for.",
    ),
    Field::optional(
        "labels",
        Shape::Map(&Map {
            key: &LABEL,
            value: &Shape::Text(&LABEL_VALUE),
            entries_max: 16,
            secret: false,
        }),
        "none",
        "For filters and metrics only.",
    ),
    Field::optional(
        "annotations",
        Shape::Map(&Map {
            key: &ANNOTATION,
            value: &Shape::Text(&ANNOTATION_VALUE),
            entries_max: 64,
            secret: false,
        }),
        "none",
        "For other tools; not read.",
    ),
];

/// The members of a document. `spec` is checked against its kind's own shape.
pub(super) const ENVELOPE: &[Field] = &[
    Field::required(
        "apiVersion",
        Shape::Choice(&[API_VERSION]),
        "The version of the form: `evenkeel.dev/v1`.",
    ),
    Field::required(
        "kind",
        Shape::Choice(&[Function::NAME, Repository::NAME]),
        "What the document describes.",
    ),
    Field::required("metadata", Shape::Object(METADATA), "What the document is called."),
    Field::required("spec", Shape::Any, "How the object should be."),
];

/// Whether some field of a document is called so.
pub(super) fn is_field(name: &str) -> bool {
    let specs = KINDS.iter().any(|(_, spec)| has_field(spec, name));
    specs || has_field(&Shape::Object(ENVELOPE), name)
}

fn has_field(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Object(fields) => {
            fields.iter().any(|it| it.name == name || has_field(&it.shape, name))
        }
        Shape::List(item, _) => has_field(item, name),
        Shape::Map(map) => has_field(map.value, name),
        Shape::Either(one, other) => has_field(one, name) || has_field(other, name),
        Shape::Text(_)
        | Shape::Int(..)
        | Shape::Number(..)
        | Shape::Flag
        | Shape::Choice(_)
        | Shape::Time
        | Shape::Null
        | Shape::Any => false,
    }
}

/// The JSON Schema of every kind of document, for editors.
pub fn schema() -> Value {
    let kinds = KINDS.iter().map(|(kind, spec)| {
        json!({
            "title": kind,
            "type": "object",
            "properties": {
                "apiVersion": { "const": API_VERSION },
                "kind": { "const": kind },
                "metadata": shape::schema(&Shape::Object(METADATA)),
                "spec": shape::schema(spec),
            },
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "additionalProperties": false,
        })
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Evenkeel manifest",
        "oneOf": kinds.collect::<Vec<_>>(),
    })
}

/// Every field of every kind, in Markdown.
pub fn reference() -> String {
    let mut text = String::from(
        "# Manifests\n\nGenerated from the shapes that manifests are checked against; `evenkeel \
         schema` prints the same as JSON Schema.\n\n## Every document\n\n`apiVersion: \
         evenkeel.dev/v1`, `kind`, `metadata`, `spec`.\n\n### metadata\n\n",
    );
    text.push_str(&shape::reference(METADATA));
    for (kind, spec) in KINDS {
        if let Shape::Object(fields) = spec {
            text += &["\n## ", kind, "\n\n### spec\n\n", &shape::reference(fields)].concat();
        }
    }
    text
}
