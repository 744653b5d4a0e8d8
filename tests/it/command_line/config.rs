//! The config file: where it is found, what wins, and what is refused.

use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::User;
use crate::common::scene::Scene;

const WHOLE: &str = "\
# For whom, and where.
owner = \"from-file\"
accountId = \"123456789012\"

region = \"eu-central-1\"
url = \"http://127.0.0.1:1\"
output = \"json\"
";

/// What `evenkeel config` prints of a key.
fn setting(user: &User, words: &[&str], key: &str) -> Value {
    let ended = user.run(&[&["config", "-o", "json"], words].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    let all: Value = serde_json::from_str(&ended.out).unwrap();
    let all = all["settings"].as_array().unwrap();
    all.iter().find(|it| it["name"] == key).unwrap().clone()
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_and_that_over_the_default() {
    let mut user = User::new();
    let source = |user: &User, words: &[&str], key| {
        let setting = setting(user, words, key);
        (setting["value"].clone(), setting["source"].clone())
    };
    assert_eq!(source(&user, &[], "owner"), (Value::Null, json!({ "kind": "notSet" })));
    let default = (json!("http://127.0.0.1:9809"), json!({ "kind": "default" }));
    assert_eq!(source(&user, &[], "url"), default);
    let path = user.file(".config/evenkeel/config.toml", WHOLE);
    let file = |line| json!({ "kind": "file", "file": path, "line": line });
    for (key, value, line) in [
        ("owner", "from-file", 2),
        ("accountId", "123456789012", 3),
        ("region", "eu-central-1", 5),
        ("url", "http://127.0.0.1:1", 6),
    ] {
        assert_eq!(source(&user, &[], key), (json!(value), file(line)));
    }
    for (key, variable, flag, values) in [
        ("owner", "EVENKEEL_OWNER", "--owner", ["a", "b"]),
        ("accountId", "EVENKEEL_ACCOUNT_ID", "--account-id", ["111111111111", "222222222222"]),
        ("region", "AWS_REGION", "--region", ["us-east-1", "us-east-2"]),
        ("url", "EVENKEEL_URL", "--url", ["http://a", "http://b"]),
    ] {
        user.set(variable, values[0]);
        let environment = json!({ "kind": "environment", "variable": variable });
        assert_eq!(source(&user, &[], key), (json!(values[0]), environment));
        let given = json!({ "kind": "flag", "flag": flag });
        assert_eq!(source(&user, &[flag, values[1]], key), (json!(values[1]), given));
    }
}

#[test]
fn the_second_variable_of_the_region_counts_where_the_first_is_empty() {
    let mut user = User::new();
    user.file(".config/evenkeel/config.toml", "region = \"eu-central-1\"");
    user.set("AWS_REGION", "");
    assert_eq!(setting(&user, &[], "region")["value"], "eu-central-1");
    user.set("AWS_DEFAULT_REGION", "us-west-2");
    let region = setting(&user, &[], "region");
    assert_eq!(region["value"], "us-west-2");
    assert_eq!(region["source"]["variable"], "AWS_DEFAULT_REGION");
}

/// A command has the values as if they had been given: nothing is missing, and each goes where it belongs.
#[test]
fn commands_use_the_file() {
    let user = User::new();
    user.file("m/a.yaml", &crate::common::function("one", "jobs:v1", ""));
    let missing = user.run(&["plan", "m"]);
    assert!(missing.code == 2 && missing.err.contains("--owner <ID>"), "{missing:?}");
    user.file(".config/evenkeel/config.toml", "owner = \"team\"\nurl = \"http://127.0.0.1:1\"");
    let region = user.run(&["plan", "m"]);
    assert!(region.code == 2 && region.err.contains("no AWS Region"), "{region:?}");
    let status = user.run(&["status"]);
    assert!(status.code == 2 && status.err.contains("127.0.0.1:1/"), "{status:?}");
    let capture = user.run(&["import", "--capture", "--all", "--manifest", "m"]);
    assert!(capture.code == 2 && !capture.err.contains("--owner"), "{capture:?}");
    // A format that a command does not print is passed over.
    user.file(".config/evenkeel/config.toml", "owner = \"team\"\noutput = \"wide\"");
    let plan = user.run(&["plan", "m"]);
    assert!(plan.code == 2 && plan.err.contains("no AWS Region"), "{plan:?}");
    assert_eq!(setting(&user, &[], "owner")["value"], "team");
    let shown = user.run(&["config"]);
    let row = shown.out.lines().find(|it| it.starts_with("output")).unwrap();
    assert!(row.contains(" wide ") && row.ends_with("config.toml:2"), "{row}");
}

/// AWS is called in the Region of the file, or of the flag.
#[tokio::test(flavor = "multi_thread")]
async fn the_region_of_the_file_is_that_of_the_calls() {
    let scene = Scene::new().await;
    let user = User::new();
    let path = user.file("config.toml", "region = \"eu-central-1\"");
    let told = async |words: &[&str]| {
        let mut command = scene.command(&["invoke", "nothing"]);
        command.env_remove("AWS_REGION").arg("--config").arg(&path).args(words);
        String::from_utf8(command.output().await.unwrap().stderr).unwrap()
    };
    assert!(told(&[]).await.contains("no function nothing in eu-central-1"));
    assert!(told(&["--region", "us-west-2"]).await.contains("no function nothing in us-west-2"));
}

#[test]
fn the_file_is_found_by_flag_variable_xdg_and_home_in_this_order() {
    let mut user = User::new();
    let owner = |user: &User, words: &[&str]| setting(user, words, "owner")["value"].clone();
    user.file(".config/evenkeel/config.toml", "owner = \"home\"");
    assert_eq!(owner(&user, &[]), "home");
    let xdg = user.file("xdg/evenkeel/config.toml", "owner = \"xdg\"");
    user.set("XDG_CONFIG_HOME", "xdg");
    assert_eq!(owner(&user, &[]), "home", "no absolute path");
    user.set("XDG_CONFIG_HOME", xdg.ancestors().nth(2).unwrap().to_str().unwrap());
    assert_eq!(owner(&user, &[]), "xdg");
    let named = user.file("named.toml", "owner = \"named\"");
    user.set("EVENKEEL_CONFIG", named.to_str().unwrap());
    assert_eq!(owner(&user, &[]), "named");
    user.file("flag.toml", "owner = \"flag\"");
    assert_eq!(owner(&user, &["--config", "flag.toml"]), "flag");
    assert_eq!(owner(&user, &["--config=flag.toml"]), "flag");
    assert_eq!(owner(&user, &["--config=/dev/null"]), Value::Null);
}

/// What `evenkeel config` says of a file that cannot be used.
fn refused(user: &User, text: &str) -> String {
    user.file("c.toml", text);
    let ended = user.run(&["config", "--config", "c.toml"]);
    assert!(ended.code == 2 && ended.out.is_empty(), "{ended:?}");
    ended.err
}

#[test]
fn everything_that_is_wrong_in_the_file_is_told_with_its_line() {
    let user = User::new();
    let err = refused(
        &user,
        "ownr = \"a\"\nowner = \"Team\"\nmode = \"enforce\"\naccountId = 123456789012\naccount_id = \"1\"\n[plan]\n",
    );
    let lines: Vec<&str> = err.trim_start_matches("error: ").lines().collect();
    let starts = [
        "c.toml:1: unknown key `ownr`; did you mean `owner`?",
        "c.toml:2: `owner`: `Team` is not an owner id",
        "c.toml:3: `mode` cannot be set here: a config file only says for whom and where commands work",
        "c.toml:4: `accountId` is no text; put it in quotes",
        "c.toml:5: unknown key `account_id`; did you mean `accountId`?",
        "c.toml:6: unknown key `plan`:",
    ];
    assert_eq!(lines.len(), starts.len(), "{err}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(lines[2].ends_with("use the flag `--mode`"), "{err}");
    for never in
        ["endpoint", "confirm", "allow-refresh", "prune", "targets", "quotaShare", "caFile"]
    {
        let err = refused(&user, &format!("owner = \"a\"\n{never} = \"x\""));
        assert!(err.starts_with("error: c.toml:2: ") && err.contains("only says"), "{err}");
    }
    for (text, message) in [
        ("region = \"Frankfurt\"", "c.toml:1: `region`: `Frankfurt` is no Region"),
        ("\nurl = \"localhost\"", "c.toml:2: `url`: `localhost` is no URL"),
        ("output = \"xml\"", "c.toml:1: `output`: `xml` is no format; use text, "),
        ("owner = \"a\"\nowner = \"b\"", "c.toml:2: duplicate key"),
        ("owner = \"a\"\n\nregion = \"eu", "c.toml:3: "),
    ] {
        let err = refused(&user, text);
        assert!(err.starts_with(&format!("error: {message}")), "{err}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_hides_no_help() {
    let mut user = User::new();
    let missing = user.run(&["config", "--config", "none.toml"]);
    assert!(missing.code == 2, "{missing:?}");
    assert!(
        missing.err.contains("none.toml: No such file")
            || missing.err.contains("none.toml: no such"),
        "{missing:?}"
    );
    user.file("folder/x", "");
    let folder = user.run(&["config", "--config", "folder"]);
    assert!(folder.code == 2 && folder.err.contains("config file folder"), "{folder:?}");
    let large = refused(&user, &"#".repeat(64 * 1024 + 1));
    assert!(large.contains("larger than 64 KiB"), "{large}");
    std::fs::write(user.home().join("c.toml"), b"owner = \"\xff\"").unwrap();
    let binary = user.run(&["config", "--config", "c.toml"]);
    assert!(binary.code == 2 && binary.err.contains("not UTF-8"), "{binary:?}");
    user.set("EVENKEEL_CONFIG", "none.toml");
    for words in [
        &["plan", "--help"][..],
        &["help", "plan"],
        &["--version"],
        &["completions", "bash"],
        &["man"],
        &["schema"],
    ] {
        assert_eq!(user.run(words).code, 0, "{words:?}");
    }
}

/// Whoever writes manifests must not decide for whom and where they count.
#[test]
fn a_file_in_the_directory_of_manifests_is_refused() {
    let user = User::new();
    user.file("m/deep/a.yaml", &crate::common::function("one", "jobs:v1", ""));
    let inside = user.file("m/deep/config.toml", "owner = \"team\"\nregion = \"eu-central-1\"");
    let outside = user.file("config.toml", "owner = \"team\"\nregion = \"eu-central-1\"");
    symlink(&outside, user.home().join("m/link.toml")).unwrap();
    symlink(&inside, user.home().join("link.toml")).unwrap();
    symlink(user.home().join("m"), user.home().join("manifests")).unwrap();
    for config in ["m/deep/config.toml", "m/link.toml", "link.toml"] {
        for words in [
            &["plan", "m"][..],
            &["plan", "manifests"],
            &["plan", "-f", "m", "one"],
            &["apply", "./m/"],
            &["run", "m"],
            &["test", "m"],
            &["import", "--capture", "--all", "--manifest", "m"],
        ] {
            let ended = user.run(&[words, &["--config", config]].concat());
            assert!(ended.code == 2, "{words:?} {ended:?}");
            assert!(ended.err.contains("is in the directory of manifests"), "{words:?} {ended:?}");
        }
    }
    let ended = user.run(&["plan", "m", "--config", "config.toml", "--ca-file", "none.pem"]);
    assert!(ended.err.contains("none.pem"), "{ended:?}");
}
