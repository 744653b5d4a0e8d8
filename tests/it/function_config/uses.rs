//! What becomes of each field in every use: what is shown, logged, written as a manifest and sent.

use std::{collections::BTreeMap, fmt::Write as _};

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        diff::{Diff, Shown},
        facts::{Fact, FactKey, Facts, ImageFact},
        kind::Kind as _,
        name::Name,
        observed::Reading,
    },
    kinds::function::{
        Function,
        aws::FunctionCloud,
        export::{self, Values},
        live::Live,
        step::Step,
    },
};
use serde_json::{Value, json};

use super::{everything, managed, spec};
use crate::common::{
    digest, golden, local, place,
    replay::{self, ok},
};

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
    let bare = read(shown.clone());
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

/// Has the real reader read AWS's answer about a function that has the role `job`, and what is shown besides.
fn read(shown: Value) -> Reading<Live> {
    let mut answer = json!({
        "FunctionName": "resize",
        "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:resize",
        "PackageType": "Image",
        "Role": "arn:aws:iam::111122223333:role/job",
        "CodeSha256": "a".repeat(64),
        "State": "Active",
    });
    answer.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
    let (clients, calls, _) = replay::aws(move |_, _| ok(json!({ "Configuration": answer })));
    let cloud = FunctionCloud::new(clients.lambda, calls);
    replay::run(cloud.get(&Name::new("resize"), None, Priority::Mover)).unwrap().0.unwrap()
}

/// The body of the call that a diff leads to, by the kind of its step; without the tags, which come in any order.
fn sent(diff: &Diff<Step>, kind: &str) -> String {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    let cloud = FunctionCloud::new(clients.lambda, calls);
    let step = diff.steps.iter().find(|it| it.kind == kind).unwrap();
    replay::run(cloud.apply(&step.step)).unwrap();
    let asked = tape.asked.lock().unwrap();
    let mut body: Value = serde_json::from_str(&asked[0].body).unwrap();
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
