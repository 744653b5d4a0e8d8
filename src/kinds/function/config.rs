//! The configuration of a function in one form for both sides: what the document asks for and what
//! Lambda returns become the same words, so that `==` decides. Nothing here is optional; a field that
//! AWS leaves out has AWS's default.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::engine::secret::Secret;

/// Every field that `UpdateFunctionConfiguration` can set for an image function.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// The ARN of the execution role.
    pub role: String,
    /// Free text; empty if unset.
    pub description: String,
    /// In MiB.
    pub memory_size: i32,
    /// In seconds.
    pub timeout: i32,
    /// The size of `/tmp` in MiB.
    pub ephemeral_storage: i32,
    /// Names in the open, values sealed.
    pub environment: BTreeMap<String, Secret>,
    /// A key's ARN; empty means the key that Lambda owns.
    pub kms_key_arn: String,
    /// Empty sets: not in a VPC.
    pub vpc: Vpc,
    /// At most one, says AWS.
    pub file_systems: Vec<FileSystem>,
    /// A queue's or topic's ARN; empty if unset.
    pub dead_letter: String,
    /// `Active` or `PassThrough`.
    pub tracing: String,
    /// How and where logs are written.
    pub logging: Logging,
    /// What of the image's own settings is overridden.
    pub image: ImageConfig,
    /// The instances of one's own that it runs on; `None`: on Lambda's.
    pub capacity: Option<Capacity>,
}

/// `VpcConfig`. AWS returns both lists in any order, so they are sets; an absent block, and the block
/// of empty lists that a detached function shows, are the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Vpc {
    pub subnet_ids: BTreeSet<String>,
    pub security_group_ids: BTreeSet<String>,
    pub ipv6_allowed_for_dual_stack: bool,
}

/// One of `FileSystemConfigs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct FileSystem {
    pub arn: String,
    pub local_mount_path: String,
}

/// `LoggingConfig`. The levels are empty with the format `Text`, which knows none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Logging {
    pub log_format: String,
    pub application_log_level: String,
    pub system_log_level: String,
    pub log_group: String,
}

/// `ImageConfig`, which AWS replaces as a whole and drops when it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct ImageConfig {
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: String,
}

/// `CapacityProviderConfig`: of Lambda Managed Instances, the only kind that there is. A function has one from its
/// creation on or never (CreateFunction: it "isn't supported for Lambda Default functions").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// The capacity provider's ARN.
    pub provider: String,
    /// `PerExecutionEnvironmentMaxConcurrency`: how many requests an instance serves at once.
    pub concurrency: i32,
    /// `ExecutionEnvironmentMemoryGiBPerVCpu`, in hundredths.
    pub memory_per_cpu: i32,
}

impl Capacity {
    /// Fills in AWS's defaults for what is not given.
    pub fn filled(provider: String, concurrency: Option<i32>, memory_per_cpu: Option<f64>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "between 2 and 8, says AWS")]
        let hundredths = |ratio: f64| (ratio * 100.0).round() as i32;
        Self {
            provider,
            concurrency: concurrency.unwrap_or(defaults::CONCURRENCY),
            memory_per_cpu: memory_per_cpu.map_or(defaults::MEMORY_PER_CPU, hundredths),
        }
    }

    /// GiB of memory for each CPU, as AWS writes it.
    pub fn ratio(&self) -> f64 {
        f64::from(self.memory_per_cpu) / 100.0
    }
}

/// What Lambda gives a function that asks for nothing else (Lambda API reference, CreateFunction).
pub mod defaults {
    /// MiB.
    pub const MEMORY_SIZE: i32 = 128;
    /// Seconds.
    pub const TIMEOUT: i32 = 3;
    /// MiB of `/tmp`.
    pub const EPHEMERAL_STORAGE: i32 = 512;
    /// The instruction set.
    pub const ARCHITECTURE: &str = "x86_64";
    /// Trace only what the caller traces.
    pub const TRACING: &str = "PassThrough";
    /// Plain lines, without a capacity provider.
    pub const LOG_FORMAT: &str = "Text";
    /// With a capacity provider; Lambda refuses every other there (Lambda developer guide, "Configuring JSON and plain
    /// text log formats").
    pub const LOG_FORMAT_MANAGED: &str = "JSON";
    /// What both levels are with the format `JSON`.
    pub const LOG_LEVEL: &str = "INFO";
    /// Requests that a managed instance serves at once.
    pub const CONCURRENCY: i32 = 16;
    /// Hundredths of GiB for each of its CPUs.
    pub const MEMORY_PER_CPU: i32 = 200;
}

