//! Logs: what an invocation leaves there, in AWS's own form, and how it is found again.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use evenkeel_sim::{
    call::{Call, Reply, Service},
    world::{Options, Script},
};
use serde_json::{Value, json};

use crate::scene::{ACCOUNT, REGION, Scene, caller};

const GROUP: &str = "/aws/lambda/job";

impl Scene {
    /// A function `job`; its clock stands at the first of January 1970 and does not wait.
    async fn with_job(config: Value) -> Self {
        let scene = Self::new(Options { time_scale: 1000.0, ..Options::default() }).await;
        let image = json!({ "imageManifest": "{}", "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json", "imageTag": "v1" });
        scene.aws(Service::Ecr, "PutImage", ("team/jobs", image));
        let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/jobs:v1");
        let mut body = json!({
            "FunctionName": "job",
            "PackageType": "Image",
            "Code": { "ImageUri": uri },
            "Role": "arn:aws:iam::123456789012:role/job",
        });
        for (name, value) in config.as_object().unwrap() {
            body[name] = value.clone();
        }
        scene.aws(Service::Lambda, "CreateFunction", ("job", body));
        scene.settled().await;
        scene
    }

    fn says(&self, lines: &[&str]) {
        let script: Script = serde_json::from_value(json!({
            "function": "job", "payload": 1, "log": lines, "durationMs": 12.345
        }))
        .unwrap();
        self.sim.shared.world().script(&caller(), vec![script]);
    }

    fn invoke(&self, headers: &[(&str, &str)]) -> Reply {
        let own = |it: &(&str, &str)| (it.0.to_owned(), it.1.to_owned());
        let call = Call::by(caller(), (Service::Lambda, "Invoke"), ("job", json!("e30=")));
        self.sim.by_call(&Call { headers: headers.iter().map(own).collect(), ..call }).unwrap()
    }

    fn filter(&self, body: Value) -> Value {
        self.aws(Service::Logs, "FilterLogEvents", (GROUP, body))
    }

    fn messages(&self, body: Value) -> Vec<String> {
        let found = self.filter(body);
        let all = found["events"].as_array().unwrap().iter();
        all.map(|it| it["message"].as_str().unwrap().to_owned()).collect()
    }
}

fn tail(reply: &Reply) -> String {
    let found = reply.headers.iter().find(|it| it.0 == "x-amz-log-result").unwrap();
    String::from_utf8(BASE64_STANDARD.decode(&found.1).unwrap()).unwrap()
}

/// The text with the ids of requests out of the way.
fn plain(text: &str) -> String {
    let id = text.split("RequestId: ").nth(1).unwrap_or_default().get(..36).unwrap_or_default();
    text.replace(id, "ID")
}

#[tokio::test]
async fn an_invocation_writes_what_lambda_writes() {
    let scene = Scene::with_job(json!({})).await;
    let call = Call::by(caller(), (Service::Logs, "FilterLogEvents"), (GROUP, json!({})));
    let none = scene.sim.by_call(&call).unwrap_err();
    assert_eq!((none.status, none.code.as_ref()), (400, "ResourceNotFoundException"));
    assert_eq!(none.message, "The specified log group does not exist.");
    scene.says(&["reading", "no such base"]);
    let cold = tail(&scene.invoke(&[("x-amz-log-type", "Tail")]));
    assert_eq!(
        plain(&cold),
        "INIT_START Runtime Version: \tRuntime Version ARN: \n\
         START RequestId: ID Version: $LATEST\n\
         reading\n\
         no such base\n\
         END RequestId: ID\n\
         REPORT RequestId: ID\tDuration: 12.35 ms\tBilled Duration: 133 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tInit Duration: 120.00 ms\t\n"
    );
    assert_eq!(scene.messages(json!({})).concat(), cold);
    let warm = plain(&tail(&scene.invoke(&[("x-amz-log-type", "Tail")])));
    assert!(warm.starts_with("START RequestId") && !warm.contains("Init Duration"), "{warm}");
    let found = scene.aws(Service::Logs, "DescribeLogStreams", (GROUP, json!({})));
    let streams = found["logStreams"].as_array().unwrap();
    let name = streams[0]["logStreamName"].as_str().unwrap();
    assert!(name.starts_with("1970/01/01/[$LATEST]") && name.len() == 20 + 32, "{name}");
    assert_eq!(streams.len(), 1, "it was warm");
    // Another configuration is another environment.
    scene.aws(
        Service::Lambda,
        "UpdateFunctionConfiguration",
        ("job", json!({ "MemorySize": 256 })),
    );
    scene.settled().await;
    assert_eq!(scene.invoke(&[("x-amz-invocation-type", "Event")]).status, 202);
    assert_eq!(scene.invoke(&[("x-amz-invocation-type", "DryRun")]).status, 204);
    let found = scene.aws(Service::Logs, "DescribeLogStreams", (GROUP, json!({})));
    assert_eq!(found["logStreams"].as_array().unwrap().len(), 2);
    assert_eq!(scene.messages(json!({ "filterPattern": "REPORT \"256 MB\"" })).len(), 1);
}

