//! The JSON Schema of what commands print with `-o json`, made from the types that are printed.

use serde_json::{Value, json};
use utoipa::OpenApi as _;

use super::{applied::ApplyReport, check::CheckReport, test::TestReport};
use crate::daemon::view::{plan::PlanView, state::ObjectsView};

/// What is printed, by the `kind` that it names.
const KINDS: [&str; 5] = ["CheckReport", "ObjectList", "Plan", "ApplyResult", "TestReport"];

/// The types, as OpenAPI describes them.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    CheckReport,
    ObjectsView<'_>,
    PlanView<'_>,
    ApplyReport<'_>,
    TestReport
)))]
struct Outputs;

/// Returns the schema: one document that each of the outputs is valid by, told apart by `kind`.
pub fn output_schema() -> Value {
    let document = serde_json::to_value(Outputs::openapi()).unwrap_or_default();
    let mut definitions = document.pointer("/components/schemas").cloned().unwrap_or_default();
    localize(&mut definitions);
    let name =
        |kind: &str| if kind == "ObjectList" { "Objects".to_owned() } else { kind.to_owned() };
    for kind in KINDS {
        let member = format!("/{}/properties/kind", name(kind));
        if let Some(it) = definitions.pointer_mut(&member) {
            *it = json!({ "const": kind });
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Output of Evenkeel's commands with -o json",
        "oneOf": KINDS.map(|it| json!({ "$ref": format!("#/$defs/{}", name(it)) })),
        "$defs": definitions,
    })
}

/// Lets references lead to the definitions of this document.
fn localize(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, it) in members {
                match it {
                    Value::String(text) if key == "$ref" => {
                        *text = text.replace("#/components/schemas/", "#/$defs/");
                    }
                    it => localize(it),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(localize),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let schema = output_schema();
        let text = schema.to_string();
        let found: Vec<&str> =
            text.split(r#""$ref":""#).skip(1).filter_map(|it| it.split('"').next()).collect();
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference}");
        }
        for kind in KINDS {
            assert!(text.contains(&format!(r#"{{"const":"{kind}"}}"#)), "{kind}");
        }
    }
}
