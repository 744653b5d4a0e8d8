//! Versions that a person takes back while a daemon runs: it sees that by the function's tags, long before it would
//! read the alias again.

use super::*;

const TAG: &str = "evenkeel.dev/block/release";

impl Scene {
    fn release_tag(&self) -> String {
        self.functions()["job"]["tags"][TAG].as_str().unwrap_or_default().to_owned()
    }

    /// How many releases the daemon has seen end so.
    fn endings(&self, result: &str) -> String {
        let metrics = self.served("/metrics");
        let label = format!("result=\"{result}\"");
        let of = |it: &&str| it.starts_with("evenkeel_releases_total{") && it.contains(&label);
        let line = metrics.lines().find(of).unwrap_or_default();
        line.rsplit(' ').next().unwrap_or_default().to_owned()
    }

    /// A daemon that has seen the release in sync, and two bulk reads of tags since.
    async fn daemon_in_sync(&self) -> tokio::process::Child {
        let daemon = self.start();
        self.until("in sync", |it| it.row("Release")["status"] == "synced").await;
        let reads = |it: &Self| it.count(|it| it.operation == "GetResources");
        let before = reads(self);
        self.until("bulk reads", |it| reads(it) > before + 1).await;
        daemon
    }

    async fn held(&self) {
        self.until("held back", |it| it.row("Release")["reason"] == "ReleaseHeld").await;
    }
}

/// A function whose callers get version 2, and got version 1 before.
async fn twice() -> Scene {
    let scene = released(TESTED).await;
    scene.push(2);
    scene.apply().await;
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_takes_back_is_seen_and_counted_by_a_daemon_that_runs() {
    let scene = twice().await;
    scene.faults(&json!([{ "fault": "stale", "operations": ["GetResources"], "seconds": 30 }]));
    let _daemon = scene.daemon_in_sync().await;
    assert_eq!(scene.endings("rolled_back"), "0");
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!((code, text.as_str()), (0, BACK));
    assert!(scene.release_tag().ends_with("@live/2:1"), "{}", scene.release_tag());
    let writes = scene.writes();
    scene.held().await;
    assert_eq!(scene.endings("rolled_back"), "1");
    scene.pass(200.0).await;
    assert_eq!((scene.writes(), scene.leads()), (writes, "1".into()), "the trace is no drift");
    assert_eq!(scene.endings("rolled_back"), "1");
    let (code, text) = scene.run(&["rollback", "job", "--resume"]).await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("within one `--resync`"), "{text}");
    scene.until("it goes on", |it| it.leads() == "2").await;
    scene.until("no trace", |it| it.release_tag().ends_with("@live")).await;
    // What comes after it takes the trace away.
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!(code, 0, "{text}");
    scene.held().await;
    scene.push(3);
    scene.until("the newer one", |it| it.leads() == "3").await;
    scene.until("no trace", |it| it.release_tag().ends_with("@live")).await;
    assert_eq!(scene.endings("rolled_back"), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_evenkeel_held_back_goes_on_when_a_person_says_so_to_another_process() {
    let scene = released(TESTED).await;
    let _daemon = scene.daemon_in_sync().await;
    scene.answers(broken("2"));
    scene.push(2);
    scene.held().await;
    assert_eq!((scene.leads(), scene.endings("rejected")), ("1".into(), "1".into()));
    assert!(scene.release_tag().ends_with("@live"), "{}", scene.release_tag());
    scene.answers(json!([]));
    let (code, text) = scene.run(&["rollback", "job", "--resume"]).await;
    assert_eq!(code, 0, "{text}");
    scene.until("it goes on", |it| it.leads() == "2").await;
    scene.until("no trace", |it| it.release_tag().ends_with("@live")).await;
    assert_eq!((scene.endings("rejected"), scene.endings("rolled_back")), ("1".into(), "0".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_taken_back_also_where_that_leaves_no_trace() {
    let scene = twice().await;
    let busy = "The operation cannot be performed at this time. An update is in progress for resource: job";
    let refuse = json!({ "fault": "refuse", "operations": ["TagResource"], "code": "ResourceConflictException", "message": busy });
    scene.faults(&json!([refuse]));
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!((code, scene.leads()), (0, "1".into()), "{text}");
    assert!(text.contains("could not be written"), "{text}");
    assert!(scene.release_tag().ends_with("@live"), "{}", scene.release_tag());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_is_deleted_after_a_rollback_comes_back_where_it_was() {
    let scene = twice().await;
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!(code, 0, "{text}");
    let call = Call::by(Scene::caller(), (Service::Lambda, "DeleteAlias"), ("job", Value::Null));
    scene.sim.by_call(&Call { rest: vec!["live".into()], ..call }).unwrap();
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!((code, scene.leads()), (1, "1".into()), "{text}");
    assert!(text.contains("rolled back by hand"), "{text}");
}

/// While AWS moves instances from one version to the other, it shows weights that nobody set.
#[tokio::test(flavor = "multi_thread")]
async fn weights_that_aws_shows_while_it_moves_instances_are_waited_for() {
    let scene = released("  release: {}\n  concurrency: { provisioned: 2 }\n").await;
    scene.faults(&json!([{ "fault": "stuck", "operations": ["UpdateAlias"], "seconds": 120 }]));
    let daemon = scene.start();
    scene.push(2);
    scene.until("AWS's weights", |it| it.leads() == "2, 0.5 of 1").await;
    scene.until("it is told", |it| it.row("Release")["reason"] == "Provisioning").await;
    assert_eq!(scene.row("Release")["changes"], json!([]));
    scene.until("they are gone", |it| it.leads() == "2").await;
    scene.until("all is well", |it| it.row("Release")["status"] == "synced").await;
    assert_eq!(scene.count(|it| it.operation == "UpdateAlias"), 1);
    // Another party's weights are drift as ever.
    let weights = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "1": 0.3 } } });
    move_alias(&scene, "job", weights);
    scene.until("they are taken back", |it| it.leads() == "2").await;
    assert!(scene.count(|it| it.operation == "UpdateAlias") > 1);
    drop(daemon);
}