/// What one side says of `LoggingConfig`, before Lambda's own filling-in. An empty text is an absent one.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct LoggingGiven<'a> {
    /// Whether the function has a capacity provider.
    pub managed: bool,
    pub log_format: Option<&'a str>,
    pub application_log_level: Option<&'a str>,
    pub system_log_level: Option<&'a str>,
    pub log_group: Option<&'a str>,
}

impl Logging {
    /// Where Lambda logs unless it is told otherwise.
    pub fn default_group(function: &str) -> String {
        format!("/aws/lambda/{function}")
    }

    /// The format of a function of which nobody has said one.
    pub fn default_format(managed: bool) -> &'static str {
        if managed { defaults::LOG_FORMAT_MANAGED } else { defaults::LOG_FORMAT }
    }

    /// Fills in what Lambda does where nothing is given: a log group by the function's name, `JSON`
    /// with a capacity provider, and levels only with `JSON`.
    pub fn filled(function: &str, given: LoggingGiven<'_>) -> Self {
        let unless_empty =
            |text: Option<&str>| text.filter(|it| !it.is_empty()).map(ToOwned::to_owned);
        let log_format = unless_empty(given.log_format)
            .unwrap_or_else(|| Self::default_format(given.managed).to_owned());
        let level = |level: Option<&str>| match log_format.as_str() {
            defaults::LOG_FORMAT => String::new(),
            _ => unless_empty(level).unwrap_or_else(|| defaults::LOG_LEVEL.to_owned()),
        };
        Self {
            application_log_level: level(given.application_log_level),
            system_log_level: level(given.system_log_level),
            log_group: unless_empty(given.log_group)
                .unwrap_or_else(|| Self::default_group(function)),
            log_format,
        }
    }
}

impl Config {
    /// What Lambda does with the log of this function if nobody says anything of it.
    pub fn default_logging(&self, function: &str) -> Logging {
        let managed = self.capacity.is_some();
        Logging::filled(function, LoggingGiven { managed, ..LoggingGiven::default() })
    }

    /// What Lambda gives a function with this capacity provider and this format of the log, if nobody asks for more.
    #[must_use]
    pub fn unset_beside(&self, function: &str) -> Self {
        let managed = self.capacity.is_some();
        let log_format = Some(self.logging.log_format.as_str());
        let given = LoggingGiven { managed, log_format, ..LoggingGiven::default() };
        let log_format = Logging::default_format(managed).to_owned();
        let logging = Logging { log_format, ..Logging::filled(function, given) };
        Self { logging, ..Self::unset(function, String::new()) }
    }

    /// How this function is to log where the live one runs. Whether there is a capacity provider is
    /// chosen once, so a document that says otherwise does not move the format either: Lambda
    /// refuses `Text` on managed instances, and what is the default there says nothing about
    /// Lambda's own.
    pub fn logging_on(&self, live: &Self) -> Logging {
        let log_group = self.logging.log_group.clone();
        match (&self.capacity, &live.capacity) {
            (None, Some(_)) if self.logging.log_format == defaults::LOG_FORMAT => Logging {
                log_format: defaults::LOG_FORMAT_MANAGED.into(),
                application_log_level: defaults::LOG_LEVEL.into(),
                system_log_level: defaults::LOG_LEVEL.into(),
                log_group,
            },
            (Some(_), None) => Logging { log_group, ..live.logging.clone() },
            _ => self.logging.clone(),
        }
    }

    /// What Lambda would return for a function that asks for nothing but a role: one without a capacity provider.
    pub fn unset(function: &str, role: String) -> Self {
        Self {
            role,
            description: String::new(),
            memory_size: defaults::MEMORY_SIZE,
            timeout: defaults::TIMEOUT,
            ephemeral_storage: defaults::EPHEMERAL_STORAGE,
            environment: BTreeMap::new(),
            kms_key_arn: String::new(),
            vpc: Vpc::default(),
            file_systems: Vec::new(),
            dead_letter: String::new(),
            tracing: defaults::TRACING.to_owned(),
            logging: Logging::filled(function, LoggingGiven::default()),
            image: ImageConfig::default(),
            capacity: None,
        }
    }
}
