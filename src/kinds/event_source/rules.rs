//! What a shape cannot say about event sources: what goes with which source, and rules between fields. Lambda
//! checks the same, one at a time and only when it is asked (Lambda developer guide, the pages of each service).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    config::VIRTUAL_HOST,
    doc::EventSourceDoc,
    limits::{KAFKA_POLLERS, QUEUE_POLLERS, RECORD_AGE, SMALL_BATCH, SYSTEM},
    source::Source::{
        self, Broker, DocumentDb, DynamoDb, FifoQueue, Kafka, Kinesis, Queue, SelfManagedKafka,
    },
};
use crate::kinds::document::Violation;

/// A field that only some sources have.
struct Only {
    field: &'static str,
    given: fn(&EventSourceDoc) -> bool,
    sources: &'static [Source],
    /// Whether these sources must have it.
    needed: bool,
    hint: &'static str,
}

impl Only {
    const fn some(
        field: &'static str,
        given: fn(&EventSourceDoc) -> bool,
        sources: &'static [Source],
    ) -> Self {
        Self { field, given, sources, needed: false, hint: "" }
    }

    const fn needed(
        field: &'static str,
        given: fn(&EventSourceDoc) -> bool,
        sources: &'static [Source],
        hint: &'static str,
    ) -> Self {
        Self { field, given, sources, needed: true, hint }
    }
}

const SHARDS: &[Source] = &[Kinesis, DynamoDb];
const LOGS: &[Source] = &[Kinesis, DynamoDb, Kafka];

const ONLY: &[Only] = &[
    Only::needed(
        "startingPosition",
        |it| it.starting_position.is_some(),
        &[Kinesis, DynamoDb, Kafka, DocumentDb],
        "say where reading begins, as `LATEST`",
    ),
    Only::needed("topics", |it| is_some(it.topics.as_ref()), &[Kafka], "name the topic"),
    Only::needed("queues", |it| is_some(it.queues.as_ref()), &[Broker], "name the broker's queue"),
    Only::needed(
        "documentDBEventSourceConfig",
        |it| it.document_db_event_source_config.is_some(),
        &[DocumentDb],
        "name the database",
    ),
    Only::some("scalingConfig", |it| it.scaling_config.is_some(), &[Queue, FifoQueue]),
    Only::some("parallelizationFactor", |it| it.parallelization_factor.is_some(), SHARDS),
    Only::some("tumblingWindowInSeconds", |it| it.tumbling_window_in_seconds.is_some(), SHARDS),
    Only::some("maximumRecordAgeInSeconds", |it| it.maximum_record_age_in_seconds.is_some(), LOGS),
    Only::some("maximumRetryAttempts", |it| it.maximum_retry_attempts.is_some(), LOGS),
    Only::some(
        "bisectBatchOnFunctionError",
        |it| it.bisect_batch_on_function_error.is_some(),
        LOGS,
    ),
    Only::some("destinationConfig", |it| it.destination_config.is_some(), LOGS),
    Only::some(
        "functionResponseTypes",
        |it| it.function_response_types.is_some(),
        &[Queue, FifoQueue, Kinesis, DynamoDb, Kafka],
    ),
    Only::some(
        "maximumBatchingWindowInSeconds",
        |it| it.maximum_batching_window_in_seconds.is_some_and(|it| it > 0),
        &[Queue, Kinesis, DynamoDb, Kafka, Broker, DocumentDb],
    ),
    Only::some(
        "sourceAccessConfigurations",
        |it| it.source_access_configurations.is_some(),
        &[Kafka, Broker, DocumentDb],
    ),
    Only::some(
        "amazonManagedKafkaEventSourceConfig",
        |it| it.amazon_managed_kafka_event_source_config.is_some(),
        &[Kafka],
    ),
    Only::some(
        "provisionedPollerConfig",
        |it| it.provisioned_poller_config.is_some(),
        &[Queue, FifoQueue, Kafka],
    ),
];

fn is_some(list: Option<&Vec<String>>) -> bool {
    list.is_some_and(|it| !it.is_empty())
}

