//! Credentials that come from STS: whoever is throttled there is not refused. The real binary, on the stand-in.

use std::fs;

use serde_json::json;

use crate::common::scene::{ACCOUNT, REGION, Scene};

/// The role of the target, as the access key that the stand-in gives out for it.
const ROLE: &str = "evenkeel";

impl Scene {
    /// A file with one target, whose role has to be assumed.
    fn targets(&self) -> String {
        let file = self.manifests().with_file_name("targets.yaml");
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}");
        let text = format!(
            "targets:\n  - {{ name: default, accountId: \"{ACCOUNT}\", region: {REGION}, roleArn: \"{arn}\" }}\n"
        );
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_throttle_of_sts_is_no_news() {
    for fault in ["throttle", "unavailable", "reset-before"] {
        let scene = Scene::new().await;
        scene.manifest("");
        let targets = scene.targets();
        scene.faults(&json!([{ "fault": fault, "operations": ["AssumeRole"], "times": 1 }]));
        // By the clock on the wall: so does the SDK's own pause go.
        let folder = scene.manifests();
        let (code, text) =
            scene.run(&["plan", folder.to_str().unwrap(), "--targets", &targets]).await;
        assert_eq!(code, 1, "{fault}: {text}");
        assert!(text.contains("+ Function job") && !text.contains("WARN"), "{fault}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sts_that_throttles_for_a_while_does_not_refuse_credentials() {
    let scene = Scene::new().await;
    scene.manifest("");
    let targets = scene.targets();
    scene.fails("AssumeRole", "throttle");
    let (code, text) = scene.on_manifests(&["plan", "--targets", &targets]).await;
    assert_eq!(code, 2, "{text}");
    assert!(!text.contains("CredentialsInvalid"), "{text}");
    // The daemon goes on once STS answers.
    let daemon = scene.start_with(&["--targets", &targets]);
    scene.until("waiting", |it| it.log().contains("IdentityUnknown")).await;
    scene.faults(&json!([]));
    scene.until("made", |it| it.functions().contains_key("job")).await;
    assert!(!scene.log().contains("CredentialsInvalid"), "{}", scene.log());
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_be_assumed_is_a_refusal() {
    let scene = Scene::new().await;
    scene.manifest("");
    let targets = scene.targets();
    for fault in ["deny", "expired"] {
        scene.fails("AssumeRole", fault);
        let (code, text) = scene.on_manifests(&["plan", "--targets", &targets]).await;
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("CredentialsInvalid"), "{text}");
    }
}
