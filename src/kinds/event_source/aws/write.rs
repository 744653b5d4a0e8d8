//! From steps to Lambda's requests. No decisions here: every argument stands in the step.

use aws_sdk_lambda::{
    primitives::DateTime,
    types::{
        AmazonManagedKafkaEventSourceConfig, DestinationConfig, DocumentDbEventSourceConfig,
        EventSourceMappingMetric, EventSourceMappingMetricsConfig, EventSourcePosition, Filter,
        FilterCriteria, FullDocument, FunctionResponseType, OnFailure, ProvisionedPollerConfig,
        ScalingConfig, SourceAccessConfiguration, SourceAccessType,
    },
};

use super::super::{
    config::{Config, DocumentDb, VIRTUAL_HOST},
    source::Source,
    step::{CreateMapping, Sent, Step},
};
use crate::{aws::op::Op, engine::failure::Failure, kinds::block::aws::Connection};

/// Puts what is to be sent into a request: both requests have these members.
macro_rules! put {
    ($request:expr, $sent:expr) => {{
        let sent: &Sent = $sent;
        let it = &sent.config;
        $request
            .set_enabled(sent.of("enabled", || it.enabled))
            .set_batch_size(sent.of("batchSize", || it.batch_size))
            .set_maximum_batching_window_in_seconds(
                sent.of("maximumBatchingWindowInSeconds", || it.maximum_batching_window),
            )
            .set_filter_criteria(sent.of("filterCriteria", || filters(it)))
            .set_scaling_config(sent.of("scalingConfig", || {
                ScalingConfig::builder().set_maximum_concurrency(it.maximum_concurrency).build()
            }))
            .set_parallelization_factor(
                sent.of("parallelizationFactor", || it.parallelization_factor),
            )
            .set_maximum_record_age_in_seconds(
                sent.of("maximumRecordAgeInSeconds", || it.maximum_record_age),
            )
            .set_maximum_retry_attempts(
                sent.of("maximumRetryAttempts", || it.maximum_retry_attempts),
            )
            .set_bisect_batch_on_function_error(
                sent.of("bisectBatchOnFunctionError", || it.bisect_batch),
            )
            .set_tumbling_window_in_seconds(
                sent.of("tumblingWindowInSeconds", || it.tumbling_window),
            )
            .set_function_response_types(sent.of("functionResponseTypes", || types(it)))
            .set_destination_config(sent.of("destinationConfig", || ends(it)))
            .set_document_db_event_source_config(
                sent.of("documentDBEventSourceConfig", || it.document_db.as_ref().map(database))
                    .flatten(),
            )
            // An empty one takes it away.
            .set_kms_key_arn(sent.of("kmsKeyArn", || it.kms_key_arn.clone().unwrap_or_default()))
            .set_metrics_config(sent.of("metricsConfig", || metrics(it)))
            .set_provisioned_poller_config(sent.of("provisionedPollerConfig", || pollers(it)))
    }};
}

impl Sent {
    /// The value of a member, if the step sends that member.
    fn of<T>(&self, member: &str, value: impl FnOnce() -> T) -> Option<T> {
        self.members.contains(member).then(value)
    }
}

/// Makes the one call that a step stands for.
pub(super) async fn apply(connection: &Connection, step: &Step) -> Result<(), Failure> {
    let lambda = connection.lambda();
    match step {
        Step::Create(it) => Box::pin(create(connection, it)).await,
        Step::Update { uuid, invokes, sent, .. } => {
            let request = lambda.update_event_source_mapping().uuid(uuid);
            let ways = sent.of("sourceAccessConfigurations", || access(&sent.config));
            let request = put!(request, sent)
                .set_function_name(invokes.clone())
                .set_source_access_configurations(ways);
            connection.calls.write(Op::UpdateEventSourceMapping, request.send()).await
        }
        Step::Tag { arn, tags, .. } => {
            let tags = tags.clone().into_iter().collect();
            let request = lambda.tag_resource().resource(arn).set_tags(Some(tags));
            connection.calls.write(Op::TagResource, request.send()).await
        }
        Step::Delete { uuid, .. } => {
            let request = lambda.delete_event_source_mapping().uuid(uuid);
            connection.calls.write(Op::DeleteEventSourceMapping, request.send()).await
        }
    }
}

