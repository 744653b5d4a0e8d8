//! The Serverless Application Model: a function and what it says of events, releases and URLs in one resource.

use serde_json::{Value, json};

use super::{draft::FunctionDraft, source_node::SourceNode};

/// What belongs to a function, by the member of its properties.
pub(super) struct SamProperties {
    url: Option<SourceNode>,
    invoke: Option<SourceNode>,
    provisioned: Option<SourceNode>,
    alias: Option<(String, Value)>,
    preference: Option<SourceNode>,
    events: Option<SourceNode>,
}

/// Events that Lambda polls.
const POLLED: &[&str] = &["SQS", "Kinesis", "DynamoDB", "MSK", "MQ", "DocumentDB"];

/// What a release does by itself.
const AT_ONCE: &str = "allAtOnce";

/// What to do about others.
const OTHERS: &[(&str, &str)] = &[
    (
        "Api",
        "the API stays with the tool; add `permissions` for `apigateway.amazonaws.com`, or use `url`",
    ),
    (
        "HttpApi",
        "the API stays with the tool; add `permissions` for `apigateway.amazonaws.com`, or use `url`",
    ),
    (
        "Schedule",
        "the rule stays with the tool; add `permissions` for `events.amazonaws.com` with its ARN",
    ),
    ("ScheduleV2", "the schedule stays with the tool; its role is what may invoke the function"),
    (
        "EventBridgeRule",
        "the rule stays with the tool; add `permissions` for `events.amazonaws.com` with its ARN",
    ),
    (
        "CloudWatchEvent",
        "the rule stays with the tool; add `permissions` for `events.amazonaws.com` with its ARN",
    ),
    (
        "S3",
        "the bucket's notification stays with the tool; add `permissions` for `s3.amazonaws.com` with its ARN",
    ),
    (
        "SNS",
        "the subscription stays with the tool; add `permissions` for `sns.amazonaws.com` with the topic's ARN",
    ),
    (
        "CloudWatchLogs",
        "the subscription stays with the tool; add `permissions` for `logs.amazonaws.com`",
    ),
];

