//! The rules of event sources that AWS has and a shape cannot say, as data.

use crate::shape::{
    FieldRule, Provenance,
    pages::{KAFKA_RETRIES, SQS_PARAMETERS},
};

/// The largest batch of a FIFO queue, and of a queue without a batching window.
pub(super) const SMALL_BATCH: FieldRule = FieldRule::number(
    "eventSources[].batchSize",
    10,
    "for a FIFO queue at most {}; for another queue more only with a batching window",
    Provenance::Documented(SQS_PARAMETERS),
);
/// The youngest age at which a record may be given up, in seconds.
pub(super) const RECORD_AGE: FieldRule = FieldRule::number(
    "eventSources[].maximumRecordAgeInSeconds",
    60,
    "-1, or at least {}",
    Provenance::Documented(KAFKA_RETRIES),
);
/// The fewest pollers of a queue, whether as the least or as the most.
pub(super) const QUEUE_POLLERS: FieldRule = FieldRule::number(
    "eventSources[].provisionedPollerConfig",
    2,
    "for a queue at least {}, both numbers",
    Provenance::Words {
        member: "lambda:CreateEventSourceMapping.ProvisionedPollerConfig.MaximumPollers",
        phrase: "the accepted range is between 2 and 10,000",
    },
);
/// The most pollers of a Kafka cluster.
pub(super) const KAFKA_POLLERS: FieldRule = FieldRule::number(
    "eventSources[].provisionedPollerConfig.maximumPollers",
    2000,
    "for Kafka at most {}",
    Provenance::Words {
        member: "lambda:CreateEventSourceMapping.ProvisionedPollerConfig.MaximumPollers",
        phrase: "the accepted range is between 1 and 2,000",
    },
);
const KAFKA_ERRORS: FieldRule = FieldRule::plain(
    "eventSources[]",
    "for Kafka `maximumRetryAttempts`, `maximumRecordAgeInSeconds`, `bisectBatchOnFunctionError` and \
     `functionResponseTypes` only with `provisionedPollerConfig`",
    Provenance::Documented(KAFKA_RETRIES),
);
const WAYS: FieldRule = FieldRule::plain(
    "eventSources[].sourceAccessConfigurations[].type",
    "`BASIC_AUTH` for Amazon MQ and DocumentDB, `VIRTUAL_HOST` for Amazon MQ alone",
    Provenance::Words {
        member: "lambda:CreateEventSourceMapping.SourceAccessConfigurations[].Type",
        phrase: "BASIC_AUTH – (Amazon MQ) The Secrets Manager secret that stores your broker credentials",
    },
);
/// What no collection's name begins with.
pub(super) const SYSTEM: &str = "system.";
const COLLECTION: FieldRule = FieldRule::plain(
    "eventSources[].documentDBEventSourceConfig.collectionName",
    "does not begin with `system.`",
    Provenance::Model,
);

/// All of them.
pub const RULES: &[FieldRule] =
    &[SMALL_BATCH, RECORD_AGE, QUEUE_POLLERS, KAFKA_POLLERS, KAFKA_ERRORS, WAYS, COLLECTION];
