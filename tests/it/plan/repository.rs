//! Plans of repositories: `live` is a JSON merge patch on what ECR says of one, its tags and its policies.

use std::sync::Arc;

use evenkeel::{
    aws::cloud::{Cloud as _, Priority},
    engine::{
        desired::DesiredObject,
        facts::Facts,
        name::Name,
        observed::{Known, Observed, Reading},
        record::Record,
    },
    kinds::repository::{Repository, aws::RepositoryCloud, live::Live, spec::Spec, step::Step},
};
use serde_json::{Value, json};

use super::{Input, asked, hold, judged, lines, members};
use crate::common::replay::{self, Asked, error, ok};

const NAME: &str = "tools/align";

#[test]
fn every_plan_of_a_repository_is_as_written() {
    hold("repository", plan);
}

fn plan(input: &Input) -> String {
    let wanted = wanted(input.section("manifest"));
    let applied =
        input.get("applied").map_or_else(|| record(&wanted), |it| record(&self::wanted(it)));
    let observed = match input.answer(base(&applied)).map(read) {
        None => Observed::Absent,
        Some(reading) if input.get("row").is_some() => Observed::Present(row(reading)),
        Some(reading) => Observed::Present(reading),
    };
    let judgement = judged::<Repository>(&Name::new(NAME), &wanted, &observed, &Facts::default());
    let sends = |step: &Step| match step {
        Step::Policy { text, .. } => text.clone(),
        _ => None,
    };
    lines(&judgement, sends).join("\n") + "\n"
}

fn record(wanted: &DesiredObject<Arc<Spec>>) -> String {
    Record::of(None, &wanted.spec.config_hash).text()
}

/// A manifest with these members of `spec`.
fn wanted(fields: &str) -> DesiredObject<Arc<Spec>> {
    let mut desired = asked(&format!(
        "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: {NAME} }}\nspec:\n  \
         imageScanningConfiguration: {{ scanOnPush: true }}\n{}",
        members(fields)
    ));
    desired.repositories.wanted.pop_first().unwrap().1
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
fn row(mut reading: Reading<Live>) -> Reading<Live> {
    let unknown = || "a list does not show it".to_owned();
    reading.exact = false;
    reading.live.lifecycle = Known::No(unknown());
    reading.live.policy = Known::No(unknown());
    reading.live.tags = Known::No(unknown());
    reading
}

/// Has the real reader read ECR's answers.
fn read(live: Value) -> Reading<Live> {
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
