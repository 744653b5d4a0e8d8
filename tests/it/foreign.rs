//! Other people's files beside the manifests, and directories without any: what the real binary says of them.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::common::scene::Scene;

const GOOD: &str = "apiVersion: evenkeel.dev/v1
kind: Function
metadata: { name: good }
spec: { image: \"jobs:v1\", role: r }
";

/// Runs `check`; the exit code and all that is printed.
fn check(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    let done = command.arg("check").arg(folder).args(arguments).env_clear().output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.code().unwrap_or(-1), text)
}

#[test]
fn check_counts_what_it_skips_and_strict_refuses_it() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    fs::write(folder.path().join("ci.yml"), "on: push\njobs: {}\n").unwrap();
    let chart = "apiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\n";
    fs::write(folder.path().join("all.yaml"), chart).unwrap();
    let (code, text) = check(folder.path(), &[]);
    assert_eq!(
        (code, text.as_str()),
        (
            0,
            "skipped 3 documents of other tools (apps/v1, v1, 1 without `apiVersion`)\n\
             1 file, 1 good document, 0 problems\n"
        )
    );
    let (code, text) = check(folder.path(), &["--strict"]);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("all.yaml:1:13: `apiVersion` is `v1`; it may be evenkeel.dev/v1"),
        "{text}"
    );
    assert!(text.contains("ci.yml:1:1: `document` has no `apiVersion`"), "{text}");
    // A template is no YAML. The hint names the way out, and it works.
    fs::write(folder.path().join("template.yaml"), "{{- if .x }}\na: b\n").unwrap();
    let (code, text) = check(folder.path(), &[]);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("template.yaml:1:1: ") && text.contains("list it in `.evenkeelignore`"),
        "{text}"
    );
    fs::write(folder.path().join(".evenkeelignore"), "template.yaml\n").unwrap();
    assert_eq!(check(folder.path(), &[]).0, 0);
    fs::write(folder.path().join(".evenkeelignore"), "# templates\n{template\n").unwrap();
    let (code, text) = check(folder.path(), &[]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains(".evenkeelignore:2: the pattern cannot be read: "), "{text}");
}

#[test]
fn check_of_a_directory_without_manifests_is_an_error() {
    let folder = TempDir::new().unwrap();
    let refused = |part: &str| {
        let (code, text) = check(folder.path(), &[]);
        assert_eq!(code, 2, "{text}");
        let start = format!("error: {} holds no manifest{part}", folder.path().display());
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains("--allow-empty"), "{text}");
        let (code, text) = check(folder.path(), &["--allow-empty"]);
        assert_eq!(code, 0, "{text}");
    };
    refused(";");
    fs::write(folder.path().join("README.md"), "words").unwrap();
    refused(" (1 other file);");
    fs::write(folder.path().join("ci.yml"), "on: push\n").unwrap();
    refused("; it holds 1 document of another tool (without `apiVersion`);");
    // One with faults has its faults told instead.
    fs::write(folder.path().join("bad.yaml"), "kind: Function\n").unwrap();
    let (code, text) = check(folder.path(), &[]);
    assert_eq!(code, 2);
    assert!(text.contains("bad.yaml:1:1: ") && !text.contains("--allow-empty"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_round_of_work_begins_on_a_directory_without_manifests() {
    let scene = Scene::new().await;
    for words in [&["plan"][..], &["apply"], &["run", "--once"]] {
        let (code, text) = scene.on_manifests(words).await;
        assert_eq!(code, 2, "{words:?}: {text}");
        assert!(text.contains("holds no manifest") && text.contains("--allow-empty"), "{text}");
        let (code, text) = scene.on_manifests(&[words, &["--allow-empty"]].concat()).await;
        assert_eq!(code, 0, "{words:?}: {text}");
    }
}

/// The daemon shows what it skips, and treats a hidden manifest as one that was taken away.
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_counts_what_it_skips_and_follows_the_ignore_file() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.manifest_of("other", "");
    fs::write(scene.manifests().join("ci.yml"), "on: push\n").unwrap();
    let daemon = scene.start();
    scene.until("made", |it| it.functions().len() == 2).await;
    let metrics = scene.served("/metrics");
    assert!(metrics.contains("\nevenkeel_manifest_documents_skipped 1\n"), "{metrics}");
    assert!(metrics.contains("evenkeel_source_manifests{state=\"invalid\"} 0"), "{metrics}");
    let source = |it: &Scene| -> serde_json::Value {
        let all = serde_json::from_str(&it.served("/api/v1/objects"));
        all.map(|mut it: serde_json::Value| it["source"].take()).unwrap_or_default()
    };
    assert_eq!(source(&scene)["skipped"], 1, "{}", source(&scene));
    fs::write(scene.manifests().join(".evenkeelignore"), "other.yaml\n").unwrap();
    let gone =
        |it: &Scene| it.served("/api/v1/objects/default/Function/other").contains("ManifestGone");
    scene.until("taken away", gone).await;
    assert_eq!(scene.functions().len(), 2);
    fs::write(scene.manifests().join(".evenkeelignore"), "").unwrap();
    scene.until("back", |it| !gone(it) && source(it)["documents"] == 2).await;
    drop(daemon);
    let (code, text) = scene.on_manifests(&["plan", "--strict"]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("ci.yml:1:1: `document` has no `apiVersion`"), "{text}");
}

/// What an ignore file hides is deleted by the same rails as what was removed, and never while the file is broken.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_is_pruned_by_the_rails_of_what_was_removed() {
    let scene = Scene::new().await;
    for name in ["job", "other"] {
        scene.manifest_of(name, "  policy: { deletion: delete }\n");
    }
    scene.apply().await;
    let ignore = scene.manifests().join(".evenkeelignore");
    fs::write(&ignore, "other.yaml\n").unwrap();
    // Without a confirmation nothing goes.
    let (code, text) = scene.on_manifests(&["apply", "--prune"]).await;
    assert_eq!((code, scene.functions().len()), (1, 2), "{text}");
    let (_, hash) = text.split_once("--confirm-prune ").unwrap_or_else(|| panic!("{text}"));
    let hash: String = hash.chars().take_while(char::is_ascii_hexdigit).collect();
    let confirmed = ["apply", "--prune", "--confirm-prune", &hash];
    fs::write(&ignore, "other.yaml\na[\n").unwrap();
    let (code, text) = scene.on_manifests(&confirmed).await;
    assert_eq!((code, scene.functions().len()), (2, 2), "{text}");
    assert!(text.contains(".evenkeelignore:2: the pattern cannot be read"), "{text}");
    fs::write(&ignore, "other.yaml\n").unwrap();
    let (code, text) = scene.on_manifests(&confirmed).await;
    assert_eq!(code, 0, "{text}");
    let left: Vec<String> = scene.functions().into_keys().collect();
    assert_eq!(left, ["job"]);
}
