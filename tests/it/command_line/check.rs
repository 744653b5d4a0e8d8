//! `check` of several paths, and its JSON.

use serde_json::{Value, json};

use super::User;
use crate::common::function;

fn good(name: &str) -> String {
    function(name, "jobs:v1", "")
}

#[test]
fn several_paths_are_one_set_of_manifests() {
    let user = User::new();
    user.file("a/one.yaml", &good("one"));
    user.file("b/sub/two.yaml", &good("two"));
    user.file("three.yaml", &good("three"));
    let ended = user.run(&["check", "a", "./b/", "three.yaml"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "3 files, 3 good documents, 0 problems\n"));
    // The same name in two of them is a fault, at a path that the user can open.
    user.file("b/again.yaml", &good("one"));
    let ended = user.run(&["check", "./a", "b"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(
        lines[0].starts_with("a/one.yaml:2: ") && lines[0].contains(" b/again.yaml:2;"),
        "{ended:?}"
    );
    assert!(lines[1].starts_with("b/again.yaml:2: "), "{ended:?}");
    assert_eq!(lines[2], "3 files, 1 good document, 2 problems");
    let piped = user.pipe(&["check", "a", "-"], good("one").as_bytes());
    assert!(piped.code == 2 && piped.out.contains("\nstdin.yaml:2: "), "{piped:?}");
    user.file("stdin.yaml", &good("four"));
    let piped = user.pipe(&["check", "-", "stdin.yaml"], good("four").as_bytes());
    assert!(piped.code == 2 && piped.out.contains("also claimed by stdin.yaml:2;"), "{piped:?}");
}

#[test]
fn a_file_that_is_named_twice_has_its_problems_once() {
    let user = User::new();
    user.file("m/bad.yaml", &function("one", "jobs:v1", "memorySize: 1"));
    user.file("m/hidden.yaml", &good("two"));
    user.file("m/.evenkeelignore", "hidden.yaml\n");
    std::os::unix::fs::symlink(user.home().join("m"), user.home().join("link")).unwrap();
    for paths in [&["m", "m/bad.yaml"][..], &["m/bad.yaml", "./m"], &["m", "m"], &["m", "link"]] {
        let ended = user.run(&[&["check"], paths].concat());
        assert_eq!(ended.code, 2, "{paths:?} {ended:?}");
        assert!(
            ended.out.ends_with("1 file, 0 good documents, 1 problem\n"),
            "{paths:?} {ended:?}"
        );
        assert!(ended.out.starts_with("m/bad.yaml:8:15: `memorySize` is 1"), "{paths:?} {ended:?}");
    }
    // What the ignore file hides counts where it is named itself.
    let ended = user.run(&["check", "m", "m/hidden.yaml"]);
    assert!(ended.out.ends_with("2 files, 1 good document, 1 problem\n"), "{ended:?}");
}

#[test]
fn each_of_several_paths_must_be_there_and_hold_a_manifest() {
    let user = User::new();
    user.file("a/one.yaml", &good("one"));
    user.file("empty/words.txt", "words");
    let missing = user.run(&["check", "a", "nowhere"]);
    assert!(missing.code == 2 && missing.err.starts_with("error: nowhere: "), "{missing:?}");
    let empty = user.run(&["check", "a", "empty"]);
    assert!(
        empty.code == 2 && empty.err.starts_with("error: empty holds no manifest"),
        "{empty:?}"
    );
    assert_eq!(user.run(&["check", "a", "empty", "--allow-empty"]).code, 0);
    // A path whose files another one has brought holds manifests.
    assert_eq!(user.run(&["check", "a", "a/one.yaml"]).code, 0);
}

/// A role of another account is found in the file of whichever path it stands.
#[test]
fn what_lies_elsewhere_is_found_at_its_line_in_several_paths() {
    let user = User::new();
    user.file("a/one.yaml", &good("one"));
    let role = "arn:aws:iam::222222222222:role/job";
    user.file("b/two.yaml", &good("two").replace("role: job", &format!("role: {role}")));
    let ended = user.run(&["check", "a", "b", "--account-id", "111111111111"]);
    assert!(ended.code == 2 && ended.out.starts_with("b/two.yaml:"), "{ended:?}");
    let line = ended.out.split(':').nth(1).unwrap().parse::<usize>().unwrap();
    let text = std::fs::read_to_string(user.home().join("b/two.yaml")).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().contains(role), "{ended:?}");
}

#[test]
fn a_config_file_in_any_of_the_paths_is_refused() {
    let user = User::new();
    user.file("a/one.yaml", &good("one"));
    user.file("b/two.yaml", &good("two"));
    user.file("b/config.toml", "accountId = \"123456789012\"");
    let ended = user.run(&["check", "a", "b", "--config", "b/config.toml"]);
    assert!(ended.code == 2 && ended.err.contains("is in the directory of manifests"), "{ended:?}");
}

#[test]
fn json_says_what_text_says() {
    let user = User::new();
    user.file("m/bad.yaml", &function("one", "jobs:v1", "memorySize: 1"));
    user.file("m/good.yaml", &good("two"));
    user.file("m/binary.yaml", "kind: \0");
    user.file("m/other.yaml", "apiVersion: v1\nkind: Service\n");
    let ended = user.run(&["check", "m", "-o", "json"]);
    assert!(ended.code == 2 && ended.err.is_empty(), "{ended:?}");
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    let expected = json!({
        "apiVersion": "evenkeel.dev/v1",
        "kind": "CheckReport",
        "files": 3,
        "documents": 1,
        "skipped": 1,
        "problems": [
            {
                "file": "bad.yaml", "line": 8, "column": 15,
                "message": "`memorySize` is 1; the smallest is 128", "hint": null, "excerpt": "memorySize: 1",
            },
            {
                "file": "binary.yaml", "line": null, "column": null,
                "message": "the file is binary",
                "hint": "a manifest is YAML or JSON in UTF-8; if the file is another tool's, list it in `.evenkeelignore`",
                "excerpt": null,
            },
        ],
        "warnings": [],
    });
    assert_eq!(found, expected);
    assert_eq!(user.run(&["check", "m/good.yaml", "-o", "json"]).code, 0);
}

/// What AWS takes and nobody means is told, and is no problem.
#[test]
fn a_warning_is_told_with_its_line_and_changes_no_exit_code() {
    let user = User::new();
    user.file("m/half.yaml", &function("one", "jobs:v1", "url: { authType: NONE }"));
    user.file("m/open.yaml", &function("two", "jobs:v1", "url: { public: true }"));
    let ended = user.run(&["check", "m"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.out.starts_with("half.yaml:8:20: warning: callers of the URL get 403:"),
        "{ended:?}"
    );
    assert!(ended.out.ends_with("; `public: true` stands for the URL and both permissions\n2 files, 2 good documents, 0 problems, 1 warning\n"), "{ended:?}");
    let ended = user.run(&["check", "m", "-o", "json"]);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(found["problems"], json!([]));
    assert_eq!((&found["warnings"][0]["line"], &found["warnings"][1]), (&json!(8), &Value::Null));
}
