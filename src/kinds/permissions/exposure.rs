//! Whether a statement of a resource policy lets anybody in. What is not understood is not taken for a restriction: a
//! statement for everybody is public unless a condition is known to bind it to fixed callers or sources.
//!
//! A condition binds if its key says who or what asks, if its operator fails where the key is missing, and if its value
//! is fixed: AWS calls a policy non-public by the same rule (Amazon S3 user guide, "The meaning of public").

use std::net::IpAddr;

use serde_json::{Map, Value};

/// How many bits of an address must be fixed for a range to bind: smaller ones are whole parts of the internet.
const PREFIX_V4: u32 = 8;
const PREFIX_V6: u32 = 32;

/// Keys that say who asks or for what, in lower case, and what their values look like.
const BINDING: [(&str, Form); 15] = [
    ("aws:sourcearn", Form::Arn),
    ("aws:principalarn", Form::Arn),
    ("aws:sourceaccount", Form::Word),
    ("aws:sourceowner", Form::Word),
    ("aws:principalaccount", Form::Word),
    ("aws:sourceorgid", Form::Word),
    ("aws:sourceorgpaths", Form::Path),
    ("aws:principalorgid", Form::Word),
    ("aws:principalorgpaths", Form::Path),
    ("aws:userid", Form::Word),
    ("aws:sourcevpc", Form::Word),
    ("aws:sourcevpce", Form::Word),
    ("aws:sourcevpcarn", Form::Arn),
    ("aws:sourceip", Form::Address),
    ("lambda:eventsourcetoken", Form::Word),
];
/// Keys that say how something is asked, and never by whom.
const LOOSE: [&str; 6] = [
    "aws:securetransport",
    "aws:requestedregion",
    "aws:useragent",
    "aws:referer",
    "lambda:functionurlauthtype",
    "lambda:invokedviafunctionurl",
];
/// Operators that fail where the key is missing or another.
const POSITIVE: [&str; 6] =
    ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"];
/// Of these, those in which `*` and `?` stand for anything. In ARNs they stand for a part of it, between two colons.
const PATTERNS: [&str; 3] = ["stringlike", "arnlike", "arnequals"];

/// Whom a statement lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Named callers, or nobody.
    Closed,
    /// Anybody, whoever they are.
    Public,
    /// Everybody who meets what Evenkeel does not understand: what that is.
    Unjudged(String),
}

/// What a condition key's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Word,
    Arn,
    Path,
    Address,
}

/// How much a condition, or a value of one, restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Nobody,
    Unclear,
    Fixed,
}

/// Says whom one statement lets in; `statement` is as IAM writes it.
pub(super) fn exposure(statement: &Value) -> Exposure {
    match statement.get("Effect").and_then(Value::as_str) {
        // It lets nobody in.
        Some("Deny") => return Exposure::Closed,
        Some("Allow") => {}
        _ => return Exposure::Unjudged("its effect".into()),
    }
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        // Everybody but a few.
        (None, Some(_)) => {}
        (Some(principal), None) => match is_everybody(principal) {
            Some(true) => {}
            Some(false) => return Exposure::Closed,
            None => return Exposure::Unjudged("its principal".into()),
        },
        (Some(_), Some(_)) | (None, None) => return Exposure::Unjudged("its principal".into()),
    }
    match statement.get("Condition") {
        None => Exposure::Public,
        Some(Value::Object(operators)) => conditions(operators),
        Some(_) => Exposure::Unjudged("its condition".into()),
    }
}

/// Says whom a statement for everybody lets in under its conditions. All of them have to hold, so
/// one that binds is enough.
fn conditions(operators: &Map<String, Value>) -> Exposure {
    let keys = operators.iter().flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| (operator, key, values))
    });
    let mut unclear = Vec::new();
    for (operator, key, values) in keys {
        match bound(operator, key, values) {
            Bound::Fixed => return Exposure::Closed,
            Bound::Unclear => unclear.push(format!("{operator} {key}")),
            Bound::Nobody => {}
        }
    }
    if unclear.is_empty() {
        return Exposure::Public;
    }
    Exposure::Unjudged(format!("its condition {}", unclear.join(", ")))
}

