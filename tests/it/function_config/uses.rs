//! What becomes of each field in every use: what is shown, logged, written as a manifest and sent.

use std::{collections::BTreeMap, fmt::Write as _};

use evenkeel::{
    engine::{
        diff::{Diff, Shown},
        facts::{Fact, FactKey, Facts, ImageFact},
        kind::Kind as _,
        name::Name,
    },
    kinds::function::{
        Function,
        export::{self, Values},
        live::Live,
        step::Step,
    },
};
use serde_json::{Value, json};

use super::{body, everything, managed, read, spec};
use crate::common::{digest, golden, local, place};

#[test]
fn every_use_is_as_written() {
    let plain = uses(&everything(), &json!({}));
    let other = json!({ "CapacityProviderArn": "arn:other" });
    let other = json!({ "LambdaManagedInstancesCapacityProviderConfig": other });
    let on_instances = uses(&managed(), &json!({ "CapacityProviderConfig": other }));
    let text = format!("== plain\n{plain}\n== with a capacity provider\n{on_instances}");
    golden(&local("function_config/uses.txt"), &text);
}

/// Everything that is made of a document of which nothing is live yet, but for `shown`.
fn uses(members: &Value, shown: &Value) -> String {
    let (name, spec, mut facts) = (Name::new("resize"), spec(members, None), Facts::default());
    let image = Fact::Image(ImageFact::Single(digest("a")));
    facts.learn(FactKey::Image(spec.image.reference.clone()), Some(image));
    let bare = read(shown);
    let created = Function::create(&name, &spec, &facts);
    let changed = Function::diff(&name, &spec, &bare, &facts);
    let mut text = String::new();
    for it in &created.preview.fields {
        writeln!(text, "created with {} {}", it.path, it.value).unwrap();
    }
    writeln!(text, "creation sends {}", sent(&created, "create")).unwrap();
    for it in &changed.changes {
        let shown = |it: &Shown| format!("{} {:x}", it.text, it.fingerprint.0);
        writeln!(text, "{}: {} -> {}", it.path, shown(&it.live), shown(&it.desired)).unwrap();
    }
    writeln!(text, "update sends {}", sent(&changed, "configuration")).unwrap();
    let live = Live { config: spec.config.clone(), ..bare.live };
    writeln!(text, "logged as {}", sorted(&Function::describe(&live))).unwrap();
    for values in [Values::Kept, Values::Placeholder, Values::Open] {
        let spec = export::to_manifest("resize", &live, &place(), values);
        writeln!(text, "written as {}", sorted(&Value::Object(spec))).unwrap();
    }
    text
}

/// The body of the call that a diff leads to, by the kind of its step; without the tags, which come in any order.
fn sent(diff: &Diff<Step>, kind: &str) -> String {
    let step = diff.steps.iter().find(|it| it.kind == kind).unwrap();
    let mut body = body(&step.step);
    body.as_object_mut().unwrap().remove("Tags");
    sorted(&body)
}

/// JSON whose members are in the order of their names, with whatever features the library is built.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            let texts = members.iter().map(|(name, it)| format!("\"{name}\": {}", sorted(it)));
            format!("{{ {} }}", texts.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
