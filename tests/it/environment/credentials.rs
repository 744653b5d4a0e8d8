//! Where credentials come from. That of `credential_process` is in tests/it/identity.rs.

use std::time::Duration;

use serde_json::json;

use super::{server::Scripted, *};
use crate::common::scene::{ACCOUNT, KEY, REGION};

/// How long before their end credentials are used no more, by the clock on the wall.
const MARGIN: Duration = Duration::from_mins(1);

/// A moment so long after now.
#[expect(clippy::disallowed_methods, reason = "credentials end by the clock on the wall")]
fn later(rest: Duration) -> String {
    let rest = jiff::SignedDuration::try_from(rest).unwrap();
    let end = (jiff::Timestamp::now() + rest).round(jiff::Unit::Second).unwrap();
    end.to_string()
}

/// What a container's or instance's endpoint gives.
fn given(key: &str, rest: Duration) -> String {
    let keys = json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": later(Duration::ZERO), "AccessKeyId": key,
        "SecretAccessKey": "secret", "Token": "token", "Expiration": later(rest),
    });
    keys.to_string()
}

/// What STS gives for a token.
fn assumed(token: &str, rest: Duration) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{ACCOUNT}{token}</AccessKeyId>\
         <SecretAccessKey>secret</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{}</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::{ACCOUNT}:assumed-role/x/x</Arn>\
         </AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        later(rest)
    )
}

/// What STS says of whose the credentials are.
fn caller() -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/x</Arn><UserId>x</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

impl Site {
    /// The environment without keys, and the stand-in as AWS.
    fn keyless(&self, mut command: Command) -> Command {
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_ENDPOINT_URL", self.scene.sim.url());
        command
    }

    /// Runs `plan` without keys in the environment, with these variables.
    async fn plans_without_keys(&self, variables: &[(&str, &str)]) -> Ended {
        ended(self.keyless(self.plan(variables))).await
    }

