//! Why something of a source cannot be carried, and what to do about it. No value is repeated: it may be a secret.

use serde_json::Value;

use super::source_node::fold;
use crate::shape::Field;

/// What a tool marks as sensitive. The value itself is gone by then.
pub(super) const SENSITIVE: &str = "<sensitive>";
/// What is known only when the tool has run.
pub(super) const LATER: &str = "<known after apply>";

/// The intrinsic functions (CloudFormation user guide, "Intrinsic function reference").
const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];

/// What is known of by name, folded.
const KNOWN: &[(&str, &str)] = &[
    (
        "layers",
        "a function that ships as an image has no layers; build what they hold into the image",
    ),
    ("handler", "an image has no handler; `imageConfig.command` is what it runs"),
    ("runtime", "an image brings its own runtime"),
    ("packagetype", "only functions that ship as images are kept"),
    ("snapstart", "functions that ship as images have no SnapStart"),
    (
        "codesigningconfigarn",
        "code signing is for functions that ship as ZIP files; sign the image instead",
    ),
    (
        "codesigningconfig",
        "code signing is for functions that ship as ZIP files; sign the image instead",
    ),
    ("runtimemanagementconfig", "an image brings its own runtime"),
    (
        "publish",
        "versions are published where there is `release`; add it if callers use a version or an alias",
    ),
    ("publishtolatestpublished", "versions are published where there is `release`"),
    ("durableconfig", "durable functions are not kept yet; leave them with the tool"),
    ("tenancyconfig", "tenant isolation is not kept yet; leave the function with the tool"),
    ("s3files", "not kept yet; leave it with the tool"),
    ("policies", "IAM is not Evenkeel's: keep the role where it is, and name it in `role`"),
    (
        "assumerolepolicydocument",
        "IAM is not Evenkeel's: keep the role where it is, and name it in `role`",
    ),
    (
        "permissionsboundary",
        "IAM is not Evenkeel's: keep the role where it is, and name it in `role`",
    ),
    ("rolepath", "IAM is not Evenkeel's: keep the role where it is, and name it in `role`"),
    ("connectors", "IAM is not Evenkeel's: write out what the connector allows, in the role"),
    ("routingconfig", "a release moves callers by steps itself: `release.strategy`"),
    ("functionversion", "a release publishes the next version and moves the alias to it"),
    ("hooks", "no functions are run around a release; `release.smokeTests` calls the new version"),
    ("triggerconfigurations", "CodeDeploy is not used; metrics and alerts tell of a release"),
    (
        "passthroughcondition",
        "what stands under conditions has to be decided before it is imported",
    ),
    ("condition", "what stands under a condition has to be decided before it is imported"),
    ("dependson", "Evenkeel finds the order itself"),
    ("deletionpolicy", "`policy.deletion` says it; `retain` is the default"),
    ("updatereplacepolicy", "nothing is ever replaced"),
    ("forcedelete", "a repository with images in it is never deleted"),
    ("emptyondelete", "a repository with images in it is never deleted"),
    ("skipdestroy", "`policy.deletion` says it; `retain` is the default"),
    ("selfmanagedeventsource", "self-managed Kafka is not kept; leave the mapping with the tool"),
    (
        "selfmanagedkafkaeventsourceconfig",
        "self-managed Kafka is not kept; leave the mapping with the tool",
    ),
    ("description", "only functions are described; an alias or a version is not"),
    ("metadata", "what `sam build` makes and pushes is named in `image`"),
    ("conditions", "what stands under conditions has to be decided before it is imported"),
    ("annotations", "they are for the other tool"),
    ("labels", "`metadata.labels` may have them"),
    ("outputs", "outputs are the tool's; callers find the function by its name"),
    ("versiondescription", "versions are described by the release"),
    (
        "autopublishaliasallproperties",
        "a release publishes a version whenever anything of the function differs",
    ),
    ("autopublishcodesha256", "the image's own digest says whether it is another one"),
    ("loggroupclass", "the class of a log group is left as it is"),
    ("dataprotectionpolicy", "not kept; leave it with the tool"),
    ("bucketarn", "not kept; leave it with the tool"),
];

