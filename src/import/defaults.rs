//! What need not be written, since it is what AWS does anyway.

use serde_json::{Map, Value, json};

use crate::kinds::{
    async_invoke::{AGE, RETRIES},
    event_source::source::Source,
    function_config::{
        config::{CAPACITY, Config, MEMBERS, defaults},
        logging::{self, Logging, LoggingGiven},
    },
    permissions::INVOKE,
    repository::spec::{AES256, MUTABLE},
    url::BUFFERED,
};

/// Removes from a function's `spec` what AWS does by default. `name`: the function's, after which
/// its default log group is called.
pub(super) fn function(name: &str, spec: &mut Map<String, Value>) {
    let unset = unset(name, spec.contains_key(CAPACITY));
    for field in MEMBERS.iter().flat_map(|it| it.fields) {
        if let Some(value) = (field.get)(&unset) {
            remove_if(spec, field.path, &value.json());
        }
    }
    for (path, value) in [
        ("architectures", json!([defaults::ARCHITECTURE])),
        ("environment/variables", json!({})),
        ("url/invokeMode", json!(BUFFERED)),
        ("url/cors/allowCredentials", json!(false)),
        ("url/cors/maxAge", json!(0)),
        ("asyncInvoke/maximumRetryAttempts", json!(RETRIES)),
        ("asyncInvoke/maximumEventAgeInSeconds", json!(AGE)),
        ("logGroup/retentionInDays", json!(0)),
        ("tags", json!({})),
    ] {
        remove_if(spec, path, &value);
    }
    let lists = ["permissions", "eventSources"];
    for list in lists {
        let items = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for item in items.filter_map(Value::as_object_mut) {
            remove_if(item, "action", &json!(INVOKE));
            remove_if(item, "invokedViaFunctionUrl", &json!(false));
            event_source(item);
        }
    }
    // Last: what held nothing but defaults is empty only now.
    for member in &MEMBERS {
        remove_if(spec, member.name, &json!({}));
    }
    if let Some(url) = spec.get_mut("url").and_then(Value::as_object_mut) {
        remove_if(url, "cors", &json!({}));
    }
}

/// The configuration of a function that asks for nothing; `managed`: on instances of its own. Levels of the log are
/// those of JSON: with text there are none to be written.
fn unset(name: &str, managed: bool) -> Config {
    let given = LoggingGiven { log_format: Some(logging::JSON), ..LoggingGiven::default() };
    let log_format = Logging::default_format(managed).to_owned();
    let logging = Logging { log_format, ..Logging::filled(name, given) };
    Config { logging, ..Config::unset(name, String::new()) }
}

/// Removes the defaults of an event source, which depend on what it reads from. An item whose ARN
/// names no known source stays as it is, and so does a permission, which has none.
fn event_source(item: &mut Map<String, Value>) {
    let arn = item.get("eventSourceArn").and_then(Value::as_str);
    let Some(source) = arn.and_then(Source::of) else { return };
    // What Terraform says of sources that have no such thing.
    for field in ["maximumRecordAgeInSeconds", "maximumRetryAttempts"] {
        let is_stream = matches!(source, Source::Kinesis | Source::DynamoDb | Source::Kafka);
        remove_if(item, field, &if is_stream { Value::Null } else { json!(0) });
    }
    // Until it has been set once, the window of these is half a second.
    let has_half_second = matches!(source, Source::Kafka | Source::Broker | Source::DocumentDb);
    for (path, value) in [
        ("enabled", json!(true)),
        ("batchSize", json!(source.batch_size())),
        ("maximumBatchingWindowInSeconds", if has_half_second { Value::Null } else { json!(0) }),
        ("parallelizationFactor", json!(1)),
        ("maximumRecordAgeInSeconds", json!(-1)),
        ("maximumRetryAttempts", json!(-1)),
        ("bisectBatchOnFunctionError", json!(false)),
        ("tumblingWindowInSeconds", json!(0)),
    ] {
        remove_if(item, path, &value);
    }
}

/// Removes from a repository's `spec` what AWS does by default.
pub(super) fn repository(spec: &mut Map<String, Value>) {
    for (path, value) in [
        ("imageTagMutability", json!(MUTABLE)),
        ("imageScanningConfiguration", json!({ "scanOnPush": false })),
        ("encryptionConfiguration", json!({ "encryptionType": AES256 })),
        ("imageTagMutabilityExclusionFilters", json!([])),
        ("tags", json!({})),
    ] {
        remove_if(spec, path, &value);
    }
}

/// Takes a member out if it has this value.
fn remove_if(spec: &mut Map<String, Value>, path: &str, value: &Value) {
    if let Some((outer, inner)) = path.split_once('/') {
        if let Some(Value::Object(within)) = spec.get_mut(outer) {
            remove_if(within, inner, value);
        }
    } else if spec.get(path) == Some(value) {
        spec.remove(path);
    }
}
