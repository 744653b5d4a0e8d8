//! How an event source is set up, in one form for both sides: whatever is not said is AWS's default, on the side
//! of the document as on AWS's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    doc::{AccessDoc, DocumentDbDoc, EventSourceDoc},
    source::Source,
};
use crate::engine::{hex::hex, place::Place};

/// What AWS shows where a record may get as old, or be tried as often, as it likes.
pub const FOREVER: i32 = -1;
/// What AWS may show of Kafka in its place. No recording of AWS has shown it; where it is right, it is no difference.
const KAFKA_RETRIES: i32 = 10;
/// What of a document an update brings unless the manifest says otherwise.
pub const FULL_DOCUMENT: &str = "Default";
/// The way in that can be chosen only once.
pub const VIRTUAL_HOST: &str = "VIRTUAL_HOST";

/// Everything that can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Config {
    pub enabled: bool,
    pub batch_size: i32,
    pub maximum_batching_window: i32,
    /// Patterns, as JSON in one form.
    pub filters: BTreeSet<String>,
    pub maximum_concurrency: Option<i32>,
    pub parallelization_factor: i32,
    pub maximum_record_age: i32,
    pub maximum_retry_attempts: i32,
    pub bisect_batch: bool,
    pub tumbling_window: i32,
    pub response_types: BTreeSet<String>,
    pub on_failure: Option<String>,
    /// Types and where they are, but for the virtual host.
    pub access: BTreeSet<(String, String)>,
    pub document_db: Option<DocumentDb>,
    pub kms_key_arn: Option<String>,
    pub metrics: BTreeSet<String>,
    pub pollers: Option<Pollers>,
}

/// What of a DocumentDB cluster is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct DocumentDb {
    pub database: String,
    pub collection: Option<String>,
    pub full_document: String,
}

/// Pollers of its own; `None` is AWS's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Pollers {
    pub minimum: Option<i32>,
    pub maximum: Option<i32>,
}

/// What AWS lets be chosen only when the mapping is made. `None` is left to AWS, or not shown by it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Chosen {
    pub starting_position: Option<String>,
    /// In seconds.
    pub starting_position_timestamp: Option<i64>,
    pub consumer_group: Option<String>,
    pub virtual_host: Option<String>,
}

/// Values as people may see them, by path below the event source.
pub type MappingFields = BTreeMap<&'static str, String>;

impl Config {
    /// What AWS makes of a mapping of which nothing is said but its source.
    pub fn unset(source: Source) -> Self {
        Self {
            enabled: true,
            batch_size: source.batch_size(),
            maximum_batching_window: 0,
            filters: BTreeSet::new(),
            maximum_concurrency: None,
            parallelization_factor: 1,
            maximum_record_age: FOREVER,
            maximum_retry_attempts: FOREVER,
            bisect_batch: false,
            tumbling_window: 0,
            response_types: BTreeSet::new(),
            on_failure: None,
            access: BTreeSet::new(),
            document_db: None,
            kms_key_arn: None,
            metrics: BTreeSet::new(),
            pollers: None,
        }
    }

    /// Builds the configuration that a document asks for in a target: placeholders filled in, AWS's
    /// defaults for what is left out. The virtual host is in [`Chosen`].
    pub(super) fn of(doc: &EventSourceDoc, source: Source, place: &Place) -> Self {
        let unset = Self::unset(source);
        let arn = |it: &String| place.fill_in(it);
        let patterns = doc.filter_criteria.iter().flat_map(|it| &it.filters);
        let access = doc.source_access_configurations.iter().flatten();
        let access = access.filter(|it| it.kind != VIRTUAL_HOST);
        Self {
            enabled: doc.enabled.unwrap_or(unset.enabled),
            batch_size: doc.batch_size.unwrap_or(unset.batch_size),
            maximum_batching_window: doc.maximum_batching_window_in_seconds.unwrap_or_default(),
            filters: patterns.map(|it| pattern(&it.pattern)).collect(),
            maximum_concurrency: doc.scaling_config.as_ref().map(|it| it.maximum_concurrency),
            parallelization_factor: doc
                .parallelization_factor
                .unwrap_or(unset.parallelization_factor),
            maximum_record_age: doc.maximum_record_age_in_seconds.unwrap_or(FOREVER),
            maximum_retry_attempts: doc.maximum_retry_attempts.unwrap_or(FOREVER),
            bisect_batch: doc.bisect_batch_on_function_error.unwrap_or_default(),
            tumbling_window: doc.tumbling_window_in_seconds.unwrap_or_default(),
            response_types: doc.function_response_types.clone().unwrap_or_default(),
            on_failure: doc.destination_config.as_ref().map(|it| arn(&it.on_failure)),
            access: access.map(|it| (it.kind.clone(), arn(&it.uri))).collect(),
            document_db: doc.document_db_event_source_config.as_ref().map(document_db),
            kms_key_arn: doc.kms_key_arn.as_ref().map(arn),
            metrics: doc.metrics_config.iter().flat_map(|it| it.metrics.clone()).collect(),
            pollers: doc
                .provisioned_poller_config
                .as_ref()
                .map(|it| Pollers { minimum: it.minimum_pollers, maximum: it.maximum_pollers }),
        }
    }

