//! `evenkeel test` with a container engine that cannot start a container, held against a stand-in for one: what a person
//! and CI are told then, and that a function which fails is told apart.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::common::local;

const MANIFEST: &str = "apiVersion: evenkeel.dev/v1
kind: Function
metadata: { name: count }
spec:
  image: jobs:v1
  role: job
  environment: { variables: { GREETING: hunter2-hunter2 } }
  release:
    smokeTests:
      - { name: first, payload: {} }
      - { name: second, payload: {} }
";
/// What podman and docker show of a container whose program never ran.
const NEVER: [&str; 3] = ["", "0001-01-01 00:00:00 +0000 UTC", "0001-01-01T00:00:00Z"];

/// Runs the tests; the exit code, what was printed, and the report for CI.
fn test(says: &str, outcome: (i32, &str)) -> (i32, String, String) {
    test_by("podman", says, outcome)
}

/// The same by another program.
fn test_by(builder: &str, says: &str, (code, began): (i32, &str)) -> (i32, String, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("count.yaml"), MANIFEST).unwrap();
    let junit = folder.path().join("junit.xml");
    let done = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .arg("test")
        .arg(folder.path().join("count.yaml"))
        .args(["--image", "local:1", "--builder", builder, "--junit"])
        .arg(&junit)
        .env_clear()
        // A program that is written here cannot be run while a test beside this one forks: its copy has the file open.
        .env("PATH", format!("{}:/usr/bin:/bin", local("engines").display()))
        .envs([("SAYS", says), ("CODE", &code.to_string()), ("BEGAN", began)])
        .output()
        .unwrap();
    let text = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    (done.status.code().unwrap_or(-1), text, read(&junit))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn an_engine_that_cannot_start_a_container_fails_no_test() {
    let says = "time=\"2026-11-29T10:00:00Z\" level=warning msg=\"cgroups v1\"\n\
                Error: crun: create hunter2-hunter2: Operation not permitted: OCI permission denied\n\n\
                [conmon:e]: nothing to attach to\n";
    for (code, began) in [125, 126, 127, 1].into_iter().zip(NEVER.into_iter().cycle()) {
        let (exit, text, junit) = test(says, (code, began));
        assert_eq!(exit, 2, "{text}");
        let why = "podman cannot start a container of the image: Error: crun: create ***: Operation not permitted: OCI \
                   permission denied | [conmon:e]: nothing to attach to";
        assert!(text.contains(&format!("  ERROR first: {why}\n  ERROR second: {why}\n")), "{text}");
        assert!(text.contains("0 passed, 0 failed, 2 could not be run"), "{text}");
        assert!(!text.contains("hunter2") && !junit.contains("hunter2"), "{text}{junit}");
        assert!(junit.contains("failures=\"0\" errors=\"2\""), "{junit}");
        assert_eq!(junit.matches("<error ").count(), 2, "{junit}");
    }
    let (exit, text, _) = test("", (126, ""));
    assert_eq!(exit, 2, "{text}");
    assert!(
        text.contains("podman cannot start a container of the image: it says nothing"),
        "{text}"
    );
}

/// A program may end with the engine's codes, and say what an engine says.
#[test]
fn a_function_that_ends_as_it_starts_fails_its_tests() {
    for code in [125, 126, 127, 1] {
        let says = "Error: the boot fails\n";
        let (exit, text, junit) = test(says, (code, "2026-11-29 10:00:00.5 +0000 UTC"));
        assert_eq!(exit, 1, "{text}");
        assert!(text.contains(&format!("exit status {code}")), "{text}");
        assert!(text.contains("its log ends with: Error: the boot fails"), "{text}");
        assert!(junit.contains("failures=\"2\" errors=\"0\""), "{junit}");
    }
}

/// buildah keeps no record of what ever ran: what it says of the runtime decides.
#[test]
fn buildah_that_cannot_start_a_container_fails_no_test() {
    for says in [
        "error running container: from /usr/bin/crun creating container for [/app]: mount `/proc`: Operation not \
         permitted: exit status 1\n",
        "error running container: error creating container for [/app]: exec: no such file: exit status 1\n",
        "error running container: from /usr/bin/runc starting container for [/app]: : exit status 1\n",
    ] {
        let (exit, text, junit) = test_by("buildah", says, (1, ""));
        assert_eq!(exit, 2, "{text}");
        let why = format!("buildah cannot start a container of the image: {}", says.trim());
        assert!(text.contains(&format!("  ERROR first: {why}\n  ERROR second: {why}\n")), "{text}");
        assert!(junit.contains("failures=\"0\" errors=\"2\""), "{junit}");
    }
    let (exit, text, junit) = test_by("buildah", "Error: the boot fails\n", (1, ""));
    assert_eq!(exit, 1, "{text}");
    assert!(text.contains("its log ends with: Error: the boot fails"), "{text}");
    assert!(junit.contains("failures=\"2\" errors=\"0\""), "{junit}");
}
