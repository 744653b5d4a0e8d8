//! Releases, on the stand-in, by the real binary: a version gets callers only once it is known to be good, and
//! while it gets them no caller sees an error.

mod by_hand;
mod canary;

use std::{collections::BTreeSet, sync::Arc};

use evenkeel_sim::call::{Call, Service};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::common::scene::Scene;

/// What `rollback` says where callers of version 2 got version 1 before.
const BACK: &str = "job: alias live leads to version 1 again (was version 2); version 2 is held back until a newer one is deployed or \
                    `evenkeel rollback --resume job`\n";
const TESTED: &str = r"
  release:
    smokeTests:
      - { name: counts, payload: { seq: ACGT }, expect: { body: { /seq: ACGT }, maxDuration: 5s } }
";
const CANARY: &str = r"
  release:
    strategy: { canary: { steps: [10, 50], every: 1m, maxErrorPercent: 5 } }
    alarms: [errors]
";

/// A version that fails.
fn broken(version: &str) -> Value {
    json!([{ "function": "job", "version": version, "functionError": "Unhandled", "payload": { "errorMessage": "no such base" }, "log": ["reading", "no such base: N"] }])
}

/// Everybody who calls the alias all the time: the versions that answered, and the errors.
struct Callers {
    stop: Arc<tokio::sync::Notify>,
    task: JoinHandle<(BTreeSet<String>, usize)>,
}

impl Callers {
    #[expect(clippy::disallowed_methods, reason = "it ends with the test, which waits for it")]
    fn start(scene: &Scene) -> Self {
        let stop = Arc::new(tokio::sync::Notify::new());
        let (shared, stopped) = (Arc::clone(&scene.sim.shared), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            let (mut versions, mut errors, mut number) = (BTreeSet::new(), 0, 0_u64);
            loop {
                tokio::select! {
                    () = stopped.notified() => return (versions, errors),
                    () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
                }
                number += 1;
                let call = Call {
                    qualifier: Some("live".into()),
                    ..Call::by(
                        Scene::caller(),
                        (Service::Lambda, "Invoke"),
                        ("job", json!(number.to_string())),
                    )
                };
                let now = shared.now();
                match shared.world().by_call(&call, now) {
                    Ok(reply) => {
                        let header = |name| reply.headers.iter().find(|it| it.0 == name);
                        versions.insert(header("x-amz-executed-version").unwrap().1.clone());
                        errors += usize::from(header("x-amz-function-error").is_some());
                    }
                    Err(_) => errors += 1,
                }
            }
        });
        Self { stop, task }
    }

    async fn end(self) -> (Vec<String>, usize) {
        self.stop.notify_one();
        let (versions, errors) = self.task.await.unwrap();
        (versions.into_iter().collect(), errors)
    }
}

fn alarm(scene: &Scene, state: &str) {
    scene.sim.shared.world().alarm(&Scene::caller(), "errors", state);
}

/// Somebody moves the alias of a function.
fn move_alias(scene: &Scene, function: &str, body: Value) {
    let call = Call {
        rest: vec!["live".into()],
        ..Call::by(Scene::caller(), (Service::Lambda, "UpdateAlias"), (function, body))
    };
    scene.sim.by_call(&call).unwrap();
}

/// A function with an alias on version 1.
async fn released(rest: &str) -> Scene {
    let scene = Scene::new().await;
    alarm(&scene, "OK");
    scene.manifest(rest);
    scene.apply().await;
    assert_eq!(scene.leads(), "1");
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_image_gets_callers_once_it_is_tested() {
    let scene = released(TESTED).await;
    assert_eq!(scene.count(|it| it.operation == "Invoke"), 1);
    scene.assert_quiet().await;
    scene.push(2);
    let (code, text) = scene.planned(&[]).await;
    assert_eq!(code, 1, "{text}");
    let callers = Callers::start(&scene);
    scene.apply().await;
    assert_eq!(scene.leads(), "2");
    assert_eq!(callers.end().await, (vec!["1".into(), "2".into()], 0));
    scene.assert_quiet().await;
    // What a version does not keep needs none.
    scene.manifest(&format!("{TESTED}  description: other\n"));
    scene.apply().await;
    assert_eq!((scene.leads(), scene.versions().len()), ("2".into(), 2));
    scene.manifest(&format!("{TESTED}  memorySize: 512\n"));
    scene.apply().await;
    assert_eq!(scene.leads(), "3");
    scene.assert_quiet().await;
}

/// It changes nothing, so that everything else of the function is written meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_smoke_test_under_way_holds_up_no_write() {
    let scene = released(TESTED).await;
    let daemon = scene.start_with(&["--max-in-flight", "1"]);
    scene.until("in sync", |it| it.row("Release")["status"] == "synced").await;
    scene.faults(&json!([{ "fault": "latency", "operations": ["Invoke"], "seconds": 600 }]));
    scene.push(2);
    let testing = |it: &Scene| it.count(|it| it.operation == "Invoke" && it.ended.is_none());
    scene.until("a test is under way", |it| testing(it) == 1).await;
    scene.manifest(&format!("{TESTED}  asyncInvoke: {{ maximumRetryAttempts: 1 }}\n"));
    let put =
        |it: &Scene| it.count(|it| it.operation == "PutFunctionEventInvokeConfig" && it.effect);
    scene.until("another facet is written", |it| put(it) == 1).await;
    assert_eq!((testing(&scene), scene.leads()), (1, "1".into()));
    drop(daemon);
}