/// Checks every event source of a document, and that none stands there twice; paths begin with its
/// index.
pub(super) fn check(doc: &[EventSourceDoc]) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let mut violations = Vec::new();
    for (index, it) in doc.iter().enumerate() {
        let index = index.to_string();
        let mut own = match Source::of(&it.event_source_arn) {
            Some(source) => one(it, source),
            None => vec![unknown(it)],
        };
        if !seen.insert((&it.event_source_arn, it.topic())) {
            let message =
                "it stands here twice: Lambda allows one mapping of a source to a function";
            own.push(Violation::new(&["eventSourceArn"], message, "keep one of them"));
        }
        for violation in &mut own {
            violation.path.insert(0, index.clone());
        }
        violations.extend(own);
    }
    violations
}

fn unknown(doc: &EventSourceDoc) -> Violation {
    let message = format!("Lambda does not poll `{}`", doc.event_source_arn);
    let hint = "name an SQS queue, a Kinesis or DynamoDB stream, an MSK cluster, an MQ broker or a \
                DocumentDB cluster; others invoke the function themselves, with `permissions`";
    Violation::new(&["eventSourceArn"], message, hint)
}

/// Checks one event source against what its service takes, and its fields against each other.
fn one(doc: &EventSourceDoc, source: Source) -> Vec<Violation> {
    let mut violations: Vec<Violation> =
        ONLY.iter().filter_map(|it| it.check(doc, source)).collect();
    violations.extend(start(doc, source));
    violations.extend(batch(doc, source));
    violations.extend(ways(doc, source));
    violations.extend(pollers(doc, source));
    violations.extend(provisioned_only(doc, source));
    violations.extend(collection(doc));
    violations.extend(doc.filter_criteria.iter().flat_map(|it| &it.filters).filter_map(|it| {
        let object = matches!(serde_json::from_str(&it.pattern), Ok(Value::Object(_)));
        let message = format!("the pattern `{}` is no JSON object", it.pattern);
        let hint = r#"write it as `'{"body": {"kind": ["order"]}}'`"#;
        (!object).then(|| Violation::new(&["filterCriteria"], message, hint))
    }));
    let young = |it: &i32| (0..RECORD_AGE.value).contains(&i64::from(*it));
    if let Some(age) = doc.maximum_record_age_in_seconds.filter(young) {
        let message = format!("a record cannot be given up after {age} seconds");
        let hint = "use at least 60, or -1 for ever";
        violations.push(Violation::new(&["maximumRecordAgeInSeconds"], message, hint));
    }
    let metrics = doc.metrics_config.iter().flat_map(|it| &it.metrics);
    if let Some(metric) = metrics.into_iter().find(|it| *it != "EventCount" && source != Kafka) {
        let message = format!("{} has no metric `{metric}`", source.words());
        violations.push(Violation::new(
            &["metricsConfig"],
            message,
            "use `EventCount`, or take it out",
        ));
    }
    violations
}

impl Only {
    /// Tells of a field that the source does not have, or needs and does not get.
    fn check(&self, doc: &EventSourceDoc, source: Source) -> Option<Violation> {
        let Self { field, given, sources, needed, hint } = *self;
        match (given(doc), sources.contains(&source)) {
            (true, false) => {
                let message = format!("{} has no `{field}`", source.words());
                Some(Violation::new(&[field], message, "take it out"))
            }
            (false, true) if needed => {
                let message = format!("{} needs `{field}`", source.words());
                Some(Violation::new(&[field], message, hint))
            }
            _ => None,
        }
    }
}

