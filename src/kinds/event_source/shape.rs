//! What `eventSources` may hold (Lambda API reference, CreateEventSourceMapping).

use crate::shape::{Field, ModelDifference, Provenance, Shape, Text};

const ARN: Text =
    Text::new((1, 10_000), r"^arn:\S+$", "the ARN of a queue, stream, cluster or broker").unlike(&[ModelDifference::pattern(r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)", Provenance::Own("placeholders for Region and account; rules tell the services apart"))]);
const KEY: Text =
    Text::new((1, 10_000), r"^arn:\S+$", "the ARN of a key").unlike(&[ModelDifference::pattern(
        "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
        Provenance::Own("placeholders for Region and account"),
    )]);
const DESTINATION: Text = Text::new(
    (1, 350),
    r"^(arn:aws[a-zA-Z-]*:(sqs|sns|s3):.+|kafka://.+)$",
    "the ARN of a queue, topic or bucket, or `kafka://TOPIC`",
).unlike(&[ModelDifference::pattern(r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)", Provenance::Words { member: "lambda:CreateEventSourceMapping.DestinationConfig.OnFailure.Destination", phrase: "you can configure an Amazon SNS topic, Amazon SQS queue, Amazon S3 bucket, or Kafka topic as the destination" })]);
const PATTERN: Text = Text::any(0, 4096);
const TOPIC: Text =
    Text::new((1, 249), r"^[^.][a-zA-Z0-9_.-]+$", "1 to 249 of A-Z a-z 0-9 _ . -, no dot first");
const QUEUE: Text = Text::any(1, 1000);
const URI: Text =
    Text::new((1, 200), r"^[ a-zA-Z0-9/*:_+=.@-]*$", "the ARN of a secret, or a virtual host");
const GROUP: Text = Text::new(
    (1, 200),
    r"^[ a-zA-Z0-9/*:_+=.@-]*$",
    "1 to 200 of A-Z a-z 0-9 / * : _ + = . @ - and spaces",
);
const DATABASE: Text = Text::new((1, 63), r#"^[^ /.$"]*$"#, "1 to 63 characters without / . $ \"");
const COLLECTION: Text =
    Text::new((1, 57), r"^[_a-zA-Z0-9][^$]*$", "1 to 57 characters without $, no sign first")
        .unlike(&[ModelDifference::pattern(
            r"(^(?!(system\x2e)))(^[_a-zA-Z0-9])([^$]*)",
            Provenance::Own("the same without looking ahead; a rule refuses `system.`"),
        )]);

const FILTER: &[Field] = &[Field::required(
    "pattern",
    Shape::Text(&PATTERN),
    "JSON, as in the Lambda developer guide, \"Filter rule syntax\". Compared by meaning.",
)
.aws("Pattern")];

const FILTERS: &[Field] = &[Field::required(
    "filters",
    Shape::List(&Shape::Object(FILTER), 10),
    "One of them has to fit; their order means nothing.",
)
.aws("Filters")
.unlike(&[ModelDifference::max(
    "none",
    Provenance::Believed(
        "five, or ten on request, after the Lambda developer guide, which was not read again",
    ),
)])];

const SCALING: &[Field] = &[Field::required(
    "maximumConcurrency",
    Shape::Int(2, 1000),
    "How many instances of the function the queue may use at once.",
)
.aws("MaximumConcurrency")];

const ENDS: &[Field] = &[Field::required(
    "onFailure",
    Shape::Text(&DESTINATION),
    "Who is told of records that were given up.",
)
.aws("OnFailure.Destination")];

const ACCESS: &[Field] = &[
    Field::required(
        "type",
        Shape::Choice(&[
            "BASIC_AUTH",
            "SASL_SCRAM_512_AUTH",
            "CLIENT_CERTIFICATE_TLS_AUTH",
            "VIRTUAL_HOST",
        ]),
        "What it is. A `VIRTUAL_HOST` can be chosen only when the mapping is made.",
    ).aws("Type").unlike(&[ModelDifference::words("BASIC_AUTH VPC_SUBNET VPC_SECURITY_GROUP SASL_SCRAM_512_AUTH SASL_SCRAM_256_AUTH VIRTUAL_HOST CLIENT_CERTIFICATE_TLS_AUTH SERVER_ROOT_CA_CERTIFICATE OAUTHBEARER_AUTH OAUTHBEARER_SCOPE OAUTHBEARER_AUDIENCE OAUTHBEARER_LOGICAL_CLUSTER OAUTHBEARER_IDENTITY_POOL IAM_AUTH IAM_OAUTHBEARER_AUTH", Provenance::Words { member: "lambda:CreateEventSourceMapping.SourceAccessConfigurations[].Type", phrase: "SASL_SCRAM_256_AUTH – (Self-managed Apache Kafka)" })]),
    Field::required("uri", Shape::Text(&URI), "Where it is.").aws("URI"),
];

const KAFKA: &[Field] = &[Field::required(
    "consumerGroupId",
    Shape::Text(&GROUP),
    "The consumer group. It can be chosen only when the mapping is made.",
)
.aws("ConsumerGroupId")];

const DOCUMENT_DB: &[Field] = &[
    Field::required("databaseName", Shape::Text(&DATABASE), "The database.").aws("DatabaseName"),
    Field::optional("collectionName", Shape::Text(&COLLECTION), "all", "The collection.")
        .aws("CollectionName"),
    Field::optional(
        "fullDocument",
        Shape::Choice(&["UpdateLookup", "Default"]),
        "`Default`",
        "Whether an update comes with the whole document.",
    )
    .aws("FullDocument"),
];

const METRICS: &[Field] = &[Field::required(
    "metrics",
    Shape::List(&Shape::Choice(&["EventCount", "ErrorCount", "KafkaMetrics"]), 3),
    "Which; the last two only for Kafka.",
)
.aws("Metrics")];

const POLLERS: &[Field] = &[
    Field::optional(
        "minimumPollers",
        Shape::Int(1, 200),
        "AWS's choice",
        "At least so many; SQS: at least 2.",
    )
    .aws("MinimumPollers"),
    Field::optional(
        "maximumPollers",
        Shape::Int(1, 10_000),
        "AWS's choice",
        "At most so many; SQS: at least 2; Kafka: at most 2000.",
    )
    .aws("MaximumPollers"),
];

const MEMBERS: &[Field] = &[
    Field::required(
        "eventSourceArn",
        Shape::Text(&ARN),
        "An SQS queue, a Kinesis or DynamoDB stream, an MSK cluster, an Amazon MQ broker or a DocumentDB \
         cluster.",
    ).aws("EventSourceArn"),
    Field::optional("enabled", Shape::Flag, "`true`", "Whether Lambda polls it.").aws("Enabled"),
    Field::optional(
        "batchSize",
        Shape::Int(1, 10_000),
        "10 for SQS, else 100",
        "How many records an invocation gets at most. SQS: over 10 only with \
         `maximumBatchingWindowInSeconds`, and never for FIFO queues.",
    ).aws("BatchSize"),
    Field::optional(
        "maximumBatchingWindowInSeconds",
        Shape::Int(0, 300),
        "0; for Kafka, MQ and DocumentDB half a second until it has been set once",
        "How long records are gathered.",
    ).aws("MaximumBatchingWindowInSeconds"),
    Field::optional(
        "filterCriteria",
        Shape::Object(FILTERS),
        "every record",
        "Which records the function gets.",
    ).aws("FilterCriteria"),
    Field::optional("scalingConfig", Shape::Object(SCALING), "no limit", "SQS only.").aws("ScalingConfig"),
    Field::optional(
        "startingPosition",
        Shape::Choice(&["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]),
        "required for streams, Kafka and DocumentDB",
        "Where reading begins. It can be chosen only when the mapping is made.",
    ).aws("StartingPosition"),
    Field::optional(
        "startingPositionTimestamp",
        Shape::Time,
        "required with `AT_TIMESTAMP`",
        "From when on. It can be chosen only when the mapping is made.",
    ).aws("StartingPositionTimestamp"),
    Field::optional(
        "parallelizationFactor",
        Shape::Int(1, 10),
        "1",
        "How many batches of a shard are worked on at once. Kinesis and DynamoDB only.",
    ).aws("ParallelizationFactor"),
    Field::optional(
        "maximumRecordAgeInSeconds",
        Shape::Int(-1, 604_800),
        "-1: for ever",
        "How old a record may get before it is given up: -1, or at least 60. Streams and Kafka only; Kafka only with \
         `provisionedPollerConfig`.",
    ).aws("MaximumRecordAgeInSeconds"),
    Field::optional(
        "maximumRetryAttempts",
        Shape::Int(-1, 10_000),
        "-1: for ever",
        "How often a batch is tried again. Streams and Kafka only; Kafka only with `provisionedPollerConfig`.",
    ).aws("MaximumRetryAttempts"),
    Field::optional(
        "bisectBatchOnFunctionError",
        Shape::Flag,
        "`false`",
        "Whether a batch that fails is tried again in halves. Streams and Kafka only; Kafka only with \
         `provisionedPollerConfig`.",
    ).aws("BisectBatchOnFunctionError"),
    Field::optional(
        "tumblingWindowInSeconds",
        Shape::Int(0, 900),
        "0: none",
        "How long records are summed up. Kinesis and DynamoDB only.",
    ).aws("TumblingWindowInSeconds"),
    Field::optional(
        "functionResponseTypes",
        Shape::List(&Shape::Choice(&["ReportBatchItemFailures"]), 1),
        "none",
        "Whether the function says which records of a batch failed. SQS, streams and Kafka only; Kafka only with \
         `provisionedPollerConfig`.",
    ).aws("FunctionResponseTypes"),
    Field::optional(
        "destinationConfig",
        Shape::Object(ENDS),
        "nobody",
        "What becomes of records that are given up. Streams and Kafka only.",
    ).aws("DestinationConfig"),
    Field::optional(
        "topics",
        Shape::List(&Shape::Text(&TOPIC), 1),
        "required for Kafka",
        "The topic; another topic is another event source.",
    ).aws("Topics").unlike(&[ModelDifference::min("1", Provenance::Own("a rule tells where one is needed"))]),
    Field::optional(
        "queues",
        Shape::List(&Shape::Text(&QUEUE), 1),
        "required for Amazon MQ",
        "The broker's queue; another queue is another event source.",
    ).aws("Queues").unlike(&[ModelDifference::min("1", Provenance::Own("a rule tells where one is needed"))]),
    Field::optional(
        "sourceAccessConfigurations",
        Shape::List(&Shape::Object(ACCESS), 23),
        "none",
        "How Lambda gets in: secrets and the like. Kafka, Amazon MQ and DocumentDB only; their order \
         means nothing.",
    ).aws("SourceAccessConfigurations"),
    Field::optional(
        "amazonManagedKafkaEventSourceConfig",
        Shape::Object(KAFKA),
        "a consumer group of AWS's choice",
        "MSK only.",
    ).aws("AmazonManagedKafkaEventSourceConfig"),
    Field::optional(
        "documentDBEventSourceConfig",
        Shape::Object(DOCUMENT_DB),
        "required for DocumentDB",
        "What of the cluster is read.",
    ).aws("DocumentDBEventSourceConfig"),
    Field::optional(
        "kmsKeyArn",
        Shape::Text(&KEY),
        "not encrypted",
        "The key under which AWS keeps the filters.",
    ).aws("KMSKeyArn"),
    Field::optional("metricsConfig", Shape::Object(METRICS), "none", "More metrics.").aws("MetricsConfig"),
    Field::optional(
        "provisionedPollerConfig",
        Shape::Object(POLLERS),
        "none",
        "Pollers of its own. SQS and Kafka only; SQS not together with `scalingConfig`.",
    ).aws("ProvisionedPollerConfig"),
];

/// `eventSources`.
pub(super) const EVENT_SOURCES: Field = Field::optional(
    "eventSources",
    Shape::List(&Shape::Object(MEMBERS), 100),
    "none; those that Evenkeel made are deleted",
    "What Lambda polls to invoke the function: event source mappings. ARNs may hold \
     `${target.accountId}` and `${target.region}`.",
)
.aws("lambda:CreateEventSourceMapping");