/// Merges `Globals` into a function's own properties as SAM does: maps member by member, lists one
/// after the other. Of anything else the function's own counts.
pub(super) fn merged(globals: &Value, own: &Value) -> Value {
    match (globals, own) {
        (Value::Object(globals), Value::Object(own)) => {
            let mut all = globals.clone();
            for (key, value) in own {
                let value = globals.get(key).map_or_else(|| value.clone(), |it| merged(it, value));
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (Value::Array(globals), Value::Array(own)) => globals.iter().chain(own).cloned().collect(),
        (_, own) => own.clone(),
    }
}

/// Takes out of a function's properties what `put` adds as parts, and puts tracing and the
/// dead-letter queue as CloudFormation says them.
pub(super) fn take(source: &mut SourceNode) -> SamProperties {
    if let Some(mode) = source.take("Tracing") {
        source.rest.insert("TracingConfig".to_owned(), json!({ "Mode": mode }));
    }
    if let Some(mut queue) = source.child("DeadLetterQueue") {
        // The ARN says which it is.
        queue.forget(&["Type"]);
        source.rest.insert("DeadLetterQueue".to_owned(), Value::Object(queue.rest));
    }
    SamProperties {
        url: source.child("FunctionUrlConfig"),
        invoke: source.child("EventInvokeConfig"),
        provisioned: source.child("ProvisionedConcurrencyConfig"),
        alias: source.take("AutoPublishAlias").map(|it| (source.path("AutoPublishAlias"), it)),
        preference: source.child("DeploymentPreference"),
        events: source.child("Events"),
    }
}

/// Adds what `take` took to the function: release, URL, settings of asynchronous invocation,
/// provisioned concurrency and event sources.
pub(super) fn put(draft: &mut FunctionDraft, parts: SamProperties) {
    let SamProperties { url, invoke, provisioned, alias, preference, events } = parts;
    match alias.map(|(at, it)| (at, it.as_str().map(ToOwned::to_owned))) {
        Some((_, Some(alias))) => draft.add("release", "alias", json!(alias)),
        Some((at, None)) => {
            draft.converter.omit(at, "it cannot be worked out; write `release.alias`");
        }
        None => {}
    }
    if let Some(url) = url {
        if url.get("AuthType").is_some_and(|it| it == "NONE") {
            draft.mark_public();
        }
        draft.set_member("url", url);
    }
    if let Some(mut invoke) = invoke {
        untyped(&mut invoke);
        draft.set_member("asyncInvoke", invoke);
    }
    if let Some(provisioned) = provisioned {
        draft.provisioned(provisioned, "ProvisionedConcurrentExecutions");
    }
    if let Some(preference) = preference {
        strategy(draft, preference);
    }
    for event in events.into_iter().flat_map(members) {
        self::event(draft, event);
    }
}

/// Removes `Type` from destinations that have an ARN, which says the same. Without an ARN the type
/// stays to be named as left out: SAM makes a destination of that type itself.
fn untyped(source: &mut SourceNode) {
    let Some(mut destinations) = source.child("DestinationConfig") else { return };
    for end in ["OnSuccess", "OnFailure"] {
        if let Some(mut it) = destinations.child(end) {
            let own: &[&str] = if it.get("Destination").is_some() { &["Type"] } else { &[] };
            it.forget(own);
            destinations.rest.insert(end.to_owned(), Value::Object(it.rest));
        }
    }
    source.rest.insert("DestinationConfig".to_owned(), Value::Object(destinations.rest));
}

/// The members of a map, by name.
fn members(source: SourceNode) -> Vec<SourceNode> {
    let at = source.at;
    let mut members: Vec<(String, Value)> = source.rest.into_iter().collect();
    members.sort_by(|one, other| one.0.cmp(&other.0));
    members.into_iter().map(|(key, it)| SourceNode::new(format!("{at}.{key}"), it)).collect()
}

/// Turns a deployment preference into the release's strategy and alarms. Neither `AllAtOnce`, which
/// a release does by itself, nor a preference that is off adds a strategy.
fn strategy(draft: &mut FunctionDraft, mut source: SourceNode) {
    let off = source.take("Enabled").is_some_and(|it| it == false || it == "false");
    let kind = source.get("Type").and_then(Value::as_str).and_then(steps);
    if let Some(kind) = kind {
        source.forget(&["Type"]);
        if let Some(strategy) = Some(kind).filter(|it| !off && *it != AT_ONCE) {
            draft.add("release", "strategy", strategy);
        }
    }
    let alarms = source.get("Alarms").and_then(Value::as_array);
    let names: Option<Vec<String>> = alarms
        .map(|it| it.iter().map(|it| it.as_str().map(ToOwned::to_owned)).collect())
        .unwrap_or_default();
    if let Some(names) = names.filter(|it| !it.is_empty()) {
        source.forget(&["Alarms"]);
        draft.add("release", "alarms", json!(names));
    }
    draft.converter.omit_rest(source, &[]);
}

/// Returns the strategy that a name means: `Canary10Percent5Minutes`,
/// `Linear10PercentEvery1Minute`, `AllAtOnce`; `None` for every other name.
fn steps(name: &str) -> Option<Value> {
    if name == "AllAtOnce" {
        return Some(json!(AT_ONCE));
    }
    let minutes = |it: &str| it.trim_end_matches('s').strip_suffix("Minute")?.parse::<u32>().ok();
    if let Some((percent, every)) =
        name.strip_prefix("Canary").and_then(|it| it.split_once("Percent"))
    {
        let (percent, every) = (percent.parse::<u32>().ok()?, minutes(every)?);
        return Some(json!({ "canary": { "steps": [percent], "every": format!("{every}m") } }));
    }
    let (percent, every) = name.strip_prefix("Linear")?.split_once("PercentEvery")?;
    let (percent, every) = (percent.parse::<u32>().ok()?, minutes(every)?);
    Some(json!({ "linear": { "percent": percent, "every": format!("{every}m") } }))
}

/// Adds an event as an event source if Lambda polls it; names every other one as left out, with
/// what to do about it.
fn event(draft: &mut FunctionDraft, mut source: SourceNode) {
    let kind = source.get("Type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !POLLED.contains(&kind.as_str()) {
        let known = OTHERS.iter().find(|(it, _)| *it == kind).map(|(_, why)| *why);
        let why = known
            .unwrap_or("what invokes the function stays with the tool; add `permissions` for it");
        return draft.converter.omit(source.at, format!("`{kind}`: {why}"));
    }
    source.forget(&["Type"]);
    if let Some(mut properties) = source.child("Properties") {
        for (from, to) in [
            ("ConsumerGroupId", "AmazonManagedKafkaEventSourceConfig"),
            ("DatabaseName", "DocumentDBEventSourceConfig"),
            ("CollectionName", "DocumentDBEventSourceConfig"),
            ("FullDocument", "DocumentDBEventSourceConfig"),
        ] {
            let Some(value) = properties.take(from) else { continue };
            let within = properties.rest.entry(to).or_insert_with(|| json!({}));
            if let Value::Object(within) = within {
                within.insert(from.to_owned(), value);
            }
        }
        untyped(&mut properties);
        draft.add_item("eventSources", properties);
    }
    draft.converter.omit_rest(source, &[]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_codedeploy_are_read() {
        let canary = |every: &str| Some(json!({ "canary": { "steps": [10], "every": every } }));
        assert_eq!(steps("Canary10Percent5Minutes"), canary("5m"));
        assert_eq!(steps("Canary10Percent30Minutes"), canary("30m"));
        let linear = json!({ "linear": { "percent": 10, "every": "1m" } });
        assert_eq!(steps("Linear10PercentEvery1Minute"), Some(linear));
        assert_eq!(steps("AllAtOnce"), Some(json!(AT_ONCE)));
        assert_eq!(steps("MyOwn"), None);
    }
}
