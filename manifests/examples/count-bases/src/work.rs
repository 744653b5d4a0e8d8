//! One event, one answer: read the text, count it, store the result.

use std::{
    io::Read,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};

use crate::{
    event::{self, Place, Source},
    failure::Failure,
    fasta::{Counter, Counts},
    log::Log,
    runtime::Call,
    s3::S3,
    settings::Settings,
};

/// How much of a text is in memory at once.
const BUFFER: usize = 256 << 10;
/// What is kept of a run's time to store the result, or to say that there is none: in milliseconds.
const RESERVE: u64 = 1000;
/// Below which results are stored.
const RESULTS: &str = "counts/";

/// What answers events.
pub(crate) struct Work {
    settings: Settings,
    s3: S3,
}

impl Work {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, s3: S3::new() }
    }

    /// Answers an event. What went wrong for a caller over HTTP is an answer too.
    pub(crate) fn answer(&self, call: &Call, log: &Log) -> Result<Value, Failure> {
        let event: Value = serde_json::from_slice(&call.event)
            .map_err(|error| Failure::Event(format!("the event is no JSON: {error}")))?;
        let done = event::source(&event).and_then(|source| self.count(&source, call, log));
        if event::is_http(&event) { Ok(response(done, log)) } else { done }
    }

    fn count(&self, source: &Source, call: &Call, log: &Log) -> Result<Value, Failure> {
        if let Source::Notice(place) = source
            && self.is_result(place)
        {
            // Or the result of a result would be stored, and so on, for as long as somebody pays.
            log.info("skipped", json!({ "source": place.to_string() }));
            return Ok(json!({ "skipped": format!("{place} is a result") }));
        }
        let counts = self.read(source, call.deadline)?;
        let mut answer = counts.members();
        let mut line = Map::new();
        line.insert("sequences".into(), counts.sequences().into());
        line.insert("length".into(), counts.length().into());
        let tell = |name: &str, place: &Place, to: [&mut Map<String, Value>; 2]| {
            for members in to {
                members.insert(name.to_owned(), place.to_string().into());
            }
        };
        if let Source::Object(place) | Source::Notice(place) = source {
            tell("source", place, [&mut answer, &mut line]);
        }
        if let Some(place) = self.result_place(source, call) {
            let text = format!("{}\n", Value::Object(answer.clone()));
            self.s3.store(&self.settings, &place, &text)?;
            tell("result", &place, [&mut answer, &mut line]);
        }
        log.info("counted", line.into());
        Ok(answer.into())
    }

    fn read(&self, source: &Source, deadline: Option<u64>) -> Result<Counts, Failure> {
        match source {
            Source::Inline(text) => {
                let mut counter = Counter::new();
                let fed = counter.feed(text);
                fed.and_then(|()| counter.end()).map_err(Failure::Fasta)
            }
            Source::Object(place) | Source::Notice(place) => {
                let limits = Limits { bytes: self.settings.object_max, deadline };
                let object = self.s3.open(&self.settings, place, limits.left());
                counted(object.map_err(|it| limits.or_late(it, place))?, place, &limits)
            }
        }
    }

    fn is_result(&self, place: &Place) -> bool {
        self.settings.results.as_ref() == Some(&place.bucket) && place.key.starts_with(RESULTS)
    }

    /// Where the result goes: for the same object, or the same request, always to the same place, since Lambda may
    /// try again what was done already.
    fn result_place(&self, source: &Source, call: &Call) -> Option<Place> {
        let key = match source {
            Source::Inline(_) => format!("{RESULTS}{}.json", call.id),
            Source::Object(it) | Source::Notice(it) => {
                format!("{RESULTS}{}/{}.json", it.bucket, it.key)
            }
        };
        Some(Place { bucket: self.settings.results.clone()?, key })
    }
}

/// How far an object is read.
struct Limits {
    bytes: u64,
    /// In milliseconds since 1970.
    deadline: Option<u64>,
}

impl Limits {
    /// The time that there is for reading, if Lambda said so.
    fn left(&self) -> Option<Duration> {
        let until = self.deadline?.saturating_sub(RESERVE);
        Some(Duration::from_millis(until.saturating_sub(now())))
    }

    /// What went wrong, unless it is that the time is over.
    fn or_late(&self, failure: Failure, place: &Place) -> Failure {
        match self.left() {
            Some(Duration::ZERO) => Failure::TooLate(format!(
                "{place} is not read to its end in the function's timeout; set it or the memory higher"
            )),
            _ => failure,
        }
    }
}

/// Counts what a reader gives, piece by piece.
fn counted(mut reader: impl Read, place: &Place, limits: &Limits) -> Result<Counts, Failure> {
    let mut counter = Counter::new();
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    let wrong = |said| Failure::Fasta(format!("{place}: {said}"));
    loop {
        // The reader itself ends when its time is over.
        let read = reader.read(&mut buffer).map_err(|error| {
            let text = format!("{place} could not be read to its end: {error}");
            limits.or_late(Failure::Storage(text), place)
        })?;
        if read == 0 {
            return counter.end().map_err(wrong);
        }
        total += read as u64;
        if total > limits.bytes {
            return Err(Failure::too_large(place, limits.bytes));
        }
        counter.feed(buffer.get(..read).unwrap_or_default()).map_err(wrong)?;
    }
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "Lambda's deadline is a moment")]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What a function URL makes a response of.
fn response(done: Result<Value, Failure>, log: &Log) -> Value {
    let (status, body) = match done {
        Ok(answer) => (200, answer),
        Err(failure) => {
            let more = json!({ "errorType": failure.kind(), "error": failure.to_string() });
            // What the caller did wrong is nobody's work here.
            let tell = if failure.status() < 500 { Log::info } else { Log::error };
            tell(log, "refused", more);
            (failure.status(), failure.json())
        }
    };
    let headers = json!({ "content-type": "application/json" });
    json!({ "statusCode": status, "headers": headers, "body": format!("{body}\n") })
}
