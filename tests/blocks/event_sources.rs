//! Event sources: what leaves a manifest goes, and only that; whose they are, and what holds them.

use super::*;

/// The member of a manifest with a queue each.
fn queues(names: &[&str]) -> String {
    let arn = |name: &&str| {
        format!(
            "    - eventSourceArn: \"arn:aws:sqs:${{target.region}}:${{target.accountId}}:{name}\"\n"
        )
    };
    format!("  eventSources:\n{}", names.iter().map(arn).collect::<String>())
}

impl Scene {
    /// Somebody makes a mapping of a queue.
    fn map(&self, queue: &str, tags: &Value) {
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}");
        let body = json!({ "FunctionName": "job", "EventSourceArn": arn, "Tags": tags });
        self.lambda("CreateEventSourceMapping", body);
    }

    /// The queues that have a mapping.
    fn mapped(&self) -> Vec<String> {
        let all = self.lambda("ListEventSourceMappings", Value::Null);
        let all = all["EventSourceMappings"].as_array().unwrap().iter();
        let name = |it: &Value| {
            it["EventSourceArn"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
        };
        let mut names: Vec<String> = all.map(name).collect();
        names.sort();
        names
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_event_source_that_left_the_manifest_is_deleted() {
    let scene = Scene::new().await;
    scene.manifest("job", &queues(&["gifts", "orders", "returns"]));
    scene.apply().await;
    scene.map("theirs", &json!({}));
    // Tags that were copied prove nothing.
    let object = "EventSource/job/arn:aws:sqs:us-east-1:123456789012:orders";
    scene.map("copied", &json!({ "evenkeel.dev/owner": "team", "evenkeel.dev/object": object }));
    scene.assert_quiet().await;
    scene.manifest("job", &queues(&["orders", "returns"]));
    let (code, text) = scene.run(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    let line = format!("delete event source of function job: arn:aws:sqs:{REGION}:{ACCOUNT}:gifts");
    assert!(text.contains(&line) && !text.contains("theirs") && !text.contains("copied"), "{text}");
    scene.apply().await;
    assert_eq!(scene.mapped(), ["copied", "orders", "returns", "theirs"]);
    // A run that names its documents reads lists of their parts too.
    scene.manifest("job", &queues(&["orders"]));
    let folder = scene.folder.path().to_str().unwrap().to_owned();
    let (code, text) = scene.command(&["apply", &folder, "job"]).await;
    assert_eq!(code, 0, "{text}");
    assert_eq!(scene.mapped(), ["copied", "orders", "theirs"]);
    scene.manifest("job", "  policy: { adopt: true }\n");
    scene.apply().await;
    assert_eq!(scene.mapped(), ["copied", "theirs"]);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_source_that_somebody_else_made_is_taken_over_only_by_name() {
    let scene = Scene::new().await;
    scene.manifest("job", "");
    scene.apply().await;
    scene.map("orders", &json!({}));
    let id = scene.mapping("orders")["UUID"].clone();
    let wish = queues(&["orders"]) + "      batchSize: 5\n";
    scene.manifest("job", &wish);
    let (code, text) = scene.run(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("NotOwned"), "{text}");
    assert_eq!(scene.mapping("orders")["BatchSize"], 10);
    scene.manifest("job", &(wish + "  policy: { adopt: true }\n"));
    scene.apply().await;
    let found = scene.mapping("orders");
    assert_eq!((&found["UUID"], &found["BatchSize"]), (&id, &json!(5)));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_source_goes_with_its_document_and_not_before_it_may() {
    let scene = Scene::new().await;
    let deletable = "  policy: { deletion: delete }\n";
    scene.manifest("job", &(queues(&["orders"]) + deletable));
    scene.manifest("other", "");
    scene.apply().await;
    fs::remove_file(scene.folder.path().join("job.yaml")).unwrap();
    scene.apply().await;
    assert_eq!(scene.mapped(), ["orders"]);
    let (_, text) = scene.run(&["plan", "--prune"]).await;
    let (_, hash) = text.split_once("--confirm-prune ").unwrap_or_else(|| panic!("{text}"));
    let hash: String = hash.chars().take_while(char::is_ascii_hexdigit).collect();
    let (code, text) = scene.run(&["apply", "--prune", "--confirm-prune", &hash]).await;
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
    scene.manifest("job", &queues(&["orders"]));
    scene.apply().await;
    let tag = ["suspend", "job", "--for", "1h", "--reason", "incident"];
    let (code, text) = scene.command(&tag).await;
    assert_eq!(code, 0, "{text}");
    let id = scene.mapping("orders")["UUID"].clone();
    scene.about("UpdateEventSourceMapping", (&id, json!({ "BatchSize": 3 }))).unwrap();
    let (code, text) = scene.run(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("incident") && text.contains("/eventSources/batchSize"), "{text}");
    assert_eq!(scene.mapping("orders")["BatchSize"], 3);
}
