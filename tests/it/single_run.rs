//! A single run (`apply`, `plan`, `run --once`) reads once what is in sync, however long it lasts. The real binary, on
//! the stand-in.

use serde_json::json;

use crate::common::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_reads_what_is_in_sync_once_and_ends() {
    let scene = Scene::new().await;
    scene.manifest_of("job", "  url: { authType: AWS_IAM }\n");
    scene.manifest_of("slow", "  memorySize: 256\n");
    scene.apply().await;
    // Longer than three periods of the audit of a daemon.
    scene.faults(&json!([
        { "fault": "stuck", "operations": ["UpdateFunctionConfiguration"], "seconds": 300 }
    ]));
    scene.manifest_of("slow", "  memorySize: 512\n");
    let urls =
        |it: &Scene| it.count(|it| it.operation == "GetFunctionUrlConfig" && it.resource == "job");
    let before = urls(&scene);
    scene.apply().await;
    assert_eq!(urls(&scene) - before, 1);
}
