//! A function's configuration: defaults, and how AWS rewrites what it is given.
//!
//! From recordings of AWS: defaults are always shown; logging merges and fills in; an image configuration is
//! replaced whole, its empty members dropped; a VPC that is left shows as an empty one; "" takes a key or a
//! dead-letter target away. With a capacity provider Lambda sets the log format JSON by itself (Lambda developer
//! guide, "Configuring JSON and plain text log formats").

use serde_json::{Map, Value, json};

/// Members that are kept as they are given.
const PLAIN: [&str; 9] = [
    "Description",
    "Timeout",
    "MemorySize",
    "Role",
    "EphemeralStorage",
    "TracingConfig",
    "Environment",
    "DurableConfig",
    "TenancyConfig",
];

/// What every function shows even if it never was asked for.
pub(super) fn defaults(name: &str, arn: &str) -> Map<String, Value> {
    let Value::Object(config) = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "PackageType": "Image",
        "CodeSize": 0,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "Architectures": ["x86_64"],
        "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
    }) else {
        return Map::new();
    };
    config
}

/// Puts what a request holds into a configuration.
pub(super) fn merge(config: &mut Map<String, Value>, body: &Value) {
    for name in PLAIN {
        if !body[name].is_null() {
            config.insert(name.to_owned(), body[name].clone());
        }
    }
    if body["Environment"].is_object() && body["Environment"]["Variables"].is_null() {
        config.remove("Environment");
    }
    emptied(config, "KMSKeyArn", &body["KMSKeyArn"], |it| it.as_str() == Some(""));
    emptied(config, "DeadLetterConfig", &body["DeadLetterConfig"], |it| {
        it["TargetArn"].as_str().unwrap_or_default().is_empty()
    });
    emptied(config, "FileSystemConfigs", &body["FileSystemConfigs"], |it| {
        it.as_array().is_none_or(Vec::is_empty)
    });
    network(config, &body["VpcConfig"]);
    capacity(config, &body["CapacityProviderConfig"]);
    logging(config, &body["LoggingConfig"]);
    image(config, &body["ImageConfig"]);
    if let Some(durable) = config.get_mut("DurableConfig").and_then(Value::as_object_mut) {
        durable.entry("RetentionPeriodInDays").or_insert(json!(14));
    }
}

/// Keeps a member, or takes it away if it was given as empty.
fn emptied(
    config: &mut Map<String, Value>,
    name: &str,
    given: &Value,
    empty: impl Fn(&Value) -> bool,
) {
    if given.is_null() {
        return;
    }
    if empty(given) {
        config.remove(name);
    } else {
        config.insert(name.to_owned(), given.clone());
    }
}

fn network(config: &mut Map<String, Value>, given: &Value) {
    if given.is_null() {
        return;
    }
    let list = |name: &str| given[name].as_array().cloned().unwrap_or_default();
    let (subnets, groups) = (list("SubnetIds"), list("SecurityGroupIds"));
    let attached = !subnets.is_empty() || !groups.is_empty();
    if !attached && !config.contains_key("VpcConfig") {
        return;
    }
    config.insert(
        "VpcConfig".into(),
        json!({
            "SubnetIds": subnets,
            "SecurityGroupIds": groups,
            "VpcId": if attached { "vpc-0123456789abcdef0" } else { "" },
            "Ipv6AllowedForDualStack": given["Ipv6AllowedForDualStack"] == true,
        }),
    );
}

fn logging(config: &mut Map<String, Value>, given: &Value) {
    let managed = config.contains_key("CapacityProviderConfig");
    let Some(logging) = config.get_mut("LoggingConfig").and_then(Value::as_object_mut) else {
        return;
    };
    let given = given.as_object().into_iter().flatten();
    for (name, value) in given.filter(|(_, it)| !it.is_null()) {
        logging.insert(name.clone(), value.clone());
    }
    if managed {
        logging.insert("LogFormat".into(), json!("JSON"));
    }
    for level in ["ApplicationLogLevel", "SystemLogLevel"] {
        if logging.get("LogFormat") == Some(&json!("JSON")) {
            logging.entry(level).or_insert(json!("INFO"));
        } else {
            logging.remove(level);
        }
    }
}

