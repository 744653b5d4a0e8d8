//! The configuration of a function: its hash, which stands in tags, and each of its fields in every use of it.

mod hashes;
mod table;
mod uses;

use std::fs;

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        name::{Name, Owner},
        observed::Reading,
    },
    kinds::function::{
        aws::FunctionCloud, doc::FunctionDoc, expand::Setting, hash::HashKey, image_ref::ImageRef,
        live::Live, shape, spec::Spec, step::Step,
    },
};
use serde_json::{Value, json};

use crate::common::{
    over, place,
    replay::{self, ok},
    root,
};

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

/// Has the real reader read AWS's answer about a function that has the role `job`, and what is shown besides.
fn read(shown: &Value) -> Reading<Live> {
    let bare = json!({
        "FunctionName": "resize",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:resize",
        "PackageType": "Image",
        "Role": "arn:aws:iam::111122223333:role/job",
        "CodeSha256": "a".repeat(64),
        "State": "Active",
    });
    let answer = json!({ "Configuration": over(bare, shown) });
    let (clients, calls, _) = replay::aws(move |_, _| ok(answer.clone()));
    let cloud = FunctionCloud::new(clients.lambda, calls);
    replay::run(cloud.get(&Name::new("resize"), None, Priority::Mover)).unwrap().0.unwrap()
}

/// What a step sends.
fn body(step: &Step) -> Value {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    replay::run(FunctionCloud::new(clients.lambda, calls).apply(step)).unwrap();
    let asked = tape.asked.lock().unwrap();
    serde_json::from_str(&asked[0].body).unwrap()
}
