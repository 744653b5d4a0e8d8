//! SDK clients for one target, from the standard AWS environment (docs/reference/environment.md): profiles, SSO, web
//! identity, container and instance credentials, and endpoint URLs. The SDK's own retries are off: the engine's
//! queue is the one place that tries again. Credentials are the exception, since every call needs them: their
//! providers try three times.

use std::{path::PathBuf, time::Duration};

use aws_config::{
    BehaviorVersion, FrameworkMetadata, Region, SdkConfig, identity::IdentityCache,
    retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_async::{
    rt::sleep::{SharedAsyncSleep, TokioSleep},
    time::SystemTimeSource,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityCache;
use aws_types::{
    os_shim_internal::{Env, Fs},
    service_config::ServiceConfigKey,
};

use super::{
    http_client::{TlsError, http_client},
    loopback::is_loopback,
    profile::ProfileProvider,
};

/// What our sessions are called in CloudTrail.
const SESSION: &str = "evenkeel";
/// How long a connection may take. Within a Region it takes milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long one call may take. CreateFunction copies no image: seconds are long.
pub const CALL_MAX: Duration = Duration::from_secs(30);

/// The services that we use, by the ids that `AWS_ENDPOINT_URL_…` and the `services` sections of a profile go by.
const SERVICES: [&str; 7] = [
    "Lambda",
    "ECR",
    "CloudWatch",
    "Application Auto Scaling",
    "CloudWatch Logs",
    "Resource Groups Tagging API",
    "STS",
];

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
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Clients {
    /// Reads the environment and the profile. `region` overrides it; `extra_roots` are certificates in PEM that are
    /// trusted besides the bundled ones; a call may take `call_max`.
    pub async fn load(
        ProfileName { name: profile, is_default }: ProfileName,
        region: Option<&str>,
        extra_roots: Option<&[u8]>,
        call_max: Duration,
    ) -> Result<Self, ClientError> {
        let evenkeel = FrameworkMetadata::new("evenkeel", Some(env!("CARGO_PKG_VERSION")));
        // First as the providers of credentials need it: their calls are tried again where they are made.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .framework_metadata(evenkeel.expect("letters, digits and dots"))
            .http_client(http_client(extra_roots)?)
            .identity_cache(identities())
            .retry_config(RetryConfig::standard())
            .timeout_config(credentials_timeouts());
        if let Some(name) = profile.as_deref().filter(|_| !is_default) {
            loader = loader.profile_name(name);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_MAX).operation_timeout(call_max);
        let config = config
            .into_builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build())
            .build();
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
            .http_client(http_client(None)?)
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
        let asks = self.config.to_builder().retry_config(RetryConfig::standard());
        let asks = asks.timeout_config(credentials_timeouts()).build();
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

    /// Whether the endpoint of each service is on this machine: an emulator, where nothing real can break.
    pub fn is_loopback(&self) -> bool {
        let local = |it: &str| self.endpoint_of(it).is_some_and(|it| is_loopback(&it));
        SERVICES.into_iter().all(local)
    }

    /// The endpoint URL of one service, if it is not AWS's own: as the SDK chooses it.
    fn endpoint_of(&self, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL");
        let key = key.profile("endpoint_url").build().ok()?;
        let own = self.config.service_config().and_then(|it| it.load_config(key));
        own.or_else(|| self.endpoint.clone())
    }
}

/// The profile that the environment names.
#[derive(Debug, Clone, Default)]
pub struct ProfileName {
    /// Its name; `None`: that of the SDK, `default`.
    pub name: Option<String>,
    /// Whether the SDK takes it by itself (`AWS_PROFILE`).
    pub is_default: bool,
}

/// The file of certificates that the profile names (`ca_bundle`).
pub async fn ca_bundle(ProfileName { name, .. }: &ProfileName) -> Option<PathBuf> {
    let files = EnvConfigFiles::default();
    let name = name.clone().map(Into::into);
    let profiles = aws_config::profile::load(&Fs::real(), &Env::real(), &files, name).await;
    let bundle = profiles.ok()?.get("ca_bundle").map(PathBuf::from);
    bundle.filter(|it| !it.as_os_str().is_empty())
}

/// How long the calls may take by which credentials are got.
fn credentials_timeouts() -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_MAX);
    timeouts.operation_attempt_timeout(CREDENTIALS_TRY_MAX).build()
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
