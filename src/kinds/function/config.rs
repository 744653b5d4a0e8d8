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
    /// AWS's own filling-in.
    pub fn filled(provider: String, concurrency: Option<i32>, memory_per_cpu: Option<f64>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "between 2 and 8, says AWS")]
        let hundredths = |ratio: f64| (ratio * 100.0).round() as i32;
        Self {
            provider,
            concurrency: concurrency.unwrap_or(defaults::CONCURRENCY),
            memory_per_cpu: memory_per_cpu.map_or(defaults::MEMORY_PER_CPU, hundredths),
        }
    }

    /// As AWS writes it.
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
    /// Plain lines.
    pub const LOG_FORMAT: &str = "Text";
    /// What both levels are with the format `JSON`.
    pub const LOG_LEVEL: &str = "INFO";
    /// Requests that a managed instance serves at once.
    pub const CONCURRENCY: i32 = 16;
    /// Hundredths of GiB for each of its CPUs.
    pub const MEMORY_PER_CPU: i32 = 200;
}

impl Logging {
    /// Where Lambda logs unless it is told otherwise.
    pub fn default_group(function: &str) -> String {
        format!("/aws/lambda/{function}")
    }

    /// Lambda's own filling-in: a group by the function's name, and levels only with `JSON`.
    pub fn filled(
        function: &str,
        format: Option<&str>,
        levels: (Option<&str>, Option<&str>),
        group: Option<&str>,
    ) -> Self {
        let format = given(format).unwrap_or(defaults::LOG_FORMAT);
        let level = |level: Option<&str>| match format {
            defaults::LOG_FORMAT => String::new(),
            _ => given(level).unwrap_or(defaults::LOG_LEVEL).to_owned(),
        };
        Self {
            application_log_level: level(levels.0),
            system_log_level: level(levels.1),
            log_group: given(group)
                .map_or_else(|| Self::default_group(function), ToOwned::to_owned),
            log_format: format.to_owned(),
        }
    }
}

/// An empty text is an absent one.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|it| !it.is_empty())
}

impl Config {
    /// What Lambda would return for a function that asks for nothing but a role.
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
            logging: Logging::filled(function, None, (None, None), None),
            image: ImageConfig::default(),
            capacity: None,
        }
    }
}
