//! A single run (`apply`, `plan`, `run --once`) reads once what is in sync, however long it lasts. The real binary, on
//! the stand-in.

use std::fs;

use evenkeel_sim::journal::Entry;
use serde_json::json;

use crate::common::scene::{KEY, Scene};

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

/// The engines of functions and of repositories share the slots, so that `--max-in-flight` says how many writes there
/// are at once in a target.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_written_at_once_than_the_operator_says() {
    let scene = Scene::new().await;
    let manifests = |memory: u32, scan: bool| {
        for number in 0..4 {
            let name = format!("job-{number}");
            scene.manifest_of(&name, &format!("  memorySize: {memory}\n"));
            let repository = format!(
                "apiVersion: evenkeel.dev/v1\nkind: Repository\nmetadata: {{ name: tools-{number} }}\nspec:\n  \
                 imageScanningConfiguration: {{ scanOnPush: {scan} }}\n"
            );
            fs::write(scene.manifests().join(format!("tools-{number}.yaml")), repository).unwrap();
        }
    };
    manifests(256, false);
    scene.apply().await;
    let slow = ["UpdateFunctionConfiguration", "PutImageScanningConfiguration"];
    scene.faults(&json!([{ "fault": "latency", "operations": slow, "seconds": 5 }]));
    manifests(512, true);
    let of = |it: &Entry| slow.contains(&it.operation.as_str());
    let before = scene.count(of);
    let (code, text) = scene.on_manifests(&["apply", "--max-in-flight", "2"]).await;
    assert_eq!((code, scene.count(of) - before), (0, 8), "{text}");
    let world = scene.sim.shared.world();
    let writes: Vec<&Entry> =
        world.journal().since(0).iter().filter(|it| it.caller == KEY && it.write).collect();
    let at_once = |at: f64| {
        writes.iter().filter(|it| it.began <= at && it.ended.is_some_and(|end| at < end)).count()
    };
    let most = writes.iter().map(|it| at_once(it.began)).max();
    assert_eq!(most, Some(2));
}

/// Whose a repository is takes four calls to know, and only who deletes has to.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_run_reads_strangers_only_where_that_is_cheap_or_it_deletes() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    let read = |it: &Scene| {
        it.count(|it| it.operation == "GetRepositoryPolicy" || it.operation == "GetLifecyclePolicy")
    };
    assert_eq!(read(&scene), 0);
    let (code, text) = scene.on_manifests(&["plan", "--prune"]).await;
    assert_eq!((code, read(&scene)), (0, 2), "{text}");
}
