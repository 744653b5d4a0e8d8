//! What need not be written, since it is what AWS does anyway.

use serde_json::{Map, Value, json};

use crate::kinds::{
    async_invoke::{AGE, RETRIES},
    event_source::source::Source,
    function::config::{Logging, defaults},
    permissions::INVOKE,
    repository::spec::{AES256, MUTABLE},
    url::BUFFERED,
};

/// Removes from a function's `spec` what AWS does by default. `name`: the function's, after which
/// its default log group is called.
pub(super) fn function(name: &str, spec: &mut Map<String, Value>) {
    let group = Logging::default_group(name);
    let format = Logging::default_format(spec.contains_key("capacityProviderConfig"));
    for (path, value) in [
        ("description", json!("")),
        ("architectures", json!([defaults::ARCHITECTURE])),
        ("memorySize", json!(defaults::MEMORY_SIZE)),
        ("timeout", json!(defaults::TIMEOUT)),
        ("ephemeralStorage", json!({ "size": defaults::EPHEMERAL_STORAGE })),
        ("tracingConfig", json!({ "mode": defaults::TRACING })),
        ("kmsKeyArn", json!("")),
        ("vpcConfig/ipv6AllowedForDualStack", json!(false)),
        ("vpcConfig/subnetIds", json!([])),
        ("vpcConfig/securityGroupIds", json!([])),
        ("loggingConfig/logFormat", json!(format)),
        ("loggingConfig/logGroup", json!(group)),
        ("loggingConfig/applicationLogLevel", json!(defaults::LOG_LEVEL)),
        ("loggingConfig/systemLogLevel", json!(defaults::LOG_LEVEL)),
        ("imageConfig/entryPoint", json!([])),
        ("imageConfig/command", json!([])),
        ("imageConfig/workingDirectory", json!("")),
        ("environment/variables", json!({})),
        ("url/invokeMode", json!(BUFFERED)),
        ("url/cors/allowCredentials", json!(false)),
        ("url/cors/maxAge", json!(0)),
        ("asyncInvoke/maximumRetryAttempts", json!(RETRIES)),
        ("asyncInvoke/maximumEventAgeInSeconds", json!(AGE)),
        ("logGroup/retentionInDays", json!(0)),
        ("fileSystemConfigs", json!([])),
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
    for empty in ["vpcConfig", "loggingConfig", "imageConfig", "environment"] {
        remove_if(spec, empty, &json!({}));
    }
    if let Some(url) = spec.get_mut("url").and_then(Value::as_object_mut) {
        remove_if(url, "cors", &json!({}));
    }
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
