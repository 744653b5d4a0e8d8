//! Reads on request: over HTTP, by the command and by SIGHUP. The real binary, on the stand-in, with a list once an
//! hour: what is seen soon was asked for.

use std::{
    fs::File,
    process::Stdio,
    time::{Duration, Instant},
};

use evenkeel_sim::call::Service;
use serde_json::{Value, json};
use tokio::process::Child;

use crate::common::scene::Scene;

/// How soon what was asked for is seen; the audit would take 45 s on average.
const SOON: Duration = Duration::from_secs(10);
const OWN: &[(&str, &str)] = &[("x-evenkeel-request", "1")];

/// An answer: its status, the time of `Retry-After`, and its body.
#[derive(Debug)]
struct Answered {
    status: u16,
    after: Option<u64>,
    allow: String,
    body: Value,
}

impl Answered {
    #[track_caller]
    fn is(&self, status: u16, word: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.body["error"].as_str().unwrap_or_default().contains(word), "{self:?}");
    }
}

impl Scene {
    /// Two functions with reserved concurrency, as their manifests ask, and a daemon that watches them.
    async fn watched() -> (Self, Child) {
        let scene = Self::at(1.0).await;
        for name in ["job", "other"] {
            scene.manifest_of(name, "  concurrency: { reserved: 5 }\n");
        }
        scene.apply().await;
        let daemon = scene.start_with(&["--mode", "observe", "--resync", "1h"]);
        scene.until("read", |it| it.metric_of("synced") == "2").await;
        // Its parts too.
        let read = |it: &Self| ["job", "other"].iter().all(|name| it.status(name) == "synced");
        scene.until("parts read", read).await;
        (scene, daemon)
    }

    fn metric_of(&self, status: &str) -> String {
        self.value(&format!(
            "evenkeel_objects{{kind=\"Function\",status=\"{status}\",target=\"default\"}}"
        ))
    }

    fn value(&self, series: &str) -> String {
        let metrics = self.served("/metrics");
        let value = metrics.lines().find_map(|it| it.strip_prefix(series));
        value.unwrap_or_default().trim().to_owned()
    }

    fn refreshes(&self, result: &str) -> String {
        self.value(&format!("evenkeel_refresh_requests_total{{result=\"{result}\"}}"))
    }

