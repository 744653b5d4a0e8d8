//! The tagging API: what it shows, page by page, and how old that may be.

use std::time::Duration;

use evenkeel_sim::{
    call::{Call, Refusal, Service},
    world::{Lags, Options},
};
use serde_json::{Value, json};

use crate::scene::{ACCOUNT, REGION, Scene, caller};

fn arn(service: &str, rest: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}")
}

impl Scene {
    fn resources(&self, body: Value) -> Value {
        self.aws(Service::Tagging, "GetResources", ("", body))
    }

    /// The resources and their tags, as `ARN key=value …`.
    fn rows(&self, body: Value) -> Vec<String> {
        let found = self.resources(body);
        let row = |it: &Value| {
            let tags = it["Tags"].as_array().unwrap().iter();
            let tags = tags.map(|it| {
                format!(" {}={}", it["Key"].as_str().unwrap(), it["Value"].as_str().unwrap())
            });
            format!("{}{}", it["ResourceARN"].as_str().unwrap(), tags.collect::<String>())
        };
        found["ResourceTagMappingList"].as_array().unwrap().iter().map(row).collect()
    }

    fn repository(&self, name: &str, tags: &Value) {
        let body = json!({ "repositoryName": name, "tags": tags });
        self.aws(Service::Ecr, "CreateRepository", (name, body));
    }

    fn repository_tags(&self, operation: &'static str, body: Value) {
        self.aws(Service::Ecr, operation, ("team/jobs", body));
    }

    fn tags_of(&self, arn: &str, tags: Option<Value>) {
        let (operation, body, query) = match tags {
            Some(tags) => ("TagResource", json!({ "Tags": tags }), Vec::new()),
            None => ("UntagResource", Value::Null, vec![("tagKeys".into(), "team".into())]),
        };
        let name = arn.split(":function:").nth(1).unwrap_or_default();
        let call = Call::by(caller(), (Service::Lambda, operation), (name, body));
        self.sim.by_call(&Call { rest: vec![arn.into()], query, ..call }).unwrap();
    }

    /// A function `job` with a tag; the ARN of an event source of it, with one too.
    async fn with_source(&self) -> String {
        let image = json!({ "imageManifest": "{}", "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json", "imageTag": "v1" });
        self.aws(Service::Ecr, "PutImage", ("team/jobs", image));
        let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/jobs:v1");
        let body = json!({
            "FunctionName": "job", "PackageType": "Image", "Code": { "ImageUri": uri },
            "Role": "arn:aws:iam::123456789012:role/job", "Tags": { "team": "a" },
        });
        self.aws(Service::Lambda, "CreateFunction", ("job", body));
        self.settled().await;
        let body = json!({
            "FunctionName": "job", "EventSourceArn": arn("sqs", "queue"), "Tags": { "team": "a" },
        });
        let made = self.aws(Service::Lambda, "CreateEventSourceMapping", ("job", body));
        made["EventSourceMappingArn"].as_str().unwrap().to_owned()
    }

    fn refused(&self, body: Value) -> Refusal {
        let call = Call::by(caller(), (Service::Tagging, "GetResources"), ("", body));
        self.sim.by_call(&call).unwrap_err()
    }

