//! From Lambda's answers to [`Mapping`].

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{
    DocumentDbEventSourceConfig, EventSourceMappingConfiguration, EventSourceMappingMetricsConfig,
    FilterCriteria, FilterCriteriaError, ScalingConfig, SourceAccessConfiguration,
    SourceAccessType,
};
use jiff::Timestamp;

use super::super::{
    config::{Chosen, Config, DocumentDb, FOREVER, FULL_DOCUMENT, Pollers, pattern},
    live::Mapping,
    source::{Address, Source, self_managed},
};
use crate::{
    aws::{calls::Call, cloud::Priority, op::Op},
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        observed::Known,
        time::Mono,
    },
    kinds::block::aws::Connection,
};

/// What ListEventSourceMappings returns at most (Lambda API reference).
const PAGE: i32 = 100;
/// Twenty thousand mappings; Lambda names no limit.
const PAGES_MAX: usize = 200;
/// Why a row of a list lacks things.
const NOT_LISTED: &str = "a list does not show it";
/// The state of a mapping that is about to be gone.
const DELETING: &str = "Deleting";
/// What a function without a version is called in some ARNs.
const LATEST: &str = "$LATEST";

/// All mappings, or those of one source, with the moment at which the first request began. The function is no
/// filter: whether its name also finds what invokes an alias of it, Lambda does not say.
pub(super) async fn mappings(
    connection: &Connection,
    source: Option<&str>,
    priority: Priority,
) -> Result<(Vec<Mapping>, Mono), Failure> {
    let request = |marker| {
        let request = connection.lambda().list_event_source_mappings();
        let request = request.set_event_source_arn(source.map(ToOwned::to_owned));
        request.max_items(PAGE).set_marker(marker).send()
    };
    let mut all = Vec::new();
    let mut list = connection.calls.list(Op::ListEventSourceMappings, priority, PAGES_MAX);
    while let Some((answer, _)) = list.next(request).await? {
        all.extend(answer.event_source_mappings().iter().filter_map(mapping));
    }
    Ok((all, list.began()))
}

/// Adds to a listed mapping what a list does not show: its tags, and filters that are encrypted.
/// `None` if the mapping is gone by now.
pub(super) async fn whole(
    connection: &Connection,
    mut mapping: Mapping,
    priority: Priority,
) -> Result<Option<Mapping>, Failure> {
    let request = connection.lambda().list_tags().resource(&mapping.arn).send();
    let (result, _) = connection.calls.find(Call::plain(Op::ListTags, priority), request).await;
    mapping.tags = match result {
        Ok(Some(answer)) => Known::Yes(answer.tags.unwrap_or_default().into_iter().collect()),
        Ok(None) => return Ok(None),
        Err(failure) if failure.class == Class::Denied => Known::No(chain(&failure)),
        Err(failure) => return Err(failure),
    };
    // Without a key the list has shown the filters.
    if mapping.config.kms_key_arn.is_none() {
        return Ok(Some(mapping));
    }
    let request = connection.lambda().get_event_source_mapping().uuid(&mapping.uuid).send();
    let call = Call::plain(Op::GetEventSourceMapping, priority);
    let (result, _) = connection.calls.find(call, request).await;
    let Some(answer) = result? else { return Ok(None) };
    mapping.config.filters = filters(answer.filter_criteria());
    mapping.filters_unread = answer.filter_criteria_error().map(unread);
    Ok(Some(mapping))
}

/// Reads one mapping of a list; `None` if its source is of a service that Evenkeel does not know, or if the answer does not say which function it invokes.
fn mapping(found: &EventSourceMappingConfiguration) -> Option<Mapping> {
    let arn = found.event_source_arn().map(ToOwned::to_owned).or_else(|| servers(found))?;
    let source = Source::of(&arn)?;
    // `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, and perhaps `:ALIAS`.
    let mut parts = found.function_arn()?.split(':').skip(6);
    let function = Name::new(parts.next().filter(|it| !it.is_empty())?);
    let alias = parts.next().filter(|it| *it != LATEST);
    let topic = found.topics().iter().chain(found.queues()).next();
    let config = config(found, source);
    let filters_unread = match found.filter_criteria_error() {
        Some(error) => Some(unread(error)),
        None => config.kms_key_arn.as_ref().map(|_| NOT_LISTED.to_owned()),
    };
    Some(Mapping {
        address: Address { function, arn, topic: topic.cloned() },
        uuid: found.uuid()?.to_owned(),
        arn: found.event_source_mapping_arn().unwrap_or_default().to_owned(),
        alias: alias.map(ToOwned::to_owned),
        busy: busy(found.state().unwrap_or_default()).map(ToOwned::to_owned),
        leaving: found.state() == Some(DELETING),
        chosen: chosen(found),
        config,
        filters_unread,
        tags: Known::No(NOT_LISTED.into()),
        changed_at: found.last_modified().and_then(|it| Timestamp::from_second(it.secs()).ok()),
    })
}

