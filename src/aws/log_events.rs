//! FilterLogEvents: what functions wrote into CloudWatch Logs.

use aws_sdk_cloudwatchlogs::{Client, types::FilteredLogEvent};

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{failure::Failure, work::Priority};

/// Which events are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The log group.
    pub group: String,
    /// Only of this stream.
    pub stream: Option<String>,
    /// CloudWatch Logs' filter pattern.
    pub pattern: Option<String>,
    /// From this moment on, in ms since 1970.
    pub from: i64,
    /// Up to this moment.
    pub to: Option<i64>,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// AWS's id.
    pub id: String,
    /// When it was written, in ms since 1970.
    pub at: i64,
    /// The stream: one for each environment that runs a function.
    pub stream: String,
    /// The text.
    pub message: String,
}

/// Reads one page of events, the oldest first, and what leads to the next one: `token` is that of
/// the page before. A page may be empty and yet have a next.
pub async fn page(
    logs: &Client,
    calls: &Calls,
    query: &Query,
    token: Option<String>,
) -> Result<(Vec<LogEvent>, Option<String>), Failure> {
    let request = logs
        .filter_log_events()
        .log_group_name(&query.group)
        .set_log_stream_names(query.stream.clone().map(|it| vec![it]))
        .set_filter_pattern(query.pattern.clone())
        .start_time(query.from)
        .set_end_time(query.to)
        .set_next_token(token);
    let call = Call::plain(Op::FilterLogEvents, Priority::Write);
    let (answer, _) = calls.run(call, Box::pin(request.send())).await?;
    let events = answer.events.unwrap_or_default().into_iter().map(event);
    Ok((events.collect(), answer.next_token.filter(|it| !it.is_empty())))
}

fn event(found: FilteredLogEvent) -> LogEvent {
    LogEvent {
        id: found.event_id.unwrap_or_default(),
        at: found.timestamp.unwrap_or_default(),
        stream: found.log_stream_name.unwrap_or_default(),
        message: found.message.unwrap_or_default(),
    }
}
