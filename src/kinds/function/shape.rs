//! What each field of a `Function` document may hold: AWS's own constraints (Lambda API reference,
//! CreateFunction and UpdateFunctionConfiguration), so that a mistake is told before AWS is asked.

use crate::{
    kinds::document::{POLICY_FIELD, TAGS_FIELD, TAGS_POLICY_FIELD},
    shape::{Field, Map, Shape, Text},
};

pub(super) const FUNCTION_NAME: Text =
    Text::new((1, 64), "^[A-Za-z0-9_-]+$", "1 to 64 of A-Z a-z 0-9 _ -");
const IMAGE: Text = Text::any(1, 1024);
const RANGE: Text = Text::any(1, 100);
const ROLE: Text = Text::new(
    (1, 2048),
    r"^(arn:aws[a-zA-Z-]*:iam::(\d{12}|\$\{target\.accountId\}):role/)?[A-Za-z0-9_+=,.@/-]+$",
    "the name or path of a role in the target's account, or a role's whole ARN",
);
const DESCRIPTION: Text = Text::any(0, 256);
const KMS_KEY: Text = Text::new(
    (0, 2048),
    r"^$|^arn:aws[a-zA-Z-]*:kms:[^:]+:[^:]+:(key|alias)/.+$",
    "the ARN of a KMS key, or empty",
);
const SUBNET: Text = Text::new((1, 1024), "^subnet-[0-9a-z]+$", "a subnet id, as `subnet-0a1b`");
const SECURITY_GROUP: Text =
    Text::new((1, 1024), "^sg-[0-9a-zA-Z]+$", "a security group id, as `sg-0a1b`");
const ACCESS_POINT: Text = Text::new(
    (1, 200),
    r"^arn:aws[a-zA-Z-]*:(elasticfilesystem|s3files):[^:]+:[^:]+:.*access-point/.+$",
    "the ARN of an access point of EFS or S3 Files",
);
const MOUNT_PATH: Text =
    Text::new((1, 160), r"^/mnt/[A-Za-z0-9_.-]+$", "a path below `/mnt/`, as `/mnt/data`");
const LETTER_TARGET: Text = Text::new(
    (0, 2048),
    r"^$|^arn:aws[a-zA-Z-]*:(sqs|sns):[^:]+:[^:]+:.+$",
    "the ARN of an SQS queue or an SNS topic, or empty",
);
const LOG_GROUP: Text =
    Text::new((1, 512), r"^[.\-_/#A-Za-z0-9]+$", "1 to 512 of A-Z a-z 0-9 . - _ / #");
const CAPACITY_PROVIDER: Text = Text::new(
    (1, 140),
    r"^arn:aws[a-zA-Z-]*:lambda:[^:]+:[^:]+:capacity-provider:[a-zA-Z0-9_-]+$",
    "the ARN of a capacity provider",
);
const COMMAND: Text = Text::any(0, 1500);
const DIRECTORY: Text = Text::any(0, 1000);
const VARIABLE: Text = Text::new(
    (2, 4096),
    "^[a-zA-Z][a-zA-Z0-9_]+$",
    "at least 2 of A-Z a-z 0-9 _, with a letter first",
);
const VALUE: Text = Text::any(0, 4096);
const IMAGE_CONFIG: &[Field] = &[
    Field::optional(
        "entryPoint",
        Shape::List(&Shape::Text(&COMMAND), 1500),
        "the image's own",
        "The program to start.",
    ),
    Field::optional(
        "command",
        Shape::List(&Shape::Text(&COMMAND), 1500),
        "the image's own",
        "Its arguments.",
    ),
    Field::optional(
        "workingDirectory",
        Shape::Text(&DIRECTORY),
        "the image's own",
        "Where it starts.",
    ),
];

const IMAGE_POLICY: &[Field] = &[
    Field::optional(
        "semver",
        Shape::Text(&RANGE),
        "the tag of `image`",
        "A range of versions, as `^1.4` or `>=1.2, <1.5`: the highest tag of the repository that fits is \
         deployed (`v1.4.2` and `1.4.2` are both read). New tags are seen within 5 minutes. The tag of \
         `image` is only deployed to a new function, if none fits.",
    ),
    Field::optional(
        "onTagMove",
        Shape::Choice(&["deploy", "report"]),
        "`deploy`",
        "What to do when the tag names another image than the one that was deployed.",
    ),
];

const EPHEMERAL_STORAGE: &[Field] =
    &[Field::required("size", Shape::Int(512, 10_240), "The size of `/tmp` in MiB.")];

const VARIABLE_KEEP: &[Field] = &[Field::required(
    "keep",
    Shape::Flag,
    "Whether the value that is there is kept, whatever it is.",
)];

const ENVIRONMENT: &[Field] = &[Field::optional(
    "variables",
    Shape::Map(&Map {
        key: &VARIABLE,
        value: &Shape::Either(&Shape::Text(&VALUE), &Shape::Object(VARIABLE_KEEP)),
        entries_max: 500,
        secret: true,
    }),
    "none",
    "Environment variables, at most 4 KB in all. Their values appear in no output of Evenkeel's. \
     `{ keep: true }` instead of a value: it must be there, and its value is somebody else's.",
)];

const VPC_CONFIG: &[Field] = &[
    Field::optional(
        "subnetIds",
        Shape::List(&Shape::Text(&SUBNET), 16),
        "none",
        "The subnets to attach to; their order means nothing.",
    ),
    Field::optional(
        "securityGroupIds",
        Shape::List(&Shape::Text(&SECURITY_GROUP), 5),
        "none",
        "The security groups; their order means nothing.",
    ),
    Field::optional(
        "ipv6AllowedForDualStack",
        Shape::Flag,
        "`false`",
        "Whether IPv6 may be used in dual-stack subnets.",
    ),
];