    /// What is live as far as the document is about it: AWS makes up numbers of its own where it says one of two, and
    /// may show ten retries of Kafka for unlimited ones where failed records go somewhere.
    pub(super) fn concerning(mut self, wanted: &Self, source: Source) -> Self {
        let unlimited = wanted.maximum_retry_attempts == FOREVER && wanted.on_failure.is_some();
        if source == Source::Kafka && unlimited && self.maximum_retry_attempts == KAFKA_RETRIES {
            self.maximum_retry_attempts = FOREVER;
        }
        if let (Some(live), Some(wanted)) = (&mut self.pollers, &wanted.pollers) {
            live.minimum = live.minimum.filter(|_| wanted.minimum.is_some());
            live.maximum = live.maximum.filter(|_| wanted.maximum.is_some());
        }
        self
    }

    /// Every field that has a value, by its path. What differs, what is shown and what is hashed
    /// all come from here. `invokes` is the function, with its alias.
    pub(super) fn fields(&self, invokes: &str) -> MappingFields {
        let Self {
            enabled,
            batch_size,
            maximum_batching_window,
            filters,
            maximum_concurrency,
            parallelization_factor,
            maximum_record_age,
            maximum_retry_attempts,
            bisect_batch,
            tumbling_window,
            response_types,
            on_failure,
            access,
            document_db,
            kms_key_arn,
            metrics,
            pollers,
        } = self;
        let access = access.iter().map(|(kind, uri)| format!("{kind} {uri}")).collect();
        let always = [
            ("functionName", invokes.to_owned()),
            ("enabled", enabled.to_string()),
            ("batchSize", batch_size.to_string()),
            ("maximumBatchingWindowInSeconds", maximum_batching_window.to_string()),
            ("filterCriteria", list(filters)),
            ("parallelizationFactor", parallelization_factor.to_string()),
            ("maximumRecordAgeInSeconds", maximum_record_age.to_string()),
            ("maximumRetryAttempts", maximum_retry_attempts.to_string()),
            ("bisectBatchOnFunctionError", bisect_batch.to_string()),
            ("tumblingWindowInSeconds", tumbling_window.to_string()),
            ("functionResponseTypes", list(response_types)),
            ("sourceAccessConfigurations", list(&access)),
            ("metricsConfig/metrics", list(metrics)),
        ];
        let number = |it: Option<i32>| it.map(|it| it.to_string());
        let (minimum, maximum) =
            pollers.as_ref().map_or((None, None), |it| (it.minimum, it.maximum));
        let database = document_db.as_ref();
        let some = [
            ("scalingConfig/maximumConcurrency", number(*maximum_concurrency)),
            ("destinationConfig/onFailure", on_failure.clone()),
            ("kmsKeyArn", kms_key_arn.clone()),
            // That there are pollers is a difference too.
            ("provisionedPollerConfig", pollers.as_ref().map(|_| "present".to_owned())),
            ("provisionedPollerConfig/minimumPollers", number(minimum)),
            ("provisionedPollerConfig/maximumPollers", number(maximum)),
            ("documentDBEventSourceConfig/databaseName", database.map(|it| it.database.clone())),
            (
                "documentDBEventSourceConfig/collectionName",
                database.and_then(|it| it.collection.clone()),
            ),
            (
                "documentDBEventSourceConfig/fullDocument",
                database.map(|it| it.full_document.clone()),
            ),
        ];
        let some = some.into_iter().filter_map(|(path, value)| Some((path, value?)));
        always.into_iter().chain(some).collect()
    }