/// Checks that a time to start from is given with `AT_TIMESTAMP` and only then, and that the source
/// can be read from a time on.
fn start(doc: &EventSourceDoc, source: Source) -> Option<Violation> {
    let at_time = doc.starting_position.as_deref() == Some("AT_TIMESTAMP");
    let path = &["startingPositionTimestamp"];
    match (at_time, doc.starting_position_timestamp) {
        (true, _) if source == DynamoDb => {
            let message = "a DynamoDB stream cannot be read from a time on";
            Some(Violation::new(&["startingPosition"], message, "use `LATEST` or `TRIM_HORIZON`"))
        }
        (true, None) => {
            let message = "`AT_TIMESTAMP` needs `startingPositionTimestamp`";
            Some(Violation::new(path, message, "say from when on, as `2026-12-01T00:00:00Z`"))
        }
        (false, Some(_)) => {
            let message = "`startingPositionTimestamp` counts only with `AT_TIMESTAMP`";
            Some(Violation::new(
                path,
                message,
                "set `startingPosition: AT_TIMESTAMP`, or take it out",
            ))
        }
        (true, Some(_)) | (false, None) => None,
    }
}

/// Checks batches of more than ten records: FIFO queues give none, other queues only with a
/// batching window.
fn batch(doc: &EventSourceDoc, source: Source) -> Option<Violation> {
    let most = SMALL_BATCH.value;
    let size = doc.batch_size.filter(|it| i64::from(*it) > most)?;
    let window = doc.maximum_batching_window_in_seconds.unwrap_or_default();
    match source {
        FifoQueue => {
            let message = format!("a FIFO queue gives at most {most} records at once");
            Some(Violation::new(&["batchSize"], message, "use at most 10"))
        }
        Queue if window == 0 => {
            let message = format!("batches of {size} records of a queue need a batching window");
            let hint = "set `maximumBatchingWindowInSeconds` to at least 1";
            Some(Violation::new(&["batchSize"], message, hint))
        }
        Queue | Kinesis | DynamoDb | Kafka | Broker | DocumentDb | SelfManagedKafka => None,
    }
}

/// Checks the ways in: brokers and DocumentDB need a password, and only a broker has virtual hosts.
fn ways(doc: &EventSourceDoc, source: Source) -> Option<Violation> {
    let ways = doc.source_access_configurations.as_deref().unwrap_or_default();
    let has = |kind: &str| ways.iter().any(|it| it.kind == kind);
    let path = &["sourceAccessConfigurations"];
    if matches!(source, Broker | DocumentDb) && !has("BASIC_AUTH") {
        let message = format!("{} asks for a password", source.words());
        let hint = "name its secret: `{ type: BASIC_AUTH, uri: ARN }`";
        return Some(Violation::new(path, message, hint));
    }
    let message = "only a RabbitMQ broker has virtual hosts";
    (has(VIRTUAL_HOST) && source != Broker)
        .then(|| Violation::new(path, message, "take `VIRTUAL_HOST` out"))
}

/// Checks pollers of its own: at least one number, the lower one not above the higher one, and for
/// a queue no `scalingConfig` besides.
fn pollers(doc: &EventSourceDoc, source: Source) -> Option<Violation> {
    let pollers = doc.provisioned_poller_config.as_ref()?;
    let path = &["provisionedPollerConfig"];
    if source != Kafka && doc.scaling_config.is_some() {
        let message = "a queue has pollers of its own or a `maximumConcurrency`, not both";
        return Some(Violation::new(path, message, "take one of them out"));
    }
    match (pollers.minimum_pollers, pollers.maximum_pollers) {
        (None, None) => Some(Violation::new(
            path,
            "it says nothing",
            "set `minimumPollers` or `maximumPollers`",
        )),
        (Some(minimum), Some(maximum)) if minimum > maximum => {
            let message = format!("at least {minimum} pollers cannot be at most {maximum}");
            Some(Violation::new(path, message, "raise `maximumPollers`"))
        }
        (minimum, maximum) => {
            let given = || minimum.into_iter().chain(maximum).map(i64::from);
            poller_range(source, given().min()?, given().max()?)
        }
    }
}

/// Checks numbers of pollers against what the source may have; `least` and `most` are those that are given.
fn poller_range(source: Source, least: i64, most: i64) -> Option<Violation> {
    let path = &["provisionedPollerConfig"];
    let (fewest, greatest) = (QUEUE_POLLERS.value, KAFKA_POLLERS.value);
    if matches!(source, Queue | FifoQueue) && least < fewest {
        let message = format!("a queue has at least {fewest} pollers of its own, and not {least}");
        return Some(Violation::new(path, message, "use at least 2"));
    }
    if source == Kafka && most > greatest {
        let message = format!("a Kafka cluster has at most {greatest} pollers, and not {most}");
        return Some(Violation::new(path, message, "use at most 2000"));
    }
    None
}

