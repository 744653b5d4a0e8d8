//! The verbs for event sources over HTTP, on recorded answers: what goes out, and what comes of what comes back.

use std::{collections::BTreeMap, sync::Arc};

use evenkeel::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{Cloud, Priority},
    },
    engine::{
        failure::{Class, Failure},
        name::Name,
        observed::{Known, Reading},
    },
    kinds::{
        block::aws::Connection,
        event_source::{
            EventSource,
            config::{Chosen, Config, Pollers},
            live::{Live, Mapping},
            source::{Address, Source},
            step::{CreateMapping, Sent, Step},
        },
    },
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::common::replay::{self, Answer, Asked, error, ok};

const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:orders";
const LAMBDA: &str = "arn:aws:lambda:eu-west-1:123456789012";

fn connection((clients, calls): (&Clients, &Arc<Calls>)) -> Connection {
    Connection { clients: clients.clone(), calls: Arc::clone(calls) }
}

fn address(arn: &str, topic: Option<&str>) -> Address {
    let topic = topic.map(ToOwned::to_owned);
    Address { function: Name::new("job"), arn: arn.into(), topic }
}

/// Applies a step; returns what went out.
fn sent(step: &Step) -> (String, Value) {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    replay::run(Cloud::<EventSource>::apply(&connection((&clients, &calls)), step)).unwrap();
    let asked = tape.asked.lock().unwrap().first().unwrap().clone();
    let body = serde_json::from_str(&asked.body).unwrap_or_default();
    (format!("{} {}", asked.method, asked.path), body)
}

#[test]
fn a_creation_sends_what_differs_from_the_defaults() {
    let cluster = "arn:aws:kafka:eu-west-1:123456789012:cluster/c/0-1";
    let mut config = Config::unset(Source::Kafka);
    config.batch_size = 7;
    config.access.insert(("SASL_SCRAM_512_AUTH".into(), "arn:x".into()));
    config.pollers = Some(Pollers { minimum: Some(2), maximum: None });
    let step = Step::Create(Box::new(CreateMapping {
        address: address(cluster, Some("orders")),
        source: Source::Kafka,
        invokes: "job:live".into(),
        chosen: Chosen {
            starting_position: Some("LATEST".into()),
            consumer_group: Some("jobs".into()),
            ..Chosen::default()
        },
        sent: Sent { config, members: ["batchSize", "provisionedPollerConfig"].into() },
        tags: BTreeMap::from([("team".to_owned(), "blue".to_owned())]),
    }));
    assert_eq!(
        step.to_string(),
        format!(
            "create event source of function job: {cluster} orders, batch 7, for the alias live"
        )
    );
    let (call, body) = sent(&step);
    assert_eq!(call, "POST /2015-03-31/event-source-mappings");
    assert_eq!(
        body,
        json!({
            "EventSourceArn": cluster,
            "FunctionName": "job:live",
            "BatchSize": 7,
            "StartingPosition": "LATEST",
            "Topics": ["orders"],
            "AmazonManagedKafkaEventSourceConfig": { "ConsumerGroupId": "jobs" },
            "SourceAccessConfigurations": [{ "Type": "SASL_SCRAM_512_AUTH", "URI": "arn:x" }],
            "ProvisionedPollerConfig": { "MinimumPollers": 2 },
            "Tags": { "team": "blue" },
        })
    );
}

#[test]
fn an_update_sends_only_what_differs_and_clears_with_empty_values() {
    let members = [
        "destinationConfig",
        "filterCriteria",
        "functionName",
        "functionResponseTypes",
        "kmsKeyArn",
        "metricsConfig",
        "provisionedPollerConfig",
        "scalingConfig",
        "sourceAccessConfigurations",
    ];
    let step = Step::Update {
        address: address(QUEUE, None),
        uuid: "u-1".into(),
        invokes: Some("job".into()),
        sent: Box::new(Sent { config: Config::unset(Source::Queue), members: members.into() }),
        shown: String::new(),
    };
    let (call, body) = sent(&step);
    assert_eq!(call, "PUT /2015-03-31/event-source-mappings/u-1");
    assert_eq!(
        body,
        json!({
            "FunctionName": "job",
            "FilterCriteria": {},
            "ScalingConfig": {},
            "DestinationConfig": { "OnFailure": { "Destination": "" } },
            "FunctionResponseTypes": [],
            "SourceAccessConfigurations": [],
            "KMSKeyArn": "",
            "MetricsConfig": { "Metrics": [] },
            "ProvisionedPollerConfig": {},
        })
    );
    let delete = Step::Delete { address: address(QUEUE, None), uuid: "u-1".into() };
    assert_eq!(sent(&delete).0, "DELETE /2015-03-31/event-source-mappings/u-1");
}