#[tokio::test]
async fn records_are_json_where_that_is_asked_for() {
    let logging = json!({ "LogFormat": "JSON", "LogGroup": "/jobs" });
    let scene = Scene::with_job(json!({ "LoggingConfig": logging })).await;
    scene.says(&["{\"level\":\"ERROR\"}"]);
    let log = tail(&scene.invoke(&[("x-amz-log-type", "Tail")]));
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("{\"time\":\"1970-01-01T00:00:"), "{log}");
    let records: Vec<Value> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(
        (&records[0]["type"], &records[2]["type"]),
        (&json!("platform.start"), &json!("platform.report"))
    );
    assert_eq!(records[0]["record"]["version"], "$LATEST");
    let metrics = json!({ "durationMs": 12.345, "billedDurationMs": 133, "memorySizeMB": 128, "maxMemoryUsedMB": 64, "initDurationMs": 120.0 });
    assert_eq!(records[2]["record"]["metrics"], metrics);
    let body = json!({ "filterPattern": "{ $.level = \"ERROR\" }" });
    let found = scene.aws(Service::Logs, "FilterLogEvents", ("/jobs", body));
    assert_eq!(found["events"].as_array().unwrap().len(), 1);
    assert_eq!(found["events"][0]["message"], "{\"level\":\"ERROR\"}\n");
}

#[tokio::test]
async fn events_are_found_by_words_streams_and_time() {
    let scene = Scene::with_job(json!({})).await;
    for line in ["one", "two", "three"] {
        scene.says(&[line]);
        scene.invoke(&[]);
        let next = scene.sim.shared.now() + std::time::Duration::from_millis(5);
        while scene.sim.shared.now() < next {
            tokio::task::yield_now().await;
        }
    }
    let own = "-START -END -REPORT";
    assert_eq!(scene.messages(json!({ "filterPattern": own })), ["one\n", "two\n", "three\n"]);
    assert_eq!(scene.messages(json!({ "filterPattern": "?one ?two" })), ["one\n", "two\n"]);
    let mut seen = Vec::new();
    let mut body = json!({ "filterPattern": own, "limit": 2 });
    loop {
        let found = scene.filter(body.clone());
        seen.extend(found["events"].as_array().unwrap().iter().cloned());
        let Some(next) = found.get("nextToken") else { break };
        body["nextToken"] = next.clone();
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1]["ingestionTime"], seen[1]["timestamp"]);
    let mut ids: Vec<&Value> = seen.iter().map(|it| &it["eventId"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let from = json!({ "filterPattern": own, "startTime": seen[1]["timestamp"] });
    assert_eq!(scene.messages(from), ["two\n", "three\n"]);
    let until = json!({ "filterPattern": own, "endTime": seen[1]["timestamp"] });
    assert_eq!(scene.messages(until), ["one\n", "two\n"]);
    assert!(scene.messages(json!({ "logStreamNamePrefix": "1971" })).is_empty());
    let stream = &seen[0]["logStreamName"];
    assert_eq!(scene.messages(json!({ "logStreamNames": [stream] })).len(), 13);
    let by_arn = json!({ "logGroupIdentifier": format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*"), "logStreamName": stream });
    let sent = [
        ("x-amz-target", "Logs_20140328.GetLogEvents"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/logs/aws4_request, x",
        ),
    ];
    let got = scene.ask(("POST", "/"), &sent, by_arn.to_string()).await.unwrap();
    assert_eq!(got.json()["events"].as_array().unwrap().len(), 13, "{got:?}");
    pages(&scene, stream);
}

/// The newest come first, and a token that leads nowhere stays as it is.
fn pages(scene: &Scene, stream: &Value) {
    let get = |token: &Value| {
        let body = json!({ "logStreamName": stream, "limit": 9, "nextToken": token });
        scene.aws(Service::Logs, "GetLogEvents", (GROUP, body))
    };
    let length = |it: &Value| it["events"].as_array().unwrap().len();
    let last = get(&Value::Null);
    assert_eq!(
        (length(&last), &last["events"][8]["message"].as_str().unwrap()[..6]),
        (9, "REPORT")
    );
    let before = get(&last["nextBackwardToken"]);
    assert_eq!(length(&before), 4);
    let end = get(&last["nextForwardToken"]);
    assert_eq!((length(&end), &end["nextForwardToken"]), (0, &last["nextForwardToken"]));
}
