//! A function as people would write it: the `spec` of its document, without the parts.

use serde_json::{Map, Value, json};

use super::live::Live;
use crate::{
    engine::{place::Place, secret::Secret},
    kinds::{
        document::{self, PLACEHOLDER},
        function_config::{
            config::{Capacity, Config, ENVIRONMENT, MEMBERS, defaults},
            table::FieldValue,
        },
    },
};

/// What is written in the place of a variable's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// `{ keep: true }`: whatever value is there stays, and nobody sees it.
    Kept,
    /// A text that is refused until a person fills the value in.
    Placeholder,
    /// The value itself, in the open.
    Open,
}

/// Writes the `spec` of a live function, without what AWS does by default. The image is the one
/// that runs, by digest. With [`Values::Open`] the values of the environment stand in the result in
/// the open.
pub fn to_manifest(name: &str, live: &Live, place: &Place, values: Values) -> Map<String, Value> {
    let mut spec = Map::new();
    spec.insert("image".into(), json!(image(live, place)));
    if live.architecture != defaults::ARCHITECTURE {
        spec.insert("architectures".into(), json!([live.architecture]));
    }
    configuration(name, &live.config, &mut spec);
    spec.insert("role".into(), json!(role(&live.config.role, place)));
    if !live.config.environment.is_empty() {
        spec.insert(ENVIRONMENT.into(), environment(&live.config, values));
    }
    for (name, value) in live.tags.get().map(document::to_manifest).unwrap_or_default() {
        spec.insert(name.to_owned(), value);
    }
    spec
}

fn image(live: &Live, place: &Place) -> String {
    let repository = live.repository.get().cloned().unwrap_or_default();
    let own = format!("{}/", place.registry());
    let repository = repository.strip_prefix(&own).unwrap_or(&repository);
    live.digest.as_ref().map_or_else(|| repository.to_owned(), |it| format!("{repository}@{it}"))
}

fn role(arn: &str, place: &Place) -> String {
    let own = place.role_arn("");
    arn.strip_prefix(&own).unwrap_or(arn).to_owned()
}

/// Writes every field of the configuration that is not as AWS has it by default, but for variables.
fn configuration(function: &str, config: &Config, spec: &mut Map<String, Value>) {
    let mut unset = config.unset_beside(function);
    unset.capacity = config.capacity.as_ref().map(|_| Capacity::filled(String::new(), None, None));
    for field in MEMBERS.iter().flat_map(|it| it.fields) {
        let [value, default] = [config, &unset].map(|it| (field.get)(it).map(FieldValue::json));
        let Some(value) = value.filter(|it| Some(it) != default.as_ref()) else { continue };
        match field.path.split_once('/') {
            Some((member, name)) => {
                let member = spec.entry(member).or_insert_with(|| json!({}));
                member.as_object_mut().map(|it| it.insert(name.to_owned(), value));
            }
            None => drop(spec.insert(field.path.to_owned(), value)),
        }
    }
}

fn environment(config: &Config, values: Values) -> Value {
    let value = |secret: &Secret| match values {
        Values::Kept => json!({ "keep": true }),
        Values::Placeholder => json!(PLACEHOLDER),
        Values::Open => json!(secret.expose()),
    };
    let variables = config.environment.iter().map(|(name, it)| (name.clone(), value(it)));
    json!({ "variables": variables.collect::<Map<String, Value>>() })
}
