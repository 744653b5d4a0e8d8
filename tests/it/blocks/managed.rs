//! Lambda Managed Instances: on whose instances a function runs, and how many of them there are.

use evenkeel_sim::call::Service;

use super::*;

/// A function on instances of its own, from so many to so many.
fn managed(requests: i32, (min, max): (i32, i32)) -> String {
    format!(
        "  memorySize: 4096
  capacityProviderConfig:
    capacityProviderArn: \"arn:aws:lambda:${{target.region}}:${{target.accountId}}:capacity-provider:pool\"
    perExecutionEnvironmentMaxConcurrency: {requests}
  scalingConfig: {{ minExecutionEnvironments: {min}, maxExecutionEnvironments: {max} }}
  release: {{}}
"
    )
}

impl Scene {
    /// What AWS was asked for a version: the least and the most.
    fn scaled(&self, version: &str) -> Value {
        let found = self.lambda("GetFunctionScalingConfig", Some(version), Value::Null);
        let found = &found["RequestedFunctionScalingConfig"];
        json!([found["MinExecutionEnvironments"], found["MaxExecutionEnvironments"]])
    }

    /// Somebody scales a version.
    fn scale(&self, version: &str, min: i32, max: i32) {
        let config = json!({ "MinExecutionEnvironments": min, "MaxExecutionEnvironments": max });
        let body = json!({ "FunctionScalingConfig": config });
        self.lambda("PutFunctionScalingConfig", Some(version), body);
    }