/// Calls CreateEventSourceMapping. The topic is sent as `topics` to Kafka and as `queues` to a
/// broker; the virtual host is one of the ways in.
async fn create(connection: &Connection, step: &CreateMapping) -> Result<(), Failure> {
    let CreateMapping { address, source, invokes, chosen, sent, tags } = step;
    let topic = |of: Source| address.topic.clone().filter(|_| *source == of).map(|it| vec![it]);
    let group = chosen
        .consumer_group
        .clone()
        .map(|it| AmazonManagedKafkaEventSourceConfig::builder().consumer_group_id(it).build());
    let mut ways = access(&sent.config);
    ways.extend(chosen.virtual_host.as_ref().map(|it| way(VIRTUAL_HOST, it)));
    let request = connection
        .lambda()
        .create_event_source_mapping()
        .event_source_arn(&address.arn)
        .function_name(invokes)
        .set_starting_position(chosen.starting_position.as_deref().map(EventSourcePosition::from))
        .set_starting_position_timestamp(
            chosen.starting_position_timestamp.map(DateTime::from_secs),
        )
        .set_topics(topic(Source::Kafka))
        .set_queues(topic(Source::Broker))
        .set_amazon_managed_kafka_event_source_config(group)
        .set_source_access_configurations((!ways.is_empty()).then_some(ways))
        .set_tags(Some(tags.clone().into_iter().collect()));
    connection.calls.write(Op::CreateEventSourceMapping, put!(request, sent).send()).await
}

/// Builds the filters; without any, the request takes all filters away.
fn filters(config: &Config) -> FilterCriteria {
    let filters = config.filters.iter().map(|it| Filter::builder().pattern(it).build());
    let filters: Vec<Filter> = filters.collect();
    FilterCriteria::builder().set_filters((!filters.is_empty()).then_some(filters)).build()
}

fn types(config: &Config) -> Vec<FunctionResponseType> {
    config.response_types.iter().map(|it| FunctionResponseType::from(it.as_str())).collect()
}

/// Builds the destination of failures. Lambda refuses an end without a destination; an empty one
/// takes it away.
fn ends(config: &Config) -> DestinationConfig {
    let destination = config.on_failure.clone().unwrap_or_default();
    let end = OnFailure::builder().destination(destination).build();
    DestinationConfig::builder().on_failure(end).build()
}

fn access(config: &Config) -> Vec<SourceAccessConfiguration> {
    config.access.iter().map(|(kind, uri)| way(kind, uri)).collect()
}

fn way(kind: &str, uri: &str) -> SourceAccessConfiguration {
    SourceAccessConfiguration::builder().r#type(SourceAccessType::from(kind)).uri(uri).build()
}

fn database(it: &DocumentDb) -> DocumentDbEventSourceConfig {
    DocumentDbEventSourceConfig::builder()
        .database_name(&it.database)
        .set_collection_name(it.collection.clone())
        .full_document(FullDocument::from(it.full_document.as_str()))
        .build()
}

fn metrics(config: &Config) -> EventSourceMappingMetricsConfig {
    let metrics = config.metrics.iter().map(|it| EventSourceMappingMetric::from(it.as_str()));
    EventSourceMappingMetricsConfig::builder().set_metrics(Some(metrics.collect())).build()
}

/// Builds the numbers of pollers; without any number, the request takes them away.
fn pollers(config: &Config) -> ProvisionedPollerConfig {
    let pollers = config.pollers.as_ref();
    ProvisionedPollerConfig::builder()
        .set_minimum_pollers(pollers.and_then(|it| it.minimum))
        .set_maximum_pollers(pollers.and_then(|it| it.maximum))
        .build()
}