    async fn wait(&self, time: Duration) {
        let until = self.sim.shared.now() + time;
        while self.sim.shared.now() < until {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn whatever_has_or_had_a_tag_is_shown() {
    let scene = Scene::new(Options { time_scale: 1000.0, ..Options::default() }).await;
    assert_eq!(scene.rows(json!({})), Vec::<String>::new(), "it never had a tag");
    let mapping = scene.with_source().await;
    let (function, jobs) = (arn("lambda", "function:job"), arn("ecr", "repository/team/jobs"));
    scene.repository_tags("TagResource", json!({ "tags": [{ "Key": "team", "Value": "b" }] }));
    let all = [format!("{jobs} team=b"), format!("{mapping} team=a"), format!("{function} team=a")];
    assert_eq!(scene.rows(json!({})), all);
    let of = |kind: &str| scene.rows(json!({ "ResourceTypeFilters": [kind] }));
    assert_eq!(of("lambda"), all[1..]);
    assert_eq!(of("lambda:function"), all[2..]);
    assert_eq!(of("lambda:event-source-mapping"), all[1..2]);
    assert_eq!(of("ecr:repository"), all[..1]);
    assert_eq!(of("ecr:repo"), Vec::<String>::new());
    // What lost all its tags has none in its row, and is in no answer about tags.
    scene.repository_tags("UntagResource", json!({ "tagKeys": ["team"] }));
    scene.tags_of(&mapping, None);
    scene.tags_of(&function, None);
    assert_eq!(scene.rows(json!({})), [jobs, mapping.clone(), function]);
    let filter = json!({ "TagFilters": [{ "Key": "team" }] });
    assert_eq!(scene.rows(filter), Vec::<String>::new());
    // What is gone is not shown.
    let id = mapping.rsplit(':').next().unwrap();
    let call = Call::by(caller(), (Service::Lambda, "DeleteEventSourceMapping"), ("", Value::Null));
    scene.wait(Duration::from_secs(11)).await;
    scene.sim.by_call(&Call { rest: vec![id.into()], ..call }).unwrap();
    scene.aws(Service::Ecr, "DeleteRepository", ("team/jobs", json!({ "force": true })));
    scene.aws(Service::Lambda, "DeleteFunction", ("job", Value::Null));
    scene.wait(Duration::from_secs(11)).await;
    assert_eq!(scene.rows(json!({})), Vec::<String>::new());
}

#[tokio::test]
async fn pages_are_chained() {
    let scene = Scene::new(Options::default()).await;
    let tags = json!([{ "Key": "team", "Value": "a" }]);
    for number in 0..120 {
        scene.repository(&format!("r{number:03}"), &tags);
    }
    let sizes = |size: Value| {
        let (mut sizes, mut names, mut token) = (Vec::new(), Vec::new(), Value::Null);
        while token != "" {
            let body = json!({ "ResourcesPerPage": size, "PaginationToken": token });
            let found = scene.resources(body);
            let rows = found["ResourceTagMappingList"].as_array().unwrap();
            sizes.push(rows.len());
            names.extend(rows.iter().map(|it| it["ResourceARN"].clone()));
            token = found["PaginationToken"].clone();
        }
        names.dedup();
        assert_eq!(names.len(), 120);
        sizes
    };
    assert_eq!(sizes(Value::Null), [50, 50, 20]);
    assert_eq!(sizes(json!(100)), [100, 20]);
    assert_eq!(sizes(json!(60)), [60, 60]);
    for body in [json!({ "ResourcesPerPage": 101 }), json!({ "ResourcesPerPage": 0 })] {
        assert_eq!(scene.refused(body).code, "InvalidParameterException");
    }
    let body = json!({ "PaginationToken": "no token of ours" });
    assert_eq!(scene.refused(body).code, "InvalidParameterException");
    // A row may be missing, as in any list.
    scene.faults(json!([{ "fault": "half-list", "operations": ["GetResources"], "omit": 1.0 }]));
    let call = Call::by(caller(), (Service::Tagging, "GetResources"), ("", json!({})));
    let now = scene.sim.shared.now();
    let mut world = scene.sim.shared.world();
    let ticket = world.admit(&call, now);
    let found = world.run(&call, &ticket, now).unwrap().body;
    assert_eq!(found["ResourceTagMappingList"], json!([]));
    assert_ne!(found["PaginationToken"], "");
}

#[tokio::test]
async fn a_token_grows_old() {
    let scene = Scene::new(Options { time_scale: 100_000.0, ..Options::default() }).await;
    for name in ["aa", "bb"] {
        scene.repository(name, &json!([{ "Key": "team", "Value": "a" }]));
    }
    let found = scene.resources(json!({ "ResourcesPerPage": 1 }));
    let body = json!({ "PaginationToken": found["PaginationToken"] });
    scene.wait(Duration::from_mins(16)).await;
    assert_eq!(scene.refused(body).code, "PaginationTokenExpiredException");
}

#[tokio::test]
async fn the_index_is_as_old_as_it_is_told_to_be() {
    let lags = Lags { tags: Duration::from_mins(1), ..Lags::default() };
    let scene = Scene::new(Options { time_scale: 1000.0, lags, ..Options::default() }).await;
    let mapping = scene.with_source().await;
    let (function, jobs) = (arn("lambda", "function:job"), arn("ecr", "repository/team/jobs"));
    scene.repository_tags("TagResource", json!({ "tags": [{ "Key": "team", "Value": "a" }] }));
    assert_eq!(scene.rows(json!({})), Vec::<String>::new());
    scene.wait(Duration::from_secs(61)).await;
    let before = [&jobs, &mapping, &function].map(|it| format!("{it} team=a"));
    assert_eq!(scene.rows(json!({})), before);
    scene.tags_of(&function, Some(json!({ "team": "b" })));
    scene.tags_of(&mapping, Some(json!({ "team": "b" })));
    scene.repository_tags("UntagResource", json!({ "tagKeys": ["team"] }));
    assert_eq!(scene.rows(json!({})), before);
    scene.wait(Duration::from_secs(61)).await;
    let after = [jobs, format!("{mapping} team=b"), format!("{function} team=b")];
    assert_eq!(scene.rows(json!({})), after);
}
