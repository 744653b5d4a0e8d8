//! The blocks of functions, on the stand-in, by the real binary: each field that the schema knows is changed by
//! hand, and is seen, named and repaired; a block that is taken out of the manifest is taken away.

#![allow(
    clippy::allow_attributes,
    clippy::cloned_ref_to_slice_refs,
    clippy::default_trait_access,
    clippy::format_push_string,
    clippy::large_futures,
    clippy::excessive_nesting,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_enum_variant,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests and their helpers fail loudly"
)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Stdio,
    time::Duration,
};

use common::hands::{Hand, hands, over};
use evenkeel::{
    kinds::BLOCKS,
    shape::{Field, Shape},
};
use evenkeel_sim::{
    call::{Call, Caller, Service},
    journal::Entry,
    server::Sim,
    world::Options,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

#[path = "blocks/event_sources.rs"]
mod event_sources;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// The binary's access key, by which its calls are known.
const KEY: &str = "AKIAOURS";

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
    let tests = include_str!("releases.rs");
    for test in hands().into_iter().filter_map(|it| it.tested) {
        assert!(tests.contains(&format!("async fn {test}()")), "there is no test {test}");
    }
}

struct Scene {
    sim: Sim,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let options = Options { time_scale: 50.0, ..Options::default() };
        let sim = Sim::start(options, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let scene = Self { sim, folder: TempDir::new().unwrap() };
        scene.call(Service::Ecr, "CreateRepository", ("jobs", json!({})));
        let manifest = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json" });
        let body = json!({ "imageManifest": manifest.to_string(), "imageTag": "v1" });
        scene.call(Service::Ecr, "PutImage", ("jobs", body));
        scene
    }

    fn manifest(&self, name: &str, blocks: &str) {
        let text = format!(
            "apiVersion: evenkeel.dev/v1\nkind: Function\nmetadata: {{ name: {name} }}\nspec:\n  image: jobs:v1\n  role: job\n{blocks}"
        );
        fs::write(self.folder.path().join(format!("{name}.yaml")), text).unwrap();
    }