fn image(config: &mut Map<String, Value>, given: &Value) {
    let Some(given) = given.as_object() else { return };
    let empty = |it: &Value| {
        it.is_null() || it.as_str() == Some("") || it.as_array().is_some_and(Vec::is_empty)
    };
    let kept: Map<String, Value> =
        given.clone().into_iter().filter(|(_, value)| !empty(value)).collect();
    if kept.is_empty() {
        config.remove("ImageConfigResponse");
    } else {
        config.insert("ImageConfigResponse".into(), json!({ "ImageConfig": kept }));
    }
}

fn capacity(config: &mut Map<String, Value>, given: &Value) {
    let Some(provider) = given["LambdaManagedInstancesCapacityProviderConfig"].as_object() else {
        return;
    };
    let mut provider = provider.clone();
    provider.entry("PerExecutionEnvironmentMaxConcurrency").or_insert(json!(16));
    provider.entry("ExecutionEnvironmentMemoryGiBPerVCpu").or_insert(json!(2.0));
    config.insert(
        "CapacityProviderConfig".into(),
        json!({ "LambdaManagedInstancesCapacityProviderConfig": provider }),
    );
    // Less is refused where it is asked for, so this is the usual size of other functions.
    let small = config.get("MemorySize").and_then(Value::as_i64).is_none_or(|it| it < 2048);
    if small {
        config.insert("MemorySize".into(), json!(2048));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(bodies: &[Value]) -> Map<String, Value> {
        let mut config = defaults("f", "arn");
        for body in bodies {
            merge(&mut config, body);
        }
        config
    }

    #[test]
    fn logging_merges_and_fills_in() {
        let json = json!({ "LoggingConfig": { "LogFormat": "JSON", "SystemLogLevel": "WARN" } });
        let text = json!({ "LoggingConfig": { "LogFormat": "Text" } });
        let group = json!({ "LoggingConfig": { "LogGroup": "/mine" } });
        assert_eq!(
            config(&[json.clone(), group.clone()])["LoggingConfig"],
            json!({ "LogFormat": "JSON", "LogGroup": "/mine", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO" })
        );
        assert_eq!(
            config(&[json, text])["LoggingConfig"],
            json!({ "LogFormat": "Text", "LogGroup": "/aws/lambda/f" })
        );
    }

    #[test]
    fn a_function_with_a_capacity_provider_logs_in_json() {
        let provider = json!({ "CapacityProviderArn": "arn" });
        let managed = json!({
            "CapacityProviderConfig": { "LambdaManagedInstancesCapacityProviderConfig": provider },
            "LoggingConfig": { "SystemLogLevel": "WARN" },
        });
        assert_eq!(
            config(&[managed])["LoggingConfig"],
            json!({ "LogFormat": "JSON", "LogGroup": "/aws/lambda/f", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO" })
        );
    }

    #[test]
    fn an_image_configuration_is_replaced_whole() {
        let first = json!({ "ImageConfig": { "EntryPoint": ["a"], "Command": [] } });
        let second = json!({ "ImageConfig": { "WorkingDirectory": "/w" } });
        assert_eq!(
            config(&[first.clone(), second])["ImageConfigResponse"],
            json!({ "ImageConfig": { "WorkingDirectory": "/w" } })
        );
        assert!(
            !config(&[first, json!({ "ImageConfig": {} })]).contains_key("ImageConfigResponse")
        );
    }

    #[test]
    fn a_network_that_is_left_shows_as_an_empty_one() {
        let on = json!({ "VpcConfig": { "SubnetIds": ["s"], "SecurityGroupIds": ["g"] } });
        let off = json!({ "VpcConfig": { "SubnetIds": [], "SecurityGroupIds": [] } });
        assert!(!config(std::slice::from_ref(&off)).contains_key("VpcConfig"));
        assert_eq!(
            config(&[on, off])["VpcConfig"],
            json!({ "SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": false })
        );
    }
}
