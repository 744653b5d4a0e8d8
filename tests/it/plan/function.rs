//! Golden plans: a manifest and AWS's own answer in, the plan out. `plan/function/*.txt` hold what differs
//! from a function that is as it should be; `live` is a JSON merge patch on what GetFunction returns.

use std::fs;

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        desired::DesiredObject,
        facts::{Fact, FactKey, Facts, ImageFact},
        kind::Kind as _,
        memory::Memory,
        name::{Name, Owner},
        observed::{Observed, Reading},
        record::Record,
        time::{Mono, Now},
        verdict::{Case, Judgement, Verdict, judge},
    },
    kinds::function::{
        Function, aws::FunctionCloud, expand::Setting, live::Live, spec::Spec, step::Step,
    },
    manifest::{self, Documents},
};
use serde_json::{Value, json};

use crate::common::{
    REGISTRY, cases, digest, function, golden, merge, place,
    replay::{self, ok},
    sections, settings,
};

#[test]
fn every_plan_is_as_written() {
    for case in cases("plan/function", &["txt"]) {
        let text = fs::read_to_string(&case).unwrap();
        let (input, _) = text.split_once("== plan\n").unwrap_or((&text, ""));
        golden(&case, &format!("{}== plan\n{}", input, plan(input)));
    }
}

fn plan(input: &str) -> String {
    let sections = sections(input);
    let section = |name: &str| sections.get(name).map_or("", String::as_str);
    let wanted = wanted(section("manifest"));
    let applied = match sections.get("applied") {
        Some(fields) => record(&self::wanted(fields), "a"),
        None => record(&wanted, "a"),
    };
    let applied = section("digest")
        .split_whitespace()
        .next()
        .map_or(applied, |letter| record(&wanted, letter));
    let observed = match section("live").trim() {
        "absent" => Observed::Absent,
        patch => Observed::Present(look(patch, &applied)),
    };
    let mut facts = Facts::default();
    let reference = wanted.spec.image.reference.clone();
    facts.learn(FactKey::Image(reference), image(section("image").trim()));
    if let Some(range) = &wanted.spec.image.range {
        let (tag, rest) = section("range").trim().split_once(' ').unwrap_or(("", "missing"));
        let Some(Fact::Image(image)) = image(rest) else { unreachable!("it is known") };
        facts.learn(FactKey::Image(range.clone()), Some(Fact::Version(tag.into(), image)));
    }
    let repository = sections.get("repository").map(|it| Fact::Repository(it.trim() != "absent"));
    facts.learn(FactKey::Repository(Name::new("thumbs")), repository);
    let settings = settings();
    let memory = Memory::default();
    let name = Name::new("resize");
    let judgement = judge::<Function>(&Case {
        name: &name,
        wanted: &wanted,
        observed: &observed,
        facts: &facts,
        settings: &settings,
        memory: &memory,
        now: Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH },
    });
    show(&judgement, &observed)
}

/// The base manifest with more fields.
fn wanted(fields: &str) -> DesiredObject<Spec> {
    let fields = if fields.contains("memorySize:") {
        fields.to_owned()
    } else {
        format!("memorySize: 256\n{fields}")
    };
    let text = function("resize", "thumbs:v1", &fields);
    let parsed = manifest::parse("resize.yaml", text.as_bytes());
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{text}", parsed.diagnostics);
    let documents: Vec<_> = parsed.documents;
    let place = place();
    let owner = "team".parse::<Owner>().unwrap();
    let setting = Setting { place: &place, owner: &owner, hash_key: None };
    let frozen = std::collections::BTreeSet::new();
    let read_at = Mono::default();
    let documents =
        Documents { all: &documents, frozen: &frozen, intact: true, read_at, watches: false };
    let mut wishes = manifest::expand(documents, setting);
    wishes.functions.wanted.pop_first().unwrap().1
}

fn record(wanted: &DesiredObject<Spec>, letter: &str) -> String {
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
fn look(patch: &str, applied: &str) -> Reading<Live> {
    let mut answer = base(applied);
    if !patch.is_empty() {
        merge(&mut answer, serde_json::from_str(patch).unwrap());
    }
    let (clients, calls, _) = replay::aws(move |_, _| ok(answer.clone()));
    let cloud = FunctionCloud::new(clients.lambda, calls);
    let name = Name::new("resize");
    replay::run(cloud.get(&name, None, Priority::Mover)).unwrap().0.unwrap()
}

fn show(judgement: &Judgement<Step>, observed: &Observed<Live>) -> String {
    let mut lines = vec![match &judgement.verdict {
        Verdict::InSync => "in sync".to_owned(),
        Verdict::Act(planned) => format!("act: {}", planned.kind),
        Verdict::Wait(wait) => format!("wait: {}: {}", wait.reason.code, wait.reason.message),
        Verdict::Refuse(reason) => format!("refuse: {}: {}", reason.code, reason.message),
    }];
    for change in &judgement.diff.changes {
        let (origin, cause) = (change.origin.as_str(), change.cause.as_str());
        let (path, live, desired) = (&change.path, &change.live, &change.desired);
        lines.push(format!("  {path}: {live} → {desired} ({origin}, {cause})"));
    }
    lines.extend(judgement.diff.steps.iter().map(|it| format!("  step {}: {}", it.kind, it.step)));
    let holds = judgement.diff.waits.iter();
    lines.extend(holds.map(|it| format!("  waits: {}: {}", it.reason.code, it.reason.message)));
    let failed = judgement.diff.failed.iter();
    lines.extend(failed.map(|it| format!("  failed: {}: {}", it.code, it.message)));
    let conditions = judgement.diff.conditions.iter();
    lines.extend(conditions.map(|(kind, it)| format!("  {kind}: {}: {}", it.code, it.message)));
    // What a step would send of the structs that AWS replaces whole.
    for planned in &judgement.diff.steps {
        if let Step::UpdateConfig(update) = &planned.step {
            let names = update.patch.environment.iter().flat_map(|it| it.keys());
            let names: Vec<&String> = names.collect();
            if !names.is_empty() {
                lines.push(format!("  sends environment: {names:?}"));
            }
            let image = update.patch.image.iter();
            lines.extend(image.map(|it| format!("  sends imageConfig: {it:?}")));
            let vpc = update.patch.vpc.iter();
            lines.extend(vpc.map(|it| format!("  sends vpcConfig: {it:?}")));
        }
    }
    debug_assert_eq!(Function::NAME, "Function");
    assert!(!matches!(observed, Observed::Unknown));
    lines.join("\n") + "\n"
}
