//! Images that run: a program in an image that is pushed, asked by Invoke, warm, failing, late, gone.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use evenkeel_sim::{
    call::{Call, Service},
    world::Options,
};
use serde_json::{Value, json};
use tar::{Builder, Header};

use crate::scene::{ACCOUNT, Got, REGION, Scene, caller};

const PROGRAM: &str = env!("CARGO_BIN_EXE_evenkeel-sim-function");
const MEDIA: &str = "application/vnd.oci.image.manifest.v1+json";
const SIGNED: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/lambda/aws4_request, x");

impl Scene {
    /// A function of an image with the program, and whatever its configuration says besides.
    async fn with_program(config: Value) -> Self {
        let options =
            Options { run_images: true, time_scale: 50.0, quotas: false, ..Options::default() };
        let scene = Self::new(options).await;
        scene.push_program("v1", &["/bin/function", "one"]).await;
        let mut body = json!({
            "FunctionName": "job",
            "PackageType": "Image",
            "Code": { "ImageUri": uri("v1") },
            "Role": "arn:aws:iam::123456789012:role/job",
            "Timeout": 20,
            "Environment": { "Variables": { "BASE": "A" } },
        });
        for (name, value) in config.as_object().unwrap() {
            body[name] = value.clone();
        }
        scene.aws(Service::Lambda, "CreateFunction", ("job", body));
        scene.settled().await;
        scene
    }

    async fn layer(&self, bytes: Vec<u8>) -> Value {
        let digest = crate::registry::digest(&bytes);
        let size = bytes.len();
        let place = format!("/v2/team/jobs/blobs/uploads/?digest={digest}");
        assert_eq!(self.ask(("POST", &place), &[], bytes).await.unwrap().status, 201);
        json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": size })
    }

    async fn push_program(&self, tag: &str, entrypoint: &[&str]) {
        let mut builder = Builder::new(Vec::new());
        builder.append_path_with_name(PROGRAM, "bin/program").unwrap();
        let mut link = Header::new_gnu();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        builder.append_link(&mut link, "bin/function", "/bin/program").unwrap();
        let mut text = Header::new_gnu();
        text.set_size(4);
        text.set_mode(0o644);
        builder.append_data(&mut text, "srv/notes", b"text".as_slice()).unwrap();
        let layer = self.layer(builder.into_inner().unwrap()).await;
        let own = json!({ "Entrypoint": entrypoint, "Cmd": ["two"], "Env": ["BASE=image", "KIND=image"], "WorkingDir": "/srv" });
        let config = json!({ "architecture": "amd64", "os": "linux", "config": own });
        let config = self.layer(config.to_string().into_bytes()).await;
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MEDIA, "config": config, "layers": [layer] });
        let path = format!("/v2/team/jobs/manifests/{tag}");
        let headers = [("content-type", MEDIA)];
        let pushed = self.ask(("PUT", &path), &headers, manifest.to_string()).await.unwrap();
        assert_eq!(pushed.status, 201, "{pushed:?}");
    }

    async fn change(&self, operation: &'static str, body: Value) {
        self.aws(Service::Lambda, operation, ("job", body));
        self.settled().await;
    }

    async fn run(&self, event: Value, headers: &[(&str, &str)]) -> Got {
        let headers = [&[SIGNED, ("x-amz-log-type", "Tail")], headers].concat();
        let path = "/2015-03-31/functions/job/invocations";
        self.ask(("POST", path), &headers, event.to_string()).await.unwrap()
    }

    /// What went wrong, in Lambda's words, without the request's id.
    async fn fault(&self, event: Value) -> (String, String, String) {
        let got = self.run(event, &[]).await;
        assert_eq!((got.status, got.header("x-amz-function-error")), (200, "Unhandled"), "{got:?}");
        let (kind, text) = (got.json()["errorType"].clone(), got.json()["errorMessage"].clone());
        let text = text.as_str().unwrap();
        let text = text.split_once(" Error: ").map_or(text, |it| it.1).to_owned();
        (kind.as_str().unwrap().to_owned(), text, log(&got))
    }
}

fn uri(tag: &str) -> String {
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/jobs:{tag}")
}

fn log(got: &Got) -> String {
    String::from_utf8(BASE64_STANDARD.decode(got.header("x-amz-log-result")).unwrap()).unwrap()
}

