//! CloudWatch, as far as releases ask it: the state of alarms, and the calls of versions. It speaks the RPC v2
//! protocol of Smithy: CBOR in, CBOR out.
//!
//! A range's end is not looked at: a caller whose clock is hurried asks about a time that is not the stand-in's.

use std::collections::BTreeMap;

use bytes::Bytes;
use ciborium::Value as Cbor;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    call::{Call, Refusal, Reply},
    lambda::Lambda,
    time,
    world::Place,
};

/// The alarms.
pub(crate) type Alarms = BTreeMap<(Place, String), Alarm>;

/// An alarm, in CloudWatch's words.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    /// `MetricAlarm`, `CompositeAlarm` or `LogAlarm`.
    pub(crate) kind: String,
    pub(crate) state: String,
}

/// The types of alarms, and where each stands in an answer.
const TYPES: [(&str, &str); 3] = [
    ("MetricAlarm", "MetricAlarms"),
    ("CompositeAlarm", "CompositeAlarms"),
    ("LogAlarm", "LogAlarms"),
];

/// What is answered here.
const OPERATIONS: &[&str] = &["DescribeAlarms", "GetMetricData"];

/// Takes a request apart: `/service/…/operation/NAME`.
pub(crate) fn call(mut call: Call, (path, body): (&str, &Bytes)) -> Result<Call, Refusal> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let unknown = || Refusal::new(400, "UnknownOperationException", "Unknown operation");
    call.operation = OPERATIONS.iter().copied().find(|it| *it == name).ok_or_else(unknown)?;
    let body: Cbor = ciborium::from_reader(body.as_ref())
        .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))?;
    call.body = json(body);
    Ok(call)
}

/// A body as it goes over the wire.
pub(crate) fn bytes(body: &Value) -> Bytes {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    ciborium::into_writer(body, &mut bytes).ok();
    bytes.into()
}

fn json(value: Cbor) -> Value {
    match value {
        Cbor::Integer(it) => json!(i64::try_from(it).unwrap_or_default()),
        Cbor::Float(it) => json!(it),
        Cbor::Text(it) => json!(it),
        Cbor::Bool(it) => json!(it),
        // A time is a number of seconds with a tag.
        Cbor::Tag(_, it) => json(*it),
        Cbor::Array(items) => items.into_iter().map(json).collect(),
        Cbor::Map(pairs) => {
            let pair = |(key, value): (Cbor, Cbor)| Some((key.into_text().ok()?, json(value)));
            Value::Object(pairs.into_iter().filter_map(pair).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

pub(crate) fn answer(call: &Call, alarms: &Alarms, lambda: Option<(&Lambda, Timestamp)>) -> Reply {
    let body = &call.body;
    if call.operation == "DescribeAlarms" {
        return describe(call, alarms);
    }
    let from = body["StartTime"].as_f64().unwrap_or_default();
    let queries = body["MetricDataQueries"].as_array().into_iter().flatten();
    let results = queries.map(|query| {
        let metric = &query["MetricStat"]["Metric"];
        let values = lambda.map(|it| values(metric, it, from)).unwrap_or_default();
        json!({ "Id": query["Id"], "StatusCode": "Complete", "Values": values })
    });
    let results: Vec<Value> = results.collect();
    Reply::new(200, json!({ "MetricDataResults": results, "Messages": [] }))
}

/// Alarms of the types that are asked for; of metrics, if none is named.
fn describe(call: &Call, alarms: &Alarms) -> Reply {
    let listed = |member: &str| {
        let all = call.body[member].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let (names, asked) = (listed("AlarmNames"), listed("AlarmTypes"));
    let place = (call.caller.account.clone(), call.caller.region.clone());
    let mut body = json!({});
    for (kind, member) in TYPES {
        let meant = if asked.is_empty() { kind == "MetricAlarm" } else { asked.contains(&kind) };
        let found = names.iter().filter_map(|name| {
            let alarm = alarms.get(&(place.clone(), (*name).to_owned()))?;
            let shown = json!({ "AlarmName": name, "StateValue": alarm.state });
            (meant && alarm.kind == kind).then_some(shown)
        });
        body[member] = found.collect::<Vec<Value>>().into();
    }
    Reply::new(200, body)
}

/// One value a minute, as CloudWatch has them; no value where nothing happened.
fn values(metric: &Value, (lambda, start): (&Lambda, Timestamp), from: f64) -> Vec<f64> {
    let dimension = |name: &str| {
        let all = metric["Dimensions"].as_array().into_iter().flatten();
        let found = all.filter(|it| it["Name"] == name).find_map(|it| it["Value"].as_str());
        found.unwrap_or_default().to_owned()
    };
    let (resource, version) = (dimension("Resource"), dimension("ExecutedVersion"));
    let errors = metric["MetricName"] == "Errors";
    let mut minutes: BTreeMap<u64, f64> = BTreeMap::new();
    for run in lambda.runs.iter().filter(|it| it.resource == resource && it.version == version) {
        if time::seconds(time::date(start, run.at)) >= from {
            let counts = !errors || run.failed;
            *minutes.entry(run.at.as_secs() / 60).or_default() += if counts { 1.0 } else { 0.0 };
        }
    }
    minutes.into_values().collect()
}
