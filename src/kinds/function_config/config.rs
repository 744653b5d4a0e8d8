//! The configuration of a function in one form for both sides: what the document asks for and what
//! Lambda returns become the same words, so that `==` decides. Nothing here is optional; a field that
//! AWS leaves out has AWS's default.
//!
//! A new field is a field of [`Config`], its default in [`Config::unset`], and a line of [`MEMBERS`].

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    logging::{self, Logging, LoggingGiven},
    table::{FieldValue, field, member, shown_list},
};
use crate::engine::{diff::Shown, secret::Secret};

/// Every field that `UpdateFunctionConfiguration` can set for an image function.
#[derive(Clone, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Vpc {
    pub subnet_ids: BTreeSet<String>,
    pub security_group_ids: BTreeSet<String>,
    pub ipv6_allowed_for_dual_stack: bool,
}

/// One of `FileSystemConfigs`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct FileSystem {
    pub arn: String,
    pub local_mount_path: String,
}

/// `ImageConfig`, which AWS replaces as a whole and drops when it is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct ImageConfig {
    pub entry_point: Vec<String>,
    pub command: Vec<String>,
    pub working_directory: String,
}

/// `CapacityProviderConfig`: of Lambda Managed Instances, the only kind that there is. A function has one from its
/// creation on or never (CreateFunction: it "isn't supported for Lambda Default functions").
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Capacity {
    /// The capacity provider's ARN.
    pub provider: String,
    /// `PerExecutionEnvironmentMaxConcurrency`: how many requests an instance serves at once.
    pub concurrency: i32,
    /// `ExecutionEnvironmentMemoryGiBPerVCpu`.
    pub memory_per_cpu: MemoryRatio,
}

impl Capacity {
    /// Fills in AWS's defaults for what is not given.
    pub fn filled(provider: String, concurrency: Option<i32>, memory_per_cpu: Option<f64>) -> Self {
        Self {
            provider,
            concurrency: concurrency.unwrap_or(defaults::CONCURRENCY),
            memory_per_cpu: MemoryRatio::of(memory_per_cpu.unwrap_or(defaults::MEMORY_PER_CPU)),
        }
    }
}

/// GiB of memory for each CPU, in hundredths, so that two can be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct MemoryRatio(i32);

impl MemoryRatio {
    fn of(ratio: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "between 2 and 8, says AWS")]
        let hundredths = (ratio * 100.0).round() as i32;
        Self(hundredths)
    }

    /// As AWS writes it.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl FieldValue for MemoryRatio {
    fn shown(&self) -> Shown {
        Shown::open(self.ratio())
    }

    fn json(&self) -> Value {
        json!(self.ratio())
    }
}

impl FieldValue for Vec<FileSystem> {
    fn shown(&self) -> Shown {
        let mounts: Vec<String> =
            self.iter().map(|it| format!("{} at {}", it.arn, it.local_mount_path)).collect();
        shown_list(&mounts)
    }

    fn json(&self) -> Value {
        let mount =
            |it: &FileSystem| json!({ "arn": it.arn, "localMountPath": it.local_mount_path });
        self.iter().map(mount).collect()
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
    /// Requests that a managed instance serves at once.
    pub const CONCURRENCY: i32 = 16;
    /// GiB for each of its CPUs.
    pub const MEMORY_PER_CPU: f64 = 2.0;
}

/// A member of `spec` and of UpdateFunctionConfiguration: AWS takes and replaces it whole.
pub struct ConfigMember {
    /// As it is called in `spec`.
    pub name: &'static str,
    /// What it holds, in the order of a plan.
    pub fields: &'static [ConfigField],
    /// Whether two configurations have the same.
    pub same: fn(&Config, &Config) -> bool,
    /// Copies it from the first to the second.
    pub copy: fn(&Config, &mut Config),
    /// What of it enters the config hash. Tags of live functions hold such hashes: this may never change.
    pub hashed: fn(&Config) -> Value,
}

/// A field of a member: a line of a plan, and what may be left to others.
pub struct ConfigField {
    /// Its path below `spec`, as `vpcConfig/subnetIds`.
    pub path: &'static str,
    /// Its value; `None` if it is in a member that the function does not have.
    pub get: fn(&Config) -> Option<&dyn FieldValue>,
    /// Copies it from the first to the second.
    pub copy: fn(&Config, &mut Config),
}

/// The member that holds the variables. Each is a field of its own, so that whoever shows or writes fields has to look
/// at them himself; their values are secrets.
pub const ENVIRONMENT: &str = "environment";
/// The member that says on whose instances it runs.
pub const CAPACITY: &str = "capacityProviderConfig";

/// Every member, in the order of a plan.
pub static MEMBERS: [ConfigMember; 14] = [
    member!("role": role),
    member!("description": description),
    member!("memorySize": memory_size),
    member!("timeout": timeout),
    member!("ephemeralStorage" / "size": ephemeral_storage),
    member!("kmsKeyArn": kms_key_arn),
    member!("deadLetterConfig" / "targetArn": dead_letter),
    member!("tracingConfig" / "mode": tracing),
    member!("vpcConfig": vpc {
        "subnetIds": subnet_ids,
        "securityGroupIds": security_group_ids,
        "ipv6AllowedForDualStack": ipv6_allowed_for_dual_stack,
    }),
    member!("fileSystemConfigs": file_systems),
    member!("loggingConfig": logging {
        "logFormat": log_format,
        "applicationLogLevel": application_log_level,
        "systemLogLevel": system_log_level,
        "logGroup": log_group,
    }),
    member!("imageConfig": image {
        "entryPoint": entry_point,
        "command": command,
        "workingDirectory": working_directory,
    }),
    member!("capacityProviderConfig": capacity? {
        "capacityProviderArn": provider,
        "perExecutionEnvironmentMaxConcurrency": concurrency,
        "executionEnvironmentMemoryGiBPerVCpu": memory_per_cpu,
    }),
    ConfigMember {
        name: ENVIRONMENT,
        fields: &[],
        same: |one, other| one.environment == other.environment,
        copy: |from, to| to.environment.clone_from(&from.environment),
        hashed: |it| it.environment.keys().map(|name| (name.clone(), Value::Null)).collect(),
    },
];

/// What copies the member or field with this path from one configuration to another, and that path.
pub fn place(path: &str) -> Option<ConfigPlace> {
    let member = |it: &ConfigMember| ConfigPlace { path: it.name, copy: it.copy };
    let field = |it: &ConfigField| ConfigPlace { path: it.path, copy: it.copy };
    let mut places =
        MEMBERS.iter().flat_map(|it| iter::once(member(it)).chain(it.fields.iter().map(field)));
    places.find(|it| it.path == path)
}

/// A member or a field of one.
pub struct ConfigPlace {
    /// Its path below `spec`.
    pub path: &'static str,
    /// Copies it from the first to the second.
    pub copy: fn(&Config, &mut Config),
}

impl Config {
    /// The members that are not as they are in the other.
    pub fn differing(&self, other: &Self) -> impl Iterator<Item = &'static ConfigMember> {
        MEMBERS.iter().filter(|it| !(it.same)(self, other))
    }

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
            (None, Some(_)) if self.logging.log_format == logging::TEXT => Logging {
                log_format: logging::JSON.into(),
                application_log_level: logging::LEVEL.into(),
                system_log_level: logging::LEVEL.into(),
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
