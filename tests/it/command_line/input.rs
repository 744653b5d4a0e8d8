//! Manifests from standard input, and from a single file.

use super::User;
use crate::common::{function, scene::Scene};

#[test]
fn check_reads_standard_input_and_names_its_lines() {
    let mut user = User::new();
    let temporary = user.home().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    user.set("TMPDIR", temporary.to_str().unwrap());
    let text =
        [function("one", "jobs:v1", ""), function("two", "jobs:v1", "memorySize: 512")].concat();
    for words in [&["check", "-"][..], &["check", "-f", "-"], &["check", "--filename", "-"]] {
        let good = user.pipe(words, text.as_bytes());
        assert_eq!(good.out, "1 file, 2 good documents, 0 problems\n", "{good:?}");
        assert_eq!(good.code, 0);
    }
    let bad = text.replace("memorySize: 512", "memorySize: 1");
    let bad = user.pipe(&["check", "-"], bad.as_bytes());
    assert!(bad.code == 2 && bad.out.starts_with("stdin.yaml:15:15: `memorySize`"), "{bad:?}");
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "what was read is left");
    // The same text in a file.
    user.file("both.yaml", &text);
    assert_eq!(user.run(&["check", "both.yaml"]).out, "1 file, 2 good documents, 0 problems\n");
}

#[test]
fn standard_input_that_cannot_be_all_manifests_is_refused() {
    let user = User::new();
    let plan = ["plan", "-", "--owner", "team"];
    for words in
        [&["check", "-"][..], &plan, &["test", "-"], &["apply", "-f", "-", "--owner", "team"]]
    {
        let empty = user.pipe(words, b" \n");
        assert!(empty.code == 2 && empty.err.contains("has no manifests"), "{empty:?}");
        let large = user.pipe(words, &vec![b'#'; 1024 * 1024 + 1]);
        assert!(large.code == 2 && large.err.contains("larger than 1 MiB"), "{large:?}");
    }
    for command in ["plan", "apply"] {
        let prune = user.pipe(&[command, "-", "--owner", "team", "--prune"], b"a: 1");
        assert!(prune.code == 2 && prune.err.contains("--prune needs a directory"), "{prune:?}");
    }
    for words in [&["run", "-", "--owner", "team"][..], &["run", "-f", "-", "--owner", "team"]] {
        let again = user.pipe(words, b"a: 1");
        assert!(again.code == 2 && again.err.contains("evenkeel apply -"), "{again:?}");
    }
}

/// What stands on standard input is planned and applied like a directory, whole or by name.
#[tokio::test(flavor = "multi_thread")]
async fn plan_and_apply_take_standard_input() {
    let scene = Scene::new().await;
    let text = [function("one", "jobs:v1", ""), function("two", "jobs:v1", "")].concat();
    let piped = async |words: &[&str]| {
        let mut child = scene
            .hurried(words)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stdin, text.as_bytes()).await.unwrap();
        drop(stdin);
        let ended = child.wait_with_output().await.unwrap();
        let all = [ended.stdout, ended.stderr].concat();
        (ended.status.code(), String::from_utf8(all).unwrap())
    };
    let (code, plan) = piped(&["plan", "-"]).await;
    assert!(code == Some(1) && plan.contains("one") && plan.contains("two"), "{plan}");
    let account = ["--account-id", crate::common::scene::ACCOUNT];
    let (code, done) = piped(&[&["apply", "-", "one"], &account[..]].concat()).await;
    assert_eq!(code, Some(0), "{done}");
    let (code, plan) = piped(&["plan", "-f", "-"]).await;
    assert_eq!(code, Some(1), "{plan}");
    let (code, plan) = piped(&["plan", "-f", "-", "one"]).await;
    assert_eq!(code, Some(0), "{plan}");
}
