//! CloudWatch Logs: log groups, for how long they are kept, under which key, and what functions wrote.

mod events;
mod pattern;
mod read;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::{events::Events, read::Asked};
use crate::call::{Answer, Call, Caller, Refusal, Reply};

pub(crate) use self::events::Written;

/// What is answered here.
pub(crate) const OPERATIONS: &[&str] = &[
    "AssociateKmsKey",
    "CreateLogGroup",
    "DeleteAccountPolicy",
    "DeleteLogGroup",
    "DeleteRetentionPolicy",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "DisassociateKmsKey",
    "FilterLogEvents",
    "GetLogEvents",
    "PutAccountPolicy",
    "PutRetentionPolicy",
];

/// How long logs may be kept, in days.
const DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
/// How many groups a page holds at most, and if nothing is said.
const PAGE: usize = 50;

/// A log group.
#[derive(Debug)]
struct Group {
    /// As DescribeLogGroups shows it.
    shown: Value,
    events: Events,
}

/// The log groups of an account in a Region, by name.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    groups: BTreeMap<String, Group>,
    /// The account's retention policy: its name, and for how many days; null: for ever.
    account: Option<(String, Value)>,
}

/// A group's name out of `logGroupIdentifier`, which may be an ARN.
pub(crate) fn name(identifier: &str) -> &str {
    let name = identifier.split_once(":log-group:").map_or(identifier, |it| it.1);
    name.trim_end_matches(":*")
}

impl Logs {
    pub(crate) fn answer(&mut self, call: &Call, date: Timestamp) -> Answer {
        match call.operation {
            "DescribeLogGroups" => self.describe(call),
            "CreateLogGroup" => self.create(call, date),
            "PutAccountPolicy" => self.keep_all(call),
            "DeleteAccountPolicy" => {
                self.account = None;
                Ok(nothing())
            }
            operation => {
                let text = "The specified log group does not exist.";
                let missing = || Refusal::new(400, "ResourceNotFoundException", text);
                let found = self.groups.get_mut(&call.resource).ok_or_else(missing)?;
                let Group { shown, events } = found;
                let asked = |arn| Asked { call, events, arn };
                let arn = shown["logGroupArn"].as_str().unwrap_or_default();
                match operation {
                    "FilterLogEvents" => return asked(arn).filter(),
                    "GetLogEvents" => return asked(arn).get(),
                    "DescribeLogStreams" => return asked(arn).streams(),
                    "PutRetentionPolicy" => keep(shown, &call.body["retentionInDays"])?,
                    "DeleteRetentionPolicy" => take(shown, "retentionInDays"),
                    "AssociateKmsKey" => shown["kmsKeyId"] = key(&call.body["kmsKeyId"])?,
                    "DisassociateKmsKey" => take(shown, "kmsKeyId"),
                    _ => drop(self.groups.remove(&call.resource)),
                }
                Ok(nothing())
            }
        }
    }

    /// For how many days a group keeps what it has.
    pub(crate) fn retention(&self, group: &str) -> Value {
        self.groups.get(group).map_or(Value::Null, |it| it.shown["retentionInDays"].clone())
    }

    fn create(&mut self, call: &Call, date: Timestamp) -> Answer {
        let name = &call.resource;
        let good = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(good) {
            return Err(constraint("logGroupName", name, "[\\.\\-_/#A-Za-z0-9]+"));
        }
        if self.groups.contains_key(name) {
            let text = "The specified log group already exists";
            return Err(Refusal::new(400, "ResourceAlreadyExistsException", text));
        }
        let mut group = group(name, &call.caller, date);
        if !call.body["kmsKeyId"].is_null() {
            group.shown["kmsKeyId"] = key(&call.body["kmsKeyId"])?;
        }
        self.groups.insert(name.clone(), group);
        Ok(nothing())
    }

    /// What a function wrote. Lambda makes a group that is not there.
    pub(crate) fn write(&mut self, written: Written, (caller, date): (&Caller, Timestamp)) {
        let name = written.group.clone();
        let found = self.groups.entry(name).or_insert_with_key(|name| group(name, caller, date));
        found.events.append(written, date.as_millisecond());
    }

    /// A policy of the account for how long all logs are kept. What is in its document is the stand-in's own guess:
    /// AWS's model does not say.
    fn keep_all(&mut self, call: &Call) -> Answer {
        let document = call.text("policyDocument").unwrap_or_default();
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        if call.text("policyType") != Some("RETENTION_POLICY") {
            let text = "The stand-in knows account policies of the type RETENTION_POLICY";
            return Err(Refusal::new(400, "InvalidParameterException", text));
        }
        let name = call.text("policyName").unwrap_or_default().to_owned();
        self.account = Some((name, document["retentionInDays"].clone()));
        Ok(nothing())
    }

    /// A group as it is shown: under a retention policy of the account, with what that says.
    fn shown(&self, group: &Value) -> Value {
        let mut shown = group.clone();
        if let Some((policy, days)) = &self.account {
            take(&mut shown, "retentionInDays");
            if !days.is_null() {
                shown["retentionInDays"] = days.clone();
            }
            shown["retentionPolicyName"] = policy.clone().into();
        }
        shown
    }

    /// Groups in the order of their names.
    fn describe(&self, call: &Call) -> Answer {
        let prefix = call.text("logGroupNamePrefix").unwrap_or_default();
        let from = call.text("nextToken").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
        let size = call.body["limit"].as_u64().and_then(|it| usize::try_from(it).ok());
        let size = size.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&size) {
            let text = "Member must have value less than or equal to 50";
            return Err(constraint("limit", &size.to_string(), text));
        }
        let rows = self.groups.iter().filter(|(name, _)| name.starts_with(prefix));
        let rows = rows.map(|it| self.shown(&it.1.shown));
        let mut rows: Vec<Value> = rows.skip(from).take(size + 1).collect();
        let more = rows.len() > size;
        rows.truncate(size);
        let mut body = json!({ "logGroups": rows });
        if more {
            body["nextToken"] = (from + size).to_string().into();
        }
        Ok(Reply::new(200, body))
    }
}

fn group(name: &str, caller: &Caller, date: Timestamp) -> Group {
    let arn = format!("arn:aws:logs:{}:{}:log-group:{name}", caller.region, caller.account);
    let shown = json!({
        "logGroupName": name,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "creationTime": date.as_millisecond(),
        "metricFilterCount": 0,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
    });
    Group { shown, events: Events::default() }
}

fn nothing() -> Reply {
    Reply::new(200, json!({}))
}

fn keep(found: &mut Value, days: &Value) -> Result<(), Refusal> {
    if !days.as_i64().is_some_and(|it| DAYS.contains(&it)) {
        let text = format!("Member must satisfy enum value set: {DAYS:?}");
        return Err(constraint("retentionInDays", &days.to_string(), &text));
    }
    found["retentionInDays"] = days.clone();
    Ok(())
}

fn take(found: &mut Value, member: &str) {
    if let Some(found) = found.as_object_mut() {
        found.remove(member);
    }
}

/// Keys are taken on trust, if they look like one.
fn key(value: &Value) -> Result<Value, Refusal> {
    let text = value.as_str().unwrap_or_default();
    if !(text.starts_with("arn:") && text.contains(":kms:")) {
        let text = format!("The specified KMS Key Id could not be found. '{text}'");
        return Err(Refusal::new(400, "InvalidParameterException", text));
    }
    Ok(value.clone())
}

fn constraint(member: &str, value: &str, text: &str) -> Refusal {
    let text = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {text}"
    );
    Refusal::new(400, "InvalidParameterException", text)
}
