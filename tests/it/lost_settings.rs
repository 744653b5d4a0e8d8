//! Settings of a function that no manifest can ask for: told when it is adopted and imported, and never lost without a
//! word when somebody deletes it. On the stand-in, by the real binary.

use serde_json::json;

use crate::common::scene::{ACCOUNT, REGION, Scene};

/// A function with durable executions, which somebody made.
async fn durable() -> Scene {
    let scene = Scene::new().await;
    let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs:v1");
    let body = json!({
        "FunctionName": "job",
        "PackageType": "Image",
        "Code": { "ImageUri": uri },
        "Role": format!("arn:aws:iam::{ACCOUNT}:role/job"),
        "DurableConfig": { "ExecutionTimeout": 3600 },
    });
    scene.lambda("CreateFunction", None, body);
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_names_what_it_leaves_out() {
    let scene = durable().await;
    let mut command = scene.hurried(&["import", "job"]);
    let out = command.output().await.unwrap();
    let text = [out.stdout, out.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("durableConfig"), "{text}");
    assert!(text.contains("executionTimeout 3600"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_function_is_not_made_anew_without_them() {
    let scene = durable().await;
    scene.manifest("  policy: { adopt: true }\n");
    let (_, text) = scene.planned(&[]).await;
    let told = "it has settings that no manifest can ask for, and they stay: durableConfig (retentionPeriodInDays 14, \
                executionTimeout 3600)";
    assert!(text.contains(told), "{text}");
    let daemon = scene.start();
    scene.until("it is ours", |it| it.row("Function")["status"] == "synced").await;
    scene.lambda("DeleteFunction", None, json!({}));
    scene.until("it is refused", |it| it.row("Function")["reason"] == "SettingsLost").await;
    scene.pass(300.0).await;
    assert_eq!(scene.count(|it| it.operation == "CreateFunction"), 0);
    drop(daemon);
    // Whoever asks for it by name gets it without.
    scene.apply().await;
    assert!(scene.functions()["job"]["configuration"].get("DurableConfig").is_none());
}
