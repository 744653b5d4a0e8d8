//! The table of exit codes in docs/reference/exit-codes.md, walked through: each code that it names for a command is
//! seen, and no other. On the stand-in, by the real binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::json;

use crate::common::{root, scene::Scene};

/// The commands of the table that end by themselves and need no image builder.
const WALKED: [&str; 8] =
    ["check", "plan", "apply", "run --once", "status", "explain", "test", "import"];
const TESTED: &str =
    "  release:\n    smokeTests: [{ name: it, payload: {}, expect: { status: 200 } }]\n";

/// The codes that were seen, by command.
struct Walk<'a> {
    scene: &'a Scene,
    seen: BTreeMap<&'static str, BTreeSet<i32>>,
}

impl Walk<'_> {
    /// Runs a command, which must end with this code; returns what it prints.
    async fn ends(&mut self, command: &'static str, code: i32, words: &[&str]) -> String {
        let (found, text) = self.scene.run(words).await;
        assert_eq!(found, code, "{words:?}: {text}");
        self.seen.entry(command).or_default().insert(found);
        text
    }

    /// What no manifest asks for is left, and differs from none; only who prunes has something to do.
    async fn leaves(&mut self, m: &str) {
        let scene = self.scene;
        scene.manifest_of("goes", "  policy: { deletion: delete }\n");
        scene.manifest(TESTED);
        self.ends("apply", 0, &["apply", m]).await;
        fs::remove_file(scene.manifests().join("goes.yaml")).unwrap();
        let left = "1 left, which no manifest asks for";
        for (command, words) in [
            ("plan", vec!["plan", m]),
            ("apply", vec!["apply", m]),
            ("run --once", vec!["run", m, "--once"]),
        ] {
            let text = self.ends(command, 0, &words).await;
            assert!(text.contains(left), "{words:?}: {text}");
            let text = self.ends(command, 1, &[words.as_slice(), &["--prune"]].concat()).await;
            assert!(text.contains("--confirm-prune"), "{words:?}: {text}");
        }
        self.ends("check", 0, &["check", m]).await;
        let daemon = scene.start_with(&["--mode", "observe"]);
        let function = |it: &Scene, reason: &str| {
            it.facets("Function").iter().any(|it| it["reason"] == reason)
        };
        scene.until("it is seen", |it| function(it, "ManifestGone")).await;
        scene.until("in sync", |it| it.row("Release")["status"] == "synced").await;
        scene.until("all of it", |it| function(it, "InSync")).await;
        let url = scene.address();
        for (command, words) in [
            ("status", vec!["status"]),
            ("status", vec!["status", "goes"]),
            ("explain", vec!["explain", "goes"]),
        ] {
            let text = self.ends(command, 0, &[words.as_slice(), &["--url", &url]].concat()).await;
            assert!(text.contains("left") && !text.contains("unknown"), "{words:?}: {text}");
        }
        drop(daemon);
    }
}

/// The codes that the table names for a command.
fn documented() -> BTreeMap<&'static str, BTreeSet<i32>> {
    let text = fs::read_to_string(root().join("docs/reference/exit-codes.md")).unwrap();
    let codes = |command: &'static str| {
        let row = text.lines().find(|it| it.starts_with(&format!("| `{command}` |"))).unwrap();
        let cells = row.split(" | ").skip(1).enumerate();
        let named = cells.filter(|(_, cell)| !cell.trim_start().starts_with('—'));
        (command, named.map(|(code, _)| i32::try_from(code).unwrap()).collect())
    };
    WALKED.into_iter().map(codes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_of_the_table_is_seen_and_no_other() {
    let scene = Scene::new().await;
    let folder = scene.manifests();
    let m = folder.to_str().unwrap();
    let out = tempfile::tempdir().unwrap();
    let made = out.path().join("made");
    let url = "http://127.0.0.1:9";
    let mut walk = Walk { scene: &scene, seen: BTreeMap::new() };
    // Nothing is there yet, and then a manifest with a fault.
    walk.ends("check", 2, &["check", m]).await;
    for command in ["plan", "apply"] {
        walk.ends(command, 2, &[command, m]).await;
    }
    fs::write(folder.join("job.yaml"), "kind: [").unwrap();
    walk.ends("check", 2, &["check", m]).await;
    walk.ends("run --once", 2, &["run", m, "--once"]).await;
    walk.ends("status", 2, &["status", "--url", url]).await;
    walk.ends("explain", 2, &["explain", "job", "--url", url]).await;
    // A function without tests, which is made.
    scene.manifest("");
    walk.ends("check", 0, &["check", m]).await;
    walk.ends("plan", 1, &["plan", m]).await;
    walk.ends("test", 2, &["test", m]).await;
    walk.ends("apply", 0, &["apply", m]).await;
    walk.ends("plan", 0, &["plan", m]).await;
    walk.ends("run --once", 0, &["run", m, "--once"]).await;
    let into = made.to_str().unwrap();
    walk.ends("import", 0, &["import", "job", "--dir", into]).await;
    walk.ends("import", 2, &["import", "nowhere", "--dir", into]).await;
    // Tests that pass, and tests that fail.
    let script = |status: u16| {
        json!([{
            "function": "job", "durationMs": 40.0, "payload": { "statusCode": status },
        }])
    };
    scene.answers(script(200));
    scene.manifest(TESTED);
    walk.ends("apply", 0, &["apply", m]).await;
    walk.ends("test", 0, &["test", m]).await;
    scene.answers(script(500));
    walk.ends("test", 1, &["test", m]).await;
    // A daemon that only observes, and another party's change.
    let daemon = scene.start_with(&["--mode", "observe"]);
    scene.until("in sync", |it| it.row("Release")["status"] == "synced").await;
    scene.until("all of it", |it| it.row("Function")["status"] == "synced").await;
    let url = scene.address();
    walk.ends("status", 0, &["status", "--url", &url]).await;
    walk.ends("explain", 0, &["explain", "job", "--url", &url]).await;
    scene.lambda("UpdateFunctionConfiguration", None, json!({ "MemorySize": 512 }));
    scene.until("drifted", |it| it.row("Function")["status"] == "drifted").await;
    walk.ends("status", 1, &["status", "--url", &url]).await;
    walk.ends("explain", 1, &["explain", "job", "--url", &url]).await;
    drop(daemon);
    // What nothing may be written to stays different.
    scene.manifest(&format!("{TESTED}  policy: {{ mode: observe }}\n"));
    for (command, words) in [("apply", vec!["apply", m]), ("run --once", vec!["run", m, "--once"])]
    {
        walk.ends(command, 1, &words).await;
    }
    walk.leaves(m).await;
    assert_eq!(walk.seen, documented());
}
