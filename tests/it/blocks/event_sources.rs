//! Event sources: what leaves a manifest goes, and only that; whose they are, and what holds them.

use std::{fs, time::Duration};

use super::*;

use crate::common::scene::{ACCOUNT, REGION};

/// The member of a manifest with a queue each.
fn queues(names: &[&str]) -> String {
    let arn = |name: &&str| {
        format!(
            "    - eventSourceArn: \"arn:aws:sqs:${{target.region}}:${{target.accountId}}:{name}\"\n"
        )
    };
    format!("  eventSources:\n{}", names.iter().map(arn).collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_event_source_that_left_the_manifest_is_deleted() {
    let scene = Scene::new().await;
    scene.manifest(&queues(&["gifts", "orders", "returns"]));
    scene.apply().await;
    scene.map("theirs", &json!({}));
    // Tags that were copied prove nothing.
    let object = "EventSource/job/arn:aws:sqs:us-east-1:123456789012:orders";
    scene.map("copied", &json!({ "evenkeel.dev/owner": "team", "evenkeel.dev/object": object }));
    scene.assert_quiet().await;
    scene.manifest(&queues(&["orders", "returns"]));
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    let line = format!("delete event source of function job: arn:aws:sqs:{REGION}:{ACCOUNT}:gifts");
    assert!(text.contains(&line) && !text.contains("theirs") && !text.contains("copied"), "{text}");
    scene.apply().await;
    assert_eq!(scene.mapped(), ["copied", "orders", "returns", "theirs"]);
    // A run that names its documents reads lists of their parts too.
    scene.manifest(&queues(&["orders"]));
    let (code, text) = scene.on_manifests(&["apply", "job"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(scene.mapped(), ["copied", "orders", "theirs"]);
    scene.manifest("  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.mapped(), ["copied", "theirs"]);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_source_that_somebody_else_made_is_taken_over_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    scene.map("orders", &json!({}));
    let id = scene.mapping("orders", "job")["UUID"].clone();
    let wish = queues(&["orders"]) + "      batchSize: 5\n";
    scene.manifest(&wish);
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.mapping("orders", "job")["BatchSize"], 10);
    scene.manifest(&(wish + "  policy: { adopt: true }\n"));
    scene.apply().await;
    let found = scene.mapping("orders", "job");
    assert_eq!((&found["UUID"], &found["BatchSize"]), (&id, &json!(5)));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_source_goes_with_its_document_and_not_before_it_may() {
    let scene = Scene::new().await;
    let deletable = "  policy: { deletion: delete }\n";
    scene.manifest(&(queues(&["orders"]) + deletable));
    scene.manifest_of("other", "");
    scene.apply().await;
    fs::remove_file(scene.manifests().join("job.yaml")).unwrap();
    scene.apply().await;
    assert_eq!(scene.mapped(), ["orders"]);
    let (_, text) = scene.on_manifests(&["plan", "--prune"]).await;
    let (_, hash) = text.split_once("--confirm-prune ").unwrap_or_else(|| panic!("{text}"));
    let hash: String = hash.chars().take_while(char::is_ascii_hexdigit).collect();
    let (code, text) = scene.on_manifests(&["apply", "--prune", "--confirm-prune", &hash]).await;
    assert_eq!(code, 0, "{text}");
    let gone = async {
        while !scene.mapped().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    assert!(!scene.functions().contains_key("job"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_on_the_function_holds_its_event_sources() {
    let scene = Scene::new().await;
    scene.manifest(&queues(&["orders"]));
    scene.apply().await;
    let tag = ["suspend", "job", "--for", "1h", "--reason", "incident"];
    let (code, text) = scene.run(&tag).await;
    assert_eq!(code, 0, "{text}");
    let id = scene.mapping("orders", "job")["UUID"].clone();
    scene.about("UpdateEventSourceMapping", (&id, json!({ "BatchSize": 3 }))).unwrap();
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("incident") && text.contains("~ batchSize  3 → 10  (drift)"), "{text}");
    assert_eq!(scene.mapping("orders", "job")["BatchSize"], 3);
}

/// Only a list shows what left, however long that takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_run_waits_for_the_list_that_shows_what_left() {
    let scene = Scene::new().await;
    scene.manifest(&queues(&["gifts", "orders"]));
    scene.apply().await;
    scene.faults(&json!([
        { "fault": "latency", "operations": ["ListEventSourceMappings"], "seconds": 20, "times": 1 },
    ]));
    scene.manifest("");
    scene.apply().await;
    assert_eq!(scene.mapped(), Vec::<String>::new());
}

/// Neither `suspend` nor `resume` writes a tag to what another installation keeps, or nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_put_only_on_what_is_ours() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    let before = scene.writes();
    for command in [
        ["suspend", "job", "--owner", "others", "--for", "1h", "--reason", "incident"].as_slice(),
        &["resume", "job", "--owner", "others"],
        &["suspend", "Repository/jobs", "--for", "1h", "--reason", "incident"],
    ] {
        let (code, text) = scene.run(command).await;
        assert_eq!((code, scene.writes()), (2, before), "{text}");
    }
    let hold = ["suspend", "job", "--for", "1h", "--reason", "incident"];
    assert_eq!((scene.run(&hold).await.0, scene.writes()), (0, before + 1));
}
