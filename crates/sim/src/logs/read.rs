//! Reading: FilterLogEvents over all streams, GetLogEvents in one, and the list of streams.

use serde_json::{Value, json};

use super::{
    constraint,
    events::{Event, Events, Stream},
    pattern::Pattern,
};
use crate::call::{Answer, Call, Refusal, Reply};

/// How many events a page holds at most, and if nothing is said.
const PAGE: usize = 10_000;
/// How many bytes of messages a page holds at most, 26 for each event counted besides.
const BYTES: usize = 1 << 20;
/// The same for streams.
const STREAMS: usize = 50;

/// What there is to read, of which group.
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call,
    pub(super) events: &'a Events,
    pub(super) arn: &'a str,
}

fn parameter(text: &str) -> Refusal {
    Refusal::new(400, "InvalidParameterException", text)
}

impl Asked<'_> {
    fn limit(&self, most: usize) -> Result<usize, Refusal> {
        let given = &self.call.body["limit"];
        let limit = given.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(most);
        if given.is_null() || (1..=most).contains(&limit) {
            return Ok(limit);
        }
        let text = format!("Member must have value between 1 and {most}");
        Err(constraint("limit", &given.to_string(), &text))
    }

    fn time(&self, name: &str, usual: i64) -> i64 {
        self.call.body[name].as_i64().unwrap_or(usual)
    }

    /// Of all streams, by time; a token is the id of the last event that was shown.
    pub(super) fn filter(&self) -> Answer {
        let body = &self.call.body;
        let pattern = Pattern::read(self.call.text("filterPattern").unwrap_or_default())?;
        let names = body["logStreamNames"].as_array();
        let prefix = self.call.text("logStreamNamePrefix");
        if names.is_some() && prefix.is_some() {
            return Err(parameter("logStreamNames and logStreamNamePrefix exclude each other."));
        }
        let stream = |it: &str| {
            names.is_none_or(|all| all.iter().any(|name| name == it))
                && prefix.is_none_or(|prefix| it.starts_with(prefix))
        };
        let (start, end) = (self.time("startTime", 0), self.time("endTime", i64::MAX));
        let after = self.call.text("nextToken").unwrap_or_default();
        if !after.chars().all(|it| it.is_ascii_digit()) {
            return Err(parameter("The specified nextToken is invalid."));
        }
        let found = self.events.sorted(|it| {
            stream(&it.stream)
                && (start..=end).contains(&it.timestamp)
                && (after.is_empty() || it.id().as_str() > after)
                && pattern.fits(&it.message)
        });
        let limit = self.limit(PAGE)?;
        let shown = page(found.iter(), limit);
        let rows: Vec<Value> = shown.iter().map(|it| filtered(it)).collect();
        let mut reply = json!({ "events": rows, "searchedLogStreams": [] });
        if let Some(last) = shown.last().filter(|_| shown.len() < found.len()) {
            reply["nextToken"] = last.id().into();
        }
        Ok(Reply::new(200, reply))
    }

    /// Of one stream; the newest ones unless the oldest are asked for.
    pub(super) fn get(&self) -> Answer {
        let name = self.call.text("logStreamName").unwrap_or_default();
        if !self.events.streams.contains_key(name) {
            let text = "The specified log stream does not exist.";
            return Err(Refusal::new(400, "ResourceNotFoundException", text));
        }
        let (start, end) = (self.time("startTime", 0), self.time("endTime", i64::MAX));
        let token = self.call.text("nextToken").map(turn).transpose()?;
        let found = self.events.sorted(|it| {
            let there = match &token {
                Some((true, id)) => it.id() > *id,
                Some((false, id)) => it.id() < *id,
                None => true,
            };
            it.stream == name && (start..end).contains(&it.timestamp) && there
        });
        let limit = self.limit(PAGE)?;
        let forward = match &token {
            Some((forward, _)) => *forward,
            None => self.call.body["startFromHead"] == true,
        };
        let mut shown =
            if forward { page(found.iter(), limit) } else { page(found.iter().rev(), limit) };
        shown.sort_by_key(|it| (it.timestamp, it.number));
        let rows: Vec<Value> = shown.iter().map(|it| got(it)).collect();
        // Where nothing more is, the token stays the same: that is how callers know.
        let stay = token.map_or_else(|| format!("{:056}", 0), |it| it.1);
        let id = |it: Option<&&Event>| it.map_or_else(|| stay.clone(), |it| it.id());
        Ok(Reply::new(
            200,
            json!({
                "events": rows,
                "nextForwardToken": format!("f/{}/s", id(shown.last())),
                "nextBackwardToken": format!("b/{}/s", id(shown.first())),
            }),
        ))
    }

    pub(super) fn streams(&self) -> Answer {
        let prefix = self.call.text("logStreamNamePrefix").unwrap_or_default();
        let by_time = self.call.text("orderBy") == Some("LastEventTime");
        if by_time && !prefix.is_empty() {
            return Err(parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        let all = self.events.streams.iter().filter(|(name, _)| name.starts_with(prefix));
        let mut all: Vec<(&String, &Stream)> = all.collect();
        if by_time {
            all.sort_by_key(|it| it.1.last);
        }
        if self.call.body["descending"] == true {
            all.reverse();
        }
        let from = self.call.text("nextToken").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
        let limit = self.limit(STREAMS)?;
        let more = all.len() > from + limit;
        let rows = all.into_iter().skip(from).take(limit);
        let rows: Vec<Value> = rows.map(|it| self.stream(it)).collect();
        let mut reply = json!({ "logStreams": rows });
        if more {
            reply["nextToken"] = (from + limit).to_string().into();
        }
        Ok(Reply::new(200, reply))
    }

    fn stream(&self, (name, stream): (&String, &Stream)) -> Value {
        json!({
            "logStreamName": name,
            "creationTime": stream.created,
            "firstEventTimestamp": stream.first,
            "lastEventTimestamp": stream.last,
            "lastIngestionTime": stream.ingested,
            "uploadSequenceToken": "0",
            "arn": format!("{}:log-stream:{name}", self.arn),
            "storedBytes": 0,
        })
    }
}

/// As many as fit, but at least one.
fn page<'a>(events: impl Iterator<Item = &'a &'a Event>, limit: usize) -> Vec<&'a Event> {
    let mut bytes = 0;
    let fits = |it: &&&Event| {
        let first = bytes == 0;
        bytes += it.message.len() + 26;
        first || bytes <= BYTES
    };
    events.take(limit).take_while(fits).copied().collect()
}

fn got(event: &Event) -> Value {
    json!({
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
    })
}

fn filtered(event: &Event) -> Value {
    let mut row = got(event);
    row["logStreamName"] = event.stream.as_str().into();
    row["eventId"] = event.id().into();
    row
}

/// `f/ID/s` leads forward from an event, `b/ID/s` backward.
fn turn(token: &str) -> Result<(bool, String), Refusal> {
    let read = || {
        let (way, rest) = token.split_once('/')?;
        let id = rest.strip_suffix("/s").filter(|it| it.len() == 56)?;
        matches!(way, "f" | "b").then(|| (way == "f", id.to_owned()))
    };
    read().ok_or_else(|| parameter("The specified nextToken is invalid."))
}
