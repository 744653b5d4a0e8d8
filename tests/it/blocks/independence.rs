//! What one facet of a function is refused, or waits for, holds up no other.

use super::*;

const BOTH: &str = "  url: { authType: AWS_IAM }\n  asyncInvoke: { maximumRetryAttempts: 1 }\n";

impl Scene {
    /// How many calls of an operation AWS has taken.
    fn taken(&self, operation: &str) -> usize {
        self.count(|it| it.operation == operation && it.status < 300)
    }

    /// How many calls of an operation came to nothing.
    fn refused(&self, operation: &str) -> usize {
        self.count(|it| it.operation == operation && it.status >= 300)
    }
}

/// A function with a URL and an asynchronous invocation, in sync, and the daemon that keeps it.
async fn kept() -> (Scene, tokio::process::Child) {
    let scene = Scene::new().await;
    scene.manifest(BOTH);
    scene.apply().await;
    let daemon = scene.start();
    scene.until("in sync", |it| it.row("Url")["status"] == "synced").await;
    scene.until("in sync", |it| it.row("AsyncInvoke")["status"] == "synced").await;
    (scene, daemon)
}

/// Neither who may not read a URL nor whom AWS throttles there waits with anything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_facet_that_cannot_be_read_holds_up_no_other() {
    let (scene, daemon) = kept().await;
    for (round, fault) in ["deny", "throttle"].into_iter().enumerate() {
        scene.fails("GetFunctionUrlConfig", fault);
        let refused = scene.refused("GetFunctionUrlConfig");
        scene.until("a refusal", |it| it.refused("GetFunctionUrlConfig") > refused).await;
        let read = scene.taken("GetFunctionUrlConfig");
        let configured = scene.taken("UpdateFunctionConfiguration");
        let asynchronous = scene.taken("PutFunctionEventInvokeConfig");
        let (memory, retries) = (300 + round, round * 2);
        scene.manifest(&format!(
            "  memorySize: {memory}\n  url: {{ authType: AWS_IAM }}\n  asyncInvoke: {{ maximumRetryAttempts: {retries} }}\n"
        ));
        scene
            .until("the other edits", |it| {
                it.taken("UpdateFunctionConfiguration") > configured
                    && it.taken("PutFunctionEventInvokeConfig") > asynchronous
            })
            .await;
        assert_eq!(scene.taken("GetFunctionUrlConfig"), read, "it has been read meanwhile");
    }
    drop(daemon);
}

/// Who may not write a URL writes everything else, and does not try the URL again with each of those writes.
#[tokio::test(flavor = "multi_thread")]
async fn each_facet_backs_off_by_itself() {
    let (scene, daemon) = kept().await;
    scene.fails("UpdateFunctionUrlConfig", "deny");
    scene.manifest("  url: { authType: NONE }\n  asyncInvoke: { maximumRetryAttempts: 1 }\n");
    scene.until("a refusal", |it| it.refused("UpdateFunctionUrlConfig") > 0).await;
    for retries in [0, 2, 0, 2] {
        let before = scene.taken("PutFunctionEventInvokeConfig");
        scene.manifest(&format!(
            "  url: {{ authType: NONE }}\n  asyncInvoke: {{ maximumRetryAttempts: {retries} }}\n"
        ));
        scene.until("the other edit", |it| it.taken("PutFunctionEventInvokeConfig") > before).await;
    }
    // What AWS refuses is tried again after five minutes; the edits took seconds.
    assert!(scene.refused("UpdateFunctionUrlConfig") <= 2, "{}", scene.log());
    drop(daemon);
}

/// Our own tag is written before the block, and what differs then is still what the manifest asked for.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_a_new_process_finds_is_no_drift() {
    let scene = Scene::new().await;
    scene.manifest(BOTH);
    scene.apply().await;
    scene.manifest("  url: { authType: NONE }\n  asyncInvoke: { maximumRetryAttempts: 2 }\n");
    let daemon = scene.start();
    for operation in ["UpdateFunctionUrlConfig", "PutFunctionEventInvokeConfig"] {
        let before = usize::from(operation.starts_with("Put"));
        scene.until("it is written", |it| it.taken(operation) > before).await;
    }
    for kind in ["Url", "AsyncInvoke"] {
        scene.until("in sync", |it| it.row(kind)["status"] == "synced").await;
    }
    assert!(!scene.log().contains("drift"), "{}", scene.log());
    drop(daemon);
}
