//! How a line of a log is shown.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::stream::Stream;
use crate::{
    aws::log_events::LogEvent,
    cli::{
        out::clean,
        style::{Style, Tone},
    },
    kinds::report::Report,
};

/// What a JSON line may call its level, its text and its time.
const LEVELS: [&str; 4] = ["level", "log_level", "severity", "levelname"];
const TEXTS: [&str; 3] = ["message", "msg", "event"];
const TIMES: [&str; 3] = ["timestamp", "time", "ts"];

/// How lines look.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineFormat {
    pub(super) style: Style,
}

impl LineFormat {
    /// Returns one event for people: time and stream, then its lines, those after the first
    /// indented. It ends with a line break.
    pub(super) fn line(self, event: &LogEvent, stream: &Stream<'_>) -> String {
        let (tone, text) = shown(event.message.trim_end());
        let stamp = self
            .style
            .paint(Tone::Faint, &format!("{} {}", moment(event.at), clean(&stream.short())));
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let rest = lines.map(|it| format!("    {}\n", self.style.paint(tone, &clean(it))));
        let rest: String = rest.collect();
        format!("{stamp}  {}\n{rest}", self.style.paint(tone, &clean(first)))
    }
}

/// Returns one event as a line of JSON for programs.
pub(super) fn json(event: &LogEvent, stream: &Stream<'_>) -> String {
    // What is JSON stays so.
    let message = serde_json::from_str::<Value>(&event.message).ok().filter(Value::is_object);
    let line = json!({
        "timestamp": moment(event.at),
        "stream": event.stream,
        "version": stream.version,
        "message": message.unwrap_or_else(|| Value::from(event.message.trim_end())),
    });
    format!("{line}\n")
}

fn moment(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Returns the tone of a message and the words that show it: a report in short, JSON as words, all
/// else as it is.
fn shown(text: &str) -> (Tone, String) {
    if let Some(report) = Report::read(text) {
        let tone = if report.failed.is_some() { Tone::Bad } else { Tone::Faint };
        return (tone, format!("REPORT {}  {report}", report.request));
    }
    if let Ok(Value::Object(members)) = serde_json::from_str(text) {
        return platform(&members).unwrap_or_else(|| structured(members));
    }
    let frame =
        ["START RequestId:", "END RequestId:", "INIT_START ", "INIT_REPORT ", "EXTENSION\t"];
    let tone = if frame.iter().any(|it| text.starts_with(it)) { Tone::Faint } else { tone(text) };
    (tone, text.to_owned())
}

/// Lambda's own records, where logs are JSON.
fn platform(members: &Map<String, Value>) -> Option<(Tone, String)> {
    let kind = members.get("type")?.as_str()?.strip_prefix("platform.")?;
    let record = members.get("record")?.as_object()?;
    let parts: Vec<String> = record.iter().map(|(key, value)| pair(key, value)).collect();
    Some((Tone::Faint, format!("{} {}", kind.to_uppercase(), parts.join(" "))))
}

/// Returns a JSON line of the function's own in words: level and text first, then the rest without
/// its time.
fn structured(mut members: Map<String, Value>) -> (Tone, String) {
    let mut take = |names: &[&str]| {
        let name = names.iter().find(|it| members.get(**it).is_some_and(Value::is_string))?;
        members.remove(*name)?.as_str().map(ToOwned::to_owned)
    };
    let (level, text) = (take(&LEVELS), take(&TEXTS));
    take(&TIMES);
    let tone = level.as_deref().map_or(Tone::Plain, tone);
    let rest = members.iter().map(|(key, value)| pair(key, value));
    let parts: Vec<String> = level.into_iter().chain(text).chain(rest).collect();
    (tone, parts.join(" "))
}

fn pair(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains([' ', '"', '\n']) => format!("{key}={text}"),
        value => format!("{key}={value}"),
    }
}

/// Tells by words at the start of a line whether it is about an error or a warning.
fn tone(text: &str) -> Tone {
    let start: String = text.chars().take(80).collect::<String>().to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|it| start.contains(it));
    if has(&["ERROR", "FATAL", "CRITICAL", "PANIC", "TASK TIMED OUT"]) {
        Tone::Bad
    } else if has(&["WARN"]) {
        Tone::Change
    } else {
        Tone::Plain
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(message: &str, expected: &Expect) {
        let event = LogEvent {
            id: "1".into(),
            at: 1_764_064_800_123,
            stream: "2025/11/25/[7]3fa2bb".into(),
            message: message.into(),
        };
        expected.assert_eq(
            &LineFormat { style: Style::PLAIN }.line(&event, &Stream::of(&event.stream)),
        );
    }

    #[test]
    fn lines_are_readable() {
        check(
            "reading\tseq-1\n",
            &expect![[r"
            2025-11-25T10:00:00.123Z 7/3fa2  reading seq-1
        "]],
        );
        check(
            r#"{"timestamp":"2025-11-25T10:00:00Z","level":"ERROR","message":"no such base","base":"N","at":{"line":3}}"#,
            &expect![[r#"
                2025-11-25T10:00:00.123Z 7/3fa2  ERROR no such base base=N at={"line":3}
            "#]],
        );
        check(
            "REPORT RequestId: 3f-1\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t\n",
            &expect![[r"
                2025-11-25T10:00:00.123Z 7/3fa2  REPORT 3f-1  12.50 ms, billed 13 ms, 30 of 128 MB
            "]],
        );
        check(
            r#"{"time":"2025-11-25T10:00:00Z","type":"platform.start","record":{"requestId":"3f-1","version":"7"}}"#,
            &expect![[r"
                2025-11-25T10:00:00.123Z 7/3fa2  START requestId=3f-1 version=7
            "]],
        );
        check(
            "Traceback:\n  line 1\r\n",
            &expect![[r"
            2025-11-25T10:00:00.123Z 7/3fa2  Traceback:
                  line 1
        "]],
        );
    }

    #[test]
    fn nothing_moves_the_cursor() {
        check(
            "a\u{1b}[2Jb\u{7}",
            &expect![[r"
            2025-11-25T10:00:00.123Z 7/3fa2  a�[2Jb�
        "]],
        );
    }

    #[test]
    fn colours_tell_what_matters() {
        assert_eq!(shown("[ERROR] no").0, Tone::Bad);
        assert_eq!(shown("2026 Task timed out after 3.00 seconds").0, Tone::Bad);
        assert_eq!(shown(r#"{"level":"warn","msg":"slow"}"#).0, Tone::Change);
        assert_eq!(shown("START RequestId: 3f Version: 7").0, Tone::Faint);
        assert_eq!(shown("fine").0, Tone::Plain);
        assert!(Style::COLOURED.paint(Tone::Bad, "x").starts_with('\u{1b}'));
    }
}