/// Whether `*` is among the principals; `None` if they are none that IAM knows.
fn is_everybody(principal: &Value) -> Option<bool> {
    match principal {
        Value::String(text) => Some(text == "*"),
        Value::Array(all) => any(all.iter().map(is_everybody)),
        Value::Object(kinds) if !kinds.is_empty() => any(kinds.values().map(is_everybody)),
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether one of them is `true`; `None` if none is and one is not known.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let all: Vec<Option<bool>> = all.collect();
    if all.contains(&Some(true)) {
        return Some(true);
    }
    if all.contains(&None) { None } else { Some(false) }
}

/// Says how much one key of a condition restricts; one value of several is enough to let a caller
/// in, so the loosest counts.
fn bound(operator: &str, key: &str, values: &Value) -> Bound {
    let (operator, key) = (operator.to_ascii_lowercase(), key.to_ascii_lowercase());
    if LOOSE.contains(&key.as_str()) {
        return Bound::Nobody;
    }
    let Some((_, form)) = BINDING.iter().find(|(it, _)| *it == key) else { return Bound::Unclear };
    // Both hold where the key is missing.
    if operator.ends_with("ifexists") || operator.starts_with("forallvalues:") {
        return Bound::Nobody;
    }
    let operator = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    if !POSITIVE.contains(&operator) {
        return Bound::Unclear;
    }
    let one = |value: &Value| match value.as_str() {
        Some(text) => fixed(text, *form, operator),
        None => Bound::Unclear,
    };
    let all = match values {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    // One of them is enough; none of none.
    let bound = all.iter().map(one).min().unwrap_or(Bound::Fixed);
    // Ranges that bind one by one may be all of the internet together.
    let ranges = all.iter().filter_map(Value::as_str).filter_map(range);
    let wide = ranges.map(|(start, length)| part(start, length)).sum::<f64>() > 1.0;
    if *form == Form::Address && wide { bound.min(Bound::Unclear) } else { bound }
}

/// Says how much one value of a condition restricts: it is fixed if nothing in it stands for what a
/// caller may choose.
fn fixed(text: &str, form: Form, operator: &str) -> Bound {
    // A variable is filled in when it is asked for.
    if text.contains("${") {
        return Bound::Unclear;
    }
    if form == Form::Address {
        return address(text);
    }
    if !PATTERNS.contains(&operator) || !text.contains(['*', '?']) {
        return Bound::Fixed;
    }
    if text.bytes().all(|it| matches!(it, b'*' | b'?')) {
        return Bound::Nobody;
    }
    match form {
        // There they stand for colons too, and another account's names may hold anything.
        Form::Arn if operator == "stringlike" && early(text) => Bound::Unclear,
        Form::Arn => arn(text),
        // `o-id/*`: the organization is fixed.
        Form::Path if !text.split('/').next().unwrap_or_default().contains(['*', '?']) => {
            Bound::Fixed
        }
        Form::Word | Form::Path | Form::Address => Bound::Unclear,
    }
}

/// Says how much a pattern for an ARN restricts (`arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`).
/// A fixed account binds; a bucket has none, so there its name does.
fn arn(text: &str) -> Bound {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts.as_slice() else { return Bound::Unclear };
    let wild = |it: &str| it.contains(['*', '?']);
    let first = |it: &str| it.split('/').find(|it| !it.is_empty()).is_some_and(wild);
    match (*account, *resource) {
        ("" | "*", "*") => Bound::Nobody,
        ("", resource) if first(resource) => Bound::Unclear,
        ("", _) => Bound::Fixed,
        (account, _) if wild(account) => Bound::Unclear,
        _ => Bound::Fixed,
    }
}

/// Whether a wildcard stands before the resource of an ARN, or there are colons missing.
fn early(text: &str) -> bool {
    let wild = |it: &str| it.contains(['*', '?']);
    text.splitn(6, ':').count() < 6 || text.splitn(6, ':').take(5).any(wild)
}

/// Reads an address, or a range of them: where it starts, and how many bits of it are fixed. A
/// single address counts as more bits than any has; `None`: it is neither.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (start, length) = match text.split_once('/') {
        Some((start, length)) => (start.parse::<IpAddr>().ok()?, length.parse().ok()?),
        None => (text.parse::<IpAddr>().ok()?, u32::MAX),
    };
    Some((start, length))
}

