//! The blocks of functions, on the stand-in, by the real binary: each field that the schema knows is changed by
//! hand, and is seen, named and repaired; a block that is taken out of the manifest is taken away.

mod change;
mod event_sources;
mod headers;
mod independence;
mod log_groups;
mod managed;
mod principals;
mod room;
mod table;
mod urls;

use std::collections::BTreeSet;

use evenkeel::{
    kinds::BLOCKS,
    shape::{Field, Shape},
};
use serde_json::{Value, json};

use self::table::hands;
use crate::common::scene::Scene;

/// How many functions there are.
const FLEET: usize = 50;

/// Every block, with every field away from its default.
const EVERYTHING: &str = r#"
  url:
    authType: NONE
    invokeMode: RESPONSE_STREAM
    cors:
      allowCredentials: true
      allowHeaders: [x-b, x-a]
      allowMethods: [GET, POST]
      allowOrigins: ["https://a.example"]
      exposeHeaders: [x-c]
      maxAge: 60
  permissions:
    - sid: bucket
      principal: s3.amazonaws.com
      action: "lambda:*"
      sourceArn: "arn:aws:s3:::reads"
      sourceAccount: "${target.accountId}"
    - { sid: org, principal: "*", principalOrgId: o-0123456789 }
    - { sid: url, principal: "*", action: "lambda:InvokeFunctionUrl", functionUrlAuthType: NONE }
    - { sid: through, principal: "*", invokedViaFunctionUrl: true }
    - { sid: skill, principal: alexa-appkit.amazon.com, eventSourceToken: amzn1.ask.skill }
  asyncInvoke:
    maximumRetryAttempts: 1
    maximumEventAgeInSeconds: 300
    onSuccess: "arn:aws:sns:${target.region}:${target.accountId}:done"
    onFailure: "arn:aws:sqs:${target.region}:${target.accountId}:dead"
  concurrency: { reserved: 7 }
  recursiveLoop: Allow
  eventSources:
    - eventSourceArn: "arn:aws:sqs:${target.region}:${target.accountId}:orders"
      batchSize: 20
      maximumBatchingWindowInSeconds: 5
      filterCriteria: { filters: [{ pattern: '{"body": {"kind": ["order"]}}' }] }
      scalingConfig: { maximumConcurrency: 4 }
      functionResponseTypes: [ReportBatchItemFailures]
      kmsKeyArn: "arn:aws:kms:${target.region}:${target.accountId}:key/1"
      metricsConfig: { metrics: [EventCount] }
    - eventSourceArn: "arn:aws:kinesis:${target.region}:${target.accountId}:stream/clicks"
      enabled: false
      startingPosition: AT_TIMESTAMP
      startingPositionTimestamp: 2026-01-01T00:00:00Z
      parallelizationFactor: 2
      maximumRecordAgeInSeconds: 60
      maximumRetryAttempts: 2
      bisectBatchOnFunctionError: true
      tumblingWindowInSeconds: 30
      destinationConfig: { onFailure: "arn:aws:sns:${target.region}:${target.accountId}:lost" }
    - eventSourceArn: "arn:aws:kafka:${target.region}:${target.accountId}:cluster/log/0a-1"
      topics: [orders]
      startingPosition: LATEST
      amazonManagedKafkaEventSourceConfig: { consumerGroupId: jobs }
      sourceAccessConfigurations: [{ type: SASL_SCRAM_512_AUTH, uri: "arn:aws:secretsmanager:x" }]
      provisionedPollerConfig: { minimumPollers: 2, maximumPollers: 5 }
    - eventSourceArn: "arn:aws:mq:${target.region}:${target.accountId}:broker:b:b-1"
      queues: [orders]
      sourceAccessConfigurations:
        - { type: BASIC_AUTH, uri: "arn:aws:secretsmanager:x" }
        - { type: VIRTUAL_HOST, uri: /jobs }
    - eventSourceArn: "arn:aws:rds:${target.region}:${target.accountId}:cluster:documents"
      startingPosition: LATEST
      sourceAccessConfigurations: [{ type: BASIC_AUTH, uri: "arn:aws:secretsmanager:x" }]
      documentDBEventSourceConfig:
        { databaseName: shop, collectionName: orders, fullDocument: UpdateLookup }
  logGroup:
    retentionInDays: 14
    kmsKeyId: "arn:aws:kms:${target.region}:${target.accountId}:key/0a1b"
"#;

/// Every field that the schema knows, by its path.
fn fields(prefix: &str, shape: &Shape, into: &mut BTreeSet<String>) {
    match shape {
        Shape::Object(members) => {
            for Field { name, shape, .. } in *members {
                let path =
                    if prefix.is_empty() { (*name).to_owned() } else { format!("{prefix}.{name}") };
                into.insert(path.clone());
                fields(&path, shape, into);
            }
        }
        Shape::List(item, _) => fields(&format!("{prefix}[]"), item, into),
        Shape::Either(one, other) => {
            fields(prefix, one, into);
            fields(prefix, other, into);
        }
        _ => {}
    }
}