#[tokio::test]
async fn an_image_runs_and_stays_warm() {
    let scene = Scene::with_program(json!({})).await;
    let first = scene.run(json!({ "print": "reading", "env": "BASE" }), &[]).await;
    assert_eq!((first.status, first.header("x-amz-function-error")), (200, ""), "{first:?}");
    let answer = first.json();
    assert_eq!((&answer["count"], &answer["value"]), (&json!(1), &json!("A")));
    assert_eq!((&answer["arguments"], &answer["folder"]), (&json!(["one", "two"]), &json!("srv")));
    assert_eq!(answer["arn"], format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:job"));
    let lines: Vec<String> =
        log(&first).lines().map(|it| it.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["INIT_START", "starting", "START", "reading", "END", "REPORT"]);
    assert!(log(&first).contains("Init Duration: "));
    let second = scene.run(json!({ "env": "HOME" }), &[]).await;
    assert_eq!((&second.json()["count"], &second.json()["value"]), (&json!(2), &Value::Null));
    assert!(!log(&second).contains("Init Duration"));
    for (name, value) in [
        ("KIND", "image"),
        ("AWS_LAMBDA_FUNCTION_NAME", "job"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/job"),
        ("AWS_REGION", REGION),
    ] {
        assert_eq!(scene.run(json!({ "env": name }), &[]).await.json()["value"], value);
    }
    // What is configured anew begins anew.
    scene.change("UpdateFunctionConfiguration", json!({ "MemorySize": 256 })).await;
    let name = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
    let third = scene.run(json!({ "env": name }), &[]).await.json();
    assert_eq!((&third["count"], &third["value"]), (&json!(1), &json!("256")));
    scene.push_program("v2", &["/bin/function", "newer"]).await;
    scene.change("UpdateFunctionCode", json!({ "ImageUri": uri("v2") })).await;
    let fourth = scene.run(json!({}), &[]).await.json();
    assert_eq!((&fourth["count"], &fourth["arguments"][0]), (&json!(1), &json!("newer")));
}

#[tokio::test]
async fn what_goes_wrong_is_told_as_lambda_tells_it() {
    let scene = Scene::with_program(json!({ "Timeout": 1 })).await;
    let (kind, text, _) = scene.fault(json!({ "fail": true })).await;
    assert_eq!((kind.as_str(), text.as_str()), ("BadBase", "no such base: N"));
    assert_eq!(scene.run(json!({}), &[]).await.json()["count"], 2, "an error does not end it");
    let (kind, text, told) = scene.fault(json!({ "exit": 3, "print": "so it ends" })).await;
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("Runtime.ExitError", "Runtime exited with error: exit status 3")
    );
    assert!(
        told.contains("so it ends\n")
            && told.contains("Status: error\tError Type: Runtime.ExitError"),
        "{told}"
    );
    assert_eq!(scene.run(json!({}), &[]).await.json()["count"], 1);
    let (kind, text, told) = scene.fault(json!({ "hang": true })).await;
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    );
    assert!(told.contains("Task timed out after 1.00 seconds\n\nEND RequestId"), "{told}");
    assert!(told.contains("Duration: 1000.00 ms") && told.contains("Status: timeout"), "{told}");
    assert_eq!(scene.run(json!({}), &[]).await.json()["count"], 1);
    let (kind, text, _) = scene.fault(json!({ "size": 7_000_000 })).await;
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("Function.ResponseSizeTooLarge", "the answer is larger than 6 MB")
    );
    let image = |entry: &str| json!({ "ImageConfig": { "EntryPoint": [entry] } });
    for (entry, reason) in [
        ("/bin/none", "no such file or directory"),
        ("/../../../../../../bin/sh", "no such file or directory"),
        ("/srv/notes", "permission denied"),
    ] {
        scene.change("UpdateFunctionConfiguration", image(entry)).await;
        let (kind, text, told) = scene.fault(json!({})).await;
        assert_eq!(
            (kind.as_str(), text),
            ("Runtime.InvalidEntrypoint", format!("fork/exec {entry}: {reason}"))
        );
        assert!(
            told.contains(&format!("Entrypoint: [{entry}]\tCmd: []\tWorkingDir: [/srv]")),
            "{told}"
        );
    }
    let other = json!({ "ImageConfig": { "EntryPoint": ["program"], "Command": ["three"], "WorkingDirectory": "/bin" } });
    scene.change("UpdateFunctionConfiguration", other).await;
    let answer = scene.run(json!({}), &[]).await;
    assert_eq!(answer.json()["arguments"], json!(["three"]), "{answer:?}");
    assert_eq!(answer.json()["folder"], "bin");
}

#[tokio::test]
async fn who_does_not_wait_is_answered_at_once() {
    let scene = Scene::with_program(json!({})).await;
    let dry = scene.run(json!({ "print": "dry" }), &[("x-amz-invocation-type", "DryRun")]).await;
    assert_eq!(dry.status, 204);
    let event = scene.run(json!({ "print": "later" }), &[("x-amz-invocation-type", "Event")]).await;
    assert_eq!((event.status, event.body.len()), (202, 0));
    let find = || {
        let body = json!({ "filterPattern": "?later ?dry" });
        let call =
            Call::by(caller(), (Service::Logs, "FilterLogEvents"), ("/aws/lambda/job", body));
        let found = scene.sim.by_call(&call).ok()?.body["events"].clone();
        found.get(0).map(|it| it["message"].clone())
    };
    assert_eq!(soon(find).await, "later\n");
}

/// What is there in the end, and before long.
async fn soon<T>(find: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = find() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), found).await.unwrap()
}

#[tokio::test]
async fn no_process_outlives_the_stand_in_or_its_function() {
    let first = Scene::with_program(json!({})).await;
    let second = Scene::with_program(json!({})).await;
    let mut processes = Vec::new();
    for scene in [&first, &second] {
        processes.push(scene.run(json!({}), &[]).await.json()["process"].as_u64().unwrap());
    }
    // One that has ended and that nobody has asked about yet is there in name only.
    let gone = |id: u64| match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => stat.contains(") Z ").then_some(()),
        Err(_) => Some(()),
    };
    assert!(processes.iter().all(|it| gone(*it).is_none()));
    first.aws(Service::Lambda, "DeleteFunction", ("job", Value::Null));
    soon(|| gone(processes[0])).await;
    drop(second);
    soon(|| gone(processes[1])).await;
}

#[tokio::test]
async fn an_image_without_layers_keeps_to_its_script() {
    let scene = Scene::with_program(json!({})).await;
    let manifest = json!({ "schemaVersion": 2, "mediaType": MEDIA, "config": {}, "layers": [] });
    let image = json!({ "imageManifest": manifest.to_string(), "imageTag": "bare" });
    scene.aws(Service::Ecr, "PutImage", ("team/jobs", image));
    scene.change("UpdateFunctionCode", json!({ "ImageUri": uri("bare") })).await;
    assert_eq!(scene.run(json!({ "print": "x" }), &[]).await.json(), json!({ "print": "x" }));
}
