//! The configuration of a function: its hash, which stands in tags, and each of its fields in every use of it.

mod hashes;
mod uses;

use std::fs;

use evenkeel::{
    engine::name::{Name, Owner},
    kinds::function::{
        doc::FunctionDoc, expand::Setting, hash::HashKey, image_ref::ImageRef, shape, spec::Spec,
    },
};
use serde_json::{Value, json};

use crate::common::{over, place, root};

/// What a document with these members of `spec` asks for.
fn spec(members: &Value, hash_key: Option<&HashKey>) -> Spec {
    let bare = json!({ "image": "thumbs:v1", "role": "job" });
    let doc: FunctionDoc = serde_json::from_value(over(bare, members)).unwrap();
    let image = ImageRef::parse(&doc.image).unwrap();
    let (place, owner) = (place(), "team".parse::<Owner>().unwrap());
    let setting = Setting { place: &place, owner: &owner, hash_key };
    Spec::of(&Name::new("resize"), &doc, &image, setting)
}

/// The members of `spec` that are the configuration, each as none is by default: those of the reference manifest.
fn everything() -> Value {
    let mut spec = of_manifest("reference/all-fields");
    let others = ["functionName", "image", "imagePolicy", "tags", "tagsPolicy", "policy"];
    let is_ours = |it: &str| !others.contains(&it) && shape::SPEC.iter().any(|of| of.name == it);
    spec.as_object_mut().unwrap().retain(|name, _| is_ours(name));
    spec["environment"]["variables"]["TOKEN"] = json!("canary");
    spec
}

/// The same on instances of one's own.
fn managed() -> Value {
    let capacity = of_manifest("examples/managed")["capacityProviderConfig"].clone();
    over(everything(), &json!({ "capacityProviderConfig": capacity }))
}

/// The first `spec` of a manifest.
fn of_manifest(file: &str) -> Value {
    let text = fs::read_to_string(root().join(format!("manifests/{file}.yaml"))).unwrap();
    let first = text.split("\n---\n").next().unwrap();
    yaml_serde::from_str::<Value>(first).unwrap()["spec"].clone()
}
