//! SDK clients for one target, from the standard AWS environment: profiles, SSO, web identity,
//! container and instance credentials, and endpoint URLs. The SDK's own retries are off: the engine's
//! queue is the one place that tries again. Credentials are the exception, since every call needs them: their
//! providers try three times.

use std::time::Duration;

use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig,
    sts::AssumeRoleProvider, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::SystemTimeSource,
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, identity::SharedIdentityCache};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::profile::ProfileProvider;

/// What our sessions are called in CloudTrail.
const SESSION: &str = "evenkeel";
/// How long a connection may take. Within a Region it takes milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long one call may take. CreateFunction copies no image: seconds are long.
pub const CALL_MAX: Duration = Duration::from_secs(30);

/// How long one of the tries to get credentials may take.
const CREDENTIALS_TRY_MAX: Duration = Duration::from_secs(5);
/// How long all of them may take: three, and the pauses between.
const CREDENTIALS_MAX: Duration = Duration::from_secs(20);

/// Clients for the services that we use.
#[derive(Clone)]
pub struct Clients {
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// ECR.
    pub ecr: aws_sdk_ecr::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Application Auto Scaling.
    pub scaling: aws_sdk_applicationautoscaling::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Resource Groups Tagging.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// As `eu-central-1`.
    pub region: String,
    /// The endpoint URL, if it is not AWS's own.
    pub endpoint: Option<String>,
    config: SdkConfig,
}

/// A role to work as.
#[derive(Debug, Clone, Copy)]
pub struct RoleToAssume<'a> {
    /// `arn:aws:iam::123456789012:role/evenkeel`.
    pub arn: &'a str,
    /// What the role's trust policy asks for, if it does.
    pub external_id: Option<&'a str>,
}

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The environment names no Region.
    #[error("no AWS Region is set; use --region, or set `AWS_REGION`, or `region` in the profile")]
    NoRegion,
    /// The certificates cannot be used.
    #[error("the TLS set-up cannot be used")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Clients {
    /// Reads the environment; `profile` is the one that it names (`AWS_PROFILE`), for messages. `region` overrides it;
    /// `extra_roots` are certificates in PEM that are trusted besides the bundled ones; a call may take `call_max`.
    pub async fn load(
        profile: Option<String>,
        region: Option<&str>,
        extra_roots: Option<&[u8]>,
        call_max: Duration,
    ) -> Result<Self, ClientError> {
        let name = AppName::new("evenkeel").expect("the name has only letters");
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_MAX).operation_timeout(call_max);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .app_name(name)
            .http_client(http(extra_roots)?)
            .identity_cache(identities())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let Some(source) = config.credentials_provider() else { return Self::of(&config) };
        let provider = SharedCredentialsProvider::new(ProfileProvider { profile, source });
        Self::of(&config.into_builder().credentials_provider(provider).build())
    }

    /// Clients from a configuration that is already there; tests have one with recorded answers.
    pub fn of(config: &SdkConfig) -> Result<Self, ClientError> {
        let region = config.region().ok_or(ClientError::NoRegion)?.to_string();
        Ok(Self {
            lambda: aws_sdk_lambda::Client::new(config),
            ecr: aws_sdk_ecr::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            scaling: aws_sdk_applicationautoscaling::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
            sts: sts(config),
            endpoint: config.endpoint_url().map(ToOwned::to_owned),
            region,
            config: config.clone(),
        })
    }

    /// What they were made from.
    pub(super) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Clients from a configuration that differs in its credentials alone.
    pub(super) fn signing_with(config: &SdkConfig) -> Self {
        Self::of(config).expect("the Region is there already")
    }

    /// Clients of a stand-in on this machine, whatever the environment says.
    pub fn local(url: &str, region: &str) -> Result<Self, ClientError> {
        let credentials = Credentials::new("demo", "demo", None, None, "demo");
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_MAX).operation_timeout(CALL_MAX);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(url)
            .http_client(http(None)?)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SystemTimeSource::new())
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        Self::of(&config.build())
    }

    /// Makes clients that work as this role. The role is assumed when it is first needed, and again
    /// before its credentials end; each time, STS is asked again after a failure.
    pub async fn assume(self, role: RoleToAssume<'_>) -> Result<Self, ClientError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_MAX)
            .operation_attempt_timeout(CREDENTIALS_TRY_MAX);
        let asks = self.config.to_builder().retry_config(RetryConfig::standard());
        let asks = asks.timeout_config(timeouts.build()).build();
        let mut provider = AssumeRoleProvider::builder(role.arn)
            .session_name(SESSION)
            .region(Region::new(self.region.clone()))
            .configure(&asks);
        if let Some(id) = role.external_id {
            provider = provider.external_id(id);
        }
        let credentials = SharedCredentialsProvider::new(provider.build().await);
        // The cache of credentials belongs to whoever they were for.
        let config = self
            .config
            .into_builder()
            .identity_cache(identities())
            .credentials_provider(credentials)
            .build();
        Self::of(&config)
    }

    /// Whether the endpoint is on this machine: an emulator, where nothing real can break.
    pub fn is_loopback(&self) -> bool {
        self.endpoint.as_deref().is_some_and(is_loopback)
    }
}

/// STS is asked before there is a queue that could try again, and one hiccup of it must not hold up a target.
fn sts(config: &SdkConfig) -> aws_sdk_sts::Client {
    let config = config.to_builder().retry_config(RetryConfig::standard()).build();
    aws_sdk_sts::Client::new(&config)
}

/// A cache of credentials, which gives their provider the time to try again.
fn identities() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(CREDENTIALS_MAX).build()
}

/// Whether a URL is one of this machine's, where nothing that it is sent leaves it.
pub fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before an @ is no host: `http://127.0.0.1@example.com` goes to example.com.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An HTTP client that trusts Mozilla's roots, which are compiled in, so that a container image needs
/// no files besides the binary.
fn http(extra_roots: Option<&[u8]>) -> Result<SharedHttpClient, ClientError> {
    let mut store = TrustStore::empty();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        store.add_pem_certificate(pem(root));
    }
    if let Some(extra) = extra_roots {
        store.add_pem_certificate(extra);
    }
    let context = TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| ClientError::Tls(error.into()))?;
    let provider = Provider::Rustls(CryptoMode::Ring);
    Ok(Builder::new().tls_provider(provider).tls_context(context).build_https())
}

fn pem(der: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for yes in ["http://127.0.0.1:5000", "http://localhost", "http://[::1]:80/x", "127.8.8.8:1"]
        {
            assert!(is_loopback(yes), "{yes}");
        }
        for no in [
            "https://lambda.eu-west-1.amazonaws.com",
            "http://127.0.0.1@example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "",
        ] {
            assert!(!is_loopback(no), "{no}");
        }
    }

    #[test]
    fn the_bundled_roots_make_a_client() {
        assert!(http(None).is_ok());
    }
}