    /// The hash in the tag `evenkeel.dev/applied`, by which it is told who moved. What equals AWS's
    /// default is left out, so that a field that is managed only later leaves old hashes alone.
    pub(super) fn hash(&self, source: Source, invokes: &str) -> String {
        let unset = Self::unset(source).fields("");
        let mut hasher = Sha256::new();
        for (path, value) in self.fields(invokes) {
            if unset.get(path) == Some(&value) {
                continue;
            }
            hasher.update(path.as_bytes());
            hasher.update([0]);
            hasher.update(value.as_bytes());
            hasher.update([0]);
        }
        hex(&hasher.finalize())
    }
}

impl Chosen {
    /// Reads from a document what AWS lets be chosen only once; the virtual host is the first of
    /// that type among the ways in.
    pub(super) fn of(doc: &EventSourceDoc, place: &Place) -> Self {
        let mut access = doc.source_access_configurations.iter().flatten();
        let host = |it: &AccessDoc| (it.kind == VIRTUAL_HOST).then(|| place.fill_in(&it.uri));
        let group = doc.amazon_managed_kafka_event_source_config.as_ref();
        Self {
            starting_position: doc.starting_position.clone(),
            starting_position_timestamp: doc.starting_position_timestamp.map(Timestamp::as_second),
            consumer_group: group.map(|it| it.consumer_group_id.clone()),
            virtual_host: access.find_map(host),
        }
    }

    /// Which of these choices differ: the path, the wanted value, the live one. What the document
    /// does not say, and where a mapping began if AWS does not show it, is not compared.
    pub(super) fn differing(&self, live: &Self) -> Vec<(&'static str, String, String)> {
        let second = |it: Option<i64>| it.map(|it| it.to_string());
        let begun = [
            ("startingPosition", self.starting_position.clone(), live.starting_position.clone()),
            (
                "startingPositionTimestamp",
                second(self.starting_position_timestamp),
                second(live.starting_position_timestamp),
            ),
        ];
        let unset = |it: &Option<String>| it.clone().or_else(|| Some("(unset)".into()));
        let (group, host) = (unset(&live.consumer_group), unset(&live.virtual_host));
        let others = [
            (
                "amazonManagedKafkaEventSourceConfig/consumerGroupId",
                self.consumer_group.clone(),
                group,
            ),
            ("sourceAccessConfigurations", self.virtual_host.clone(), host),
        ];
        let differing = begun.into_iter().chain(others).filter_map(|(path, wanted, live)| {
            let (wanted, live) = (wanted?, live?);
            (wanted != live).then_some((path, wanted, live))
        });
        differing.collect()
    }
}

fn document_db(doc: &DocumentDbDoc) -> DocumentDb {
    DocumentDb {
        database: doc.database_name.clone(),
        collection: doc.collection_name.clone(),
        full_document: doc.full_document.clone().unwrap_or_else(|| FULL_DOCUMENT.into()),
    }
}

/// A pattern in the one form that all of equal meaning have.
pub fn pattern(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |it| it.to_string())
}

fn list(items: &BTreeSet<String>) -> String {
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS may write unlimited retries of Kafka in another way where failed records go somewhere.
    #[test]
    fn ten_retries_of_kafka_with_a_destination_are_unlimited_ones() {
        let retries = |source: Source, on_failure: Option<&str>, wanted: i32| {
            let on_failure = on_failure.map(ToOwned::to_owned);
            let wanted =
                Config { on_failure, maximum_retry_attempts: wanted, ..Config::unset(source) };
            let live = Config { maximum_retry_attempts: 10, ..wanted.clone() };
            live.concerning(&wanted, source).maximum_retry_attempts
        };
        assert_eq!(retries(Source::Kafka, Some("queue"), FOREVER), FOREVER);
        assert_eq!(retries(Source::Kafka, None, FOREVER), 10);
        assert_eq!(retries(Source::Kafka, Some("queue"), 3), 10);
        assert_eq!(retries(Source::Kinesis, Some("queue"), FOREVER), 10);
    }
}