#[test]
fn no_field_of_the_schema_is_left_out() {
    let mut known = BTreeSet::new();
    fields("", &Shape::Object(BLOCKS), &mut known);
    let tried: BTreeSet<String> = hands().into_iter().map(|it| it.field).collect();
    assert_eq!(known, tried);
    let tests = [
        include_str!("../releases/mod.rs"),
        include_str!("../releases/canary.rs"),
        include_str!("managed.rs"),
        include_str!("urls.rs"),
    ]
    .concat();
    for test in hands().into_iter().filter_map(|it| it.tested) {
        assert!(tests.contains(&format!("async fn {test}()")), "there is no test {test}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_is_changed_by_hand_is_seen_named_and_repaired() {
    let scene = Scene::at(15.0).await;
    let fleet: Vec<String> = (0..FLEET).map(|number| format!("job-{number:02}")).collect();
    for name in &fleet {
        scene.manifest_of(name, EVERYTHING);
    }
    scene.apply().await;
    scene.assert_quiet().await;
    // What hangs on an alias has a test of its own.
    let hands = hands().into_iter().filter(|it| it.tested.is_none() && it.alias.is_none());
    for (hand, name) in hands.zip(fleet.iter().cycle()) {
        scene.change(&hand, name).await;
        let (code, text) = scene.planned(&[name]).await;
        assert_eq!(code, 1, "{} is not seen: {text}", hand.field);
        assert!(text.contains(&format!("    {}", hand.path)), "{}: {text}", hand.field);
        if hand.refused {
            assert!(text.contains("Immutable"), "{} is not refused: {text}", hand.field);
            let source = hand.source.as_ref().unwrap();
            let made = scene.mapping(source, name);
            let (code, text) = scene.on_manifests(&["apply", name]).await;
            assert_eq!(code, 1, "{}: {text}", hand.field);
            assert_eq!(scene.mapping(source, name)["UUID"], made["UUID"]);
            scene.unmap(&made["UUID"]).await;
        }
        let (code, text) = scene.on_manifests(&["apply", name]).await;
        assert_eq!(code, 0, "{} is not repaired: {text}", hand.field);
    }
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_an_alias_is_seen_named_and_repaired_and_goes() {
    let scene = Scene::new().await;
    let range = "{ min: 2, max: 10, targetUtilization: 0.7 }";
    scene.manifest(&format!("  release: {{}}\n  concurrency: {{ provisioned: {range} }}\n"));
    scene.apply().await;
    scene.assert_quiet().await;
    for hand in hands().into_iter().filter(|it| it.alias.is_some()) {
        scene.change(&hand, "job").await;
        let (code, text) = scene.planned(&[]).await;
        assert_eq!(code, 1, "{} is not seen: {text}", hand.field);
        assert!(text.contains(&format!("    {}", hand.path)), "{}: {text}", hand.field);
        scene.apply().await;
        let (code, text) = scene.planned(&[]).await;
        assert_eq!(code, 0, "{} is not repaired: {text}", hand.field);
    }
    scene.manifest("  release: {}\n  concurrency: { provisioned: 3 }\n");
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(scene.noted(), ["concurrency/provisioned", "release"]);
    scene.manifest("  release: {}\n");
    scene.apply().await;
    assert_eq!(scene.noted(), ["release"]);
    let left = scene.lambda("ListProvisionedConcurrencyConfigs", None, Value::Null);
    assert_eq!(left["ProvisionedConcurrencyConfigs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_of_the_manifest_is_taken_away_and_what_others_made_stays() {
    let scene = Scene::new().await;
    scene.manifest(EVERYTHING);
    scene.apply().await;
    let others = json!({ "StatementId": "theirs", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com" });
    scene.lambda("AddPermission", None, others);
    let all = ["asyncInvoke", "concurrency", "logGroup", "permissions", "recursiveLoop", "url"];
    assert_eq!(scene.noted(), all);
    scene.manifest("");
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    scene.apply().await;
    assert_eq!(scene.noted(), Vec::<String>::new());
    assert_eq!(scene.sids("job"), ["theirs"]);
    assert_eq!(scene.urls(), Vec::<String>::new());
    assert_eq!(scene.lambda("GetFunctionConcurrency", None, Value::Null), json!({}));
    assert_eq!(
        scene.lambda("GetFunctionRecursionConfig", None, Value::Null)["RecursiveLoop"],
        "Terminate"
    );
    assert_eq!(
        scene.lambda("ListFunctionEventInvokeConfigs", None, Value::Null)["FunctionEventInvokeConfigs"],
        json!([])
    );
    assert_eq!(scene.mapped(), Vec::<String>::new());
    // Logs are data: their group is left as it is.
    assert_eq!(scene.log_group()["retentionInDays"], 14);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_somebody_else_made_is_taken_over_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    scene.lambda("CreateFunctionUrlConfig", None, json!({ "AuthType": "AWS_IAM" }));
    scene.assert_quiet().await;
    scene.manifest("  url: { authType: NONE }\n");
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.lambda("GetFunctionUrlConfig", None, Value::Null)["AuthType"], "AWS_IAM");
    scene.manifest("  url: { authType: NONE }\n  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.lambda("GetFunctionUrlConfig", None, Value::Null)["AuthType"], "NONE");
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_called_so() {
    let scene = Scene::new().await;
    scene.manifest(EVERYTHING);
    scene.apply().await;
    let (_, text) = scene.planned(&[]).await;
    assert!(text.contains("public: ek-through-"), "{text}");
    assert!(text.contains("anyone on the internet can invoke the function"), "{text}");
    // The organization's members are not everybody.
    assert!(!text.contains("ek-org-"), "{text}");
}
