//! Resource Groups Tagging: functions, repositories and event source mappings with their tags. It shows what has a
//! tag or ever had one, as it was a while ago.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Refusal, Reply},
    chance,
    fault::Play,
    time::Moment,
};

/// What is answered here.
pub(crate) const OPERATIONS: &[&str] = &["GetResources"];
/// How long a token leads to the next page (API reference, PaginationTokenExpiredException).
const TOKEN_LIFE: Duration = Duration::from_mins(15);
/// How long the index keeps what was.
const KEPT: Duration = Duration::from_mins(10);

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;
/// The ARN of one thing, and its tags.
pub(crate) type Tagged<'a> = (&'a str, &'a Tags);

/// The tags of what keeps no past of its own, by ARN, with what they were before.
#[derive(Debug, Default)]
pub(crate) struct Index {
    lines: BTreeMap<String, Line>,
}

/// The tags of one thing; `None`: it is not there, or never had one.
#[derive(Debug, Default)]
struct Line {
    /// What they were until when.
    before: VecDeque<(Moment, Option<Tags>)>,
    now: Option<Tags>,
}

impl Index {
    /// From now on a thing has these tags; `None`: it is not there.
    pub(crate) fn show(&mut self, arn: &str, tags: Option<&Tags>, now: Moment) {
        let known = self.lines.get(arn).is_some_and(|it| it.now.is_some());
        // What never had a tag does not show.
        let tags = tags.filter(|it| known || !it.is_empty());
        if !known && tags.is_none() {
            return;
        }
        let line = self.lines.entry(arn.to_owned()).or_default();
        if line.now.as_ref() == tags {
            return;
        }
        let before = std::mem::replace(&mut line.now, tags.cloned());
        line.before.push_back((now, before));
        let old = now.saturating_sub(KEPT);
        while line.before.front().is_some_and(|(until, _)| *until < old) {
            line.before.pop_front();
        }
    }

    /// What had tags, or had had them, at a moment; by ARN.
    pub(crate) fn at(&self, moment: Moment) -> impl Iterator<Item = Tagged<'_>> {
        self.lines.iter().filter_map(move |(arn, line)| {
            let before = line.before.iter().find(|(until, _)| *until > moment);
            let tags = before.map_or(line.now.as_ref(), |(_, it)| it.as_ref());
            Some((arn.as_str(), tags?))
        })
    }
}

/// One page. `all` is sorted by ARN; a token leads to what comes after one.
pub(crate) fn answer<'a>(
    call: &Call,
    (all, play): (impl Iterator<Item = Tagged<'a>>, &Play),
    now: Moment,
) -> Answer {
    let body = &call.body;
    let size = body["ResourcesPerPage"].as_u64().unwrap_or(50);
    let size = usize::try_from(size).unwrap_or_default();
    if !(1..=100).contains(&size) {
        return Err(parameter("ResourcesPerPage must be between 1 and 100"));
    }
    let after = call.text("PaginationToken").filter(|it| !it.is_empty());
    let after = after.map(|it| place(it, now)).transpose()?.unwrap_or_default();
    let behind = all.filter(|it| it.0 > after.as_str() && fits(*it, body));
    let mut rows: Vec<Tagged<'_>> = behind.take(size + 1).collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|it| token(it.0, now)).unwrap_or_default();
    let time = now.as_millis().to_string();
    rows.retain(|it| play.omit <= 0.0 || chance::share(0, &[it.0, &time]) >= play.omit);
    let row = |(arn, tags): &Tagged<'_>| {
        let tags = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        json!({ "ResourceARN": arn, "Tags": tags.collect::<Vec<_>>() })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    Ok(Reply::new(200, json!({ "ResourceTagMappingList": rows, "PaginationToken": next })))
}

/// Leads to what comes after an ARN.
fn token(arn: &str, now: Moment) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{} {arn}", now.as_millis()))
}

/// The ARN that a token leads behind.
fn place(token: &str, now: Moment) -> Result<String, Refusal> {
    let wrong = || parameter("Invalid pagination token");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    let (made, arn) = text.split_once(' ').ok_or_else(wrong)?;
    let made = Duration::from_millis(made.parse().map_err(|_| wrong())?);
    if now > made + TOKEN_LIFE {
        let text = "The specified PaginationToken has expired.";
        return Err(Refusal::new(400, "PaginationTokenExpiredException", text));
    }
    Ok(arn.to_owned())
}

fn parameter(text: &str) -> Refusal {
    Refusal::new(400, "InvalidParameterException", text)
}

fn fits((arn, tags): Tagged<'_>, body: &Value) -> bool {
    let list = |value: &Value| {
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let kinds = list(&body["ResourceTypeFilters"]);
    let arns = list(&body["ResourceARNList"]);
    let filter = |it: &Value| {
        let values = list(&it["Values"]);
        let value = tags.get(it["Key"].as_str().unwrap_or_default());
        value.is_some_and(|it| values.is_empty() || values.contains(it))
    };
    (kinds.is_empty() || kinds.iter().any(|it| is_of(arn, it)))
        && (arns.is_empty() || arns.iter().any(|it| it == arn))
        && body["TagFilters"].as_array().into_iter().flatten().all(filter)
}

/// Whether an ARN is of a type: a service, or a service and its word for the resource.
fn is_of(arn: &str, kind: &str) -> bool {
    let (service, kind) = kind.split_once(':').unwrap_or((kind, ""));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let word = parts.get(5).and_then(|it| it.split([':', '/']).next()).unwrap_or_default();
    parts.get(2) == Some(&service) && (kind.is_empty() || kind == word)
}
