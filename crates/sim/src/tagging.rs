//! Resource Groups Tagging: functions and repositories by tag. It shows no function that never had a tag.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::call::{Answer, Call, Refusal, Reply};

/// What is answered here.
pub(crate) const OPERATIONS: &[&str] = &["GetResources"];

/// One thing and its tags.
pub(crate) type Tagged = (String, BTreeMap<String, String>);

pub(crate) fn answer(call: &Call, all: &[Tagged]) -> Answer {
    let body = &call.body;
    let size = body["ResourcesPerPage"].as_u64().unwrap_or(50);
    let size = usize::try_from(size).unwrap_or(50);
    if !(1..=100).contains(&size) {
        let text = "ResourcesPerPage must be between 1 and 100";
        return Err(Refusal::new(400, "InvalidParameterException", text));
    }
    let from = call.text("PaginationToken").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
    let mut rows: Vec<&Tagged> = all.iter().filter(|it| fits(it, body)).skip(from).collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let row = |(arn, tags): &&Tagged| {
        let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        json!({ "ResourceARN": arn, "Tags": tags.collect::<Vec<_>>() })
    };
    Ok(Reply::new(
        200,
        json!({
            "ResourceTagMappingList": rows.iter().map(row).collect::<Vec<_>>(),
            "PaginationToken": if more { (from + size).to_string() } else { String::new() },
        }),
    ))
}

fn fits((arn, tags): &Tagged, body: &Value) -> bool {
    let list = |value: &Value| {
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let kinds = list(&body["ResourceTypeFilters"]);
    let kind = |it: &String| {
        let (service, kind) = it.split_once(':').unwrap_or((it, ""));
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        parts.get(2) == Some(&service) && parts.get(5).is_some_and(|it| it.starts_with(kind))
    };
    let arns = list(&body["ResourceARNList"]);
    let filter = |it: &Value| {
        let values = list(&it["Values"]);
        let value = tags.get(it["Key"].as_str().unwrap_or_default());
        value.is_some_and(|it| values.is_empty() || values.contains(it))
    };
    (kinds.is_empty() || kinds.iter().any(kind))
        && (arns.is_empty() || arns.contains(arn))
        && body["TagFilters"].as_array().into_iter().flatten().all(filter)
}
