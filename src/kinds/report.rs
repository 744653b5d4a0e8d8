//! What Lambda writes into a log at the end of a run: how long it took and what it used.

use std::{fmt, time::Duration};

use serde_json::Value;

/// The line `REPORT`, or the record `platform.report` where logs are JSON (Lambda developer guide, "Sending
/// function logs to CloudWatch Logs").
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which invocation it was.
    pub request: String,
    /// How long the function ran.
    pub took: Duration,
    /// What is paid for, in ms.
    pub billed_ms: Option<u64>,
    /// What the function may use, in MB.
    pub memory_mb: Option<u64>,
    /// What it used at most, in MB.
    pub used_mb: Option<u64>,
    /// How long the start of its environment took, if there was one.
    pub init: Option<Duration>,
    /// How it ended, where that is said and is no success: `timeout`, `error`.
    pub failed: Option<String>,
}

impl Report {
    /// Reads one line of a log; `None` if it is another one.
    pub fn read(line: &str) -> Option<Self> {
        match line.trim_start().strip_prefix("REPORT RequestId: ") {
            Some(rest) => Self::words(rest),
            None if line.contains("platform.report") => Self::record(line),
            None => None,
        }
    }

    /// Reads what follows `REPORT RequestId: `: the id, then members as `Duration: 12.34 ms`,
    /// separated by tabs. `None` without a duration.
    fn words(rest: &str) -> Option<Self> {
        let mut members = rest.split('\t').map(str::trim);
        let request = members.next()?.to_owned();
        let members: Vec<(&str, &str)> = members.filter_map(|it| it.split_once(": ")).collect();
        let value = |name: &str| members.iter().find(|(key, _)| *key == name).map(|it| it.1);
        let number = |name: &str| value(name)?.split(' ').next()?.parse::<f64>().ok();
        Some(Self {
            request,
            took: millis(number("Duration")?)?,
            billed_ms: number("Billed Duration").and_then(whole),
            memory_mb: number("Memory Size").and_then(whole),
            used_mb: number("Max Memory Used").and_then(whole),
            init: number("Init Duration").and_then(millis),
            failed: value("Status").filter(|it| *it != "success").map(ToOwned::to_owned),
        })
    }

    /// Reads a line that is one JSON record; `None` if it is of another type or has no duration.
    fn record(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line.trim()).ok()?;
        let is_report = line.get("type").and_then(Value::as_str) == Some("platform.report");
        let record = line.get("record").filter(|_| is_report)?;
        let text = |name: &str| Some(record.get(name)?.as_str()?.to_owned());
        let number = |name: &str| record.get("metrics")?.get(name)?.as_f64();
        Some(Self {
            request: text("requestId").unwrap_or_default(),
            took: millis(number("durationMs")?)?,
            billed_ms: number("billedDurationMs").and_then(whole),
            memory_mb: number("memorySizeMB").and_then(whole),
            used_mb: number("maxMemoryUsedMB").and_then(whole),
            init: number("initDurationMs").and_then(millis),
            failed: text("status").filter(|it| it != "success"),
        })
    }
}

fn millis(millis: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    let whole = (0.0..1e15).contains(&number).then_some(number.ceil() as u64);
    whole
}

impl fmt::Display for Report {
    /// Writes `12.34 ms, billed 13 ms, 50 of 128 MB`, then the cold start and how it failed, if it
    /// did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.took.as_secs_f64() * 1000.0)?;
        self.billed_ms.iter().try_for_each(|it| write!(f, ", billed {it} ms"))?;
        if let (Some(used), Some(all)) = (self.used_mb, self.memory_mb) {
            write!(f, ", {used} of {all} MB")?;
        }
        let init = self.init.map(|it| it.as_secs_f64() * 1000.0);
        init.iter().try_for_each(|it| write!(f, ", cold start {it:.2} ms"))?;
        self.failed.iter().try_for_each(|it| write!(f, ", {it}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(Report::read(line).map(|it| it.to_string()).as_deref(), expected, "{line}");
    }

    #[test]
    fn both_forms_are_read() {
        check(
            "REPORT RequestId: 3f\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 105.2 ms\t\n",
            Some("12.50 ms, billed 13 ms, 30 of 128 MB, cold start 105.20 ms"),
        );
        check(
            "REPORT RequestId: 3f\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tStatus: timeout",
            Some("3000.00 ms, billed 3000 ms, 30 of 128 MB, timeout"),
        );
        check(
            r#"{"time":"2026-11-25T10:00:00Z","type":"platform.report","record":{"requestId":"3f","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":30},"status":"success"}}"#,
            Some("1.50 ms, billed 2 ms, 30 of 128 MB"),
        );
    }

    #[test]
    fn what_is_no_report_is_none() {
        for line in [
            "",
            "REPORT",
            "REPORT RequestId: 3f",
            "REPORT RequestId: 3f\tDuration: soon",
            "REPORT RequestId: 3f\tDuration: -1 ms",
            "REPORT RequestId: 3f\tDuration: NaN ms",
            "platform.report",
            r#"{"type":"platform.start","note":"platform.report"}"#,
        ] {
            check(line, None);
        }
    }
}
