//! What opens a function to others and no manifest asks for, on the stand-in, by the real binary: it is reported, and
//! taken away only where the manifest says so.

use evenkeel_sim::call::Service;
use serde_json::{Value, json};

use crate::common::scene::Scene;

/// Everything that a stranger did to the function.
fn open_up(scene: &Scene) {
    scene.lambda("CreateFunctionUrlConfig", None, json!({ "AuthType": "NONE" }));
    for (sid, principal) in [("all", "*"), ("again", "*"), ("theirs", "sns.amazonaws.com")] {
        permit(scene, sid, principal);
    }
}

fn permit(scene: &Scene, sid: &str, principal: &str) {
    let action = "lambda:InvokeFunction";
    let body = json!({ "StatementId": sid, "Action": action, "Principal": principal });
    scene.lambda("AddPermission", None, body);
}

impl Scene {
    /// What the metric says of the function's drift for this cause.
    fn metric(&self, cause: &str) -> String {
        let series = format!(
            "evenkeel_object_drift{{cause=\"{cause}\",kind=\"Function\",name=\"job\",target=\"default\"}} "
        );
        let metrics = self.served("/metrics");
        metrics.lines().find_map(|it| it.strip_prefix(&series)).unwrap_or_default().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_asks_for_is_reported_and_goes_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    open_up(&scene);
    let before = scene.writes();
    let daemon = scene.start();
    scene.until("the URL is seen", |it| it.row("Url")["status"] == "drifted").await;
    scene
        .until("the permissions are seen", |it| it.row("Permissions")["status"] == "drifted")
        .await;
    let (url, permissions) = (scene.row("Url"), scene.row("Permissions"));
    assert_eq!(url["reason"], "UnmanagedChange");
    assert_eq!(url["causes"], json!(["unmanaged_change"]));
    assert!(url["message"].as_str().unwrap().contains("a public URL"), "{url}");
    let changes = permissions["changes"].as_array().unwrap().iter();
    let paths: Vec<&str> = changes.map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/permissions/again", "/permissions/all"]);
    assert_eq!(scene.metric("unmanaged_change"), "1");
    assert_eq!(scene.writes(), before, "it is only reported");
    scene.manifest("  policy: { exclusive: true }\n");
    scene.until("it is gone", |it| it.sids("job") == ["theirs"]).await;
    let silent = |it: &Scene| it.row("Url").is_null() && it.row("Permissions").is_null();
    scene.until("nothing is left to say", silent).await;
    assert_eq!(scene.urls(), Vec::<String>::new());
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_source_that_somebody_added_is_reported_and_goes_only_by_name() {
    let scene = Scene::new().await;
    let wish = "  eventSources:\n    - eventSourceArn: \"arn:aws:sqs:${target.region}:${target.accountId}:orders\"\n";
    scene.manifest(wish);
    scene.apply().await;
    let daemon = scene.start();
    scene.until("it is in sync", |it| it.row("EventSource")["status"] == "synced").await;
    let before = scene.writes();
    scene.map("theirs", &json!({}));
    let told = |it: &Scene| it.log().contains("theirs") && it.metric("unmanaged_change") == "1";
    scene.until("it is told", told).await;
    let rows = scene.facets("EventSource");
    let row = rows.iter().find(|it| it["item"].as_str().unwrap().ends_with("theirs")).unwrap();
    assert_eq!(row["reason"], "UnmanagedChange");
    assert_eq!(row["causes"], json!(["unmanaged_change"]));
    assert_eq!(scene.writes(), before, "it is only reported");
    scene.manifest(&format!("{wish}  policy: {{ exclusive: true }}\n"));
    scene
        .until("it is gone", |it| it.mapped() == ["orders"] && it.metric("unmanaged_change") == "0")
        .await;
    scene
        .until("no row of it is left", |it| !it.served("/api/v1/objects").contains("theirs"))
        .await;
    drop(daemon);
}

/// Kafka that AWS does not run has no ARN, and no document can ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_of_self_managed_kafka_is_reported_and_goes_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    let endpoints =
        json!({ "KAFKA_BOOTSTRAP_SERVERS": ["b.example.com:9092", "a.example.com:9092"] });
    let body = json!({
        "FunctionName": "job",
        "SelfManagedEventSource": { "Endpoints": endpoints },
        "Topics": ["clicks"],
        "StartingPosition": "LATEST",
    });
    scene.lambda("CreateEventSourceMapping", None, body);
    let daemon = scene.start();
    scene.until("it is told", |it| it.row("EventSource")["reason"] == "UnmanagedChange").await;
    let message = scene.row("EventSource")["message"].to_string();
    assert!(
        message.contains("events from kafka://a.example.com:9092,b.example.com:9092 clicks"),
        "{message}"
    );
    let mut import = scene.hurried(&["import", "job"]);
    let out = import.output().await.unwrap();
    let text = [out.stdout, out.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("no manifest can ask for kafka://"), "{text}");
    scene.manifest("  eventSources: []\n  policy: { exclusive: true }\n");
    let left = |it: &Scene| {
        let all = it.lambda("ListEventSourceMappings", None, Value::Null);
        all["EventSourceMappings"].as_array().unwrap().len()
    };
    scene.until("it is gone", |it| left(it) == 0).await;
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manifest_asks_for_is_not_reported() {
    let scene = Scene::new().await;
    let public = "  url: { authType: NONE }\n  permissions: [{ sid: all, principal: \"*\" }]\n";
    scene.manifest(public);
    scene.apply().await;
    scene.assert_quiet().await;
    // Somebody else's permission for everybody is no part of it.
    permit(&scene, "all", "*");
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    let shown = "/permissions/all: * may lambda:InvokeFunction → absent  (drift)";
    assert!(text.contains(shown), "{text}");
    assert!(!text.contains("/url"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_run_does_not_look_for_it() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    open_up(&scene);
    scene.assert_quiet().await;
    let looks = ["GetPolicy", "GetFunctionUrlConfig"];
    assert_eq!(scene.count(|it| looks.contains(&it.operation.as_str())), 0);
}

/// Another tool that makes it anew each time is not fought for ever.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_keeps_adding_an_event_source_is_left_alone_after_a_while() {
    let scene = Scene::new().await;
    scene.manifest("  eventSources: []\n  policy: { exclusive: true }\n");
    scene.apply().await;
    let daemon = scene.start();
    scene.until("it is ready", |it| it.row("Function")["status"] == "synced").await;
    let gone = |it: &Scene| it.mapped().is_empty();
    for round in 0.. {
        assert!(round < 30, "it goes on for ever: {}", scene.log());
        scene.map("theirs", &json!({}));
        let fights = |it: &Scene| it.row("EventSource")["reason"] == "Fighting";
        scene.until("gone, or a fight", |it| gone(it) || fights(it)).await;
        if !gone(&scene) {
            break;
        }
        // Long enough for it to be forgotten: each time it comes back as if it had never been there.
        scene.pass(30.0).await;
    }
    drop(daemon);
}

fn paths(row: &Value) -> Vec<String> {
    let changes = row["changes"].as_array().into_iter().flatten();
    changes.map(|it| it["path"].as_str().unwrap().to_owned()).collect()
}

/// Somebody's whole policy of the function, in IAM's own words.
fn put_policy(scene: &Scene, statement: &Value) {
    let policy = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    scene.lambda("PutResourcePolicy", None, json!({ "Policy": policy }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_lets_anybody_in_is_seen_in_whatever_form() {
    let invoke = "lambda:InvokeFunction";
    let forms = [
        // A single object without an id, with lists.
        json!({ "Effect": "Allow", "Principal": { "AWS": ["*"] }, "Action": [invoke] }),
        json!([{ "Effect": "Allow", "NotPrincipal": { "AWS": "111122223333" }, "Action": "*" }]),
        // It restricts nobody.
        json!([{ "Effect": "Allow", "Principal": "*", "Action": invoke,
                 "Condition": { "StringLike": { "aws:SourceArn": "*" } } }]),
        json!([{ "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl",
                 "Condition": { "StringEquals": { "lambda:FunctionUrlAuthType": "AWS_IAM" } } }]),
        // Whom it restricts cannot be judged.
        json!([{ "Effect": "Allow", "Principal": "*", "Action": invoke,
                 "Condition": { "DateLessThan": { "aws:CurrentTime": "2099-01-01T00:00:00Z" } } }]),
    ];
    for form in forms {
        let scene = Scene::new().await;
        scene.manifest("");
        scene.apply().await;
        put_policy(&scene, &form);
        // One that AddPermission made stands beside it, and stays.
        permit(&scene, "theirs", "sns.amazonaws.com");
        let before = scene.writes();
        let daemon = scene.start();
        scene.until("it is seen", |it| it.row("Permissions")["status"] == "drifted").await;
        let row = scene.row("Permissions");
        assert_eq!(paths(&row), ["/permissions/statement 1"], "{form}");
        assert_eq!(scene.writes(), before, "it is only reported");
        // RemovePermission takes an id, and it has none: the policy is written without it.
        scene.manifest("  policy: { exclusive: true }\n");
        scene.until("it is gone", |it| it.statements("job").len() == 1).await;
        assert_eq!(scene.sids("job"), ["theirs"]);
        // The last one goes with the policy.
        put_policy(&scene, &form);
        scene.until("it is gone too", |it| it.statements("job").is_empty()).await;
        drop(daemon);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_like_ours_hides_nothing_where_nothing_is_ours() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    permit(&scene, "ek-all-123456", "*");
    let daemon = scene.start();
    scene.until("it is seen", |it| it.row("Permissions")["status"] == "drifted").await;
    assert_eq!(paths(&scene.row("Permissions")), ["/permissions/ek-all-123456"]);
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_at_another_place_than_the_releases_alias_is_seen_and_goes_only_by_name() {
    let scene = Scene::new().await;
    let wish = "  url: { authType: AWS_IAM }\n  release: { alias: live }\n";
    scene.manifest(wish);
    scene.apply().await;
    let other = json!({ "Name": "other", "FunctionVersion": "1" });
    scene.lambda("CreateAlias", None, other);
    for place in [None, Some("other")] {
        scene.lambda("CreateFunctionUrlConfig", place, json!({ "AuthType": "NONE" }));
    }
    let body = json!({ "StatementId": "all", "Action": "lambda:InvokeFunction", "Principal": "*" });
    for place in [None, Some("other"), Some("1")] {
        scene.lambda("AddPermission", place, body.clone());
    }
    let before = scene.writes();
    let daemon = scene.start();
    scene.until("the URLs are seen", |it| paths(&it.row("Url")).len() == 2).await;
    scene.until("the permissions are seen", |it| paths(&it.row("Permissions")).len() == 3).await;
    let (url, permissions) = (scene.row("Url"), scene.row("Permissions"));
    assert_eq!(paths(&url), ["/url/$LATEST", "/url/other"]);
    let all = ["/permissions/$LATEST/all", "/permissions/other/all", "/permissions/1/all"];
    assert_eq!(paths(&permissions), all);
    for (row, words) in [(&url, "a public URL, on the alias other"), (&permissions, "on version 1")]
    {
        assert_eq!(
            (&row["status"], &row["reason"]),
            (&json!("drifted"), &json!("UnmanagedChange"))
        );
        assert!(row["message"].as_str().unwrap().contains(words), "{row}");
    }
    assert_eq!(scene.writes(), before, "it is only reported");
    scene.manifest(&format!("{wish}  policy: {{ exclusive: true }}\n"));
    scene.until("ours is left", |it| it.urls() == ["live"]).await;
    let quiet = |it: &Scene| it.row("Permissions").is_null() && it.row("Url")["status"] == "synced";
    scene.until("nothing is left to say", quiet).await;
    drop(daemon);
}

/// What may not be read is not called closed.
#[tokio::test(flavor = "multi_thread")]
async fn places_that_may_not_be_read_are_told() {
    let scene = Scene::new().await;
    scene.manifest("  permissions: [{ sid: a, principal: s3.amazonaws.com }]\n");
    scene.apply().await;
    scene.fails("ListAliases", "deny");
    let daemon = scene.start();
    let told = |it: &Scene| it.row("Permissions")["conditions"].to_string().contains("ListAliases");
    scene.until("it is told", told).await;
    drop(daemon);
}

/// Reading all of them takes longer than a read may be old when a step rests on it.
#[tokio::test(flavor = "multi_thread")]
async fn many_versions_do_not_keep_a_permission_from_being_added() {
    let scene = Scene::new().await;
    scene.manifest("  policy: { ignore: [/timeout] }\n");
    scene.apply().await;
    for number in 10..70 {
        let body = json!({ "Timeout": number });
        scene.lambda("UpdateFunctionConfiguration", None, body);
        scene.pass(5.0).await;
        scene.lambda("PublishVersion", None, json!({}));
    }
    scene.lambda(
        "AddPermission",
        Some("7"),
        json!({ "StatementId": "all", "Action": "lambda:InvokeFunction", "Principal": "*" }),
    );
    scene.manifest("  permissions: [{ sid: a, principal: s3.amazonaws.com }]\n  policy: { ignore: [/timeout] }\n");
    let daemon = scene.start();
    let added = |it: &Scene| it.count(|it| it.operation == "AddPermission" && it.effect) == 1;
    scene.until("it is added", added).await;
    // And what stands at one of them is known all the same.
    let seen = |it: &Scene| paths(&it.row("Permissions")) == ["/permissions/7/all"];
    scene.until("it is seen", seen).await;
    drop(daemon);
}

/// The registry may have rules of its own, and ECR may refuse to hear of scanning then.
#[tokio::test(flavor = "multi_thread")]
async fn scanning_that_no_manifest_names_is_neither_sent_nor_compared() {
    let scene = Scene::new().await;
    let text =
        "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: { name: tools }\nspec: {}\n";
    std::fs::write(scene.manifests().join("tools.yaml"), text).unwrap();
    scene.apply().await;
    let scanning = json!({ "imageScanningConfiguration": { "scanOnPush": true } });
    scene.call(Service::Ecr, "PutImageScanningConfiguration", ("tools", scanning));
    scene.assert_quiet().await;
    assert_eq!(scene.count(|it| it.operation == "PutImageScanningConfiguration"), 0);
}