/// A mapping as Lambda shows it.
fn shown(uuid: &str, function: &str, more: &Value) -> Value {
    let mut mapping = json!({
        "UUID": uuid,
        "EventSourceArn": QUEUE,
        "FunctionArn": format!("{LAMBDA}:function:{function}"),
        "EventSourceMappingArn": format!("{LAMBDA}:event-source-mapping:{uuid}"),
        "State": "Enabled",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        mapping[name] = value.clone();
    }
    mapping
}

fn page(mappings: &[Value], marker: Option<&str>) -> Answer {
    ok(json!({ "EventSourceMappings": mappings, "NextMarker": marker }))
}

/// What a list shows, by name.
type Rows = Vec<(String, Mapping)>;

/// What a list shows, how it ended, and what was asked.
fn list(
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> (Rows, Result<(), Failure>, Vec<String>) {
    let (clients, calls, tape) = replay::aws(answer);
    let cloud = connection((&clients, &calls));
    let (names, result) = replay::run(async {
        let (sender, mut pages) = mpsc::channel(10);
        let result = Cloud::<EventSource>::list(&cloud, Arc::default(), sender).await;
        let mut names = Vec::new();
        while let Some(page) = pages.recv().await {
            let row = |(name, seen): (Name, Reading<Live>)| {
                assert!(!seen.exact);
                (name.to_string(), seen.live.mapping.unwrap())
            };
            names.extend(page.rows.into_iter().map(row));
        }
        (names, result)
    });
    let asked = tape.asked.lock().unwrap().iter().map(|it| it.path.clone()).collect();
    (names, result, asked)
}

#[test]
fn a_list_is_read_to_its_end_and_shows_each_name_once() {
    let (rows, result, asked) = list(|number, _| match number {
        0 => page(
            &[shown("2", "job:live", &json!({})), shown("3", "other", &json!({}))],
            Some("m 1"),
        ),
        1 => page(&[shown("1", "job:$LATEST", &json!({})), json!({ "UUID": "4" })], None),
        _ => unreachable!("no third page"),
    });
    assert_eq!(result, Ok(()));
    let found: Vec<(&str, &str)> = rows.iter().map(|(name, it)| (&**name, &*it.uuid)).collect();
    let [job, other] = [format!("job/{QUEUE}"), format!("other/{QUEUE}")];
    // Of two for one function that which has no alias is nearer to what nobody says anything of.
    assert_eq!(found, [(&*job, "1"), (&*other, "3")]);
    assert_eq!(rows[0].1.alias, None);
    assert!(asked[0].contains("MaxItems=100") && !asked[0].contains("FunctionName"), "{asked:?}");
    assert!(asked[1].contains("Marker=m%201"), "{asked:?}");
    let (_, result, _) = list(|_, _| error(500, "ServiceException", "internal"));
    assert_eq!(result.unwrap_err().class, Class::Unclear);
}

/// Looks at the event source, of which Lambda has these mappings with these tags by id.
fn look(mappings: Vec<Value>, tags: Value) -> (Option<Mapping>, Vec<String>) {
    let (clients, calls, tape) = replay::aws(move |_, asked| {
        let of = |id: &str| asked.path.contains(&format!("event-source-mapping%3A{id}"));
        if asked.path.starts_with("/2017-03-31/tags/") {
            let (_, found) = tags.as_object().unwrap().iter().find(|(id, _)| of(id)).unwrap();
            return match found {
                Value::Null => error(404, "ResourceNotFoundException", "gone"),
                Value::Bool(_) => error(403, "AccessDeniedException", "not authorized"),
                found => ok(json!({ "Tags": found })),
            };
        }
        match asked.path.as_str() {
            "/2015-03-31/event-source-mappings/1" => {
                ok(json!({ "FilterCriteria": { "Filters": [{ "Pattern": "{ }" }] } }))
            }
            path if path.starts_with("/2015-03-31/event-source-mappings?") => page(&mappings, None),
            _ => error(404, "ResourceNotFoundException", "no function"),
        }
    });
    let name = address(QUEUE, None).name();
    let cloud = connection((&clients, &calls));
    let got = Cloud::<EventSource>::get(&cloud, &name, None, Priority::Mover);
    let (seen, _) = replay::run(got).unwrap();
    let codes = tape.codes.lock().unwrap().clone();
    (seen.and_then(|it| it.live.mapping), codes)
}

#[test]
fn a_look_shows_tags_and_prefers_what_is_kept() {
    let ours = json!({ "evenkeel.dev/owner": "team" });
    let two = || vec![shown("1", "job", &json!({})), shown("2", "job:live", &json!({}))];
    let (found, codes) = look(two(), json!({ "1": {}, "2": ours }));
    let found = found.unwrap();
    assert_eq!((found.uuid.as_str(), found.alias.as_deref()), ("2", Some("live")));
    // The function is asked for only where something may be done.
    assert_eq!(
        codes,
        [
            "ListEventSourceMappings ok",
            "ListTags ok",
            "ListTags ok",
            "GetFunction ResourceNotFoundException"
        ]
    );
    let (found, _) = look(two(), json!({ "1": null, "2": {} }));
    assert_eq!(found.unwrap().uuid, "2");
    assert_eq!(look(vec![shown("1", "others", &json!({}))], json!({})).0, None);
    let (found, _) = look(vec![shown("1", "job", &json!({}))], json!({ "1": false }));
    assert!(matches!(found.unwrap().tags, Known::No(_)));
}

#[test]
fn what_a_list_hides_is_read_by_itself() {
    let mapping = shown("1", "job", &json!({ "KMSKeyArn": "arn:aws:kms:x" }));
    let (found, codes) = look(vec![mapping], json!({ "1": {} }));
    let found = found.unwrap();
    assert_eq!((found.config.filters, found.filters_unread), (["{}".to_owned()].into(), None));
    assert_eq!(codes, ["ListEventSourceMappings ok", "ListTags ok", "GetEventSourceMapping ok"]);
}

/// Every default that Lambda shows or leaves out means the same as one that the document leaves out.
#[test]
fn what_is_not_said_is_the_default_on_both_sides() {
    let of = |arn: &str, more: &Value| {
        let mut mapping = shown("1", "job", more);
        mapping["EventSourceArn"] = arn.into();
        let (mut rows, ..) = list(move |_, _| page(std::slice::from_ref(&mapping), None));
        rows.remove(0).1.config
    };
    let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/a";
    let filled = json!({
        "BatchSize": 100, "ParallelizationFactor": 1, "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1, "BisectBatchOnFunctionError": false, "TumblingWindowInSeconds": 0,
        "DestinationConfig": { "OnFailure": {} }, "StartingPosition": "LATEST",
        "LastProcessingResult": "OK", "FilterCriteria": { "Filters": [] }, "KMSKeyArn": "",
        "MetricsConfig": { "Metrics": [] }, "ProvisionedPollerConfig": {}, "ScalingConfig": {},
    });
    assert_eq!(of(stream, &filled), Config::unset(Source::Kinesis));
    assert_eq!(of(stream, &json!({ "BatchSize": null })), Config::unset(Source::Kinesis));
    assert_eq!(of(QUEUE, &json!({})), Config::unset(Source::Queue));
    let broker = "arn:aws:mq:eu-west-1:123456789012:broker:b:b-1";
    let bare = json!({ "BatchSize": 100, "MaximumBatchingWindowInSeconds": null, "Queues": ["a"] });
    assert_eq!(of(broker, &bare), Config::unset(Source::Broker));
}