    /// Somebody else's call.
    fn call(
        &self,
        service: Service,
        operation: &'static str,
        (resource, body): (&str, Value),
    ) -> Value {
        let caller = Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() };
        let rest = body.as_str().map(str::to_owned).into_iter().collect();
        let call = Call { rest, ..Call::by(caller, (service, operation), (resource, body)) };
        let answer = self.sim.by_call(&call);
        answer.unwrap_or_else(|it| panic!("{operation}: {}", it.message)).body
    }

    fn lambda(&self, operation: &'static str, body: Value) -> Value {
        self.call(Service::Lambda, operation, ("job", body))
    }

    fn logs(&self, operation: &'static str, body: Value) -> Value {
        self.call(Service::Logs, operation, ("/aws/lambda/job", body))
    }

    /// The function's log group, if there is one.
    fn log_group(&self) -> Value {
        self.logs("DescribeLogGroups", json!({}))["logGroups"][0].clone()
    }

    /// The whole id of a statement, by its beginning.
    fn sid(&self, start: &str) -> String {
        let policy = self.lambda("GetPolicy", Value::Null);
        let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
        let sids =
            policy["Statement"].as_array().unwrap().iter().map(|it| it["Sid"].as_str().unwrap());
        sids.into_iter().find(|it| it.starts_with(start)).unwrap().to_owned()
    }

    /// The mapping of an event source.
    fn mapping(&self, source: &str) -> Value {
        let all = self.lambda("ListEventSourceMappings", Value::Null);
        let mut all = all["EventSourceMappings"].as_array().unwrap().iter();
        let found = all.find(|it| it["EventSourceArn"].as_str().unwrap().contains(source));
        found.unwrap_or_else(|| panic!("no mapping of {source}")).clone()
    }

    /// Somebody else's call about a mapping, by its id or ARN.
    fn about(&self, operation: &'static str, (id, body): (&Value, Value)) -> Result<Value, String> {
        let caller = Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() };
        let rest = vec![id.as_str().unwrap().to_owned()];
        let call = Call { rest, ..Call::by(caller, (Service::Lambda, operation), ("", body)) };
        self.sim.by_call(&call).map(|it| it.body).map_err(|it| it.message)
    }

    /// Somebody deletes a mapping; returns once it is gone.
    async fn unmap(&self, id: &Value) {
        self.about("DeleteEventSourceMapping", (id, Value::Null)).unwrap();
        let gone = async {
            while self.about("GetEventSourceMapping", (id, Value::Null)).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    }

    /// Somebody changes a mapping, or deletes it and makes another with the same tags.
    async fn remap(&self, hand: &Hand) {
        let found = self.mapping(hand.source.as_ref().unwrap());
        let Some(members) = &hand.remake else {
            let body = (&found["UUID"], hand.body.clone());
            self.about("UpdateEventSourceMapping", body).unwrap();
            return;
        };
        let tags = self.about("ListTags", (&found["EventSourceMappingArn"], Value::Null)).unwrap();
        self.unmap(&found["UUID"]).await;
        let mut body = over(found, members);
        body["Tags"] = tags["Tags"].clone();
        body["Enabled"] = json!(body["State"] == "Enabled");
        let shown = body.as_object_mut().unwrap();
        for name in ["UUID", "FunctionArn", "EventSourceMappingArn", "State", "LastModified"] {
            shown.remove(name);
        }
        if shown.get("DestinationConfig") == Some(&json!({ "OnFailure": {} })) {
            shown.remove("DestinationConfig");
        }
        self.lambda("CreateEventSourceMapping", body);
    }

    /// Somebody changes a field.
    async fn change(&self, hand: &Hand) {
        if hand.source.is_some() {
            self.remap(hand).await;
        } else if let Some(members) = &hand.cors {
            let url = self.lambda("GetFunctionUrlConfig", Value::Null);
            let cors = over(url["Cors"].clone(), members);
            self.lambda("UpdateFunctionUrlConfig", json!({ "Cors": cors }));
        } else if let Some(start) = &hand.remove {
            self.lambda("RemovePermission", json!(self.sid(start)));
        } else if let Some(start) = &hand.replace {
            let sid = self.sid(start);
            self.lambda("RemovePermission", json!(sid.clone()));
            let usual =
                json!({ "StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "*" });
            self.lambda("AddPermission", over(usual, &hand.body));
        } else {
            let caller =
                Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() };
            self.sim.by_call(&hand.call(caller, "job")).unwrap();
        }
    }

    /// Runs the binary on the manifests; its exit code and what it prints.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let folder = self.folder.path().to_str().unwrap();
        self.command(&[arguments, &[folder]].concat()).await
    }

    async fn command(&self, arguments: &[&str]) -> (i32, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(arguments)
            .args(["--owner", "team", "--time-scale", "50"])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", self.sim.url())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        (out.status.code().unwrap_or(-1), text + &String::from_utf8(out.stderr).unwrap())
    }

    async fn apply(&self) {
        let (code, text) = self.run(&["apply"]).await;
        assert_eq!(code, 0, "{text}");
    }

    async fn assert_quiet(&self) {
        let (code, text) = self.run(&["plan"]).await;
        assert_eq!(code, 0, "{text}");
        let before = self.writes();
        self.apply().await;
        assert_eq!(self.writes(), before, "it writes though nothing differs");
    }

    /// How many writes the binary has made.
    fn writes(&self) -> usize {
        let world = self.sim.shared.world();
        let ours = |it: &&Entry| it.caller == KEY && it.write;
        world.journal().since(0).iter().filter(ours).count()
    }

    /// All functions, by name.
    fn functions(&self) -> BTreeMap<String, Value> {
        let caller = Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() };
        self.sim.shared.world().functions(&caller)
    }

    /// The blocks that the function's tags say are ours.
    fn noted(&self) -> Vec<String> {
        let all = self.functions();
        let tags = all["job"]["tags"].as_object().unwrap().keys();
        tags.filter_map(|it| Some(it.strip_prefix("evenkeel.dev/block/")?.to_owned())).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_that_is_changed_by_hand_is_seen_named_and_repaired() {
    let scene = Scene::new().await;
    scene.manifest("job", EVERYTHING);
    scene.apply().await;
    scene.assert_quiet().await;
    // What hangs on an alias has a test of its own.
    for hand in hands().into_iter().filter(|it| it.tested.is_none() && it.alias.is_none()) {
        scene.change(&hand).await;
        let (code, text) = scene.run(&["plan"]).await;
        assert_eq!(code, 1, "{} is not seen: {text}", hand.field);
        assert!(
            text.contains(&format!("    {}", hand.path)),
            "{} is not named: {text}",
            hand.field
        );
        if hand.refused {
            assert!(text.contains("Immutable"), "{} is not refused: {text}", hand.field);
            let made = scene.mapping(hand.source.as_ref().unwrap());
            let (code, text) = scene.run(&["apply"]).await;
            assert_eq!(code, 1, "{}: {text}", hand.field);
            assert_eq!(scene.mapping(hand.source.as_ref().unwrap())["UUID"], made["UUID"]);
            scene.unmap(&made["UUID"]).await;
        }
        scene.apply().await;
        let (code, text) = scene.run(&["plan"]).await;
        assert_eq!(code, 0, "{} is not repaired: {text}", hand.field);
    }
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_an_alias_is_seen_named_and_repaired_and_goes() {
    let scene = Scene::new().await;
    let range = "{ min: 2, max: 10, targetUtilization: 0.7 }";
    scene.manifest("job", &format!("  release: {{}}\n  concurrency: {{ provisioned: {range} }}\n"));
    scene.apply().await;
    scene.assert_quiet().await;
    for hand in hands().into_iter().filter(|it| it.alias.is_some()) {
        scene.change(&hand).await;
        let (code, text) = scene.run(&["plan"]).await;
        assert_eq!(code, 1, "{} is not seen: {text}", hand.field);
        assert!(text.contains(&format!("    {}", hand.path)), "{}: {text}", hand.field);
        scene.apply().await;
        let (code, text) = scene.run(&["plan"]).await;
        assert_eq!(code, 0, "{} is not repaired: {text}", hand.field);
    }
    scene.manifest("job", "  release: {}\n  concurrency: { provisioned: 3 }\n");
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(scene.noted(), ["concurrency/provisioned", "release"]);
    scene.manifest("job", "  release: {}\n");
    scene.apply().await;
    assert_eq!(scene.noted(), ["release"]);
    let left = scene.lambda("ListProvisionedConcurrencyConfigs", Value::Null);
    assert_eq!(left["ProvisionedConcurrencyConfigs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_of_the_manifest_is_taken_away_and_what_others_made_stays() {
    let scene = Scene::new().await;
    scene.manifest("job", EVERYTHING);
    scene.apply().await;
    let others = json!({ "StatementId": "theirs", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com" });
    scene.lambda("AddPermission", others);
    let all = ["asyncInvoke", "concurrency", "logGroup", "permissions", "recursiveLoop", "url"];
    assert_eq!(scene.noted(), all);
    scene.manifest("job", "");
    let (code, text) = scene.run(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    scene.apply().await;
    assert_eq!(scene.noted(), Vec::<String>::new());
    let policy = scene.lambda("GetPolicy", Value::Null);
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    let sids: Vec<&str> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Sid"].as_str().unwrap())
        .collect();
    assert_eq!(sids, ["theirs"]);
    assert_eq!(
        scene.lambda("ListFunctionUrlConfigs", Value::Null)["FunctionUrlConfigs"],
        json!([])
    );
    assert_eq!(scene.lambda("GetFunctionConcurrency", Value::Null), json!({}));
    assert_eq!(
        scene.lambda("GetFunctionRecursionConfig", Value::Null)["RecursiveLoop"],
        "Terminate"
    );
    assert_eq!(
        scene.lambda("ListFunctionEventInvokeConfigs", Value::Null)["FunctionEventInvokeConfigs"],
        json!([])
    );
    let mappings = scene.lambda("ListEventSourceMappings", Value::Null);
    assert_eq!(mappings["EventSourceMappings"], json!([]));
    // Logs are data: their group is left as it is.
    assert_eq!(scene.log_group()["retentionInDays"], 14);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_as_lambda_makes_it_is_nobodys_and_one_that_somebody_set_up_is() {
    let scene = Scene::new().await;
    scene.logs("CreateLogGroup", json!({}));
    scene.manifest("job", "  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["retentionInDays"], 7);
    scene.manifest("job", "");
    scene.apply().await;
    assert_eq!(scene.noted(), Vec::<String>::new());
    scene.manifest("job", "  logGroup: { retentionInDays: 7 }\n");
    scene.apply().await;
    assert_eq!(scene.noted(), ["logGroup"]);
    scene.manifest("job", "");
    scene.apply().await;
    scene.logs("PutRetentionPolicy", json!({ "retentionInDays": 365 }));
    // Fewer days would delete logs.
    scene.manifest("job", "  logGroup: { retentionInDays: 7 }\n");
    let (code, text) = scene.run(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.log_group()["retentionInDays"], 365);
    scene.manifest("job", "  logGroup: { retentionInDays: 7 }\n  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["retentionInDays"], 7);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_name_goes_on_is_another_one() {
    let scene = Scene::new().await;
    for number in 0..60 {
        let name = format!("/aws/lambda/job-{number:02}");
        scene.call(Service::Logs, "CreateLogGroup", (&name, json!({})));
    }
    scene.manifest("job", "  logGroup: {}\n");
    scene.apply().await;
    assert_eq!(scene.log_group()["logGroupName"], "/aws/lambda/job");
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_somebody_else_made_is_taken_over_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("job", "");
    scene.apply().await;
    scene.lambda("CreateFunctionUrlConfig", json!({ "AuthType": "AWS_IAM" }));
    scene.assert_quiet().await;
    scene.manifest("job", "  url: { authType: NONE }\n");
    let (code, text) = scene.run(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.lambda("GetFunctionUrlConfig", Value::Null)["AuthType"], "AWS_IAM");
    scene.manifest("job", "  url: { authType: NONE }\n  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.lambda("GetFunctionUrlConfig", Value::Null)["AuthType"], "NONE");
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_called_so() {
    let scene = Scene::new().await;
    scene.manifest("job", EVERYTHING);
    scene.apply().await;
    let (_, text) = scene.run(&["plan"]).await;
    assert!(text.contains("public: ek-through-"), "{text}");
    assert!(text.contains("anyone on the internet can invoke the function"), "{text}");
    // The organization's members are not everybody.
    assert!(!text.contains("ek-org-"), "{text}");
}
