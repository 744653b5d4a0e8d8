//! What Lambda refuses before it looks at anything: AWS's constraints and its words for them.

use serde_json::{Map, Value};

use crate::call::Refusal;

/// Whole numbers: where, the smallest, the largest.
const NUMBERS: &[(&[&str], i64, i64)] = &[
    (&["Timeout"], 1, 5400),
    (&["MemorySize"], 128, 32_768),
    (&["EphemeralStorage", "Size"], 512, 32_768),
    (&["ReservedConcurrentExecutions"], 0, i64::MAX),
    (&["ProvisionedConcurrentExecutions"], 1, i64::MAX),
    (&["MaximumRetryAttempts"], 0, 2),
    (&["MaximumEventAgeInSeconds"], 60, 21_600),
];

/// What is less on Lambda's own instances than on managed ones: where, and the largest. From the documentation of these
/// members in the API's model and from the Lambda quotas page; the words are not AWS's.
const WITHOUT_PROVIDER: &[(&[&str], i64)] =
    &[(&["MemorySize"], 10_240), (&["Timeout"], 1800), (&["EphemeralStorage", "Size"], 10_240)];

/// The least memory, in MiB, of a function on managed instances (Lambda developer guide, "Best practices for Lambda
/// Managed Instances").
const MANAGED_MEMORY: f64 = 2048.0;
/// GiB of memory for each vCPU, of which one must be used (SAM developer guide, "CapacityProviderConfig").
const RATIOS: [f64; 3] = [2.0, 4.0, 8.0];

/// Words of which one must be used.
const ENUMS: &[(&[&str], &[&str])] = &[
    (&["PackageType"], &["Image", "Zip"]),
    (&["TracingConfig", "Mode"], &["Active", "PassThrough"]),
    (&["LoggingConfig", "LogFormat"], &["JSON", "Text"]),
    (
        &["LoggingConfig", "ApplicationLogLevel"],
        &["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"],
    ),
    (&["LoggingConfig", "SystemLogLevel"], &["DEBUG", "INFO", "WARN"]),
    (&["AuthType"], &["NONE", "AWS_IAM"]),
    (&["InvokeMode"], &["BUFFERED", "RESPONSE_STREAM"]),
    (&["RecursiveLoop"], &["Allow", "Terminate"]),
];

/// Texts: where, and the most characters.
const LENGTHS: &[(&[&str], usize)] =
    &[(&["Description"], 256), (&["ImageConfig", "WorkingDirectory"], 1000)];

/// Environment variables that Lambda sets itself.
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// The most that all variables together may take, as JSON.
const ENVIRONMENT_MAX: usize = 4096;

const ROLE_PATTERN: &str = "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";

fn at<'a>(body: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(body, |value, name| &value[name])
}

