//! Golden plans of repositories: a manifest and ECR's own answers in, the plan out. `live` is a JSON merge
//! patch on a repository that is as it should be.

use std::{collections::BTreeMap, fs};

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        desired::DesiredObject,
        facts::Facts,
        memory::Memory,
        name::{Name, Owner},
        observed::{Known, Observed, Reading},
        record::Record,
        time::{Mono, Now},
        verdict::{Case, Judgement, Verdict, judge},
    },
    kinds::{
        function::expand::Setting,
        repository::{Repository, aws::RepositoryCloud, live::Live, spec::Spec, step::Step},
    },
    manifest::{self, Documents},
};
use serde_json::{Value, json};

use crate::common::{
    cases, golden, merge, place,
    replay::{self, Asked, error, ok},
    sections, settings,
};

const NAME: &str = "tools/align";

#[test]
fn every_plan_of_a_repository_is_as_written() {
    for case in cases("plan/repository", &["txt"]) {
        let text = fs::read_to_string(&case).unwrap();
        let (input, _) = text.split_once("== plan\n").unwrap_or((&text, ""));
        golden(&case, &format!("{}== plan\n{}", input, plan(input)));
    }
}

fn plan(input: &str) -> String {
    let sections = sections(input);
    let section = |name: &str| sections.get(name).map_or("", String::as_str);
    let wanted = wanted(section("manifest"));
    let applied =
        sections.get("applied").map_or_else(|| record(&wanted), |it| record(&self::wanted(it)));
    let observed = match section("live").trim() {
        "absent" => Observed::Absent,
        patch if sections.contains_key("row") => Observed::Present(row(look(patch, &applied))),
        patch => Observed::Present(look(patch, &applied)),
    };
    let memory = Memory::default();
    let (name, settings, facts) = (Name::new(NAME), settings(), Facts::default());
    show(&judge::<Repository>(&Case {
        name: &name,
        wanted: &wanted,
        observed: &observed,
        facts: &facts,
        settings: &settings,
        memory: &memory,
        now: Now { mono: Mono::default(), wall: jiff::Timestamp::UNIX_EPOCH },
    }))
}

fn record(wanted: &DesiredObject<Spec>) -> String {
    Record::of(None, &wanted.spec.config_hash).text()
}

/// A manifest with these members of `spec`.
fn wanted(fields: &str) -> DesiredObject<Spec> {
    let fields: String = fields.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: {NAME} }}\nspec:\n  \
         imageScanningConfiguration: {{ scanOnPush: true }}\n{fields}"
    );
    let parsed = manifest::parse("align.yaml", text.as_bytes());
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{text}", parsed.diagnostics);
    let documents: Vec<_> = parsed.documents;
    let place = place();
    let owner = "team".parse::<Owner>().unwrap();
    let setting = Setting { place: &place, owner: &owner, hash_key: None };
    let (frozen, read_at) = (std::collections::BTreeSet::new(), Mono::default());
    let documents =
        Documents { all: &documents, frozen: &frozen, intact: true, read_at, watches: false };
    let mut wishes = manifest::expand(documents, setting);
    wishes.repositories.wanted.pop_first().unwrap().1
}

/// What ECR answers about the base manifest.
fn base(applied: &str) -> Value {
    json!({
        "repository": {
            "repositoryName": NAME,
            "registryId": "111122223333",
            "repositoryArn": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{NAME}"),
            "repositoryUri": format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/{NAME}"),
            "createdAt": 1_700_000_000,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": { "scanOnPush": true },
            "encryptionConfiguration": { "encryptionType": "AES256" },
        },
        "tags": {
            "evenkeel.dev/owner": "team",
            "evenkeel.dev/object": format!("Repository/{NAME}"),
            "evenkeel.dev/deletion": "retain",
            "evenkeel.dev/applied": applied,
        },
    })
}

/// What a list shows of the same repository.
fn row(mut seen: Reading<Live>) -> Reading<Live> {
    let unknown = || "a list does not show it".to_owned();
    seen.exact = false;
    seen.live.lifecycle = Known::No(unknown());
    seen.live.policy = Known::No(unknown());
    seen.live.tags = Known::No(unknown());
    seen
}

/// Has the real reader read ECR's answers.
fn look(patch: &str, applied: &str) -> Reading<Live> {
    let mut live = base(applied);
    if !patch.is_empty() {
        merge(&mut live, serde_json::from_str(patch).unwrap());
    }
    let policy = |value: &Value, member: &str, missing: &str| match value {
        Value::Null => error(400, missing, "none"),
        Value::String(_) => error(400, "AccessDeniedException", "not authorized"),
        value => ok(json!({ member: value.to_string() })),
    };
    let (clients, calls, _) =
        replay::aws(move |_, asked: &Asked| match asked.target.rsplit('.').next().unwrap() {
            "DescribeRepositories" => ok(json!({ "repositories": [live["repository"]] })),
            "ListTagsForResource" => {
                let tags = live["tags"].as_object().unwrap().iter();
                let tags: Vec<Value> =
                    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
                ok(json!({ "tags": tags }))
            }
            "GetLifecyclePolicy" => policy(
                &live["lifecycle"],
                "lifecyclePolicyText",
                "LifecyclePolicyNotFoundException",
            ),
            _ => policy(&live["policy"], "policyText", "RepositoryPolicyNotFoundException"),
        });
    let cloud = RepositoryCloud::new(clients.ecr, calls);
    replay::run(cloud.get(&Name::new(NAME), None, Priority::Mover)).unwrap().0.unwrap()
}

fn show(judgement: &Judgement<Step>) -> String {
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
    for planned in &judgement.diff.steps {
        lines.push(format!("  step {}: {}", planned.kind, planned.step));
        if let Step::Policy { text: Some(text), .. } = &planned.step {
            lines.push(format!("    sends {text}"));
        }
    }
    let holds = judgement.diff.waits.iter();
    lines.extend(holds.map(|it| format!("  waits: {}: {}", it.reason.code, it.reason.message)));
    let conditions: &BTreeMap<_, _> = &judgement.diff.conditions;
    let conditions = conditions.iter();
    lines.extend(conditions.map(|(kind, it)| format!("  {kind}: {}: {}", it.code, it.message)));
    lines.join("\n") + "\n"
}