/// Returns the size of a range, where 1 is the largest range that binds.
fn part(start: IpAddr, length: u32) -> f64 {
    let least = if start.is_ipv4() { PREFIX_V4 } else { PREFIX_V6 };
    (f64::from(least) - f64::from(length)).exp2()
}

/// Says how much an address or a range restricts.
fn address(text: &str) -> Bound {
    match range(text) {
        None => Bound::Unclear,
        Some((_, 0)) => Bound::Nobody,
        Some((start, length)) if part(start, length) > 1.0 => Bound::Unclear,
        Some(_) => Bound::Fixed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(statement: &Value) -> &'static str {
        match exposure(statement) {
            Exposure::Closed => "closed",
            Exposure::Public => "public",
            Exposure::Unjudged(_) => "unjudged",
        }
    }

    #[test]
    fn everybody_is_everybody_however_it_is_written() {
        let rows = [
            ("public", json!({ "Principal": "*" })),
            ("public", json!({ "Principal": { "AWS": "*" } })),
            ("public", json!({ "Principal": { "AWS": ["*"] } })),
            ("public", json!({ "Principal": { "AWS": ["111122223333", "*"] } })),
            ("public", json!({ "Principal": { "Service": "sns.amazonaws.com", "AWS": "*" } })),
            ("public", json!({ "Principal": ["*"] })),
            ("public", json!({ "NotPrincipal": { "AWS": "111122223333" } })),
            (
                "public",
                json!({ "Principal": "*", "Action": ["lambda:InvokeFunction", "lambda:GetFunction"] }),
            ),
            ("public", json!({ "Principal": "*", "NotAction": "lambda:DeleteFunction" })),
            ("closed", json!({ "Principal": { "AWS": "111122223333" } })),
            ("closed", json!({ "Principal": { "Service": ["s3.amazonaws.com"] } })),
            ("closed", json!({ "Principal": "*", "Effect": "Deny" })),
            ("unjudged", json!({ "Principal": "*", "Effect": "Permit" })),
            ("unjudged", json!({ "Principal": { "AWS": 7 } })),
            ("unjudged", json!({ "Principal": {} })),
            ("unjudged", json!({ "Action": "lambda:InvokeFunction" })),
            ("unjudged", json!({ "Principal": "*", "Condition": "none" })),
        ];
        for (expected, row) in rows {
            let mut statement = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction" });
            for (name, value) in row.as_object().unwrap() {
                statement[name] = value.clone();
            }
            assert_eq!(of(&statement), expected, "{row}");
        }
    }

    #[test]
    fn only_a_condition_that_binds_closes_a_statement() {
        let rows = [
            ("closed", "ArnLike", "AWS:SourceArn", json!("arn:aws:s3:::bucket")),
            ("closed", "ArnLike", "aws:SourceArn", json!("arn:aws:sns:*:111122223333:*")),
            ("public", "ArnLike", "aws:SourceArn", json!("arn:aws:s3:::*")),
            ("public", "ArnLike", "aws:SourceArn", json!("*")),
            ("public", "StringLike", "aws:SourceArn", json!("*")),
            ("public", "ArnLike", "aws:SourceArn", json!("arn:aws:sns:*:*:*")),
            ("unjudged", "ArnLike", "aws:SourceArn", json!("arn:aws:s3:::team-*")),
            ("unjudged", "ArnLike", "aws:SourceArn", json!("arn:aws:sns:*:*:orders")),
            ("closed", "StringEquals", "aws:SourceAccount", json!("111122223333")),
            ("closed", "StringEquals", "aws:SourceAccount", json!(["1", "2"])),
            ("public", "StringLike", "aws:SourceAccount", json!(["111122223333", "*"])),
            ("unjudged", "StringLike", "aws:SourceAccount", json!("1111*")),
            ("closed", "StringEquals", "aws:PrincipalOrgID", json!("o-0123456789")),
            ("public", "StringLike", "aws:PrincipalOrgID", json!("*")),
            ("public", "StringEqualsIfExists", "aws:PrincipalOrgID", json!("o-0123456789")),
            ("public", "ForAllValues:StringEquals", "aws:PrincipalOrgID", json!("o-1")),
            ("closed", "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", json!("o-1/*")),
            ("unjudged", "StringNotEquals", "aws:SourceAccount", json!("111122223333")),
            ("unjudged", "Null", "aws:SourceArn", json!("false")),
            ("unjudged", "StringEquals", "aws:SourceAccount", json!("${aws:PrincipalAccount}")),
            ("unjudged", "StringEquals", "aws:PrincipalTag/team", json!("blue")),
            ("unjudged", "DateGreaterThan", "aws:CurrentTime", json!("2020-01-01T00:00:00Z")),
            ("public", "Bool", "aws:SecureTransport", json!("true")),
            ("public", "Bool", "lambda:InvokedViaFunctionUrl", json!("true")),
            ("public", "StringEquals", "lambda:FunctionUrlAuthType", json!("NONE")),
            // Every account has principals.
            ("public", "StringEquals", "lambda:FunctionUrlAuthType", json!("AWS_IAM")),
            ("closed", "IpAddress", "aws:SourceIp", json!("192.0.2.0/24")),
            ("closed", "IpAddress", "aws:SourceIp", json!("192.0.2.1")),
            ("public", "IpAddress", "aws:SourceIp", json!("0.0.0.0/0")),
            ("public", "IpAddress", "aws:SourceIp", json!(["192.0.2.0/24", "::/0"])),
            ("unjudged", "IpAddress", "aws:SourceIp", json!("0.0.0.0/1")),
            ("closed", "IpAddress", "aws:SourceIp", json!(["10.0.0.0/9", "192.0.2.0/24"])),
            ("unjudged", "IpAddress", "aws:SourceIp", json!(["1.0.0.0/8", "2.0.0.0/8"])),
            ("closed", "StringLike", "aws:SourceArn", json!("arn:aws:sns:x:111122223333:*")),
            ("unjudged", "StringLike", "aws:SourceArn", json!("arn:aws:*:*:111122223333:*")),
            ("unjudged", "StringLike", "aws:PrincipalArn", json!("arn:*:iam::111122223333:*")),
            ("unjudged", "ArnLike", "aws:SourceArn", json!("arn:aws:apigateway:*::/*")),
            ("unjudged", "NotIpAddress", "aws:SourceIp", json!("192.0.2.0/24")),
            ("closed", "StringEquals", "lambda:EventSourceToken", json!("amzn1.ask.skill.1")),
        ];
        for (expected, operator, key, value) in rows {
            let condition = json!({ operator: { key: value } });
            let statement = json!({ "Effect": "Allow", "Principal": "*", "Condition": condition });
            assert_eq!(of(&statement), expected, "{condition}");
            // Beside one that binds, no other matters.
            let mut both = statement.clone();
            both["Condition"]["ArnEquals"] =
                json!({ "aws:SourceArn": "arn:aws:sns:x:111122223333:t" });
            assert_eq!(of(&both), "closed", "{both}");
        }
        let empty = json!({ "Effect": "Allow", "Principal": "*", "Condition": {} });
        assert_eq!(of(&empty), "public");
    }
}
