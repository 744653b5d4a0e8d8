//! What the real binary says of mistakes in its surroundings: each once, with what to do, and exit code 2.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::common::scene::Scene;

const MANIFEST: &str = "apiVersion: evenkeel.dev/v1
kind: Function
metadata: { name: job }
spec:
  image: jobs:v1
  role: job
";
/// A profile of IAM Identity Center.
const PROFILES: &str = "[profile dev]
region = us-east-1
sso_session = corp
sso_account_id = 123456789012
sso_role_name = dev
[sso-session corp]
sso_start_url = https://corp.example.com/start
sso_region = us-east-1
sso_registration_scopes = sso:account:access
";
/// The name of the file that holds its token: the SHA-1 of `corp`.
const TOKEN: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

/// A home with manifests and profiles, and no way to AWS.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join(".aws/sso/cache")).unwrap();
        fs::create_dir(folder.path().join("m")).unwrap();
        fs::write(folder.path().join("m/job.yaml"), MANIFEST).unwrap();
        fs::write(folder.path().join(".aws/config"), PROFILES).unwrap();
        Self(folder)
    }

    fn manifests(&self) -> String {
        self.0.path().join("m").display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            .env("AWS_REGION", "us-east-1")
            // Nothing listens there.
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("EVENKEEL_OWNER", "team");
        command
    }

    /// Runs commands of both sorts, those that work by a daemon and those that make single calls. Each ends with code 2
    /// and says `expected`, once.
    fn says(&self, profile: Option<&str>, expected: &str) {
        let folder = self.manifests();
        for arguments in [&["plan", &folder][..], &["apply", &folder], &["invoke", "job"]] {
            let mut command = self.command(arguments);
            command.envs(profile.map(|it| ("AWS_PROFILE", it)));
            let (code, text) = ended(&command.output().unwrap());
            assert_eq!(code, 2, "{arguments:?}: {text}");
            assert_eq!(text.matches("no AWS credentials").count(), 1, "{arguments:?}: {text}");
            assert!(text.contains(expected), "{arguments:?}: {text}");
            // Neither a line of the log, nor what the SDK says of its own parts.
            for part in ["\"level\"", "Attempted", "credential provider"] {
                assert!(!text.contains(part), "{arguments:?}: {text}");
            }
        }
    }
}

fn ended(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8(text).unwrap())
}

#[test]
fn without_credentials_all_places_are_named_and_a_command() {
    Home::new().says(
        None,
        "there are none in the environment, in the profile `default`, for a web identity, for a container and for an \
         instance; set AWS_PROFILE, or run `aws sso login`\n",
    );
}

#[test]
fn an_unknown_profile_is_named() {
    Home::new().says(
        Some("nope"),
        "the profile `nope` is neither in ~/.aws/config nor in ~/.aws/credentials; `aws configure list-profiles`",
    );
}

#[test]
fn a_login_that_is_missing_or_has_expired_is_told_with_the_command() {
    let home = Home::new();
    let run = "; run `aws sso login --profile dev`\n";
    home.says(Some("dev"), &format!("nobody is logged in to SSO with the profile `dev`{run}"));
    let token = "{\"accessToken\":\"hunter2\",\"expiresAt\":\"2020-01-01T00:00:00Z\",\"region\":\"us-east-1\"}";
    fs::write(home.0.path().join(".aws/sso/cache").join(TOKEN), token).unwrap();
    home.says(Some("dev"), &format!("the SSO login of the profile `dev` has expired{run}"));
}

#[test]
fn a_port_that_is_taken_is_told_with_its_address() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = home.command(&["run", &home.manifests(), "--listen", &address]);
    let (code, text) = ended(&command.output().unwrap());
    assert_eq!(code, 2, "{text}");
    let start = format!("error: cannot listen on {address}: ");
    assert!(text.contains(&start) && text.contains("--listen HOST:PORT"), "{text}");
    let mut command = home.command(&["run", &home.manifests(), "--listen", "9809"]);
    let (code, text) = ended(&command.output().unwrap());
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("cannot listen on 9809: ") && text.contains("127.0.0.1:9809"), "{text}");
}

#[test]
fn an_address_of_a_daemon_needs_no_scheme() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for command in [&["status"][..], &["explain", "job"], &["refresh"]] {
        let arguments = [command, &["--url", &free]].concat();
        let (code, text) = ended(&home.command(&arguments).output().unwrap());
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(&format!("no Evenkeel answers at http://{free}")), "{text}");
        let arguments = [command, &["--url", "ftp://localhost"]].concat();
        let (code, text) = ended(&home.command(&arguments).output().unwrap());
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("write it as http://127.0.0.1:9809"), "{text}");
    }
}