/// `EphemeralStorage.Size` is `ephemeralStorage.size` in AWS's messages.
fn field(path: &[&str]) -> String {
    let lower = |name: &&str| {
        let mut letters = name.chars();
        let first = letters.next().map(|it| it.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    path.iter().map(lower).collect::<Vec<_>>().join(".")
}

/// Everything in a body that AWS's model restricts.
pub(super) fn constraints(body: &Value) -> Result<(), Refusal> {
    for (path, smallest, largest) in NUMBERS {
        let Some(value) = at(body, path).as_i64() else { continue };
        let text = match value {
            it if it < *smallest => {
                format!("Member must have value greater than or equal to {smallest}")
            }
            it if it > *largest => {
                format!("Member must have value less than or equal to {largest}")
            }
            _ => continue,
        };
        return Err(Refusal::constraint(&field(path), &value.to_string(), &text));
    }
    for (path, words) in ENUMS {
        let Some(value) = at(body, path).as_str().filter(|it| !words.contains(it)) else {
            continue;
        };
        let text = format!("Member must satisfy enum value set: [{}]", words.join(", "));
        return Err(Refusal::constraint(&field(path), value, &text));
    }
    for (path, most) in LENGTHS {
        let Some(value) = at(body, path).as_str().filter(|it| it.len() > *most) else { continue };
        let text = format!("Member must have length less than or equal to {most}");
        return Err(Refusal::constraint(&field(path), value, &text));
    }
    Ok(())
}

/// One architecture of two, and the form of the ids of a network.
pub(super) fn lists(body: &Value) -> Result<(), Refusal> {
    let list = |it: &Value| it.as_array().cloned().unwrap_or_default();
    let architectures = list(&body["Architectures"]);
    if architectures.len() > 1 {
        let text = "Member must have length less than or equal to 1";
        return Err(Refusal::constraint("architectures", &body["Architectures"].to_string(), text));
    }
    if let Some(other) = architectures.iter().find(|it| *it != "x86_64" && *it != "arm64") {
        let text = "Member must satisfy enum value set: [x86_64, arm64]";
        return Err(Refusal::constraint("architectures", &other.to_string(), text));
    }
    for (name, start) in [("SubnetIds", "subnet-"), ("SecurityGroupIds", "sg-")] {
        let letters = |it: char| it.is_ascii_alphanumeric();
        let good = |it: &str| it.strip_prefix(start).is_some_and(|it| it.chars().all(letters));
        let ids = list(&body["VpcConfig"][name]);
        if let Some(other) = ids.iter().find(|it| !it.as_str().is_some_and(good)) {
            let text =
                format!("Member must satisfy regular expression pattern: {start}[0-9a-zA-Z]*");
            let field = field(&["VpcConfig", name]);
            return Err(Refusal::constraint(&field, &other.to_string(), &text));
        }
    }
    Ok(())
}

/// What only functions with a capacity provider may have, and what they may not. `before`: the function's configuration,
/// of a function that is there already. That `Text` is refused is from the Lambda developer guide ("Configuring JSON and
/// plain text log formats"); the words are not AWS's.
pub(super) fn capacity(before: Option<&Map<String, Value>>, body: &Value) -> Result<(), Refusal> {
    let managed = match before {
        Some(config) => config.contains_key("CapacityProviderConfig"),
        None => !body["CapacityProviderConfig"].is_null(),
    };
    if managed {
        let text = "LogFormat Text isn't supported for functions with a capacity provider.";
        let plain = body["LoggingConfig"]["LogFormat"] == "Text";
        return if plain { Err(Refusal::invalid(text)) } else { cpus(before, body) };
    }
    if !body["CapacityProviderConfig"].is_null() {
        let text = "CapacityProviderConfig isn't supported for Lambda Default functions.";
        return Err(Refusal::invalid(text));
    }
    for (path, most) in WITHOUT_PROVIDER {
        if let Some(value) = at(body, path).as_i64().filter(|it| it > most) {
            let text = format!("Member must have value less than or equal to {most}");
            return Err(Refusal::constraint(&field(path), &value.to_string(), &text));
        }
    }
    Ok(())
}

/// Memory on managed instances: enough for one vCPU in one of the proportions that there are.
fn cpus(before: Option<&Map<String, Value>>, body: &Value) -> Result<(), Refusal> {
    const PROVIDER: &str = "LambdaManagedInstancesCapacityProviderConfig";
    const RATIO: &str = "ExecutionEnvironmentMemoryGiBPerVCpu";
    let kept = |name: &str| before.and_then(|it| it.get(name)).unwrap_or(&Value::Null);
    let number = |given: &Value, kept: &Value, usual: f64| {
        given.as_f64().or_else(|| kept.as_f64()).unwrap_or(usual)
    };
    let memory = number(&body["MemorySize"], kept("MemorySize"), MANAGED_MEMORY);
    let ratio = &body["CapacityProviderConfig"][PROVIDER][RATIO];
    let ratio = number(ratio, &kept("CapacityProviderConfig")[PROVIDER][RATIO], RATIOS[0]);
    if !RATIOS.contains(&ratio) {
        let text = format!("{RATIO} must be 2, 4 or 8.");
        return Err(Refusal::invalid(text));
    }
    if memory < MANAGED_MEMORY || memory / 1024.0 < ratio {
        let text = "MemorySize is too small for a function with a capacity provider.";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

/// The environment: names, and the size of it all.
pub(super) fn environment(body: &Value) -> Result<(), Refusal> {
    let Some(variables) = body["Environment"]["Variables"].as_object() else { return Ok(()) };
    let start = "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|it| RESERVED.contains(it)).collect();
    if !reserved.is_empty() {
        return Err(Refusal::invalid(format!(
            "{start} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let good = |name: &str| {
        let rest = |it: char| it.is_ascii_alphanumeric() || it == '_';
        name.starts_with(|it: char| it.is_ascii_alphabetic())
            && name.len() > 1
            && name.chars().all(rest)
    };
    if let Some(name) = variables.keys().find(|it| !good(it)) {
        let text = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]";
        return Err(Refusal::constraint("environment.variables", name, text));
    }
    let size = body["Environment"]["Variables"].to_string().len();
    if size > ENVIRONMENT_MAX {
        return Err(Refusal::invalid(format!(
            "{start} exceeded the 4KB limit. String measured: {size} bytes"
        )));
    }
    Ok(())
}

/// The form of a role's ARN, and whose it is.
pub(super) fn role(role: &str, account: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let named = parts.get(5).is_some_and(|it| it.len() > 5 && it.starts_with("role/"));
    let whole = parts.first() == Some(&"arn") && parts.get(2) == Some(&"iam") && named;
    if !whole {
        return Err(Refusal::constraint("role", role, ROLE_PATTERN));
    }
    if parts.get(4) != Some(&account) {
        let text = "Cross-account pass role is not allowed.";
        return Err(Refusal::new(403, "AccessDeniedException", text));
    }
    Ok(())
}

/// What is not for functions that are images.
pub(super) fn not_for_images(body: &Value) -> Result<(), Refusal> {
    for name in ["Runtime", "Handler", "Layers"] {
        if !body[name].is_null() {
            return Err(Refusal::invalid(format!(
                "Please don't provide {name} when the intended function PackageType is Image."
            )));
        }
    }
    Ok(())
}

/// Tags of a function: how many, and how long.
pub(super) fn tags<'a>(
    tags: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), Refusal> {
    let mut count = 0;
    for (key, value) in tags {
        count += 1;
        if key.starts_with("aws:") {
            let text = "Tags that begin with aws: are reserved for AWS.";
            return Err(Refusal::invalid(text));
        }
        if key.is_empty() || key.len() > 128 || value.len() > 256 {
            return Err(Refusal::invalid(format!("The tag {key} is empty or too long.")));
        }
    }
    if count > 50 {
        return Err(Refusal::invalid("A function has at most 50 tags."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_function_may_have_depends_on_its_instances() {
        let provider = |ratio: f64| {
            let own = json!({ "CapacityProviderArn": "arn", "ExecutionEnvironmentMemoryGiBPerVCpu": ratio });
            json!({ "LambdaManagedInstancesCapacityProviderConfig": own })
        };
        let managed = |ratio: f64, memory: i64| {
            let body = json!({ "MemorySize": memory, "CapacityProviderConfig": provider(ratio) });
            capacity(None, &body)
        };
        for (body, good) in [
            (json!({ "Timeout": 1800, "MemorySize": 10_240 }), true),
            (json!({ "Timeout": 1801 }), false),
            (json!({ "MemorySize": 10_241 }), false),
            (json!({ "EphemeralStorage": { "Size": 10_241 } }), false),
            (json!({ "Timeout": 5400, "CapacityProviderConfig": provider(2.0) }), true),
        ] {
            assert_eq!(capacity(None, &body).is_ok(), good, "{body}");
        }
        assert!(managed(2.0, 2048).is_ok() && managed(8.0, 8192).is_ok());
        assert!(managed(2.0, 2047).is_err() && managed(8.0, 8191).is_err());
        assert!(managed(3.0, 6144).is_err());
        // An update that names neither is held to what is there.
        let before = json!({ "MemorySize": 4096, "CapacityProviderConfig": provider(4.0) });
        let before = before.as_object();
        assert!(capacity(before, &json!({ "Timeout": 1801 })).is_ok());
        assert!(capacity(before, &json!({ "MemorySize": 2048 })).is_err());
    }
}
