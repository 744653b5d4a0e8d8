//! `evenkeel logs`: what a function wrote, all its environments in one row.
//!
//! Read in this order: [`stream`] (who wrote it), [`line`] (how a line is shown), this file (which events, and
//! until when).

mod line;
mod stream;

use std::{collections::BTreeMap, time::Duration};

use tokio::time;

use self::{line::LineFormat, stream::Stream};
use super::{
    args::{LogsArgs, Output},
    error::{CliError, FileError, ObjectError, UsageError},
    function::TargetFunction,
    out::{self, note, warn},
    outcome::CommandOutcome,
    style::Style,
};
use crate::{
    aws::{
        log_events::{self, LogEvent, Query},
        missing::is_missing,
    },
    daemon::clock::SystemClock,
    engine::{
        failure::{Class, Failure},
        time::Clock as _,
    },
};

/// The pause between two questions of `--follow`.
const PAUSE: Duration = Duration::from_secs(2);
/// How far back each of them reads: lines of several environments do not arrive in their order.
const OVERLAP_MS: i64 = 30_000;
/// How often a question that AWS is too busy for is asked again.
const TRIES: u32 = 5;

/// Prints what a function wrote, and with `--follow` what it writes from now on. `plain`: no
/// colours.
pub(super) async fn logs(args: LogsArgs, plain: bool) -> Result<CommandOutcome, CliError> {
    let pattern = args.request.as_deref().map(request_pattern).transpose()?;
    let found = TargetFunction::open(&args.function).await?;
    let now = SystemClock::start().now().wall;
    let query = Query {
        group: found.live.config.logging.log_group.clone(),
        stream: None,
        pattern: pattern.or_else(|| args.filter.clone()),
        from: args.since.millis(now),
        to: args.until.map(|it| it.millis(now)),
    };
    let mut reader = LogReader {
        found,
        trouble: None,
        args,
        format: LineFormat { style: Style::of_stdout(plain) },
        seen: BTreeMap::new(),
        shown: 0,
    };
    if reader.args.follow {
        return reader.follow(query).await;
    }
    if reader.args.request.is_some() {
        reader.request(&query).await?;
    } else {
        reader.all(&query).await?;
    }
    if reader.shown == 0 {
        note(&format!(
            "nothing in {} that is meant; see --since, --filter and --version",
            query.group
        ));
    }
    Ok(CommandOutcome::Good)
}

/// The pattern that finds the lines which name a request.
fn request_pattern(id: &str) -> Result<String, UsageError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(UsageError::RequestId { id: id.to_owned() });
    }
    Ok(format!("\"{id}\""))
}

/// Why a log cannot be read, and whether that may pass by itself.
struct LogError {
    error: CliError,
    passes: bool,
}

impl From<FileError> for LogError {
    fn from(error: FileError) -> Self {
        Self { error: error.into(), passes: false }
    }
}

impl From<LogError> for CliError {
    fn from(refused: LogError) -> Self {
        refused.error
    }
}

struct LogReader {
    found: TargetFunction,
    /// The trouble that was printed last.
    trouble: Option<String>,
    args: LogsArgs,
    format: LineFormat,
    /// What `--follow` has shown lately: id and time.
    seen: BTreeMap<String, i64>,
    shown: usize,
}

impl LogReader {
    /// Prints all events of a query, page by page. False if nobody reads standard output any more.
    async fn all(&mut self, query: &Query) -> Result<bool, LogError> {
        let mut token = None;
        loop {
            let (events, next) = self.page(query, token).await?;
            let goes_on = self.show(events)?;
            token = next.filter(|_| goes_on);
            if token.is_none() {
                return Ok(goes_on);
            }
        }
    }

    /// Prints the run of one request. Not each of its lines has the request's id: all are printed
    /// that stand in its stream between the first and the last line that have, since an environment
    /// runs one request at a time.
    async fn request(&mut self, query: &Query) -> Result<(), LogError> {
        let mut bounds: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for event in self.collect(query).await? {
            let (first, last) = bounds.entry(event.stream).or_insert((event.at, event.at));
            (*first, *last) = ((*first).min(event.at), (*last).max(event.at));
        }
        let id = self.args.request.clone().unwrap_or_default();
        for (stream, (first, last)) in bounds {
            let whole = Query {
                group: query.group.clone(),
                stream: Some(stream),
                pattern: None,
                from: first,
                // The end is not part of it.
                to: Some(last.saturating_add(1)),
            };
            let events = self.collect(&whole).await?;
            let names = |it: &LogEvent| it.message.contains(&id);
            let (first, last) = (events.iter().position(names), events.iter().rposition(names));
            let run = first.zip(last).and_then(|(first, last)| events.get(first..=last));
            self.show(run.unwrap_or_default().to_vec())?;
        }
        Ok(())
    }

