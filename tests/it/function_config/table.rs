//! Every line of the table of fields, in each of its uses: a field that one of them lacks fails here.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel::{
    engine::{facts::Facts, kind::Kind as _, name::Name, observed::Reading},
    kinds::{
        function::{
            Function,
            export::{self, Values},
            hash::config_hash,
            ignore::IgnoredField,
            live::Live,
            spec::Spec,
            step::{Create, Patch, Step, UpdateConfig},
        },
        function_config::config::{CAPACITY, Capacity, Config, ConfigField, ENVIRONMENT, MEMBERS},
    },
};
use serde_json::{Value, json};

use super::{body, everything, managed, read, spec};
use crate::common::place;

/// A configuration of which no field is as by default.
fn full() -> Config {
    spec(&managed(), None).config
}

/// One of which every field is, but for the role.
fn bare() -> Config {
    let capacity = Some(Capacity::filled("arn:other".into(), None, None));
    Config { capacity, ..read(&json!({})).live.config }
}

fn value(field: &ConfigField, config: &Config) -> Value {
    (field.get)(config).unwrap().json()
}

#[test]
fn the_manifest_of_all_fields_and_the_table_have_the_same() {
    let (full, bare) = (full(), bare());
    for field in MEMBERS.iter().flat_map(|it| it.fields) {
        let path = field.path;
        assert_ne!(value(field, &full), value(field, &bare), "{path} is as by default");
    }
    let mut copied = bare;
    for member in &MEMBERS {
        assert!(!(member.same)(&full, &copied), "{}", member.name);
        (member.copy)(&full, &mut copied);
        assert!((member.same)(&full, &copied), "{}", member.name);
    }
    assert!(copied == full, "a field is in no member");
}

#[test]
fn each_member_is_read_as_it_is_sent() {
    let full = full();
    for member in &MEMBERS {
        let patch = Patch { members: BTreeSet::from([member.name]), config: full.clone() };
        let name = Name::new("resize");
        let direct_reads = BTreeMap::new();
        let update =
            UpdateConfig { name, patch, direct_reads, revision_id: None, shown: String::new() };
        let sent = body(&Step::UpdateConfig(Box::new(update)));
        assert_eq!(sent.as_object().unwrap().len(), 1, "{}: {sent}", member.name);
        assert!((member.same)(&answered(sent), &full), "{}", member.name);
    }
    let create = Create {
        name: Name::new("resize"),
        image_uri: "thumbs@sha256:00".into(),
        architecture: "arm64".into(),
        config: full.clone(),
        leaves_concurrency: false,
        tags: BTreeMap::new(),
    };
    assert!(answered(body(&Step::Create(Box::new(create)))) == full);
}

/// The configuration that is read where AWS shows what was sent.
fn answered(mut sent: Value) -> Config {
    // The only member that answers call by another name.
    if let Some(image) = sent.as_object_mut().unwrap().remove("ImageConfig") {
        sent["ImageConfigResponse"] = json!({ "ImageConfig": image });
    }
    read(&sent).live.config
}

#[test]
fn each_field_alone_is_planned_hashed_and_left_to_others() {
    let (full, bare) = (full(), bare());
    for member in MEMBERS.iter().filter(|it| it.name != ENVIRONMENT) {
        for field in member.fields {
            let mut config = bare.clone();
            (field.copy)(&full, &mut config);
            // That member is copied, and left to others, as a whole.
            let differing =
                if member.name == CAPACITY { member.fields } else { std::slice::from_ref(field) };
            check(field, &bare, &config, differing);
        }
    }
}

/// Checks a configuration that differs in this field from a bare one, and in others of `differing`.
fn check(field: &ConfigField, bare: &Config, config: &Config, differing: &[ConfigField]) {
    let path = field.path;
    let live = |config: &Config| Live { config: config.clone(), ..read(&json!({})).live };
    let reading = |config: &Config| Reading { live: live(config), revision: None, exact: true };
    let mut spec = Spec { config: config.clone(), ..spec(&managed(), None) };
    let planned = |spec: &Spec| {
        let diff = Function::diff(&Name::new("resize"), spec, &reading(bare), &Facts::default());
        let changes = diff.changes.into_iter().filter(|it| it.step == "configuration");
        changes.map(|it| it.path).collect::<Vec<_>>()
    };
    let paths: Vec<String> = differing.iter().map(|it| format!("/{}", it.path)).collect();
    assert_eq!(planned(&spec), paths);
    spec.ignored.insert(IgnoredField::parse(&format!("/{path}")).unwrap());
    assert_eq!(planned(&spec), [""; 0], "{path}");

    let hash = |config: &Config| config_hash("resize", config, "x86_64", None);
    assert_ne!(hash(config), hash(bare), "{path}");
    assert!(
        Function::fingerprint(&reading(config)) != Function::fingerprint(&reading(bare)),
        "{path}"
    );
}

#[test]
fn what_is_written_as_a_manifest_asks_for_the_same() {
    for members in [everything(), managed()] {
        let config = spec(&members, None).config;
        let live = Live { config: config.clone(), ..read(&json!({})).live };
        let mut written = export::to_manifest("resize", &live, &place(), Values::Open);
        written.insert("image".into(), json!("thumbs:v1"));
        assert!(spec(&Value::Object(written), None).config == config);
    }
}
