//! Plans of what a function has besides itself: what was applied before, what somebody did by hand, and the
//! manifest in; what `evenkeel plan -o json` says. The real binary, on the stand-in.

use std::collections::BTreeSet;

use evenkeel::kinds::{ALL, DOCUMENTS, facet_of};
use evenkeel_sim::call::Service;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{Input, hold};
use crate::common::scene::Scene;

#[test]
fn every_plan_of_a_part_is_as_written() {
    let runtime = Runtime::new().unwrap();
    hold("parts", |input| runtime.block_on(plan(input)));
}

async fn plan(input: &Input) -> String {
    let scene = Scene::new().await;
    if input.get("before").is_some() {
        scene.manifest(&input.members("before"));
        scene.apply().await;
    }
    for hand in input.section("hands").lines() {
        let (call, body) = hand.split_once(' ').unwrap();
        let (service, call) = call.split_once('.').unwrap_or(("lambda", call));
        let (call, qualifier) = call.split_once(':').map_or((call, None), |it| (it.0, Some(it.1)));
        // The stand-in knows operations by their own constants.
        let (call, body) = (call.to_owned().leak(), serde_json::from_str(body).unwrap());
        match service {
            "logs" => drop(scene.call(Service::Logs, call, ("", body))),
            "scaling" => drop(scene.call(Service::Scaling, call, ("", body))),
            _ => drop(scene.lambda(call, qualifier, body)),
        }
    }
    scene.manifest(&input.members("manifest"));
    let (code, text) = scene.planned(&[]).await;
    assert!(code < 2, "{text}");
    // What goes to the log is no part of it.
    let shown = |it: &&str| !it.is_empty() && !it.starts_with('{');
    text.lines().filter(shown).map(|it| format!("{it}\n")).collect()
}

/// A function with the least of every block.
const LEAST: &str = r#"  url: { authType: AWS_IAM }
  permissions: [{ sid: s3, principal: s3.amazonaws.com, action: "lambda:InvokeFunction", sourceAccount: "123456789012" }]
  asyncInvoke: { maximumRetryAttempts: 0 }
  concurrency: { reserved: 5, provisioned: 2 }
  recursiveLoop: Allow
  eventSources:
    - { eventSourceArn: "arn:aws:sqs:us-east-1:123456789012:orders" }
    - { eventSourceArn: "arn:aws:kinesis:us-east-1:123456789012:stream/reads", startingPosition: LATEST }
  logGroup: {}
  release: {}
---
apiVersion: evenkeel.dev/v1
kind: Repository
metadata: { name: tools }
spec: {}
"#;
/// The same on instances of its own, which logs otherwise by default.
const MANAGED: &str = r#"  memorySize: 4096
  capacityProviderConfig: { capacityProviderArn: "arn:aws:lambda:us-east-1:123456789012:capacity-provider:pool" }
  scalingConfig: { minExecutionEnvironments: 3, maxExecutionEnvironments: 9 }
  loggingConfig: { logFormat: JSON }
  release: {}
"#;

/// A plan names no field that nobody asked for: what AWS chooses by itself only hides what was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_will_be_created_names_only_what_a_manifest_says() {
    let scene = Scene::new().await;
    let mut told = BTreeSet::new();
    for manifest in [LEAST, MANAGED] {
        scene.manifest(manifest);
        let (_, text) = scene.on_manifests(&["plan", "-o", "json"]).await;
        let end = text.find("\n}").unwrap_or_else(|| panic!("{text}"));
        let plan: Value = serde_json::from_str(&text[..end + 2]).unwrap();
        let facets = plan["objects"].as_array().unwrap().iter();
        for facet in facets.flat_map(|it| it["facets"].as_array().unwrap()) {
            let name = facet["facet"].as_str().unwrap();
            told.insert(name.split('[').next().unwrap().replace('.', "/"));
            for field in facet["fields"].as_array().unwrap() {
                let path = field["path"].as_str().unwrap();
                let last = path.rsplit('/').next().unwrap();
                // The hash behind the id of a statement is ours.
                let last =
                    if name == "permissions" { last.split('-').next().unwrap() } else { last };
                // The manifest names no architecture, image or role of its own here; an image is built for one.
                let always = ["image", "architecture", "role"].contains(&last);
                assert!(always || manifest.contains(last), "{name}: {field}");
            }
        }
    }
    // A new block must be looked at here too.
    let all = ALL.iter().filter_map(|it| facet_of(it)).map(ToOwned::to_owned);
    let all: BTreeSet<String> = all.chain(DOCUMENTS.map(str::to_lowercase)).collect();
    assert_eq!(told, all);
}
