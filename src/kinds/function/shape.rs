//! What each field of a `Function` document may hold: AWS's own constraints (Lambda API reference,
//! CreateFunction and UpdateFunctionConfiguration), so that a mistake is told before AWS is asked.

use crate::{
    kinds::document::{POLICY_FIELD, TAGS_FIELD, TAGS_POLICY_FIELD},
    shape::{
        Field, Map, ModelDifference, Provenance, Shape, Text,
        pages::{ASYNC_RECORDS, LAMBDA_QUOTAS},
    },
};

/// The operation that the members of `spec` belong to.
pub const OPERATION: &str = "lambda:CreateFunction";

pub(super) const FUNCTION_NAME: Text =
    Text::new((1, 64), "^[A-Za-z0-9_-]+$", "1 to 64 of A-Z a-z 0-9 _ -").unlike(&[ModelDifference::max("140", Provenance::Words { member: "lambda:CreateFunction.FunctionName", phrase: "it is limited to 64 characters in length" }), ModelDifference::pattern(r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?", Provenance::Own("a bare name; the model also takes ARNs"))]);
const IMAGE: Text = Text::any(1, 1024).unlike(&[
    ModelDifference::min("none", Provenance::Own("an image has to be named")),
    ModelDifference::max("none", Provenance::Own("longer than host, repository and digest can be")),
]);
const RANGE: Text = Text::any(1, 100);
const ROLE: Text = Text::new(
    (1, 10_000),
    r"^(arn:aws[a-zA-Z-]*:iam::(\d{12}|\$\{target\.accountId\}):role/)?[A-Za-z0-9_+=,.@/-]+$",
    "the name or path of a role in the target's account, or a role's whole ARN",
)
.unlike(&[ModelDifference::pattern(
    r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    Provenance::Own("a bare name or path too, and a placeholder for the account"),
)]);
const DESCRIPTION: Text = Text::any(0, 256);
const KMS_KEY: Text = Text::new(
    (0, 10_000),
    r"^$|^arn:aws[a-zA-Z-]*:kms:[^:]+:[^:]+:(key|alias)/.+$",
    "the ARN of a KMS key, or empty",
)
.unlike(&[ModelDifference::pattern(
    "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
    Provenance::Own("a key of KMS or an alias of one; nothing else encrypts"),
)]);
const SUBNET: Text = Text::new((0, 1024), "^subnet-[0-9a-z]*$", "a subnet id, as `subnet-0a1b`");
const SECURITY_GROUP: Text =
    Text::new((0, 1024), "^sg-[0-9a-zA-Z]*$", "a security group id, as `sg-0a1b`");
const ACCESS_POINT: Text = Text::new(
    (1, 256),
    r"^arn:aws[a-zA-Z-]*:(elasticfilesystem|s3files):[^:]+:[^:]+:.*access-point/.+$",
    "the ARN of an access point of EFS or S3 Files",
).unlike(&[ModelDifference::pattern(r"arn:aws[a-zA-Z-]*:elasticfilesystem:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}", Provenance::Own("placeholders for Region and account, and ids of any length"))]);
const MOUNT_PATH: Text =
    Text::new((0, 160), r"^/mnt/[A-Za-z0-9_.-]+$", "a path below `/mnt/`, as `/mnt/data`");
const LETTER_TARGET: Text = Text::new(
    (0, 10_000),
    r"^$|^arn:aws[a-zA-Z-]*:(sqs|sns):[^:]+:[^:]+:.+$",
    "the ARN of a standard SQS queue or SNS topic, or empty",
)
.unlike(&[ModelDifference::pattern(
    "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
    Provenance::Documented(ASYNC_RECORDS),
)]);
const LOG_GROUP: Text =
    Text::new((1, 512), r"^[.\-_/#A-Za-z0-9]+$", "1 to 512 of A-Z a-z 0-9 . - _ / #");
const CAPACITY_PROVIDER: Text = Text::new(
    (1, 140),
    r"^arn:aws[a-zA-Z-]*:lambda:[^:]+:[^:]+:capacity-provider:[a-zA-Z0-9_-]+$",
    "the ARN of a capacity provider",
).unlike(&[ModelDifference::pattern(r"arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:capacity-provider:[a-zA-Z0-9-_]+", Provenance::Own("placeholders for Region and account"))]);
/// AWS has no limit of its own for one of them.
const COMMAND: Text = Text::any(0, 16_384)
    .unlike(&[ModelDifference::max("none", Provenance::Documented(LAMBDA_QUOTAS))]);
const DIRECTORY: Text = Text::any(0, 1000);
const VARIABLE: Text = Text::new(
    (1, 4096),
    "^[a-zA-Z][a-zA-Z0-9_]+$",
    "at least 2 of A-Z a-z 0-9 _, with a letter first",
)
.unlike(&[ModelDifference::max("none", Provenance::Documented(LAMBDA_QUOTAS))]);
const VALUE: Text = Text::any(0, 4096)
    .unlike(&[ModelDifference::max("none", Provenance::Documented(LAMBDA_QUOTAS))]);
const IMAGE_CONFIG: &[Field] = &[
    Field::optional(
        "entryPoint",
        Shape::List(&Shape::Text(&COMMAND), 1500),
        "the image's own",
        "The program to start.",
    )
    .aws("EntryPoint"),
    Field::optional(
        "command",
        Shape::List(&Shape::Text(&COMMAND), 1500),
        "the image's own",
        "Its arguments.",
    )
    .aws("Command"),
    Field::optional(
        "workingDirectory",
        Shape::Text(&DIRECTORY),
        "the image's own",
        "Where it starts.",
    )
    .aws("WorkingDirectory"),
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

const EPHEMERAL_STORAGE: &[Field] = &[Field::required(
    "size",
    Shape::Int(512, 32_768),
    "The size of `/tmp` in MiB; above 10240 only with `capacityProviderConfig`.",
)
.aws("Size")];

const VARIABLE_KEEP: &[Field] = &[Field::required(
    "keep",
    Shape::Flag,
    "Whether the value that is there is kept, whatever it is.",
)
.own()];

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
)
.aws("Variables")
.unlike(&[ModelDifference::max("none", Provenance::Documented(LAMBDA_QUOTAS))])];

const VPC_CONFIG: &[Field] = &[
    Field::optional(
        "subnetIds",
        Shape::List(&Shape::Text(&SUBNET), 16),
        "none",
        "The subnets to attach to; their order means nothing.",
    )
    .aws("SubnetIds"),
    Field::optional(
        "securityGroupIds",
        Shape::List(&Shape::Text(&SECURITY_GROUP), 5),
        "none",
        "The security groups; their order means nothing.",
    )
    .aws("SecurityGroupIds"),
    Field::optional(
        "ipv6AllowedForDualStack",
        Shape::Flag,
        "`false`",
        "Whether IPv6 may be used in dual-stack subnets.",
    )
    .aws("Ipv6AllowedForDualStack"),
];

const FILE_SYSTEM: &[Field] = &[
    Field::required("arn", Shape::Text(&ACCESS_POINT), "The access point.").aws("Arn"),
    Field::required("localMountPath", Shape::Text(&MOUNT_PATH), "Where the function sees it.")
        .aws("LocalMountPath"),
];

const DEAD_LETTER: &[Field] =
    &[Field::required("targetArn", Shape::Text(&LETTER_TARGET), "The queue or topic.")
        .aws("TargetArn")];

const TRACING: &[Field] = &[Field::required(
    "mode",
    Shape::Choice(&["Active", "PassThrough"]),
    "Whether requests are sampled for X-Ray, or only traced if the caller traces them.",
)
.aws("Mode")];

const LOGGING: &[Field] = &[
    Field::optional(
        "logFormat",
        Shape::Choice(&["Text", "JSON"]),
        "`Text`; `JSON` with `capacityProviderConfig`",
        "How log lines are written. Lambda writes only `JSON` on managed instances.",
    )
    .aws("LogFormat"),
    Field::optional(
        "applicationLogLevel",
        Shape::Choice(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
        "`INFO` with `JSON`",
        "The lowest level of the function's own lines; with `JSON` only.",
    )
    .aws("ApplicationLogLevel"),
    Field::optional(
        "systemLogLevel",
        Shape::Choice(&["DEBUG", "INFO", "WARN"]),
        "`INFO` with `JSON`",
        "The lowest level of Lambda's lines; with `JSON` only.",
    )
    .aws("SystemLogLevel"),
    Field::optional(
        "logGroup",
        Shape::Text(&LOG_GROUP),
        "`/aws/lambda/NAME`",
        "The CloudWatch log group.",
    )
    .aws("LogGroup"),
];

const CAPACITY: &[Field] = &[
    Field::required(
        "capacityProviderArn",
        Shape::Text(&CAPACITY_PROVIDER),
        "The capacity provider whose instances it runs on.",
    )
    .aws("CapacityProviderArn"),
    Field::optional(
        "perExecutionEnvironmentMaxConcurrency",
        Shape::Int(1, 1600),
        "AWS's own",
        "How many requests an instance of the function serves at once. Left out, it is neither sent nor compared.",
    )
    .aws("PerExecutionEnvironmentMaxConcurrency"),
    Field::optional(
        "executionEnvironmentMemoryGiBPerVCpu",
        Shape::Number(2.0, 8.0),
        "2",
        "GiB of memory for each vCPU: 2, 4 or 8.",
    )
    .aws("ExecutionEnvironmentMemoryGiBPerVCpu"),
];

/// The members of `spec`, in the order of the reference.
pub const SPEC: &[Field] = &[
    Field::optional(
        "functionName",
        Shape::Text(&FUNCTION_NAME),
        "`metadata.name`",
        "The function's name in AWS.",
    ).aws("FunctionName"),
    Field::required(
        "image",
        Shape::Text(&IMAGE),
        "What to run: `[registry/]repository:tag` or `[registry/]repository@sha256:…`. Without a \
         registry it is the target's own.",
    ).aws("Code.ImageUri"),
    Field::optional(
        "imagePolicy",
        Shape::Object(IMAGE_POLICY),
        "deploy what the tag names",
        "Which image of the repository is deployed, and when.",
    ).own(),
    Field::optional(
        "imageConfig",
        Shape::Object(IMAGE_CONFIG),
        "the image's own",
        "What of the image's own settings is overridden. AWS replaces it as a whole.",
    ).aws("ImageConfig"),
    Field::required(
        "role",
        Shape::Text(&ROLE),
        "The execution role: a name or path in the target's account, or a whole ARN.",
    ).aws("Role"),
    Field::optional(
        "architectures",
        Shape::List(&Shape::Choice(&["x86_64", "arm64"]), 1),
        "`[x86_64]`",
        "The instruction set. Of an image index, the child for it is deployed.",
    ).aws("Architectures").unlike(&[ModelDifference::min("1", Provenance::Own("an empty list asks for nothing"))]),
    Field::optional("description", Shape::Text(&DESCRIPTION), "empty", "Free text.").aws("Description"),
    Field::optional(
        "memorySize",
        Shape::Int(128, 32_768),
        "128",
        "Memory in MiB; above 10240 only with `capacityProviderConfig`, and there at least 2048 and enough for a whole \
         vCPU.",
    ).aws("MemorySize"),
    Field::optional("timeout", Shape::Int(1, 5400), "3", "The longest run, in seconds; above 1800 only with `capacityProviderConfig`.").aws("Timeout"),
    Field::optional(
        "ephemeralStorage",
        Shape::Object(EPHEMERAL_STORAGE),
        "512 MiB",
        "The space below `/tmp`.",
    ).aws("EphemeralStorage"),
    Field::optional("environment", Shape::Object(ENVIRONMENT), "none", "The environment.").aws("Environment"),
    Field::optional(
        "kmsKeyArn",
        Shape::Text(&KMS_KEY),
        "a key that Lambda owns",
        "The key that encrypts the environment and Lambda's copy of the image.",
    ).aws("KMSKeyArn"),
    Field::optional("vpcConfig", Shape::Object(VPC_CONFIG), "no VPC", "The network to attach to.").aws("VpcConfig"),
    Field::optional(
        "fileSystemConfigs",
        Shape::List(&Shape::Object(FILE_SYSTEM), 1),
        "none",
        "File systems to mount.",
    ).aws("FileSystemConfigs"),
    Field::optional(
        "deadLetterConfig",
        Shape::Object(DEAD_LETTER),
        "none",
        "Where asynchronous invocations go that failed.",
    ).aws("DeadLetterConfig"),
    Field::optional(
        "tracingConfig",
        Shape::Object(TRACING),
        "`PassThrough`",
        "Tracing with X-Ray.",
    ).aws("TracingConfig"),
    Field::optional(
        "loggingConfig",
        Shape::Object(LOGGING),
        "Lambda's own",
        "How and where it logs.",
    ).aws("LoggingConfig"),
    Field::optional(
        "capacityProviderConfig",
        Shape::Object(CAPACITY),
        "Lambda's own instances",
        "Lambda Managed Instances: the instances of your own that it runs on. Chosen when the function is \
         made; only versions run on them, so `release` is needed; how many there are says `scalingConfig`.",
    ).aws("CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig"),
    TAGS_FIELD,
    TAGS_POLICY_FIELD,
    POLICY_FIELD,
];