    /// How the reserved concurrency of a function is doing.
    fn status(&self, name: &str) -> String {
        let text = self.served(&format!("/api/v1/objects/default/Function/{name}"));
        let object: Value = serde_json::from_str(&text).unwrap_or_default();
        let facets = object["facets"].as_array().cloned().unwrap_or_default();
        let facet = facets.into_iter().find(|it| it["name"] == "concurrency").unwrap_or_default();
        facet["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Somebody changes it, which no list shows.
    fn keep_free(&self, name: &str, count: u32) {
        let body = json!({ "ReservedConcurrentExecutions": count });
        self.call(Service::Lambda, "PutFunctionConcurrency", (name, body));
    }

    /// Where the daemon that was started last listens, whatever address that is.
    fn base(&self) -> String {
        let log = self.log();
        let lines = log.lines().rev().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let mut listening = lines.filter(|it| it["message"] == "listening");
        let address = listening.next().unwrap()["address"].as_str().unwrap().to_owned();
        format!("http://127.0.0.1:{}", address.rsplit(':').next().unwrap())
    }

    fn post(&self, headers: &[(&str, &str)], body: &str) -> Answered {
        let url = format!("{}/api/v1/refresh", self.base());
        let mut request = ureq::post(url).config().http_status_as_error(false).build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answered(request.send(body).unwrap())
    }

    fn ask(&self, objects: &[&str]) -> Answered {
        self.post(OWN, &json!({ "objects": objects }).to_string())
    }

    async fn seen_soon(&self, names: &[&str], asked: Instant) {
        let all = |it: &Self| names.iter().all(|name| it.status(name) == "drifted");
        self.until("what was changed is seen", all).await;
        assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    }
}

fn answered(mut answer: http::Response<ureq::Body>) -> Answered {
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (status, after, allow) =
        (answer.status().as_u16(), header("retry-after").parse().ok(), header("allow"));
    let body = answer.body_mut().read_json().unwrap_or_default();
    Answered { status, after, allow, body }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_asks_for_is_read_at_once() {
    let (scene, daemon) = Scene::watched().await;
    scene.keep_free("job", 7);
    let (asked, mut answer) = (now(), scene.ask(&["Function/job", "default/Concurrency/job"]));
    answer.is(202, "");
    let keys = json!(["default/Function/job"]);
    assert_eq!((&answer.body["documents"], &answer.body["count"]), (&keys, &json!(1)));
    assert_eq!(answer.body["everything"], false);
    scene.seen_soon(&["job"], asked).await;
    // An edit by hand that takes it back is seen by the command.
    scene.keep_free("job", 5);
    let (asked, url) = (now(), scene.base());
    let (code, text) = scene.run(&["refresh", "job", "other", "--url", &url]).await;
    let line = "requested a read of 2 documents: default/Function/job, default/Function/other";
    assert!(code == 0 && text.contains(line), "{code}: {text}");
    scene.until("it is seen", |it| it.status("job") == "synced").await;
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    // Everything, once a minute.
    scene.keep_free("job", 8);
    scene.keep_free("other", 8);
    let asked = now();
    let (code, text) = scene.run(&["refresh", "--url", &url]).await;
    let line = "requested a read of everything, 2 documents";
    assert!(code == 0 && text.contains(line), "{code}: {text}");
    scene.seen_soon(&["job", "other"], asked).await;
    answer = scene.post(OWN, "");
    answer.is(429, "less than a minute ago");
    assert!((1..=60).contains(&answer.after.unwrap()), "{answer:?}");
    let (code, text) = scene.run(&["refresh", "--url", &url]).await;
    assert!(code == 2 && text.contains("ask again in"), "{code}: {text}");
    assert_eq!([scene.refreshes("granted"), scene.refreshes("limited")], ["3", "2"]);
    assert!(scene.log().contains("reading AWS again on request"), "{}", scene.log());
    drop(daemon);
}

/// Not even in the second until everybody has been told.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_from_the_moment_at_which_the_pause_file_is_there() {
    let scene = Scene::at(1.0).await;
    scene.manifest("  concurrency: { reserved: 5 }\n");
    scene.apply().await;
    let pause = scene.manifests().with_file_name("pause");
    let daemon = scene.start_with(&["--pause-file", pause.to_str().unwrap(), "--resync", "1h"]);
    scene.until("read", |it| it.status("job") == "synced").await;
    for count in [6, 7, 8, 9] {
        let before = scene.writes();
        std::fs::write(&pause, "").unwrap();
        scene.keep_free("job", count);
        scene.ask(&["job"]).is(202, "");
        scene.until("it is seen", |it| it.status("job") == "drifted").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(scene.writes(), before);
        std::fs::remove_file(&pause).unwrap();
        scene.until("it is mended", |it| it.status("job") == "synced").await;
        assert!(scene.writes() > before);
    }
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_everything() {
    let (scene, daemon) = Scene::watched().await;
    scene.keep_free("job", 7);
    scene.keep_free("other", 7);
    let (asked, process) = (now(), daemon.id().unwrap().to_string());
    let mut kill = tokio::process::Command::new("kill");
    assert!(kill.args(["-HUP", &process]).status().await.unwrap().success());
    scene.seen_soon(&["job", "other"], asked).await;
    assert!(scene.log().contains("reading the manifests on request"), "{}", scene.log());
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_all_the_time_gets_one_read_a_second() {
    let (scene, daemon) = Scene::watched().await;
    // One of the calls that each reading of a function with its parts takes.
    let reads = |it: &Scene| it.count(|it| it.operation == "GetPolicy" && it.resource == "job");
    let (before, began) = (reads(&scene), now());
    let mut granted = 0_u16;
    for _ in 0..60 {
        let answer = scene.ask(&["job"]);
        assert_eq!(answer.status, 202, "{answer:?}");
        granted += u16::from(answer.body["coalesced"] == false);
    }
    let turns = began.elapsed().as_secs() + 2;
    // One more for the audit.
    let made = reads(&scene) - before;
    assert!(u64::from(granted) <= turns && granted > 0, "{granted} in {turns} s");
    assert!((1..=turns + 1).contains(&u64::try_from(made).unwrap()), "{made} in {turns} s");
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_ask_is_told_why_and_reads_go_on() {
    let (scene, daemon) = Scene::watched().await;
    let json = "application/json";
    // What a page of another site can send without being asked first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", json] {
        scene.post(&[("content-type", kind)], "{}").is(403, "X-Evenkeel-Request: 1");
    }
    scene.post(&[("x-evenkeel-request", "true")], "{}").is(403, "X-Evenkeel-Request: 1");
    // And what one can that lets its own name lead here.
    for host in ["evil.example", "evil.example:9809", "localhost.evil.example", "10.1.2.3"] {
        let headers = [OWN, &[("host", host)]].concat();
        scene.post(&headers, "{}").is(403, "--allowed-host");
    }
    for host in ["localhost", "LOCALHOST:80", "127.0.0.2", "[::1]:9809"] {
        let headers = [OWN, &[("host", host)]].concat();
        scene.post(&headers, r#"{"objects": ["nobody"]}"#).is(404, "`nobody`");
    }
    // No other method, and any name for whoever only reads, as before.
    for method in ["GET", "PUT", "DELETE"] {
        let request = http::Request::builder().method(method).uri(scene.base() + "/api/v1/refresh");
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let answer = answered(agent.run(request.body(()).unwrap()).unwrap());
        assert_eq!((answer.status, answer.allow.as_str()), (405, "POST"), "{method}");
    }
    for path in
        ["/metrics", "/livez", "/readyz", "/api/v1/objects", "/", "/objects/default/Function/job"]
    {
        let answer = ureq::get(scene.base() + path).header("host", "prometheus.example").call();
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        assert!(!text.is_empty() && !text.contains("read-now"), "{path}");
    }
    assert!(scene.served("/objects/default/Function/job").contains("read-now"));
    // What is not understood.
    for (body, status) in [
        ("[", 400),
        ("[]", 400),
        (r#"[["job"]]"#, 400),
        (r#"{"objects": "job"}"#, 400),
        (r#"{"objects": null}"#, 400),
        (r#"{"object": ["job"]}"#, 400),
        (r#"{"objects": ["job", ""]}"#, 404),
        (r#"{"objects": ["Function/nobody"]}"#, 404),
        (r#"{"objects": ["away/Function/job"]}"#, 404),
    ] {
        assert_eq!(scene.post(OWN, body).status, status, "{body}");
    }
    scene.ask(&["job"; 61]).is(400, "at most 60");
    scene.ask(&["x".repeat(40_000).as_str()]).is(413, "32768");
    let form = [OWN, &[("content-type", "text/plain")]].concat();
    scene.post(&form, "{}").is(415, "application/json");
    assert_eq!(scene.refreshes("granted"), "0");
    assert_eq!([scene.refreshes("forbidden"), scene.refreshes("invalid")], ["8", "16"]);
    let url = scene.base();
    let (code, text) = scene.run(&["refresh", "nobody", "--url", &url]).await;
    assert!(code == 2 && text.contains("no object `nobody`; `evenkeel status`"), "{code}: {text}");
    drop(daemon);
    let (code, text) = scene.run(&["refresh", "--url", "http://127.0.0.1:1"]).await;
    assert!(code == 2 && text.contains("is it running"), "{code}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_for_others_reads_on_request_only_if_told_so() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.apply().await;
    let start = |arguments: &[&str]| {
        let log = File::options().create(true).append(true).open(scene.log_file()).unwrap();
        let folder = scene.manifests();
        let mut command = scene.hurried(&["run", folder.to_str().unwrap()]);
        command.args(["--listen", "0.0.0.0:0", "--log-format", "json"]).args(arguments);
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    };
    let page = "/objects/default/Function/job";
    let shown = |path: &str| {
        let answer = ureq::get(scene.base() + path).call();
        answer.ok().and_then(|mut it| it.body_mut().read_to_string().ok()).unwrap_or_default()
    };
    let ready = |many: usize| {
        let log = scene.log();
        log.matches("\"listening\"").count() == many && shown(page).contains("synced")
    };
    let closed = start(&[]);
    scene.until("it is there", |_| ready(1)).await;
    scene.ask(&["job"]).is(403, "--allow-refresh");
    assert!(!shown(page).contains("read-now"));
    let url = scene.base();
    let (code, text) = scene.run(&["refresh", "--url", &url]).await;
    assert!(code == 2 && text.contains("--allow-refresh"), "{code}: {text}");
    drop(closed);
    let open = start(&["--allow-refresh", "--allowed-host", "evenkeel.example"]);
    scene.until("it is there again", |_| ready(2)).await;
    assert!(shown(page).contains("read-now"));
    let host = |host| scene.post(&[OWN, &[("host", host)]].concat(), r#"{"objects": ["job"]}"#);
    host("evil.example").is(403, "--allowed-host");
    host("evenkeel.example:443").is(202, "");
    drop(open);
}
