//! What people see of a plan and of an apply, on the stand-in by the real binary: golden files, in colour as on a
//! terminal and without as in a pipe.

use std::{collections::BTreeMap, fs};

use evenkeel_sim::call::Service;
use serde_json::{Value, json};

use crate::common::{
    golden, local,
    scene::{ACCOUNT, Scene},
};

/// What a function can have, and a repository.
const EVERYTHING: &str = r#"  memorySize: 512
  environment: { variables: { MODE: fast, TOKEN: hunter2 } }
  tags: { team: imaging }
  release: { alias: live, strategy: { canary: { steps: [10, 50], every: 5m } } }
  url: { authType: AWS_IAM }
  eventSources: [{ eventSourceArn: "arn:aws:sqs:us-east-1:123456789012:orders", batchSize: 5 }]
  logGroup: { retentionInDays: 30 }
---
apiVersion: evenkeel.dev/v1
kind: Repository
metadata: { name: team/tools }
spec: { imageTagMutability: IMMUTABLE }
"#;
/// More than a breaker needs.
const FLEET: usize = 13;

impl Scene {
    /// Runs a command on the manifests, and compares what it prints with golden files: without colour, and with it.
    async fn prints(&self, name: &str, code: i32, arguments: &[&str]) {
        for (form, forced) in [("txt", "0"), ("ansi", "1")] {
            let folder = self.manifests();
            let (command, rest) = arguments.split_first().unwrap();
            let all = [&[*command, folder.to_str().unwrap()], rest].concat();
            let mut command = self.command(&all);
            command.env("CLICOLOR_FORCE", forced);
            let out = command.output().await.unwrap();
            let text = String::from_utf8(out.stdout).unwrap();
            assert_eq!(out.status.code(), Some(code), "{text}");
            golden(&local(&format!("outputs/{name}.{form}")), &without_hash(&text));
        }
    }

    /// The plan as JSON.
    async fn plan(&self, arguments: &[&str]) -> Value {
        let (_, text) = self.on_manifests(&[&["plan", "-o", "json"], arguments].concat()).await;
        // What goes to the log is no part of it.
        let lines = text.lines().filter(|it| !it.starts_with("{\"timestamp"));
        serde_json::from_str(&lines.collect::<String>()).unwrap()
    }
}

