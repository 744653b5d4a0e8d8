//! Whose credentials they are: nothing is read or written before AWS has said it, on the stand-in, by the real binary.

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::json;
use tokio::process::Child;

use crate::common::scene::{ACCOUNT, Scene};

const OTHER: &str = "999999999999";
/// How long before their end credentials are used no more, by the clock on the wall.
const MARGIN: Duration = Duration::from_mins(1);

impl Scene {
    fn paused(&self, reason: &str) -> bool {
        let series = format!("evenkeel_target_paused{{reason=\"{reason}\",target=\"default\"}} 1");
        self.served("/metrics").lines().any(|it| it == series)
    }

    /// How many calls were made with a key that were no question whose it is.
    fn other_calls(&self, key: &str) -> usize {
        self.count_of(key, |it| it.operation != "GetCallerIdentity")
    }

    /// The daemon with credentials that a program gives: what stands in a file.
    fn start_with_program(&self, folder: &Path) -> Child {
        let config = folder.join("config");
        let text =
            format!("[default]\ncredential_process = cat {}\n", folder.join("keys").display());
        fs::write(&config, text).unwrap();
        let manifests = self.manifests();
        let mut command = self.hurried(&["run", manifests.to_str().unwrap()]);
        let log = fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        command
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--account-id", ACCOUNT])
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_CONFIG_FILE", config);
        command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }
}

/// What the program gives from now on: keys that end so long after now.
#[expect(clippy::disallowed_methods, reason = "credentials end by the clock on the wall")]
fn give(folder: &Path, key: &str, rest: Duration) {
    let ends = jiff::Timestamp::now() + jiff::SignedDuration::try_from(rest).unwrap();
    let keys = json!({ "Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret", "Expiration": ends.to_string() });
    let half = folder.join("half");
    fs::write(&half, keys.to_string()).unwrap();
    fs::rename(half, folder.join("keys")).unwrap();
}

fn made(scene: &Scene) -> bool {
    scene.functions().contains_key("job")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_called_before_aws_says_whose_the_account_is() {
    for fault in ["error", "throttle", "unavailable", "reset-before", "hang-before"] {
        let scene = Scene::new().await;
        scene.manifest("");
        scene.fails("GetCallerIdentity", fault);
        let daemon = scene.start_with(&["--account-id", ACCOUNT]);
        scene.until("it is on hold", |it| it.paused("IdentityUnknown")).await;
        let row = scene.row("Function");
        assert_eq!(
            (&row["status"], &row["reason"]),
            (&json!("unknown"), &json!("IdentityUnknown"))
        );
        let asked = scene.count(|_| true);
        scene.until("it is asked again", |it| it.count(|_| true) > asked + 1).await;
        assert_eq!(scene.count(|it| it.operation != "GetCallerIdentity"), 0, "{fault}");
        scene.faults(&json!([]));
        scene.until("it goes on", made).await;
        assert!(!scene.paused("IdentityUnknown"));
        drop(daemon);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrong_account_is_left_alone_also_where_aws_does_not_say_at_first() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.fails("GetCallerIdentity", "error");
    let daemon = scene.start_with(&["--account-id", OTHER]);
    scene.until("it is on hold", |it| it.paused("IdentityUnknown")).await;
    scene.faults(&json!([]));
    scene.until("it is the wrong one", |it| it.paused("WrongAccount")).await;
    scene.pass(120.0).await;
    assert_eq!(scene.count(|it| it.operation != "GetCallerIdentity"), 0);
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_that_the_account_is_not_known() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.fails("GetCallerIdentity", "error");
    let (code, text) = scene.on_manifests(&["plan", "--account-id", ACCOUNT]).await;
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("AWS does not say whose account this is"), "{text}");
    assert_eq!(scene.count(|it| it.operation != "GetCallerIdentity"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hiccup_of_sts_is_none_of_a_plans_business() {
    let scene = Scene::new().await;
    scene.manifest("");
    scene.faults(&json!([
        { "fault": "throttle", "operations": ["GetCallerIdentity"], "times": 1 },
    ]));
    // Not in a hurry: the SDK's own retries know no other clock than the one on the wall.
    let folder = scene.manifests();
    let (code, text) =
        scene.run(&["plan", folder.to_str().unwrap(), "--account-id", ACCOUNT]).await;
    assert_eq!(code, 1, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_credentials_are_used_once_they_are_known_to_be_the_accounts() {
    let (scene, folder) = (Scene::new().await, tempfile::tempdir().unwrap());
    let [old, new, wrong] = [(ACCOUNT, "old"), (ACCOUNT, "new"), (OTHER, "wrong")];
    let [old, new, wrong] = [old, new, wrong].map(|(account, name)| format!("{account}{name}"));
    scene.manifest("");
    give(folder.path(), &old, MARGIN + Duration::from_secs(3));
    let daemon = scene.start_with_program(folder.path());
    scene.until("it is made", made).await;
    give(folder.path(), &new, MARGIN + Duration::from_secs(3));
    scene.fails("GetCallerIdentity", "error");
    scene.until("it is on hold", |it| it.paused("IdentityUnknown")).await;
    assert!(scene.count_of(&new, |_| true) > 0);
    assert_eq!(scene.other_calls(&new), 0);
    scene.faults(&json!([]));
    scene.until("it goes on", |it| it.other_calls(&new) > 0).await;
    give(folder.path(), &wrong, Duration::from_hours(1));
    scene.until("it is on hold", |it| it.paused("WrongAccount")).await;
    scene.pass(60.0).await;
    assert_eq!(scene.other_calls(&wrong), 0);
    drop(daemon);
}
