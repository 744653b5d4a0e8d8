//! Step by step: how a version gets more callers, waits, or loses them.

use evenkeel_sim::journal::Entry;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_does_well_gets_all_callers_step_by_step() {
    let scene = released(CANARY).await;
    let callers = Callers::start(&scene);
    let daemon = scene.start();
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    scene.until("half", |it| it.leads() == "1, 0.5 of 2").await;
    scene.until("all", |it| it.leads() == "2").await;
    drop(daemon);
    assert_eq!(callers.end().await, (vec!["1".into(), "2".into()], 0));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linear_release_takes_steps_of_one_size() {
    let linear =
        "  release:\n    strategy: { linear: { percent: 40, every: 1m, maxErrorPercent: 0 } }\n";
    let scene = released(linear).await;
    let callers = Callers::start(&scene);
    let daemon = scene.start();
    scene.push(2);
    scene.until("the first step", |it| it.leads() == "1, 0.4 of 2").await;
    scene.until("the second step", |it| it.leads() == "1, 0.8 of 2").await;
    scene.until("all", |it| it.leads() == "2").await;
    assert_eq!(callers.end().await, (vec!["1".into(), "2".into()], 0));
    // With no errors allowed, a few are too many.
    let callers = Callers::start(&scene);
    scene.answers(broken("3"));
    scene.push(3);
    scene.until("the first step", |it| it.leads() == "2, 0.4 of 3").await;
    scene.until("back", |it| it.leads() == "2").await;
    drop(daemon);
    callers.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_with_errors_goes_back_and_stays_there() {
    let scene = released(CANARY).await;
    scene.answers(broken("2"));
    let callers = Callers::start(&scene);
    let daemon = scene.start();
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    scene.until("back", |it| it.leads() == "1").await;
    let note = scene.alias().unwrap()["Description"].as_str().unwrap().to_owned();
    assert!(note.starts_with("evenkeel current=1 held=2 why="), "{note}");
    let before = scene.writes();
    scene.pass(300.0).await;
    assert_eq!((scene.leads(), scene.writes()), ("1".into(), before));
    // A newer image goes on.
    scene.push(3);
    scene.until("the newer", |it| it.leads() == "3").await;
    drop(daemon);
    callers.end().await;
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_takes_a_canary_back_and_lets_none_begin() {
    let scene = released(CANARY).await;
    let callers = Callers::start(&scene);
    let daemon = scene.start();
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    alarm(&scene, "ALARM");
    scene.until("back", |it| it.leads() == "1").await;
    scene.push(3);
    scene.until("a version", |it| it.versions().len() == 3).await;
    scene.pass(120.0).await;
    assert_eq!(scene.leads(), "1");
    alarm(&scene, "OK");
    scene.until("the newer", |it| it.leads() == "3").await;
    drop(daemon);
    callers.end().await;
}

/// An alarm of logs counts as any other; one that is not there holds up what has not begun, and is told.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_of_logs_counts_and_a_missing_one_is_told() {
    let scene = released(CANARY).await;
    let daemon = scene.start();
    let log_alarm = |state| {
        let of = ("errors", state);
        scene.sim.shared.world().alarm_of(&Scene::caller(), "LogAlarm", of);
    };
    log_alarm("OK");
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    log_alarm("ALARM");
    scene.until("back", |it| it.leads() == "1").await;
    // A type that is not known here is none.
    scene.sim.shared.world().alarm_of(&Scene::caller(), "AnotherAlarm", ("errors", "OK"));
    scene.push(3);
    scene.until("told", |it| it.row("Release")["reason"] == "AlarmMissing").await;
    scene.pass(180.0).await;
    assert_eq!(scene.leads(), "1");
    log_alarm("OK");
    scene.until("ten percent of the next", |it| it.leads() == "1, 0.1 of 3").await;
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_without_traffic_or_data_waits() {
    let scene = released(CANARY).await;
    let daemon = scene.start();
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    scene.pass(600.0).await;
    assert_eq!(scene.leads(), "1, 0.1 of 2");
    assert_eq!(scene.row("Release")["reason"], "NoTraffic");
    alarm(&scene, "INSUFFICIENT_DATA");
    let callers = Callers::start(&scene);
    scene.until("no data", |it| it.row("Release")["reason"] == "NoData").await;
    scene.pass(120.0).await;
    assert_eq!(scene.leads(), "1, 0.1 of 2");
    alarm(&scene, "OK");
    scene.until("all", |it| it.leads() == "2").await;
    drop(daemon);
    callers.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_goes_on_whenever_the_daemon_is_killed() {
    let scene = released(&format!("{CANARY}    smokeTests: [{{ name: one }}]\n")).await;
    let callers = Callers::start(&scene);
    scene.push(2);
    // Killed in its smoke test, and after each of its writes.
    let invoked = |it: &Entry| it.operation == "Invoke";
    let steps = |it: &Entry| it.write;
    let tests = scene.count(invoked);
    let mut daemon = scene.start();
    scene.until("a test", |it| it.count(invoked) > tests).await;
    daemon.kill().await.unwrap();
    assert_eq!(scene.leads(), "1");
    for _ in 0..10 {
        if scene.leads() == "2" {
            break;
        }
        let before = scene.count(steps);
        let mut daemon = scene.start();
        scene.until("a write", |it| it.count(steps) > before || it.leads() == "2").await;
        daemon.kill().await.unwrap();
    }
    assert_eq!(scene.leads(), "2", "{}", scene.log());
    assert_eq!(scene.versions(), ["1", "2"]);
    scene.apply().await;
    assert_eq!(callers.end().await, (vec!["1".into(), "2".into()], 0));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_that_aws_does_not_make_is_said_so() {
    let scene = released(CANARY).await;
    scene.manifest(&format!(
        "{CANARY}  deadLetterConfig: {{ targetArn: \"arn:aws:sqs:us-east-1:123456789012:dead\" }}\n"
    ));
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("VersionsApart"), "{text}");
    assert_eq!(scene.leads(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_images_in_a_row_the_newer_wins() {
    let scene = released(CANARY).await;
    let callers = Callers::start(&scene);
    let daemon = scene.start();
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    scene.push(3);
    scene.until("the newer", |it| it.leads() == "3").await;
    drop(daemon);
    let (versions, errors) = callers.end().await;
    assert_eq!((versions.last().map(String::as_str), errors), (Some("3"), 0));
    scene.assert_quiet().await;
}

/// Callers are saved whatever else is held up: here by the breaker, since so many aliases were moved by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_goes_back_while_mass_drift_holds_up_all_else() {
    let scene = Scene::new().await;
    alarm(&scene, "OK");
    let others: Vec<String> = (0..12).map(|it| format!("other-{it}")).collect();
    for other in &others {
        scene.manifest_of(other, "  release: {}\n");
    }
    scene.manifest(CANARY);
    scene.apply().await;
    scene.manifest(&format!("  memorySize: 256\n{CANARY}"));
    let daemon = scene.start();
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    drop(daemon);
    for other in &others {
        move_alias(&scene, other, json!({ "FunctionVersion": "$LATEST" }));
    }
    // Until all have been looked at, nothing is written.
    let pause = scene.manifests().with_file_name("pause");
    std::fs::write(&pause, "").unwrap();
    let before = scene.writes();
    let daemon = scene.start_with(&["--pause-file", pause.to_str().unwrap()]);
    let open = r#"evenkeel_breaker_open{target="default"} 1"#;
    scene.until("mass drift is seen", |it| it.served("/metrics").contains(open)).await;
    alarm(&scene, "ALARM");
    std::fs::remove_file(pause).unwrap();
    scene.until("back", |it| it.leads() == "1").await;
    scene.pass(120.0).await;
    assert_eq!(scene.writes(), before + 1, "nothing else is written");
    assert!(scene.served("/metrics").contains(open));
    drop(daemon);
}

/// Nor does it wait for a write to another function, though there is no slot left, or for AWS, which is at work on its
/// own.
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_goes_back_while_everything_else_is_under_way() {
    let scene = released(CANARY).await;
    scene.manifest_of("other", "");
    scene.apply().await;
    let daemon = scene.start_with(&["--max-in-flight", "1"]);
    scene.push(2);
    scene.until("ten percent", |it| it.leads() == "1, 0.1 of 2").await;
    let operation = "UpdateFunctionConfiguration";
    scene.faults(&json!([
        { "fault": "latency", "operations": [operation], "resources": ["other"], "seconds": 600 },
        { "fault": "stuck", "operations": [operation], "resources": ["job"], "seconds": 600 },
    ]));
    let of = |it: &Entry, name: &str| it.resource == name && it.operation == operation;
    scene.manifest(&format!("  memorySize: 256\n{CANARY}"));
    scene
        .until("AWS is at work", |it| it.count(|it| of(it, "job") && it.ended.is_some()) == 1)
        .await;
    scene.manifest_of("other", "  memorySize: 512\n");
    let under_way = |it: &Scene| it.count(|it| of(it, "other") && it.ended.is_none());
    scene.until("the slot is taken", |it| under_way(it) == 1).await;
    alarm(&scene, "ALARM");
    scene.until("back", |it| it.leads() == "1").await;
    let job = scene.lambda("GetFunction", None, Value::Null);
    let status = &job["Configuration"]["LastUpdateStatus"];
    assert_eq!((under_way(&scene), status), (1, &json!("InProgress")));
    drop(daemon);
}