    /// The daemon with these variables and no keys.
    fn daemon(&self, variables: &[(&str, &str)]) -> tokio::process::Child {
        let folder = self.scene.manifests();
        let words =
            ["run", folder.to_str().unwrap(), "--listen", "127.0.0.1:0", "--account-id", ACCOUNT];
        let mut command = self.keyless(self.scene.hurried(&words));
        let log = fs::File::create(self.scene.log_file()).unwrap();
        command.args(["--log-format", "json"]).envs(variables.iter().copied()).stderr(log);
        command.spawn().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_and_their_files_are_found_by_all_of_their_variables() {
    let site = Site::new().await;
    let endpoint = site.scene.sim.url();
    let keys = |name: &str| {
        format!("[{name}]\naws_access_key_id = {ACCOUNT}{name}\naws_secret_access_key = secret\n")
    };
    site.file(".aws/credentials", &keys("default"));
    let other =
        site.file("credentials", &(keys("dev") + &keys("default").replace("default\n", "other\n")));
    let config = site.file("config", &format!("[profile dev]\nregion = {REGION}\n"));
    let (other, config) = (other.to_str().unwrap(), config.to_str().unwrap());
    let files = [("AWS_SHARED_CREDENTIALS_FILE", other), ("AWS_CONFIG_FILE", config)];
    for (variables, name) in [
        (vec![], "default"),
        ([&files[..], &[("AWS_PROFILE", "dev")]].concat(), "dev"),
        ([&files[..], &[("AWS_DEFAULT_PROFILE", "dev")]].concat(), "dev"),
        ([&files[..], &[("AWS_PROFILE", "dev"), ("AWS_DEFAULT_PROFILE", "nope")]].concat(), "dev"),
    ] {
        let before = site.calls_of(&format!("{ACCOUNT}{name}"));
        let (code, text) = site.plans_without_keys(&variables).await;
        assert_eq!(code, 1, "{variables:?} {text}");
        assert!(site.calls_of(&format!("{ACCOUNT}{name}")) > before, "{variables:?}");
    }
    // The Region of the profile, and the second variable for it.
    for (profile, region) in [("dev", None), ("dev", Some(REGION))] {
        let mut command = site.plan(&[&files[..], &[("AWS_PROFILE", profile)]].concat());
        command.env_remove("AWS_REGION").envs(region.map(|it| ("AWS_DEFAULT_REGION", it)));
        let (code, text) = ended(site.keyless(command)).await;
        assert_eq!(code, 1, "{region:?} {text}");
    }
    // Keys of the environment go before a profile's.
    let before = site.calls_of(KEY);
    site.plans(&[&files[..], &[("AWS_PROFILE", "dev"), ("AWS_ENDPOINT_URL", &endpoint)]].concat())
        .await;
    assert!(site.calls_of(KEY) > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_identity_is_read_anew_when_its_credentials_end() {
    let site = Site::new().await;
    let token = site.file("token", "one");
    let sts = Scripted::start(|_, body| {
        let token = body.split('&').find_map(|it| it.strip_prefix("WebIdentityToken="));
        Some(token.map_or_else(caller, |it| assumed(it, MARGIN + Duration::from_secs(3))))
    })
    .await;
    let endpoint = sts.url();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/x");
    let daemon = site.daemon(&[
        ("AWS_ENDPOINT_URL_STS", &endpoint),
        ("AWS_ROLE_ARN", &role),
        ("AWS_ROLE_SESSION_NAME", "session"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
    ]);
    let used = |key: &str| format!("{ACCOUNT}{key}");
    site.scene.until("the first", |it| it.count_of(&used("one"), |_| true) > 0).await;
    site.file("token", "two");
    site.scene.until("the second", |it| it.count_of(&used("two"), |_| true) > 0).await;
    drop(daemon);
}

/// Before, the first throttle of STS was taken for the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_web_identity_is_asked_for_three_times() {
    let site = Site::new().await;
    let token = site.file("token", "one");
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let sts = Scripted::start(move |_, body| {
        if !body.contains("WebIdentity") {
            return Some(caller());
        }
        // What is no answer of AWS's is tried again.
        let number = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (number >= 2).then(|| assumed("one", Duration::from_hours(1)))
    })
    .await;
    let (endpoint, role) = (sts.url(), format!("arn:aws:iam::{ACCOUNT}:role/x"));
    let variables = [
        ("AWS_ENDPOINT_URL_STS", endpoint.as_str()),
        ("AWS_ROLE_ARN", &role),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
    ];
    let (code, text) = site.plans_without_keys(&variables).await;
    assert_eq!(code, 1, "{text}\n{:?}", sts.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_its_credentials_by_a_token_that_changes() {
    let site = Site::new().await;
    let token = site.file("token", "one");
    let agent = Scripted::start(|head, _| {
        let named = |it: &&str| it.to_lowercase().starts_with("authorization:");
        let token = head.lines().find(named)?.split(' ').nth(1)?.to_owned();
        let fits = head.starts_with("GET /v1/credentials ");
        fits.then(|| given(&format!("{ACCOUNT}{token}"), MARGIN + Duration::from_secs(3)))
    })
    .await;
    let url = format!("{}/v1/credentials", agent.url());
    let daemon = site.daemon(&[
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        // It is none of a proxy's business.
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ]);
    let used = |key: &str| format!("{ACCOUNT}{key}");
    site.scene.until("the first", |it| it.count_of(&used("one"), |_| true) > 0).await;
    site.file("token", "two");
    site.scene.until("the second", |it| it.count_of(&used("two"), |_| true) > 0).await;
    drop(daemon);
    let (code, text) = site
        .plans_without_keys(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "fixed"),
        ])
        .await;
    assert!(code < 2, "{text}");
    assert!(site.calls_of(&used("fixed")) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_has_its_credentials_from_its_metadata_unless_that_is_off() {
    let site = Site::new().await;
    let metadata = Scripted::start(|head, _| {
        let path = head.split(' ').nth(1)?;
        match path.trim_end_matches('/') {
            "/latest/api/token" => Some("session".to_owned()),
            it if it.ends_with("/security-credentials")
                || it.ends_with("/security-credentials-extended") =>
            {
                Some("role".to_owned())
            }
            it if it.ends_with("/role") => {
                Some(given(&format!("{ACCOUNT}instance"), Duration::from_hours(1)))
            }
            _ => None,
        }
    })
    .await;
    let url = metadata.url();
    let endpoint = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str());
    let proxy = ("HTTP_PROXY", "http://127.0.0.1:9");
    let variables = [endpoint, proxy, ("AWS_EC2_METADATA_DISABLED", "false")];
    let (code, text) = site.plans_without_keys(&variables).await;
    assert_eq!(code, 1, "{text} {:?}", metadata.requests());
    assert!(site.calls_of(&format!("{ACCOUNT}instance")) > 0);
    // Version 1 of the service, which needs no session, is not asked.
    let asked = metadata.requests();
    let is_session = |it: &String| it.to_lowercase().contains("x-aws-ec2-metadata-token: session");
    assert!(asked.iter().all(|it| it.starts_with("PUT") || is_session(it)), "{asked:?}");
    let (code, text) =
        site.plans_without_keys(&[endpoint, ("AWS_EC2_METADATA_DISABLED", "true")]).await;
    assert!(code == 2 && text.contains("no AWS credentials"), "{text}");
    assert_eq!(metadata.requests().len(), asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_by_sso_gives_credentials() {
    let site = Site::new().await;
    let key = format!("{ACCOUNT}sso");
    let portal = Scripted::start(move |head, _| {
        let role = json!({ "roleCredentials": {
            "accessKeyId": key, "secretAccessKey": "secret", "sessionToken": "t", "expiration": 4_102_444_800_000_u64,
        } });
        head.contains("x-amz-sso_bearer_token: bearer").then(|| role.to_string())
    })
    .await;
    let config = format!(
        "[default]\nsso_session = dev\nsso_account_id = {ACCOUNT}\nsso_role_name = x\nregion = {REGION}\n\
         [sso-session dev]\nsso_region = {REGION}\nsso_start_url = https://example.org\n"
    );
    site.file(".aws/config", &config);
    // The file is called by the SHA-1 hash of the session's name, `dev`.
    let cached = json!({ "accessToken": "bearer", "expiresAt": "2099-01-01T00:00:00Z" });
    site.file(".aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json", &cached.to_string());
    let url = portal.url();
    let (code, text) = site.plans_without_keys(&[("AWS_ENDPOINT_URL_SSO", &url)]).await;
    assert_eq!(code, 1, "{text} {:?}", portal.requests());
    assert!(site.calls_of(&format!("{ACCOUNT}sso")) > 0);
}