    /// A plan that shows these lines.
    async fn shows(&self, lines: &[&str]) {
        let (code, text) = self.planned(&[]).await;
        assert_eq!(code, 1, "{text}");
        for line in lines {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}

/// As it is shipped: a function on managed instances that says nothing of its log.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_managed_instances_gets_in_sync_and_stays_so() {
    let scene = Scene::new().await;
    scene.call(Service::Ecr, "CreateRepository", ("index-reads", json!({})));
    scene.push_to("index-reads", 1);
    let text = include_str!("../../../manifests/examples/managed.yaml");
    std::fs::write(scene.manifests().join("managed.yaml"), text).unwrap();
    scene.apply().await;
    scene.assert_quiet().await;
    let shown = &scene.functions()["index-reads"]["configuration"]["LoggingConfig"];
    assert_eq!([&shown["LogFormat"], &shown["SystemLogLevel"]], ["JSON", "INFO"]);
    // The levels need no format beside them.
    let level = "spec:\n  loggingConfig: { systemLogLevel: WARN }\n";
    std::fs::write(scene.manifests().join("managed.yaml"), text.replace("spec:\n", level)).unwrap();
    scene.apply().await;
    scene.assert_quiet().await;
    let shown = &scene.functions()["index-reads"]["configuration"]["LoggingConfig"];
    assert_eq!([&shown["LogFormat"], &shown["SystemLogLevel"]], ["JSON", "WARN"]);
    // What is the default there is not written down.
    let (code, text) = scene.run(&["import", "index-reads"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("systemLogLevel: WARN") && !text.contains("logFormat"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_instances_of_a_function_are_kept_for_each_version_in_use() {
    let scene = Scene::new().await;
    scene.manifest(&managed(8, (3, 9)));
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(scene.scaled("1"), json!([3, 9]));
    for (min, max, path) in [
        (2, 9, "/scalingConfig/minExecutionEnvironments: 2 → 3  (drift)"),
        (3, 12, "/scalingConfig/maxExecutionEnvironments: 12 → 9  (drift)"),
    ] {
        scene.scale("1", min, max);
        scene.shows(&[path]).await;
        scene.apply().await;
        assert_eq!(scene.scaled("1"), json!([3, 9]));
    }
    // A version that gets callers has its numbers too, and the daemon needs no audit for that.
    let daemon = scene.start();
    scene.until("in sync", |it| it.row("Scaling")["status"] == "synced").await;
    scene.push(2);
    scene.until("the newer", |it| it.leads() == "2" && it.scaled("2") == json!([3, 9])).await;
    // What AWS begins with is nobody's doing.
    assert!(!scene.log().contains(r#""cause":"scaling""#), "{}", scene.log());
    drop(daemon);
    scene.manifest(&managed(8, (0, 0)));
    scene.shows(&["/scalingConfig/maxExecutionEnvironments: 9 → 0  (pending)"]).await;
    scene.apply().await;
    assert_eq!((scene.scaled("2"), scene.scaled("1")), (json!([0, 0]), json!([3, 9])));
    scene.assert_quiet().await;
    // There is no way back to AWS's own numbers.
    scene.manifest(&managed(8, (0, 0)).replace("  scalingConfig", "  # scalingConfig"));
    scene.apply().await;
    assert_eq!((scene.scaled("2"), scene.noted()), (json!([0, 0]), vec!["release".to_owned()]));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_instances_do_is_kept_and_whose_they_are_is_chosen_once() {
    let scene = Scene::new().await;
    scene.manifest(&managed(8, (3, 9)));
    scene.apply().await;
    let pool = format!(
        "arn:aws:lambda:{}:{}:capacity-provider:other",
        crate::common::scene::REGION,
        crate::common::scene::ACCOUNT
    );
    let other = json!({
        "CapacityProviderArn": pool,
        "PerExecutionEnvironmentMaxConcurrency": 9,
        "ExecutionEnvironmentMemoryGiBPerVCpu": 4.0,
    });
    let body = json!({
        "CapacityProviderConfig": { "LambdaManagedInstancesCapacityProviderConfig": other },
    });
    scene.lambda("UpdateFunctionConfiguration", None, body);
    let field = |name: &str| format!("/capacityProviderConfig/{name}");
    scene
        .shows(&[
            &field("capacityProviderArn"),
            &(field("perExecutionEnvironmentMaxConcurrency") + ": 9 → 8  (drift)"),
            &(field("executionEnvironmentMemoryGiBPerVCpu") + ": 4 → 2  (drift)"),
        ])
        .await;
    scene.apply().await;
    scene.assert_quiet().await;
    let shown = &scene.functions()["job"]["configuration"]["CapacityProviderConfig"];
    let shown = &shown["LambdaManagedInstancesCapacityProviderConfig"];
    assert_eq!(shown["PerExecutionEnvironmentMaxConcurrency"], 8);
    // Whose they are stays, and all else goes on.
    scene.manifest("  memorySize: 2048\n  timeout: 9\n  release: {}\n");
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Immutable") && text.contains("functionName"), "{text}");
    assert_eq!(scene.functions()["job"]["configuration"]["Timeout"], 9);
    // Left to others, it still says how the log is written; and a later edit is no drift.
    let left = "  memorySize: 2048\n  timeout: 9\n  policy: { ignore: [/capacityProviderConfig] }\n  release: {}\n";
    scene.manifest(left);
    scene.apply().await;
    scene.assert_quiet().await;
    scene.manifest(&left.replace('9', "8"));
    scene.shows(&["/timeout: 9 → 8  (pending)"]).await;
    scene.apply().await;
    scene.assert_quiet().await;
    // A function on Lambda's own instances stays there, and its log as it is.
    scene.manifest_of("plain", "");
    let (code, text) = scene.on_manifests(&["apply", "plain"]).await;
    assert_eq!(code, 0, "{text}");
    scene.manifest_of("plain", &managed(8, (3, 9)));
    let (code, text) = scene.on_manifests(&["apply", "plain", "--timeout", "20s"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Immutable") && !text.contains("logFormat"), "{text}");
    let shown = &scene.functions()["plain"]["configuration"];
    assert_eq!(
        [&shown["LoggingConfig"]["LogFormat"], &shown["MemorySize"]],
        [&json!("Text"), &json!(4096)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_once_that_nobody_asks_for_are_left_as_they_are() {
    let scene = Scene::new().await;
    let unsaid = managed(8, (3, 9));
    let unsaid = unsaid.replace("    perExecutionEnvironmentMaxConcurrency: 8\n", "");
    scene.manifest(&unsaid);
    scene.apply().await;
    let shown = |it: &Scene| {
        let shown = &it.functions()["job"]["configuration"]["CapacityProviderConfig"];
        shown["LambdaManagedInstancesCapacityProviderConfig"].clone()
    };
    let (mut other, number) = (shown(&scene), "PerExecutionEnvironmentMaxConcurrency");
    other[number] = json!(9);
    let body = json!({
        "CapacityProviderConfig": { "LambdaManagedInstancesCapacityProviderConfig": other },
    });
    scene.lambda("UpdateFunctionConfiguration", None, body);
    // A version gets it, and it stays.
    scene.apply().await;
    scene.assert_quiet().await;
    assert_eq!(shown(&scene)[number], 9);
    // It goes back with what is asked for of the same member.
    let ratio = "    executionEnvironmentMemoryGiBPerVCpu: 4\n  scalingConfig";
    scene.manifest(&unsaid.replace("  scalingConfig", ratio));
    scene
        .shows(&["/capacityProviderConfig/executionEnvironmentMemoryGiBPerVCpu: 2 → 4  (pending)"])
        .await;
    scene.apply().await;
    assert_eq!(shown(&scene)[number], 9);
}

/// Only versions run on managed instances, so what says how they run has to get into one.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_instances_is_released() {
    let scene = Scene::new().await;
    let text = managed(8, (3, 9));
    let ratio = "    executionEnvironmentMemoryGiBPerVCpu: 4\n  scalingConfig";
    let other = text.replace(":pool", ":other");
    for (version, text) in [
        ("1", text.clone()),
        ("2", managed(9, (3, 9))),
        ("3", text.replace("  scalingConfig", ratio)),
        ("4", other),
    ] {
        scene.manifest(&text);
        scene.apply().await;
        assert_eq!(scene.leads(), version, "{text}");
        scene.assert_quiet().await;
    }
    assert_eq!(scene.versions(), ["3", "4"]);
}

/// A version without instances is no version that failed: a release waits for it, and so does whoever goes back to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_instances_has_not_failed() {
    let scene = Scene::new().await;
    let state = |it: &Scene, version: &str| {
        it.lambda("GetFunctionConfiguration", Some(version), Value::Null)["State"].clone()
    };
    let text = managed(8, (3, 9))
        .replace("release: {}", "release: { smokeTests: [{ name: echo, payload: {} }] }");
    scene.manifest(&text);
    scene.apply().await;
    scene.push(2);
    scene.apply().await;
    assert_eq!(scene.leads(), "2");
    scene.manifest(&text.replace(": 3", ": 0").replace(": 9", ": 0"));
    scene.apply().await;
    scene.until("asleep", |it| state(it, "2") == "Deactivated").await;
    scene.assert_quiet().await;
    scene.manifest(&text);
    scene.apply().await;
    scene.until("awake", |it| state(it, "2") == "Active").await;
    // Whoever goes back to one is told how to start it.
    scene.scale("1", 0, 0);
    scene.until("asleep", |it| state(it, "1") == "Deactivated").await;
    let back = ["rollback", "job", "--to", "1"];
    let (code, text) = scene.run(&back).await;
    assert_eq!((code, scene.leads().as_str()), (2, "2"), "{text}");
    assert!(text.contains("Deactivated") && text.contains("put-function-scaling-config"), "{text}");
    assert!(!text.contains("Failed"), "{text}");
    scene.scale("1", 3, 9);
    scene.until("awake", |it| state(it, "1") == "Active").await;
    let (code, text) = scene.run(&back).await;
    assert_eq!((code, scene.leads().as_str()), (0, "1"), "{text}");
    // An alias that is deleted after that is not made again at a version that cannot be invoked.
    scene.scale("1", 0, 0);
    scene.until("asleep", |it| state(it, "1") == "Deactivated").await;
    scene.lambda("DeleteAlias", None, json!("live"));
    scene.shows(&["ReleaseHeld: version 2 is held back: rolled back by hand"]).await;
    scene.scale("1", 3, 9);
    scene.until("awake", |it| state(it, "1") == "Active").await;
    // Version 2 stays held back, which is the difference.
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!((code, scene.leads().as_str()), (1, "1"), "{text}");
    // A release does not take it for one that failed either, nor its tests.
    let (code, text) = scene.run(&["rollback", "job", "--to", "2"]).await;
    assert_eq!(code, 0, "{text}");
    scene.lambda("DeleteAlias", None, json!("live"));
    scene.scale("2", 0, 0);
    scene.until("asleep", |it| state(it, "2") == "Deactivated").await;
    scene.shows(&["VersionStopped: version 2 is Deactivated and cannot be invoked"]).await;
    scene.scale("2", 3, 9);
    scene.until("awake", |it| state(it, "2") == "Active").await;
    scene.apply().await;
    assert_eq!((scene.leads().as_str(), scene.versions().len()), ("2", 2));
}

/// Two versions that are wrong in the same way are two things to mend.
#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_a_canary_get_new_numbers() {
    let scene = Scene::new().await;
    let canary = "release: { strategy: { canary: { steps: [10], every: 1h } } }";
    let text = |limits| managed(8, limits).replace("release: {}", canary);
    scene.manifest(&text((3, 9)));
    scene.apply().await;
    let daemon = scene.start();
    scene.push(2);
    let both = |it: &Scene| [it.scaled("1"), it.scaled("2")];
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    scene.until("its numbers", |it| both(it) == [json!([3, 9]), json!([3, 9])]).await;
    scene.manifest(&text((4, 9)));
    scene.until("both", |it| both(it) == [json!([4, 9]), json!([4, 9])]).await;
    scene.until("in sync", |it| it.row("Scaling")["status"] == "synced").await;
    assert!(!scene.log().contains("NotConverging"), "{}", scene.log());
    drop(daemon);
}

/// What AWS shows nothing of differs all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_which_aws_shows_no_numbers_is_not_in_sync() {
    let scene = Scene::new().await;
    let refuse = |operation: &str, resource: &str| {
        let message = format!("The {resource} you requested does not exist.");
        json!({
            "fault": "refuse", "operations": [operation], "code": "ResourceNotFoundException",
            "message": message,
        })
    };
    scene.manifest(&managed(8, (3, 9)));
    scene.apply().await;
    // Nobody has moved: it is no drift, and it is written anew.
    scene.faults(&json!([refuse("GetFunctionScalingConfig", "configuration")]));
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("scale function job:1 from 3 to 9 instances"), "{text}");
    assert!(!text.contains("drift"), "{text}");
    let daemon = scene.start();
    let before = scene.writes();
    scene
        .until("it is written", |it| it.count(|it| it.operation == "PutFunctionScalingConfig") > 1)
        .await;
    assert!(scene.writes() > before);
    assert_ne!(scene.row("Scaling")["status"], "synced");
    scene.faults(&json!([]));
    scene.until("in sync", |it| it.row("Scaling")["status"] == "synced").await;
    assert!(!scene.log().contains(r#""cause":"scaling""#), "{}", scene.log());
    // The alias that it knows of from the release is not shown here: there is nothing to write yet.
    scene.faults(&json!([refuse("GetAlias", "alias")]));
    scene.manifest(&managed(8, (4, 9)));
    scene.until("waits", |it| it.row("Scaling")["reason"] == "NotShown").await;
    scene.faults(&json!([]));
    scene.until("new numbers", |it| it.scaled("1") == json!([4, 9])).await;
    scene.until("in sync", |it| it.row("Scaling")["status"] == "synced").await;
    drop(daemon);
}

/// Each version there costs also while nobody calls it.
#[tokio::test(flavor = "multi_thread")]
async fn few_old_versions_stay_on_managed_instances() {
    let scene = Scene::new().await;
    for requests in [16, 17, 18, 19] {
        scene.manifest(&managed(requests, (3, 9)));
        scene.apply().await;
    }
    assert_eq!(
        (scene.leads(), scene.versions()),
        ("4".into(), vec!["3".to_owned(), "4".to_owned()])
    );
    // The one before is still there to go back to.
    scene.manifest(&(managed(20, (3, 9)).replace("release: {}", "release: { keepVersions: 9 }")));
    scene.apply().await;
    assert_eq!(scene.versions(), ["3", "4", "5"]);
    scene.manifest(&managed(20, (3, 9)));
    // The rest of the release is as asked, so that this alone is no difference.
    let (code, text) = scene.planned(&[]).await;
    let told = "note: version 3 goes: on managed instances every version costs";
    assert!(code == 0 && text.contains(told), "{text}");
    assert!(text.contains("step: delete version 3"), "{text}");
}
