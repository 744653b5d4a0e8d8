//! What a run leaves in its log: Lambda's own lines around what the function printed, as text or as JSON.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::invoke::{Begun, Ending, Outcome};
use crate::{logs::Written, time};

/// How much of a log an answer brings.
const TAIL: usize = 4096;

/// Everything that goes to the log, in order.
pub(super) fn written(begun: &Begun, outcome: &Outcome) -> Written {
    let logging = Logging::of(&begun.function, &begun.config);
    let start = begun.start;
    let at = |moment| time::date(start, moment).as_millisecond();
    let (first, last) = (at(begun.at), at(outcome.ended));
    let lines = |early: bool| {
        let some = outcome.lines.iter().filter(move |it| it.early == early);
        some.map(move |it| (at(it.at), format!("{}\n", it.text)))
    };
    let mut records = Vec::new();
    if begun.environment.cold {
        records.extend(logging.init(first));
    }
    records.extend(lines(true));
    records.extend(logging.start(begun, first));
    records.extend(lines(false));
    records.extend(logging.end(begun, outcome, last));
    let stream = begun.environment.stream.clone();
    Written { group: logging.group, stream, records }
}

/// The end of a log, as AWS sends it.
pub(super) fn tail(written: &Written) -> String {
    let text: String = written.records.iter().map(|it| it.1.as_str()).collect();
    let from = text.len().saturating_sub(TAIL);
    let from = (from..text.len()).find(|it| text.is_char_boundary(*it)).unwrap_or(from);
    text.get(from..).unwrap_or_default().to_owned()
}

type Record = (i64, String);

/// Where a function writes, and in which form.
pub(crate) struct Logging {
    pub(crate) group: String,
    json: bool,
    /// Whether Lambda's own records of the least weight are wanted, of the usual one, or only warnings.
    level: Level,
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
    Debug,
    Info,
    Warn,
}

impl Logging {
    pub(crate) fn of(function: &str, config: &Map<String, Value>) -> Self {
        let logging = config.get("LoggingConfig").unwrap_or(&Value::Null);
        let group = logging["LogGroup"].as_str().map(str::to_owned);
        let level = match logging["SystemLogLevel"].as_str() {
            Some("DEBUG") => Level::Debug,
            Some("WARN") => Level::Warn,
            _ => Level::Info,
        };
        Self {
            group: group.unwrap_or_else(|| format!("/aws/lambda/{function}")),
            json: logging["LogFormat"] == "JSON",
            level,
        }
    }

    fn record(&self, level: Level, (at, kind): (i64, &str), record: &Value) -> Option<Record> {
        let time = Timestamp::from_millisecond(at).unwrap_or_default();
        let time = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        // AWS's own order of members.
        let text = format!(r#"{{"time":"{time}","type":"platform.{kind}","record":{record}}}"#);
        (level >= self.level).then(|| (at, text + "\n"))
    }

    /// An image has no runtime of Lambda's whose version could be told.
    fn init(&self, at: i64) -> Option<Record> {
        if !self.json {
            return Some((at, "INIT_START Runtime Version: \tRuntime Version ARN: \n".to_owned()));
        }
        let record = json!({ "initializationType": "on-demand", "phase": "init" });
        self.record(Level::Debug, (at, "initStart"), &record)
    }

    fn start(&self, begun: &Begun, at: i64) -> Option<Record> {
        let (id, version) = (&begun.id, &begun.version);
        if !self.json {
            return Some((at, format!("START RequestId: {id} Version: {version}\n")));
        }
        let record = json!({ "requestId": id, "version": version });
        self.record(Level::Info, (at, "start"), &record)
    }

    fn end(&self, begun: &Begun, outcome: &Outcome, at: i64) -> Vec<Record> {
        let id = &begun.id;
        if !self.json {
            let end = format!("END RequestId: {id}\n");
            return vec![(at, end), (at, report(begun, outcome))];
        }
        let (status, level) = match &outcome.ending {
            Ending::Success => ("success", Level::Info),
            Ending::Failure(_) => ("error", Level::Warn),
            Ending::Timeout => ("timeout", Level::Warn),
        };
        let mut record =
            json!({ "requestId": id, "metrics": metrics(begun, outcome), "status": status });
        if let Ending::Failure(kind) = &outcome.ending {
            record["errorType"] = kind.as_str().into();
        }
        self.record(level, (at, "report"), &record).into_iter().collect()
    }
}

/// In milliseconds, to the hundredth; an image's start is paid for.
fn report(begun: &Begun, outcome: &Outcome) -> String {
    let (id, took, init) = (&begun.id, outcome.took_ms, outcome.init_ms.unwrap_or_default());
    let billed = (took + init).ceil();
    let memory = memory(begun);
    let used = outcome.memory_mb;
    let start = outcome.init_ms.map(|it| format!("Init Duration: {it:.2} ms\t"));
    let status = match &outcome.ending {
        Ending::Failure(kind) if kind.starts_with("Runtime.") => {
            format!("Status: error\tError Type: {kind}")
        }
        Ending::Timeout => "Status: timeout".to_owned(),
        Ending::Success | Ending::Failure(_) => String::new(),
    };
    format!(
        "REPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: {used} MB\t{}{status}\n",
        start.unwrap_or_default()
    )
}

fn metrics(begun: &Begun, outcome: &Outcome) -> Value {
    let init = outcome.init_ms.unwrap_or_default();
    let hundredth = |it: f64| (it * 1000.0).round() / 1000.0;
    let mut metrics = json!({
        "durationMs": hundredth(outcome.took_ms),
        "billedDurationMs": whole(outcome.took_ms + init),
        "memorySizeMB": memory(begun),
        "maxMemoryUsedMB": outcome.memory_mb,
    });
    if let Some(init) = outcome.init_ms {
        metrics["initDurationMs"] = hundredth(init).into();
    }
    metrics
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no call takes that long"
)]
fn whole(milliseconds: f64) -> u64 {
    milliseconds.ceil() as u64
}

fn memory(begun: &Begun) -> u64 {
    begun.config.get("MemorySize").and_then(Value::as_u64).unwrap_or(128)
}
