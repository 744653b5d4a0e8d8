//! What opens a function to others and no manifest asks for, on the stand-in, by the real binary: it is reported, and
//! taken away only where the manifest says so.

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

use common::aws::Scene;
use serde_json::{Value, json};

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

fn sids(scene: &Scene) -> Vec<String> {
    let policy = scene.lambda("GetPolicy", None, Value::Null);
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    let all = policy["Statement"].as_array().unwrap().iter();
    all.map(|it| it["Sid"].as_str().unwrap().to_owned()).collect()
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
    let metrics = scene.served("/metrics");
    let drift = r#"evenkeel_object_drift{cause="unmanaged_change",kind="Function",name="job",target="default"} 1"#;
    assert!(metrics.contains(drift), "{metrics}");
    assert_eq!(scene.writes(), before, "it is only reported");
    scene.manifest("  policy: { exclusive: true }\n");
    scene.until("it is gone", |it| sids(it) == ["theirs"]).await;
    let silent = |it: &Scene| it.row("Url").is_null() && it.row("Permissions").is_null();
    scene.until("nothing is left to say", silent).await;
    let urls = scene.lambda("ListFunctionUrlConfigs", None, Value::Null);
    assert_eq!(urls["FunctionUrlConfigs"], json!([]));
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
    let (code, text) = scene.on_manifests(&["plan"]).await;
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