const FILE_SYSTEM: &[Field] = &[
    Field::required("arn", Shape::Text(&ACCESS_POINT), "The access point."),
    Field::required("localMountPath", Shape::Text(&MOUNT_PATH), "Where the function sees it."),
];

const DEAD_LETTER: &[Field] =
    &[Field::required("targetArn", Shape::Text(&LETTER_TARGET), "The queue or topic.")];

const TRACING: &[Field] = &[Field::required(
    "mode",
    Shape::Choice(&["Active", "PassThrough"]),
    "Whether requests are sampled for X-Ray, or only traced if the caller traces them.",
)];

const LOGGING: &[Field] = &[
    Field::optional(
        "logFormat",
        Shape::Choice(&["Text", "JSON"]),
        "`Text`; `JSON` with `capacityProviderConfig`",
        "How log lines are written. Lambda writes only `JSON` on managed instances.",
    ),
    Field::optional(
        "applicationLogLevel",
        Shape::Choice(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
        "`INFO` with `JSON`",
        "The lowest level of the function's own lines; with `JSON` only.",
    ),
    Field::optional(
        "systemLogLevel",
        Shape::Choice(&["DEBUG", "INFO", "WARN"]),
        "`INFO` with `JSON`",
        "The lowest level of Lambda's lines; with `JSON` only.",
    ),
    Field::optional(
        "logGroup",
        Shape::Text(&LOG_GROUP),
        "`/aws/lambda/NAME`",
        "The CloudWatch log group.",
    ),
];

const CAPACITY: &[Field] = &[
    Field::required(
        "capacityProviderArn",
        Shape::Text(&CAPACITY_PROVIDER),
        "The capacity provider whose instances it runs on.",
    ),
    Field::optional(
        "perExecutionEnvironmentMaxConcurrency",
        Shape::Int(1, 1600),
        "16",
        "How many requests an instance of the function serves at once.",
    ),
    Field::optional(
        "executionEnvironmentMemoryGiBPerVCpu",
        Shape::Number(2.0, 8.0),
        "2",
        "GiB of memory for each CPU.",
    ),
];

/// The members of `spec`, in the order of the reference.
pub const SPEC: &[Field] = &[
    Field::optional(
        "functionName",
        Shape::Text(&FUNCTION_NAME),
        "`metadata.name`",
        "The function's name in AWS.",
    ),
    Field::required(
        "image",
        Shape::Text(&IMAGE),
        "What to run: `[registry/]repository:tag` or `[registry/]repository@sha256:…`. Without a \
         registry it is the target's own.",
    ),
    Field::optional(
        "imagePolicy",
        Shape::Object(IMAGE_POLICY),
        "deploy what the tag names",
        "Which image of the repository is deployed, and when.",
    ),
    Field::optional(
        "imageConfig",
        Shape::Object(IMAGE_CONFIG),
        "the image's own",
        "What of the image's own settings is overridden. AWS replaces it as a whole.",
    ),
    Field::required(
        "role",
        Shape::Text(&ROLE),
        "The execution role: a name or path in the target's account, or a whole ARN.",
    ),
    Field::optional(
        "architectures",
        Shape::List(&Shape::Choice(&["x86_64", "arm64"]), 1),
        "`[x86_64]`",
        "The instruction set. Of an image index, the child for it is deployed.",
    ),
    Field::optional("description", Shape::Text(&DESCRIPTION), "empty", "Free text."),
    Field::optional(
        "memorySize",
        Shape::Int(128, 32_768),
        "128",
        "Memory in MiB; above 10240 only with `capacityProviderConfig`.",
    ),
    Field::optional("timeout", Shape::Int(1, 900), "3", "The longest run, in seconds."),
    Field::optional(
        "ephemeralStorage",
        Shape::Object(EPHEMERAL_STORAGE),
        "512 MiB",
        "The space below `/tmp`.",
    ),
    Field::optional("environment", Shape::Object(ENVIRONMENT), "none", "The environment."),
    Field::optional(
        "kmsKeyArn",
        Shape::Text(&KMS_KEY),
        "a key that Lambda owns",
        "The key that encrypts the environment and Lambda's copy of the image.",
    ),
    Field::optional("vpcConfig", Shape::Object(VPC_CONFIG), "no VPC", "The network to attach to."),
    Field::optional(
        "fileSystemConfigs",
        Shape::List(&Shape::Object(FILE_SYSTEM), 1),
        "none",
        "File systems to mount.",
    ),
    Field::optional(
        "deadLetterConfig",
        Shape::Object(DEAD_LETTER),
        "none",
        "Where asynchronous invocations go that failed.",
    ),
    Field::optional(
        "tracingConfig",
        Shape::Object(TRACING),
        "`PassThrough`",
        "Tracing with X-Ray.",
    ),
    Field::optional(
        "loggingConfig",
        Shape::Object(LOGGING),
        "Lambda's own",
        "How and where it logs.",
    ),
    Field::optional(
        "capacityProviderConfig",
        Shape::Object(CAPACITY),
        "Lambda's own instances",
        "Lambda Managed Instances: the instances of your own that it runs on. Chosen when the function is \
         made; only versions run on them, so `release` is needed; how many there are says `scalingConfig`.",
    ),
    TAGS_FIELD,
    TAGS_POLICY_FIELD,
    POLICY_FIELD,
];