/// Checks that what Lambda does about errors of Kafka only with pollers of its own is asked for only there. What is as
/// it is without them may be written down.
fn provisioned_only(doc: &EventSourceDoc, source: Source) -> Vec<Violation> {
    if source != Kafka || doc.provisioned_poller_config.is_some() {
        return Vec::new();
    }
    let types = doc.function_response_types.iter().flatten();
    let asked = [
        ("maximumRetryAttempts", doc.maximum_retry_attempts.is_some_and(|it| it >= 0)),
        ("maximumRecordAgeInSeconds", doc.maximum_record_age_in_seconds.is_some_and(|it| it >= 0)),
        ("bisectBatchOnFunctionError", doc.bisect_batch_on_function_error == Some(true)),
        ("functionResponseTypes", types.count() > 0),
    ];
    let violation = |(field, _): (&str, bool)| {
        let message = format!("a Kafka cluster has `{field}` only with pollers of its own");
        Violation::new(&[field], message, "add `provisionedPollerConfig`, or take it out")
    };
    asked.into_iter().filter(|(_, asked)| *asked).map(violation).collect()
}

/// Checks that no collection of the system's is read.
fn collection(doc: &EventSourceDoc) -> Option<Violation> {
    let config = doc.document_db_event_source_config.as_ref()?;
    let name = config.collection_name.as_deref().filter(|it| it.starts_with(SYSTEM))?;
    let message = format!("`{name}` is a collection of the system's, which Lambda does not read");
    Some(Violation::new(
        &["documentDBEventSourceConfig", "collectionName"],
        message,
        "name another",
    ))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:${target.accountId}:orders";

    fn check(documents: &Value, expected: &Expect) {
        let doc: Vec<EventSourceDoc> = serde_json::from_value(documents.clone()).unwrap();
        let line = |it: Violation| format!("{}: {}; {}\n", it.path.join("/"), it.message, it.hint);
        expected.assert_eq(&super::check(&doc).into_iter().map(line).collect::<String>());
    }

    #[test]
    fn what_lambda_takes_is_no_breach() {
        let stream = "arn:aws:kinesis:eu-west-1:1:stream/clicks";
        check(
            &serde_json::json!([
                { "eventSourceArn": QUEUE, "batchSize": 100, "maximumBatchingWindowInSeconds": 1 },
                { "eventSourceArn": stream, "startingPosition": "LATEST", "batchSize": 1000,
                  "maximumRecordAgeInSeconds": -1, "parallelizationFactor": 10 },
                { "eventSourceArn": "arn:aws:kafka:eu-west-1:1:cluster/c/0-1", "topics": ["a"],
                  "startingPosition": "TRIM_HORIZON", "metricsConfig": { "metrics": ["KafkaMetrics"] } },
                { "eventSourceArn": "arn:aws:kafka:eu-west-1:1:cluster/c/0-1", "topics": ["b"],
                  "startingPosition": "TRIM_HORIZON", "provisionedPollerConfig": { "minimumPollers": 2 } },
            ]),
            &expect![""],
        );
    }

    #[test]
    fn every_breach_is_told_at_once() {
        check(
            &serde_json::json!([
                { "eventSourceArn": "arn:aws:s3:::uploads" },
                { "eventSourceArn": QUEUE, "batchSize": 11, "startingPosition": "LATEST",
                  "parallelizationFactor": 2, "filterCriteria": { "filters": [{ "pattern": "kind" }] },
                  "metricsConfig": { "metrics": ["ErrorCount", "EventCount"] },
                  "provisionedPollerConfig": { "minimumPollers": 3, "maximumPollers": 2 } },
                { "eventSourceArn": QUEUE, "scalingConfig": { "maximumConcurrency": 2 },
                  "provisionedPollerConfig": { "minimumPollers": 3 } },
                { "eventSourceArn": "arn:aws:sqs:eu-west-1:1:a.fifo", "batchSize": 11,
                  "maximumBatchingWindowInSeconds": 1 },
                { "eventSourceArn": "arn:aws:kinesis:eu-west-1:1:stream/a", "maximumRecordAgeInSeconds": 59,
                  "scalingConfig": { "maximumConcurrency": 2 } },
                { "eventSourceArn": "arn:aws:dynamodb:eu-west-1:1:table/a/stream/b",
                  "startingPosition": "AT_TIMESTAMP" },
                { "eventSourceArn": "arn:aws:kafka:eu-west-1:1:cluster/c/0-1",
                  "startingPosition": "AT_TIMESTAMP", "provisionedPollerConfig": {} },
                { "eventSourceArn": "arn:aws:mq:eu-west-1:1:broker:b:b-1",
                  "startingPositionTimestamp": "2026-12-01T00:00:00Z" },
                { "eventSourceArn": "arn:aws:rds:eu-west-1:1:cluster:d", "startingPosition": "LATEST",
                  "sourceAccessConfigurations": [{ "type": "BASIC_AUTH", "uri": "arn:x" },
                                                 { "type": "VIRTUAL_HOST", "uri": "/" }] },
            ]),
            &expect![[r#"
                0/eventSourceArn: Lambda does not poll `arn:aws:s3:::uploads`; name an SQS queue, a Kinesis or DynamoDB stream, an MSK cluster, an MQ broker or a DocumentDB cluster; others invoke the function themselves, with `permissions`
                1/startingPosition: an SQS queue has no `startingPosition`; take it out
                1/parallelizationFactor: an SQS queue has no `parallelizationFactor`; take it out
                1/batchSize: batches of 11 records of a queue need a batching window; set `maximumBatchingWindowInSeconds` to at least 1
                1/provisionedPollerConfig: at least 3 pollers cannot be at most 2; raise `maximumPollers`
                1/filterCriteria: the pattern `kind` is no JSON object; write it as `'{"body": {"kind": ["order"]}}'`
                1/metricsConfig: an SQS queue has no metric `ErrorCount`; use `EventCount`, or take it out
                2/provisionedPollerConfig: a queue has pollers of its own or a `maximumConcurrency`, not both; take one of them out
                2/eventSourceArn: it stands here twice: Lambda allows one mapping of a source to a function; keep one of them
                3/maximumBatchingWindowInSeconds: an SQS FIFO queue has no `maximumBatchingWindowInSeconds`; take it out
                3/batchSize: a FIFO queue gives at most 10 records at once; use at most 10
                4/startingPosition: a Kinesis stream needs `startingPosition`; say where reading begins, as `LATEST`
                4/scalingConfig: a Kinesis stream has no `scalingConfig`; take it out
                4/maximumRecordAgeInSeconds: a record cannot be given up after 59 seconds; use at least 60, or -1 for ever
                5/startingPosition: a DynamoDB stream cannot be read from a time on; use `LATEST` or `TRIM_HORIZON`
                6/topics: a Kafka cluster needs `topics`; name the topic
                6/startingPositionTimestamp: `AT_TIMESTAMP` needs `startingPositionTimestamp`; say from when on, as `2026-12-01T00:00:00Z`
                6/provisionedPollerConfig: it says nothing; set `minimumPollers` or `maximumPollers`
                7/queues: an Amazon MQ broker needs `queues`; name the broker's queue
                7/startingPositionTimestamp: `startingPositionTimestamp` counts only with `AT_TIMESTAMP`; set `startingPosition: AT_TIMESTAMP`, or take it out
                7/sourceAccessConfigurations: an Amazon MQ broker asks for a password; name its secret: `{ type: BASIC_AUTH, uri: ARN }`
                8/documentDBEventSourceConfig: a DocumentDB cluster needs `documentDBEventSourceConfig`; name the database
                8/sourceAccessConfigurations: only a RabbitMQ broker has virtual hosts; take `VIRTUAL_HOST` out
            "#]],
        );
    }
}