/// The hash of a plan holds digests of images that another salt would change.
fn without_hash(text: &str) -> String {
    match text.split_once("--expect ") {
        Some((before, after)) => format!("{before}--expect HASH{}", &after[16..]),
        None => text.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_will_be_created_is_shown_and_nothing_secret() {
    let scene = Scene::new().await;
    scene.manifest(EVERYTHING);
    scene.prints("create", 1, &["plan"]).await;
    let text = fs::read_to_string(local("outputs/create.txt")).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    scene.prints("create-markdown", 1, &["plan", "-o", "markdown"]).await;
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert!(code == 0 && text.ends_with("Applied: 2 created.\n"), "{text}");
    assert!(text.contains("done  Function/job url: create URL"), "{text}");
    scene.prints("unchanged", 0, &["plan"]).await;
    scene.prints("applied-unchanged", 0, &["apply"]).await;
}

/// Each change once, live → desired, and what follows for callers.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_shown_once_with_what_follows() {
    let scene = Scene::new().await;
    scene.manifest(EVERYTHING);
    scene.apply().await;
    scene.lambda("UpdateFunctionConfiguration", None, json!({ "Timeout": 99 }));
    scene.manifest(&EVERYTHING.replace("512", "1024").replace("batchSize: 5", "batchSize: 7"));
    scene.pass(5.0).await;
    scene.prints("change", 1, &["plan"]).await;
    let plan = scene.plan(&[]).await;
    assert_eq!((&plan["summary"]["update"], &plan["summary"]["unchanged"]), (&json!(1), &json!(1)));
}

/// What was reviewed is what is done, else nothing.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_plan_that_was_reviewed_is_applied() {
    let scene = Scene::new().await;
    scene.manifest("  memorySize: 512\n");
    let hash = scene.plan(&[]).await["hash"].as_str().unwrap().to_owned();
    scene.manifest("  memorySize: 1024\n");
    let (code, text) = scene.on_manifests(&["apply", "--expect", &hash]).await;
    assert!(code == 2 && text.contains("the plan is another one by now"), "{text}");
    assert_eq!(scene.writes(), 0, "nothing is written");
    scene.manifest("  memorySize: 512\n");
    let (code, text) = scene.on_manifests(&["apply", "--expect", &hash]).await;
    assert!(code == 0 && text.contains("1 created"), "{text}");
    // A job that runs once more finds nothing left to do.
    let (code, text) = scene.on_manifests(&["apply", "--expect", &hash]).await;
    assert!(code == 0 && text.contains("1 unchanged"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_what_is_refused_say_why() {
    let scene = Scene::new().await;
    scene.call(Service::Ecr, "CreateRepository", ("later", json!({})));
    scene.manifest_of("waits", "  memorySize: 512\n");
    let path = scene.manifests().join("waits.yaml");
    let text = fs::read_to_string(&path).unwrap().replace("jobs:v1", "later:v1");
    fs::write(&path, text).unwrap();
    let mut theirs =
        scene.command(&["apply", scene.manifests().to_str().unwrap(), "--timeout", "20s"]);
    scene.manifest("");
    theirs.env("EVENKEEL_OWNER", "others");
    assert_eq!(theirs.output().await.unwrap().status.code(), Some(1));
    scene.prints("wait-and-refuse", 1, &["plan"]).await;
    scene.prints("applied-wait-and-refuse", 1, &["apply"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_shown_with_the_hash_that_confirms_it() {
    let scene = Scene::new().await;
    for name in ["keeps", "goes"] {
        scene.manifest_of(name, "  policy: { deletion: delete }\n");
    }
    scene.apply().await;
    fs::remove_file(scene.manifests().join("goes.yaml")).unwrap();
    scene.prints("left", 0, &["plan"]).await;
    scene.prints("prune", 1, &["plan", "--prune"]).await;
}

/// A deletion names all that goes with a function, as far as its own tags say what there is, and what stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_names_what_goes_with_it() {
    let scene = Scene::new().await;
    scene.manifest_of("keeps", "");
    scene.manifest(&EVERYTHING.replacen(
        "  release:",
        "  policy: { deletion: delete }\n  release:",
        1,
    ));
    scene.apply().await;
    fs::remove_file(scene.manifests().join("job.yaml")).unwrap();
    scene.prints("prune-everything", 1, &["plan", "--prune"]).await;
    let plan = scene.plan(&["--prune"]).await;
    let objects = plan["objects"].as_array().unwrap();
    let job = objects.iter().find(|it| it["key"] == "default/Function/job").unwrap();
    let facets = job["facets"].as_array().unwrap().iter();
    let actions: BTreeMap<&str, &str> =
        facets.map(|it| (it["facet"].as_str().unwrap(), it["action"].as_str().unwrap())).collect();
    let all =
        [("function", "delete"), ("logGroup", "none"), ("release", "delete"), ("url", "delete")];
    assert_eq!(actions, all.into());
    // Nothing is read for it.
    let reads = scene.count(|it| it.operation == "GetFunctionUrlConfig");
    scene.plan(&["--prune"]).await;
    assert_eq!(scene.count(|it| it.operation == "GetFunctionUrlConfig"), reads);
}

#[tokio::test(flavor = "multi_thread")]
async fn mass_drift_is_shown_as_what_waits() {
    let scene = Scene::new().await;
    for number in 0..FLEET {
        scene.manifest_of(&format!("job-{number:02}"), "");
    }
    scene.apply().await;
    for number in 0..FLEET {
        let name = format!("job-{number:02}");
        let body = json!({ "MemorySize": 512 });
        scene.call(Service::Lambda, "UpdateFunctionConfiguration", (name.as_str(), body));
    }
    scene.pass(5.0).await;
    scene.prints("breaker", 1, &["plan"]).await;
    let (code, text) = scene.on_manifests(&["apply"]).await;
    assert!(code == 1 && text.contains("Applied: 13 waiting."), "{text}");
}

/// Where AWS does not answer, each object says so once, and the target how many objects that is about.
#[tokio::test(flavor = "multi_thread")]
async fn one_failure_is_told_once() {
    let scene = Scene::new().await;
    for name in ["job", "other"] {
        scene.manifest_of(name, "  release: {}\n  url: { authType: AWS_IAM }\n  logGroup: {}\n");
    }
    scene.fails("GetCallerIdentity", "expired");
    let account = ["--account-id", ACCOUNT];
    scene.prints("on-hold", 2, &[&["plan"], account.as_slice()].concat()).await;
    scene.prints("applied-on-hold", 2, &[&["apply"], account.as_slice()].concat()).await;
    let plan = scene.plan(&account).await;
    let facets = plan["objects"][0]["facets"].as_array().unwrap();
    assert_eq!(facets.len(), 4, "programs are told all: {plan:#}");
    // Each call names itself; why it failed is the same for all.
    let reads = ["ListFunctions", "GetFunction", "ListAliases", "ListFunctionUrlConfigs"];
    let refused = json!({ "fault": "refuse", "operations": reads, "code": "AccessDeniedException", "message": "by a policy" });
    scene.faults(&json!([refused]));
    scene.prints("unread", 2, &["plan"]).await;
}

/// What else is ours is no news to a command that is given one file.
#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_about_itself() {
    let scene = Scene::new().await;
    for name in ["keeps", "goes"] {
        scene.manifest_of(name, "");
    }
    scene.apply().await;
    fs::remove_file(scene.manifests().join("goes.yaml")).unwrap();
    let (_, text) = scene.on_manifests(&["plan"]).await;
    assert!(text.contains("1 unchanged, 1 left"), "{text}");
    let file = scene.manifests().join("keeps.yaml");
    for (command, sum) in [("plan", "Plan: 1 unchanged.\n"), ("apply", "Applied: 1 unchanged.\n")] {
        let (code, text) = scene.run(&[command, file.to_str().unwrap()]).await;
        assert_eq!((code, text.as_str()), (0, sum));
    }
}

/// A part that cannot be read makes the exit code 2, also beside something that is worse off.
#[tokio::test(flavor = "multi_thread")]
async fn a_facet_that_is_not_known_is_no_mere_difference() {
    let scene = Scene::new().await;
    scene.manifest("  url: { authType: AWS_IAM }\n");
    scene.apply().await;
    scene.lambda("UpdateFunctionConfiguration", None, json!({ "MemorySize": 512 }));
    scene.pass(5.0).await;
    let (code, text) = scene.on_manifests(&["plan"]).await;
    assert_eq!(code, 1, "{text}");
    scene.fails("GetFunctionUrlConfig", "deny");
    let (code, text) = scene.on_manifests(&["plan"]).await;
    assert!(code == 2 && text.contains("~ memorySize"), "{text}");
}

/// Each object is counted once, and the counts, the text and the exit code agree.
#[tokio::test(flavor = "multi_thread")]
async fn counts_text_and_exit_code_agree() {
    let scene = Scene::new().await;
    let check = async |what: &str, code: i32, counts: &[(&str, u64)]| {
        let (found, text) = scene.on_manifests(&["plan"]).await;
        assert_eq!(found, code, "{what}: {text}");
        let plan = scene.plan(&[]).await;
        let all: BTreeMap<String, u64> = serde_json::from_value(plan["summary"].clone()).unwrap();
        let some: BTreeMap<String, u64> = all.into_iter().filter(|(_, it)| *it > 0).collect();
        let counts = counts.iter().map(|(word, it)| ((*word).to_owned(), *it)).collect();
        assert_eq!(some, counts, "{what}: {text}");
    };
    scene.manifest("");
    check("nothing is there", 1, &[("create", 1)]).await;
    scene.apply().await;
    check("all is well", 0, &[("unchanged", 1)]).await;
    scene.manifest("  memorySize: 512\n");
    check("an edit", 1, &[("update", 1)]).await;
    scene.manifest("  policy: { suspend: { reason: holidays } }\n");
    check("held, and as asked", 0, &[("suspended", 1)]).await;
    fs::remove_file(scene.manifests().join("job.yaml")).unwrap();
    scene.manifest_of("other", "");
    check("an orphan is no difference", 1, &[("create", 1), ("left", 1)]).await;
}
