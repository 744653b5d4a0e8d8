//! The rules of `Function` documents that AWS has and a shape cannot say, as data: `rules` checks them, the reference
//! prints them with where they are known from.

use crate::shape::{
    FieldRule, Provenance,
    pages::{
        ASYNC_RECORDS, LAMBDA_METADATA, LAMBDA_QUOTAS, LAMBDA_VARIABLES, LOG_FORMATS,
        MANAGED_PRACTICES, S3_FILES, SAM_CAPACITY,
    },
};

const WITHOUT: &str = "at most {} without `capacityProviderConfig`";

/// The most memory, in MiB, on Lambda's own instances.
pub(super) const MEMORY: FieldRule =
    FieldRule::number("memorySize", 10_240, WITHOUT, Provenance::Documented(LAMBDA_QUOTAS));
/// The least memory, in MiB, on managed instances.
pub(super) const MANAGED_MEMORY: FieldRule = FieldRule::number(
    "memorySize",
    2048,
    "at least {} with `capacityProviderConfig`",
    Provenance::Documented(MANAGED_PRACTICES),
);
/// The fewest vCPUs on managed instances.
const VCPUS: FieldRule = FieldRule::number(
    "memorySize",
    1,
    "with `capacityProviderConfig` at least as much as is given for {} vCPU",
    Provenance::Documented(MANAGED_PRACTICES),
);
/// GiB of memory for each vCPU, of which one must be used.
pub(super) const RATIOS: [f64; 3] = [2.0, 4.0, 8.0];
const RATIO: FieldRule = FieldRule::plain(
    "capacityProviderConfig.executionEnvironmentMemoryGiBPerVCpu",
    "2, 4 or 8",
    Provenance::Documented(SAM_CAPACITY),
);
/// The longest run, in seconds, on Lambda's own instances.
pub(super) const TIMEOUT: FieldRule = FieldRule::number(
    "timeout",
    1800,
    WITHOUT,
    Provenance::Words {
        member: "lambda:CreateFunction.Timeout",
        phrase: "the maximum allowed value is 1,800 seconds",
    },
);
/// The most space below `/tmp`, in MiB, on Lambda's own instances. More goes with an accelerator, which Evenkeel does
/// not manage and which functions on managed instances may have.
pub(super) const STORAGE: FieldRule = FieldRule::number(
    "ephemeralStorage.size",
    10_240,
    WITHOUT,
    Provenance::Words {
        member: "lambda:CreateFunction.EphemeralStorage",
        phrase: "For functions that use AcceleratorConfig, the maximum is 32,768 MB",
    },
);
/// The most bytes of all variables, as JSON.
pub(super) const ENVIRONMENT_BYTES: FieldRule = FieldRule::number(
    "environment.variables",
    4096,
    "at most {} bytes in all",
    Provenance::Documented(LAMBDA_QUOTAS),
);
const VARIABLES: FieldRule = FieldRule::plain(
    "environment.variables",
    "no name that Lambda reserves",
    Provenance::Documented(LAMBDA_VARIABLES),
);
const METADATA: FieldRule = FieldRule::plain(
    "environment.variables",
    "neither `AWS_LAMBDA_METADATA_API` nor `AWS_LAMBDA_METADATA_TOKEN`, which Lambda sets",
    Provenance::Documented(LAMBDA_METADATA),
);
const CONCURRENCY: FieldRule = FieldRule::plain(
    "environment.variables",
    "no `AWS_LAMBDA_MAX_CONCURRENCY` with `capacityProviderConfig`, where Lambda sets it",
    Provenance::Believed(
        "aws-lambda-go (pull request 600) says that Lambda sets it; whether it refuses one is not known",
    ),
);
/// The most bytes of `imageConfig`.
pub(super) const IMAGE_CONFIG_BYTES: FieldRule = FieldRule::number(
    "imageConfig",
    16_384,
    "at most {} bytes in all",
    Provenance::Documented(LAMBDA_QUOTAS),
);
const LETTERS: FieldRule = FieldRule::plain(
    "deadLetterConfig.targetArn",
    "no FIFO queue or topic",
    Provenance::Documented(ASYNC_RECORDS),
);
const MOUNTS: FieldRule = FieldRule::plain(
    "fileSystemConfigs",
    "only with `vpcConfig`, for EFS and for S3 Files",
    Provenance::Documented(S3_FILES),
);
const FORMAT: FieldRule = FieldRule::plain(
    "loggingConfig.logFormat",
    "`JSON` with `capacityProviderConfig`; levels only with `JSON`",
    Provenance::Documented(LOG_FORMATS),
);

/// All of them, in the order of the fields.
pub const RULES: &[FieldRule] = &[
    MEMORY,
    MANAGED_MEMORY,
    VCPUS,
    RATIO,
    TIMEOUT,
    STORAGE,
    ENVIRONMENT_BYTES,
    VARIABLES,
    METADATA,
    CONCURRENCY,
    IMAGE_CONFIG_BYTES,
    LETTERS,
    MOUNTS,
    FORMAT,
];