    /// Reads all events of a query, in order of time.
    async fn collect(&self, query: &Query) -> Result<Vec<LogEvent>, LogError> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let (events, next) = self.page(query, token).await?;
            all.extend(events);
            token = next;
            if token.is_none() {
                all.sort_by_key(|it| it.at);
                return Ok(all);
            }
        }
    }

    /// Repeats the query until nobody reads standard output any more, or a failure that does not
    /// pass. Each one begins `OVERLAP_MS` before the newest event, and `seen` tells what has been
    /// printed.
    async fn follow(&mut self, mut query: Query) -> Result<CommandOutcome, CliError> {
        loop {
            let newest = self.seen.values().max().copied().unwrap_or(query.from);
            query.from = query.from.max(newest.saturating_sub(OVERLAP_MS));
            let from = query.from;
            self.seen.retain(|_, at| *at >= from);
            match self.all(&query).await {
                Ok(true) => {}
                Ok(false) => return Ok(CommandOutcome::Good),
                // A function that has not run yet may do so.
                Err(LogError { error, passes: true }) => self.say_once(&error),
                Err(refused) => return Err(refused.error),
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Reads one page of events, and the token of the next if there is one. While AWS is too busy,
    /// the question is repeated, each time after a longer pause.
    async fn page(
        &self,
        query: &Query,
        token: Option<String>,
    ) -> Result<(Vec<LogEvent>, Option<String>), LogError> {
        let target = &self.found.target;
        let mut tries = 0;
        loop {
            match log_events::page(&target.clients.logs, &target.calls, query, token.clone()).await
            {
                Ok(page) => return Ok(page),
                Err(failure) if tries < TRIES && is_passing(&failure) => {
                    time::sleep(Duration::from_millis(500 << tries)).await;
                    tries += 1;
                }
                Err(failure) => return Err(self.refused(failure, &query.group)),
            }
        }
    }

    /// The same trouble is printed once.
    fn say_once(&mut self, error: &CliError) {
        let text = error.report();
        if self.trouble.as_deref() != Some(text.as_str()) {
            warn(&text);
            self.trouble = Some(text);
        }
    }

    fn refused(&self, failure: Failure, group: &str) -> LogError {
        if !is_missing(&failure) {
            let passes = is_passing(&failure);
            return LogError { error: ObjectError::OwnCall(failure).into(), passes };
        }
        let (group, name) = (group.to_owned(), self.found.name.clone());
        LogError { error: ObjectError::NoLogGroup { group, name }.into(), passes: true }
    }

    /// Prints the events of this function and the version that is asked for, in order of time, and
    /// with `--follow` only once. False if nobody reads standard output any more.
    fn show(&mut self, mut events: Vec<LogEvent>) -> Result<bool, FileError> {
        events.sort_by_key(|it| it.at);
        let mut text = String::new();
        for event in events {
            let stream = Stream::of(&event.stream);
            if !self.is_meant(&stream) {
                continue;
            }
            if self.args.follow && self.seen.insert(event.id.clone(), event.at).is_some() {
                continue;
            }
            self.shown += 1;
            text += &match self.args.output {
                Output::Text => self.format.line(&event, &stream),
                Output::Json => line::json(&event, &stream),
            };
        }
        Ok(text.is_empty() || out::write(text.as_bytes())?)
    }

    /// Several functions may share a group.
    fn is_meant(&self, stream: &Stream<'_>) -> bool {
        let function = stream.function.is_none_or(|it| it == self.found.name.as_str());
        let version = self.args.version.as_deref();
        function && version.is_none_or(|it| stream.version == Some(it))
    }
}

/// Whether it is worth another try.
fn is_passing(failure: &Failure) -> bool {
    matches!(failure.class, Class::Throttled | Class::Unclear)
}
