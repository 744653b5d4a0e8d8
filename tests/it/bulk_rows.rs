//! Bulk reads, on the stand-in, by the real binary: what is seen though only an exact read shows it.

use evenkeel_sim::call::{Call, Service};
use serde_json::{Value, json};

use crate::common::scene::{ACCOUNT, REGION, Scene};

/// Parts that are read exactly only once in a long while.
const PARTS: &str = r"
  tags: { team: a }
  logGroup: { retentionInDays: 7 }
  eventSources:
    - { eventSourceArn: 'arn:aws:sqs:${target.region}:${target.accountId}:orders' }
";
/// A repository of ours.
const REPOSITORY: &str = "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: { name: kept }\nspec:\n  tags: { team: a }\n";

/// A tag that each object of ours has.
const DELETION: &str = "evenkeel.dev/deletion";

impl Scene {
    /// Everything is in sync, and stays so long enough for bulk reads to have seen it.
    async fn at_rest(&self) {
        let synced = |it: &Self| {
            ["Function", "LogGroup", "EventSource", "Repository"]
                .into_iter()
                .all(|kind| it.row(kind)["status"] == "synced")
        };
        self.until("all is in sync", synced).await;
        let reads = |it: &Self| it.count(|it| it.operation == "GetResources");
        let before = reads(self);
        self.until("bulk reads", |it| reads(it) > before + 2).await;
    }

    fn repository_tags(&self) -> Value {
        let arn = format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/kept");
        self.call(Service::Ecr, "ListTagsForResource", ("kept", json!({ "resourceArn": arn })))
    }

    /// Tags of the function's event source; with `set`, after another party has set them.
    fn mapping_tags(&self, set: Option<Value>) -> Value {
        let all = self.lambda("ListEventSourceMappings", None, Value::Null);
        let arn = all["EventSourceMappings"][0]["EventSourceMappingArn"].clone();
        let call = |operation, body| {
            let call = Call::by(Self::caller(), (Service::Lambda, operation), ("", body));
            self.sim.by_call(&Call { rest: vec![arn.as_str().unwrap().into()], ..call }).unwrap()
        };
        if let Some(tags) = set {
            call("TagResource", json!({ "Tags": tags }));
        }
        call("ListTags", Value::Null).body["Tags"].clone()
    }

    fn retention(&self) -> Value {
        let group = ("/aws/lambda/job", json!({}));
        self.call(Service::Logs, "DescribeLogGroups", group)["logGroups"][0]["retentionInDays"]
            .clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_an_exact_read_shows_is_seen_by_bulk_reads() {
    let scene = Scene::new().await;
    scene.faults(&json!([{ "fault": "stale", "operations": ["GetResources"], "seconds": 30 }]));
    scene.manifest(PARTS);
    std::fs::write(scene.manifests().join("kept.yaml"), REPOSITORY).unwrap();
    let _daemon = scene.start();
    scene.at_rest().await;
    let other = json!([{ "Key": "team", "Value": "b" }]);
    scene.call(Service::Ecr, "TagResource", ("kept", json!({ "tags": other })));
    scene.mapping_tags(Some(json!({ DELETION: "delete" })));
    scene.call(
        Service::Logs,
        "PutRetentionPolicy",
        ("/aws/lambda/job", json!({ "retentionInDays": 365 })),
    );
    scene
        .until("the repository's tag", |it| {
            it.repository_tags()["tags"].to_string().contains(r#""Key":"team","Value":"a""#)
        })
        .await;
    scene.until("the event source's tag", |it| it.mapping_tags(None)[DELETION] == "retain").await;
    scene.until("the log group's retention", |it| it.retention() == 7).await;
    // What another process suspends is seen by all parts of the function.
    let hold = ["suspend", "job", "--for", "1h", "--reason", "incident"];
    assert_eq!(scene.run(&hold).await.0, 0);
    scene
        .until("suspended", |it| {
            ["Function", "LogGroup", "EventSource"]
                .into_iter()
                .all(|kind| it.row(kind)["status"] == "suspended")
        })
        .await;
    assert_eq!(scene.run(&["resume", "job"]).await.0, 0);
    scene.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_in_bulk_is_told_so_once() {
    let scene = Scene::new().await;
    scene.fails("GetResources", "deny");
    scene.manifest(PARTS);
    std::fs::write(scene.manifests().join("kept.yaml"), REPOSITORY).unwrap();
    let _daemon = scene.start();
    let refused = |it: &Scene| it.count(|it| it.operation == "GetResources" && it.status == 403);
    scene.until("refused twice", |it| refused(it) > 1).await;
    let told = scene.log().matches("cannot read in bulk").count();
    assert_eq!(told, 1, "{}", scene.log());
    scene.until("the rest goes on", |it| it.row("LogGroup")["status"] == "synced").await;
    scene.faults(&json!([]));
    scene.until("it goes on", |it| it.log().contains("reads in bulk again")).await;
}