/// Says why a member is left out, and what to do about it. `field` is ours of that name, whose
/// shape the value then does not fit. `expression` marks texts that the tool works out when it
/// runs.
pub(super) fn member(key: &str, value: &Value, field: Option<&Field>, expression: &str) -> String {
    if let Some(field) = field {
        let unfit = || format!("its value does not fit `{}`: {}", field.name, field.doc);
        let hides = field.shape.is_secret();
        return unknown(value, expression, hides).unwrap_or_else(unfit);
    }
    let folded = fold(key);
    if let Some((_, why)) = KNOWN.iter().find(|(name, _)| *name == folded) {
        return (*why).to_owned();
    }
    if folded.ends_with("ref") || folded.ends_with("refs") {
        return "it names another object in Kubernetes; write what that is in AWS".to_owned();
    }
    "Evenkeel has no field for it; see whether it is needed".to_owned()
}

/// Why something stays whose name may not be repeated.
pub(super) const INSIDE: &str =
    "Evenkeel has no field for something in it; see whether that is needed";

/// Why a value of a map stays. `hides`: nothing of it may be repeated, not even what it refers to.
pub(super) fn value(value: &Value, expression: &str, hides: bool) -> String {
    let what = match value {
        Value::Object(_) | Value::Array(_) => "it says where the value is, and not what it is",
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            "its value is none that AWS allows"
        }
    };
    unknown(value, expression, hides).unwrap_or_else(|| what.to_owned())
}

/// Says why an entry of a map is left out because of its key. `hides`: the key may be a secret.
pub(super) fn key(key: &str, hides: bool) -> String {
    match key.to_ascii_lowercase() {
        lower if lower.starts_with("aws:") => "AWS sets tags of this kind itself".to_owned(),
        lower if lower.starts_with("evenkeel.dev/") => {
            "Evenkeel sets its own tags itself".to_owned()
        }
        _ if hides => "a name in it is none that AWS allows".to_owned(),
        _ => "its name is none that AWS allows".to_owned(),
    }
}

/// Whether a value is a function of the tool's, or was taken away.
pub(super) fn is_unknown(value: &Value) -> bool {
    let Some(map) = value.as_object().filter(|it| it.len() == 1) else { return false };
    let function =
        |key: &String| key == "Ref" || key.starts_with("Fn::") || key == SENSITIVE || key == LATER;
    map.keys().any(function)
}

/// Says what in a value only the tool can work out; `None` if there is nothing like that. `hides`:
/// not even the argument of a function is repeated, since it may be a secret.
fn unknown(value: &Value, expression: &str, hides: bool) -> Option<String> {
    match value {
        Value::Object(map) if is_unknown(value) => map
            .iter()
            .next()
            .map(|(key, it)| if hides { named(known(key), &Value::Null) } else { named(key, it) }),
        Value::Object(map) => map.values().find_map(|it| unknown(it, expression, hides)),
        Value::Array(items) => items.iter().find_map(|it| unknown(it, expression, hides)),
        Value::String(text) if !expression.is_empty() && text.contains(expression) => {
            Some(format!(
                "`{expression} …` is worked out by the tool when it runs; write what it comes to"
            ))
        }
        Value::String(text) if text.contains("${target.") => {
            Some("the account and the Region are not filled in here; write them out".to_owned())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The name of a function, if it is one of CloudFormation's: what is none may be a secret that begins with `!`.
fn known(key: &str) -> &str {
    let known = matches!(key, SENSITIVE | LATER) || FUNCTIONS.contains(&key);
    if known { key } else { "Fn::" }
}

/// Says what stands in a value's place: a mark, or a function, with its argument if that is a name.
fn named(key: &str, value: &Value) -> String {
    let what = match (key, value) {
        (SENSITIVE, _) => return "marked as sensitive, so its value is not shown".to_owned(),
        (LATER, _) => {
            return "known only after the tool has run; write what it comes to".to_owned();
        }
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            format!("!GetAtt {}", parts.join("."))
        }
        (key, Value::String(text)) if matches!(key, "Ref" | "Fn::GetAtt" | "Fn::ImportValue") => {
            format!("!{} {text}", key.trim_start_matches("Fn::"))
        }
        (key, _) => format!("!{} …", key.trim_start_matches("Fn::")),
    };
    format!("`{what}` cannot be worked out from the template alone; write what it comes to")
}