/// The servers of a Kafka cluster that AWS does not run, in the place of an ARN.
fn servers(found: &EventSourceMappingConfiguration) -> Option<String> {
    let endpoints = found.self_managed_event_source()?.endpoints()?;
    Some(self_managed(endpoints.values().flatten().cloned().collect()))
}

/// What AWS is doing with a mapping in this state, in words; `None` if it is at rest, or if the
/// state is not known here.
fn busy(state: &str) -> Option<&'static str> {
    match state {
        "Creating" => Some("AWS is making the event source mapping"),
        "Enabling" => Some("AWS is starting to poll"),
        "Disabling" => Some("AWS is ceasing to poll"),
        "Updating" => Some("AWS is applying an update"),
        DELETING => Some("AWS is deleting the event source mapping"),
        _ => None,
    }
}

/// Reads how a mapping is set up. What AWS does not show is AWS's default, whatever the source.
fn config(found: &EventSourceMappingConfiguration, source: Source) -> Config {
    let unset = Config::unset(source);
    let given = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(ToOwned::to_owned);
    let types = found.function_response_types().iter().map(|it| it.as_str().to_owned());
    let metrics =
        found.metrics_config().map(EventSourceMappingMetricsConfig::metrics).unwrap_or_default();
    let pollers = found
        .provisioned_poller_config()
        .map(|it| Pollers { minimum: it.minimum_pollers(), maximum: it.maximum_pollers() });
    let none = Pollers { minimum: None, maximum: None };
    Config {
        enabled: found.state() != Some("Disabled"),
        batch_size: found.batch_size().unwrap_or(unset.batch_size),
        maximum_batching_window: found.maximum_batching_window_in_seconds().unwrap_or_default(),
        filters: filters(found.filter_criteria()),
        maximum_concurrency: found.scaling_config().and_then(ScalingConfig::maximum_concurrency),
        parallelization_factor: found
            .parallelization_factor()
            .unwrap_or(unset.parallelization_factor),
        maximum_record_age: found.maximum_record_age_in_seconds().unwrap_or(FOREVER),
        maximum_retry_attempts: found.maximum_retry_attempts().unwrap_or(FOREVER),
        bisect_batch: found.bisect_batch_on_function_error().unwrap_or_default(),
        tumbling_window: found.tumbling_window_in_seconds().unwrap_or_default(),
        response_types: types.collect(),
        on_failure: given(
            found
                .destination_config()
                .and_then(|it| it.on_failure())
                .and_then(|it| it.destination()),
        ),
        access: access(found.source_access_configurations()),
        document_db: found.document_db_event_source_config().map(document_db),
        kms_key_arn: given(found.kms_key_arn()),
        metrics: metrics.iter().map(|it| it.as_str().to_owned()).collect(),
        pollers: pollers.filter(|it| *it != none),
    }
}

fn filters(found: Option<&FilterCriteria>) -> BTreeSet<String> {
    let filters = found.map(FilterCriteria::filters).unwrap_or_default();
    filters.iter().filter_map(|it| it.pattern()).map(pattern).collect()
}

fn unread(error: &FilterCriteriaError) -> String {
    let (code, message) = (error.error_code(), error.message());
    format!("{}: {}", code.unwrap_or_default(), message.unwrap_or_default())
}

fn access(found: &[SourceAccessConfiguration]) -> BTreeSet<(String, String)> {
    let ways = found.iter().filter(|it| it.r#type() != Some(&SourceAccessType::VirtualHost));
    let pair = |it: &SourceAccessConfiguration| {
        Some((it.r#type()?.as_str().to_owned(), it.uri().unwrap_or_default().to_owned()))
    };
    ways.filter_map(pair).collect()
}

fn document_db(found: &DocumentDbEventSourceConfig) -> DocumentDb {
    DocumentDb {
        database: found.database_name().unwrap_or_default().to_owned(),
        collection: found.collection_name().map(ToOwned::to_owned),
        full_document: found.full_document().map_or(FULL_DOCUMENT, |it| it.as_str()).to_owned(),
    }
}

/// Reads what could be chosen only when the mapping was made, the virtual host among it.
fn chosen(found: &EventSourceMappingConfiguration) -> Chosen {
    let ways = found.source_access_configurations().iter();
    let host = ways.filter(|it| it.r#type() == Some(&SourceAccessType::VirtualHost));
    let group = found.amazon_managed_kafka_event_source_config();
    Chosen {
        starting_position: found.starting_position().map(|it| it.as_str().to_owned()),
        starting_position_timestamp: found
            .starting_position_timestamp()
            .map(aws_sdk_lambda::primitives::DateTime::secs),
        consumer_group: group.and_then(|it| it.consumer_group_id()).map(ToOwned::to_owned),
        virtual_host: host.filter_map(|it| it.uri()).map(ToOwned::to_owned).next(),
    }
}
