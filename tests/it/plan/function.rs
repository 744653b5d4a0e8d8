//! Plans of functions: `live` is a JSON merge patch on what GetFunction returns.

use std::sync::Arc;

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        desired::DesiredObject,
        facts::{Fact, FactKey, Facts, ImageFact},
        name::Name,
        observed::{Observed, Reading},
        record::Record,
    },
    kinds::function::{Function, aws::FunctionCloud, live::Live, spec::Spec, step::Step},
};
use serde_json::{Value, json};

use super::{Input, asked, hold, judged, lines};
use crate::common::{
    REGISTRY, digest, function,
    replay::{self, ok},
};

#[test]
fn every_plan_is_as_written() {
    hold("function", plan);
}

fn plan(input: &Input) -> String {
    let wanted = wanted(input.section("manifest"));
    let applied = input
        .get("applied")
        .map_or_else(|| record(&wanted, "a"), |fields| record(&self::wanted(fields), "a"));
    let applied = input
        .section("digest")
        .split_whitespace()
        .next()
        .map_or(applied, |letter| record(&wanted, letter));
    let observed =
        input.answer(base(&applied)).map_or(Observed::Absent, |it| Observed::Present(read(it)));
    let mut facts = Facts::default();
    let reference = wanted.spec.image.reference.clone();
    facts.learn(FactKey::Image(reference), image(input.section("image").trim()));
    if let Some(range) = &wanted.spec.image.range {
        let (tag, rest) = input.section("range").trim().split_once(' ').unwrap_or(("", "missing"));
        let Some(Fact::Image(image)) = image(rest) else { unreachable!("it is known") };
        facts.learn(FactKey::Image(range.clone()), Some(Fact::Version(tag.into(), image)));
    }
    let repository = input.get("repository").map(|it| Fact::Repository(it.trim() != "absent"));
    facts.learn(FactKey::Repository(Name::new("thumbs")), repository);
    let judgement = judged::<Function>(&Name::new("resize"), &wanted, &observed, &facts);
    let mut lines = lines(&judgement, |_| None);
    lines.extend(judgement.diff.steps.iter().flat_map(|it| sent(&it.step)));
    lines.join("\n") + "\n"
}

/// The base manifest with more fields.
fn wanted(fields: &str) -> DesiredObject<Arc<Spec>> {
    let fields = if fields.contains("memorySize:") {
        fields.to_owned()
    } else {
        format!("memorySize: 256\n{fields}")
    };
    let mut desired = asked(&function("resize", "thumbs:v1", &fields));
    desired.functions.wanted.pop_first().unwrap().1
}

fn record(wanted: &DesiredObject<Arc<Spec>>, letter: &str) -> String {
    let spec: &Spec = &wanted.spec;
    Record::of(Some(&digest(letter)), &spec.config_hash).text()
}

fn image(text: &str) -> Option<Fact> {
    let fact = match text.split_once(' ').unwrap_or((text, "")) {
        ("", _) => ImageFact::Single(digest("a")),
        ("unknown", _) => return None,
        ("missing", _) => ImageFact::Missing("the tag `v1` is not in the repository".into()),
        ("unreadable", _) => ImageFact::Unreadable("BatchGetImage failed: AccessDenied".into()),
        ("unusable", _) => ImageFact::Unusable("it is a Helm chart".into()),
        ("index", children) => {
            let child = |it: &str| {
                let (platform, letter) = it.split_once('=').unwrap();
                (platform.to_owned(), digest(letter))
            };
            ImageFact::Index(children.split(' ').map(child).collect())
        }
        (letter, _) => ImageFact::Single(digest(letter)),
    };
    Some(Fact::Image(fact))
}

/// What AWS returns for the base manifest: every default that it fills in included.
fn base(applied: &str) -> Value {
    let letter = "a".repeat(64);
    json!({
        "Configuration": {
            "FunctionName": "resize",
            "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:resize",
            "Role": "arn:aws:iam::111122223333:role/job",
            "CodeSize": 0,
            "Description": "",
            "Timeout": 3,
            "MemorySize": 256,
            "LastModified": "2026-01-31T10:11:12.123+0000",
            "CodeSha256": letter,
            "Version": "$LATEST",
            "TracingConfig": { "Mode": "PassThrough" },
            "RevisionId": "11111111-2222-3333-4444-555555555555",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Image",
            "Architectures": ["x86_64"],
            "EphemeralStorage": { "Size": 512 },
            "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
            "LoggingConfig": { "LogFormat": "Text", "LogGroup": "/aws/lambda/resize" },
        },
        "Code": {
            "RepositoryType": "ECR",
            "ImageUri": format!("{REGISTRY}/thumbs:v1"),
            "ResolvedImageUri": format!("{REGISTRY}/thumbs@sha256:{letter}"),
        },
        "Tags": {
            "evenkeel.dev/owner": "team",
            "evenkeel.dev/object": "Function/resize",
            "evenkeel.dev/deletion": "retain",
            "evenkeel.dev/applied": applied,
        },
    })
}

/// Has the real reader read AWS's answer.
fn read(answer: Value) -> Reading<Live> {
    let (clients, calls, _) = replay::aws(move |_, _| ok(answer.clone()));
    let cloud = FunctionCloud::new(clients.lambda, calls);
    let name = Name::new("resize");
    replay::run(cloud.get(&name, None, Priority::Mover)).unwrap().0.unwrap()
}

/// What a step would send of the structs that AWS replaces whole.
fn sent(step: &Step) -> Vec<String> {
    let Step::UpdateConfig(update) = step else { return Vec::new() };
    let (sends, config) = (|it| update.patch.members.contains(it), &update.patch.config);
    let names: Vec<&String> = config.environment.keys().collect();
    let environment =
        (sends("environment") && !names.is_empty()).then(|| format!("environment: {names:?}"));
    let image = sends("imageConfig").then(|| format!("imageConfig: {:?}", config.image));
    let vpc = sends("vpcConfig").then(|| format!("vpcConfig: {:?}", config.vpc));
    [environment, image, vpc].into_iter().flatten().map(|it| format!("  sends {it}")).collect()
}