fn check(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    ended(&command.arg("check").arg(folder).args(arguments).env_clear().output().unwrap())
}

#[test]
fn check_finds_roles_and_images_that_lie_elsewhere() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("job.yaml");
    let role = "arn:aws:iam::222222222222:role/job";
    let image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/jobs:v1";
    let text = MANIFEST.replace("role: job", &format!("role: {role}"));
    let text = text.replace("jobs:v1", image);
    fs::write(
        &file,
        format!("# a comment\n{text}---\n{}", MANIFEST.replace("name: job", "name: fine")),
    )
    .unwrap();
    // Nobody says which account it is.
    assert_eq!(check(folder.path(), &[]).0, 0);
    assert_eq!(check(folder.path(), &["--account-id", "222222222222"]).0, 0);
    let found = "the role is of account 222222222222, and the target `default` is account 111111111111; Lambda takes \
                 roles of its own account only";
    for path in [folder.path(), &file] {
        let (code, text) = check(path, &["--account-id", "111111111111"]);
        assert_eq!(code, 2, "{text}");
        assert!(text.starts_with(&format!("job.yaml:7:9: {found}")), "{text}");
        assert!(
            text.contains(&format!("\n    role: {role}\n1 file, 2 good documents, 1 problem\n")),
            "{text}"
        );
    }
    let targets = folder.path().join("targets.txt");
    let one = |name, account, region| {
        format!("  - {{ name: {name}, accountId: \"{account}\", region: {region} }}\n")
    };
    let declared =
        one("default", "222222222222", "eu-central-1") + &one("other", "111111111111", "eu-west-1");
    fs::write(&targets, format!("targets:\n{declared}")).unwrap();
    let (code, text) = check(folder.path(), &["--targets", targets.to_str().unwrap()]);
    assert_eq!(code, 2, "{text}");
    let found =
        "job.yaml:6:10: the image lies in eu-west-1, and the target `default` is in eu-central-1; ";
    assert!(text.starts_with(found) && text.contains(", 1 problem\n"), "{text}");
    let stray = MANIFEST.replace("name: job", "name: stray, target: [other, nowhere]");
    fs::write(folder.path().join("stray.yaml"), stray).unwrap();
    let (code, text) = check(folder.path(), &["--targets", targets.to_str().unwrap()]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("stray.yaml:1: the target `nowhere` is not declared; "), "{text}");
    assert!(text.contains(", 2 problems\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_refuses_a_role_of_another_account() {
    let scene = Scene::new().await;
    let role = "arn:aws:iam::222222222222:role/job";
    let text = MANIFEST.replace("role: job", &format!("role: {role}"));
    fs::write(scene.manifests().join("job.yaml"), &text).unwrap();
    let refused = "RoleElsewhere: the role `arn:aws:iam::222222222222:role/job` is of account 222222222222, and \
                   the function of account 123456789012";
    let (code, shown) = scene.on_manifests(&["plan"]).await;
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains(refused), "{shown}");
    // The same for a function that is there, and nothing is written.
    fs::write(scene.manifests().join("job.yaml"), MANIFEST).unwrap();
    scene.apply().await;
    let before = scene.writes();
    fs::write(scene.manifests().join("job.yaml"), &text).unwrap();
    let (code, shown) = scene.on_manifests(&["apply"]).await;
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains(refused), "{shown}");
    assert_eq!(scene.writes(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_another_region_is_told_beside_other_changes() {
    let scene = Scene::new().await;
    scene.manifest("  memorySize: 256\n");
    scene.apply().await;
    let elsewhere = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/jobs:v1";
    let text = MANIFEST.replace("jobs:v1", elsewhere);
    let told = "it lies in eu-west-1, and Lambda runs images of its own Region, us-east-1, only";
    for (memory, step) in [(256, false), (512, true)] {
        fs::write(scene.manifests().join("job.yaml"), format!("{text}  memorySize: {memory}\n"))
            .unwrap();
        let (code, shown) = scene.on_manifests(&["plan"]).await;
        assert_eq!(code, 1, "{shown}");
        assert_eq!(shown.contains("~ memorySize  256 → 512"), step, "{shown}");
        assert_eq!(shown.matches(told).count(), 1, "{shown}");
    }
}
