//! An event source as people would write it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    config::{Config, FULL_DOCUMENT, VIRTUAL_HOST},
    live::Mapping,
    source::Source,
};
use crate::kinds::export;

/// Writes one of `eventSources`, without what AWS does by default; `None` if no document can ask for it.
pub(super) fn to_manifest(mapping: &Mapping) -> Option<Value> {
    let arn = &mapping.address.arn;
    let source = Source::of(arn).filter(|it| *it != Source::SelfManagedKafka)?;
    let mut members = Map::new();
    members.insert("eventSourceArn".into(), json!(arn));
    if let Some(topic) = &mapping.address.topic {
        let member = if source == Source::Broker { "queues" } else { "topics" };
        members.insert(member.into(), json!([topic]));
    }
    let differing = values(&mapping.config).into_iter().zip(values(&Config::unset(source)));
    let differing = differing.filter(|((_, value), (_, unset))| value != unset);
    members.extend(differing.map(|((name, value), _)| (name.to_owned(), value)));
    chosen(mapping, &mut members);
    Some(Value::Object(members))
}

/// Every member that can be changed, with `Null` for one that is not set. The order is always the
/// same: the caller compares two of these lists by position.
fn values(config: &Config) -> Vec<(&'static str, Value)> {
    let Config { document_db, pollers, .. } = config;
    let patterns: Vec<Value> = config.filters.iter().map(|it| json!({ "pattern": it })).collect();
    let some = |is: bool, value: Value| if is { value } else { Value::Null };
    let database = document_db.as_ref().map(|it| {
        export::map([
            ("databaseName", Some(it.database.as_str().into())),
            ("collectionName", it.collection.as_deref().map(Into::into)),
            ("fullDocument", export::unless(it.full_document.as_str(), &FULL_DOCUMENT)),
        ])
    });
    let pollers = pollers.as_ref().map(|it| {
        export::map([
            ("minimumPollers", it.minimum.map(Into::into)),
            ("maximumPollers", it.maximum.map(Into::into)),
        ])
    });
    let scaling = config.maximum_concurrency.map(|it| json!({ "maximumConcurrency": it }));
    let failure = config.on_failure.as_ref().map(|it| json!({ "onFailure": it }));
    vec![
        ("enabled", json!(config.enabled)),
        ("batchSize", json!(config.batch_size)),
        ("maximumBatchingWindowInSeconds", json!(config.maximum_batching_window)),
        ("filterCriteria", some(!patterns.is_empty(), json!({ "filters": patterns }))),
        ("scalingConfig", scaling.unwrap_or_default()),
        ("parallelizationFactor", json!(config.parallelization_factor)),
        ("maximumRecordAgeInSeconds", json!(config.maximum_record_age)),
        ("maximumRetryAttempts", json!(config.maximum_retry_attempts)),
        ("bisectBatchOnFunctionError", json!(config.bisect_batch)),
        ("tumblingWindowInSeconds", json!(config.tumbling_window)),
        ("functionResponseTypes", json!(config.response_types)),
        ("destinationConfig", failure.unwrap_or_default()),
        ("documentDBEventSourceConfig", database.unwrap_or_default()),
        ("kmsKeyArn", json!(config.kms_key_arn)),
        ("metricsConfig", some(!config.metrics.is_empty(), json!({ "metrics": config.metrics }))),
        ("provisionedPollerConfig", pollers.unwrap_or_default()),
    ]
}

/// Adds what can be chosen only once, and the ways in, of which one (the virtual host) can be
/// chosen only once and the others be changed.
fn chosen(mapping: &Mapping, into: &mut Map<String, Value>) {
    let chosen = &mapping.chosen;
    let host = chosen.virtual_host.iter().map(|uri| json!({ "type": VIRTUAL_HOST, "uri": uri }));
    let access = &mapping.config.access;
    let access = access.iter().map(|(kind, uri)| json!({ "type": kind, "uri": uri })).chain(host);
    let access: Vec<Value> = access.collect();
    let moment = chosen.starting_position_timestamp.and_then(|it| Timestamp::from_second(it).ok());
    let group = chosen.consumer_group.as_ref().map(|it| json!({ "consumerGroupId": it }));
    let members = [
        ("startingPosition", chosen.starting_position.as_ref().map(|it| json!(it))),
        ("startingPositionTimestamp", moment.map(|it| json!(it.to_string()))),
        ("amazonManagedKafkaEventSourceConfig", group),
        ("sourceAccessConfigurations", (!access.is_empty()).then(|| json!(access))),
    ];
    let members = members.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
    into.extend(members);
}
