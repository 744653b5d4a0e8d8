//! `eventSources` as it is written, in AWS's own field names.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

/// One of `eventSources`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "shape.rs documents every field")]
pub struct EventSourceDoc {
    pub event_source_arn: String,
    pub enabled: Option<bool>,
    pub batch_size: Option<i32>,
    pub maximum_batching_window_in_seconds: Option<i32>,
    pub filter_criteria: Option<FilterCriteriaDoc>,
    pub scaling_config: Option<SourceScalingDoc>,
    pub starting_position: Option<String>,
    pub starting_position_timestamp: Option<Timestamp>,
    pub parallelization_factor: Option<i32>,
    pub maximum_record_age_in_seconds: Option<i32>,
    pub maximum_retry_attempts: Option<i32>,
    pub bisect_batch_on_function_error: Option<bool>,
    pub tumbling_window_in_seconds: Option<i32>,
    pub function_response_types: Option<BTreeSet<String>>,
    pub destination_config: Option<DestinationDoc>,
    pub topics: Option<Vec<String>>,
    pub queues: Option<Vec<String>>,
    pub source_access_configurations: Option<Vec<AccessDoc>>,
    pub amazon_managed_kafka_event_source_config: Option<KafkaDoc>,
    #[serde(rename = "documentDBEventSourceConfig")]
    pub document_db_event_source_config: Option<DocumentDbDoc>,
    pub kms_key_arn: Option<String>,
    pub metrics_config: Option<MetricsDoc>,
    pub provisioned_poller_config: Option<PollersDoc>,
}

/// `filterCriteria`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct FilterCriteriaDoc {
    pub filters: Vec<FilterDoc>,
}

/// One of `filters`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct FilterDoc {
    pub pattern: String,
}

/// `scalingConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct SourceScalingDoc {
    pub maximum_concurrency: i32,
}

/// `destinationConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct DestinationDoc {
    pub on_failure: String,
}

/// One of `sourceAccessConfigurations`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct AccessDoc {
    #[serde(rename = "type")]
    pub kind: String,
    pub uri: String,
}

/// `amazonManagedKafkaEventSourceConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct KafkaDoc {
    pub consumer_group_id: String,
}

/// `documentDBEventSourceConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct DocumentDbDoc {
    pub database_name: String,
    pub collection_name: Option<String>,
    pub full_document: Option<String>,
}

/// `metricsConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct MetricsDoc {
    pub metrics: BTreeSet<String>,
}

/// `provisionedPollerConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in shape.rs")]
pub struct PollersDoc {
    pub minimum_pollers: Option<i32>,
    pub maximum_pollers: Option<i32>,
}

impl EventSourceDoc {
    /// The topic of a cluster, or the queue of a broker.
    pub fn topic(&self) -> Option<&String> {
        self.topics.iter().chain(&self.queues).flatten().next()
    }
}