/// New code under an old configuration is nothing that anybody asked for.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_of_what_is_not_as_its_manifest_asks() {
    let scene = released(TESTED).await;
    scene.fails("UpdateFunctionConfiguration", "deny");
    scene.push(2);
    scene.manifest(&format!("{TESTED}  memorySize: 512\n"));
    let daemon = scene.start();
    let coded = |it: &Scene| it.count(|it| it.operation == "UpdateFunctionCode" && it.effect);
    scene.until("the code is new", |it| coded(it) == 1).await;
    // Two turns of the audit.
    scene.pass(200.0).await;
    assert_eq!((scene.leads(), scene.versions()), ("1".into(), vec!["1".into()]));
    drop(daemon);
    scene.faults(&json!([]));
    scene.apply().await;
    assert_eq!((scene.leads(), scene.versions().len()), ("2".into(), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_fails_its_test_gets_no_callers() {
    let scene = released(TESTED).await;
    scene.answers(broken("2"));
    scene.push(2);
    let callers = Callers::start(&scene);
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("ReleaseHeld"), "{text}");
    assert!(text.contains("smoke test counts: it ended with the error Unhandled"), "{text}");
    assert!(text.contains("its log ends with: reading | no such base: N"), "{text}");
    assert_eq!(scene.leads(), "1");
    // It is remembered: no other process tries it again.
    let before = (scene.writes(), scene.count(|it| it.operation == "Invoke"));
    let (code, _) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1);
    assert_eq!((scene.writes(), scene.count(|it| it.operation == "Invoke")), before);
    scene.push(3);
    scene.apply().await;
    assert_eq!(scene.leads(), "3");
    assert_eq!(callers.end().await, (vec!["1".into(), "3".into()], 0));
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_image_that_fails_its_test_gets_no_alias() {
    let scene = Scene::new().await;
    scene.answers(broken("1"));
    scene.manifest(&format!("{TESTED}  url: {{ authType: AWS_IAM }}\n"));
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert_eq!(scene.leads(), "nowhere");
    let before = scene.count(|it| it.operation == "Invoke");
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert_eq!(scene.count(|it| it.operation == "Invoke"), before, "{text}");
    scene.push(2);
    scene.apply().await;
    assert_eq!(scene.leads(), "2");
    assert_eq!(
        scene.lambda("GetFunctionUrlConfig", Some("live"), Value::Null)["AuthType"],
        "AWS_IAM"
    );
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_smoke_test_expects_is_held_against_the_answer() {
    let scene = Scene::new().await;
    let expect = |expect: &str| {
        scene.manifest(&format!(
            "  release:\n    smokeTests: [{{ name: it, payload: {{ seq: ACGT }}, expect: {expect} }}]\n"
        ));
    };
    let answer = |error: Option<&str>| {
        scene.answers(json!([{
            "function": "job", "functionError": error, "durationMs": 40.0,
            "payload": { "statusCode": 200, "counts": { "A": 1 } },
        }]));
    };
    let mut salt = 1;
    for (error, good, bad, why) in [
        (None, "{ status: 200 }", "{ status: 500 }", "statusCode is 200, and should be 500"),
        (
            None,
            "{ body: { /counts/A: 1 } }",
            "{ body: { /counts/A: 2 } }",
            "at `/counts/A` stands 1",
        ),
        (None, "{ matches: counts }", "{ matches: ^none }", "does not match `^none`"),
        (
            None,
            "{ maxDuration: 50ms }",
            "{ maxDuration: 30ms }",
            "it took 40.0ms, and may take 30ms",
        ),
        (
            Some("Handled"),
            "{ functionError: Handled }",
            "{ functionError: Unhandled }",
            "the error Handled",
        ),
    ] {
        answer(error);
        salt += 1;
        scene.push(salt);
        expect(bad);
        let (code, text) = scene.on_manifests(&["apply"]).await;
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(why), "{text}");
        salt += 1;
        scene.push(salt);
        expect(good);
        scene.apply().await;
    }
    assert_eq!(scene.leads(), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_go_back_and_it_stays_so_until_something_newer_comes() {
    let scene = released(TESTED).await;
    scene.push(2);
    scene.apply().await;
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!((code, text.as_str()), (0, BACK));
    let daemon = scene.start();
    scene.pass(300.0).await;
    assert_eq!(scene.leads(), "1");
    drop(daemon);
    // Nobody suspended it: who looks for the word finds the one that is meant.
    let (code, text) = scene.run(&["resume", "job"]).await;
    let meant = "version 2 of job is held back by its release, which is no suspension; `evenkeel rollback --resume job`";
    assert!(code == 0 && text.contains(meant), "{text}");
    let (code, text) = scene.run(&["rollback", "job", "--resume"]).await;
    let goes_on = "job: version 2 is no longer held back; alias live leads to version 1 until the release goes on\n";
    assert!(code == 0 && text.starts_with(goes_on), "{text}");
    let (code, text) = scene.run(&["resume", "job"]).await;
    assert!(
        code == 0 && text.contains("was not suspended") && !text.contains("held back"),
        "{text}"
    );
    scene.apply().await;
    assert_eq!(scene.leads(), "2");
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!((code, scene.leads()), (0, "1".into()), "{text}");
    scene.push(3);
    scene.apply().await;
    assert_eq!(scene.leads(), "3");
    for (arguments, wrong) in [
        (vec!["rollback", "job", "--to", "9"], "version 9 of function job is not there"),
        (vec!["rollback", "job", "--to", "3"], "leads to version 3 already"),
        (vec!["rollback", "job", "--resume"], "nothing of function job is held back"),
        (vec!["rollback", "other"], "there is no function other"),
    ] {
        let (code, text) = scene.run(&arguments).await;
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(wrong), "{text}");
    }
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_back_twice_does_not_go_forward() {
    let scene = released(TESTED).await;
    for salt in [2, 3] {
        scene.push(salt);
        scene.apply().await;
    }
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!((code, scene.leads()), (0, "2".into()), "{text}");
    let (code, text) = scene.run(&["rollback", "job"]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("name one with `--to`"), "{text}");
    let (code, text) = scene.run(&["rollback", "job", "--to", "1"]).await;
    assert_eq!(code, 0, "{text}");
    let daemon = scene.start();
    scene.pass(300.0).await;
    drop(daemon);
    assert_eq!(scene.leads(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shut_out_while_there_is_no_alias_yet() {
    let scene = Scene::new().await;
    let url = "  url: { authType: AWS_IAM }\n";
    scene.manifest(url);
    scene.apply().await;
    scene.answers(broken("1"));
    scene.manifest(&format!("{url}{TESTED}"));
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{text}");
    assert_eq!(scene.lambda("GetFunctionUrlConfig", None, Value::Null)["AuthType"], "AWS_IAM");
    // The test was wrong, and a person lets the version go on.
    scene.answers(json!([]));
    let (code, text) = scene.run(&["rollback", "job", "--resume"]).await;
    let goes_on = "job: version 1 is no longer held back; there is no alias live yet\n";
    assert!(code == 0 && text.starts_with(goes_on), "{text}");
    scene.apply().await;
    assert_eq!(scene.leads(), "1");
    assert_eq!(
        scene.lambda("GetFunctionUrlConfig", Some("live"), Value::Null)["AuthType"],
        "AWS_IAM"
    );
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_somebody_moves_goes_back() {
    let scene = released(TESTED).await;
    scene.push(2);
    scene.apply().await;
    for body in [
        json!({ "FunctionVersion": "1" }),
        json!({ "FunctionVersion": "$LATEST" }),
        json!({ "RoutingConfig": { "AdditionalVersionWeights": { "1": 0.5 } } }),
    ] {
        move_alias(&scene, "job", body);
        let (code, text) = scene.planned(&[]).await;
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("/release/version") && text.contains("drift"), "{text}");
        scene.apply().await;
        assert_eq!(scene.leads(), "2");
    }
    scene.lambda("DeleteAlias", None, json!("live"));
    scene.apply().await;
    assert_eq!(scene.leads(), "2");
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_go_and_those_in_use_stay() {
    let rest = "  release: { keepVersions: 2 }\n";
    let scene = released(rest).await;
    let other = json!({ "Name": "old", "FunctionVersion": "1" });
    scene.lambda("CreateAlias", None, other);
    for salt in 2..6 {
        scene.push(salt);
        scene.apply().await;
    }
    assert_eq!(scene.leads(), "5");
    assert_eq!(scene.versions(), ["1", "4", "5"]);
    scene.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_the_alias_moves_there_and_back() {
    // Three permissions: what takes several calls is not given up after the first.
    let blocks = "  url: { authType: AWS_IAM }\n  permissions: [{ sid: a, principal: s3.amazonaws.com }, { sid: b, principal: sns.amazonaws.com }, { sid: c, principal: sqs.amazonaws.com }]\n  asyncInvoke: { maximumRetryAttempts: 1 }\n";
    let scene = Scene::new().await;
    scene.manifest(blocks);
    scene.apply().await;
    assert_eq!(scene.urls(), ["job"]);
    scene.manifest(&format!("{blocks}{TESTED}"));
    let (_, text) = scene.planned(&[]).await;
    assert!(text.contains("on the alias live"), "{text}");
    scene.apply().await;
    assert_eq!((scene.leads(), scene.urls()), ("1".into(), vec!["live".to_owned()]));
    let policy = scene.lambda("GetPolicy", Some("live"), Value::Null)["Policy"].to_string();
    assert_eq!(policy.matches("Principal").count(), 3, "{policy}");
    scene.assert_quiet().await;
    scene.manifest(blocks);
    scene.apply().await;
    assert_eq!((scene.leads(), scene.urls()), ("nowhere".into(), vec!["job".to_owned()]));
    scene.assert_quiet().await;
}
