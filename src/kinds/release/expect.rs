//! Whether an answer is what a smoke test expects.

use std::time::Duration;

use serde_json::Value;

use super::{live::TestOutcome, spec::Test};
use crate::kinds::report::Report;

/// What a call takes besides the run itself: a cold start, and the way there and back.
const MARGIN: Duration = Duration::from_secs(15);
/// How much of an answer and of a log is shown.
const SHOWN_MAX: usize = 200;

/// What an invocation showed.
#[derive(Clone, Copy)]
pub struct TestAnswer<'a> {
    /// What the function returned.
    pub body: &'a str,
    /// The error that it ended with.
    pub function_error: Option<&'a str>,
    /// How long it took; `None` if Lambda does not say.
    pub took: Option<Duration>,
    /// The end of its log.
    pub log: &'a str,
    /// Takes secrets out of what people will see, before anything is cut.
    pub mask: &'a dyn Fn(&str) -> String,
}

/// How long the call of a test may take.
pub fn patience(test: &Test) -> Duration {
    test.max_duration + MARGIN
}

/// Says that a test took longer than it may, for people.
pub fn endless(test: &Test) -> String {
    format!("it has not ended after {:?}", test.max_duration)
}

/// Whether the answer is as expected, and if not, the first thing that is not.
pub fn judge(test: &Test, answer: TestAnswer<'_>) -> TestOutcome {
    let wrong =
        error(test, answer).or_else(|| slow(test, answer.took?)).or_else(|| content(test, answer));
    match wrong {
        None => TestOutcome::Passed,
        Some(wrong) => TestOutcome::Failed(format!("{wrong}{}", tail(&(answer.mask)(answer.log)))),
    }
}

/// Says how the function's error differs from the expected one; `None`: it does not.
fn error(test: &Test, answer: TestAnswer<'_>) -> Option<String> {
    match (test.function_error.as_deref(), answer.function_error) {
        (wanted, found) if wanted == found => None,
        (_, Some(found)) => {
            Some(format!("it ended with the error {found}: {}", short(&(answer.mask)(answer.body))))
        }
        (Some(wanted), None) => Some(format!("it did not end with the error {wanted}")),
        (None, None) => None,
    }
}

/// Says that the run took too long; `None`: it did not.
fn slow(test: &Test, took: Duration) -> Option<String> {
    let Test { max_duration, .. } = test;
    (took > *max_duration).then(|| format!("it took {took:.1?}, and may take {max_duration:?}"))
}

/// Says what of the answer is not as expected, the first thing only; `None`: all is. Values of the
/// answer are masked before they are cut.
fn content(test: &Test, answer: TestAnswer<'_>) -> Option<String> {
    let TestAnswer { body, mask, .. } = answer;
    let json: Option<Value> = serde_json::from_str(body).ok();
    if json.is_none() && (test.status.is_some() || !test.body.is_empty()) {
        return Some(format!("the answer is no JSON: {}", short(&mask(body))));
    }
    let status = json.as_ref().and_then(|it| it.get("statusCode")).and_then(Value::as_i64);
    if let Some(wanted) = test.status.filter(|it| status != Some(*it)) {
        let found = status.map_or_else(|| "none".into(), |it| it.to_string());
        return Some(format!("statusCode is {found}, and should be {wanted}"));
    }
    for (pointer, wanted) in &test.body {
        let found = json.as_ref().and_then(|it| it.pointer(pointer));
        if found != Some(wanted) {
            let found = found.map_or_else(|| "nothing".into(), |it| short(&mask(&it.to_string())));
            return Some(format!("at `{pointer}` stands {found}, and should stand {wanted}"));
        }
    }
    let matches = test.matches.as_ref().filter(|it| !it.is_match(body));
    matches.map(|it| format!("the answer does not match `{it}`: {}", short(&mask(body))))
}

/// As much as fits into a line.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Returns the last lines of a log, without Lambda's own; empty if the function logged nothing.
fn tail(log: &str) -> String {
    const JOINT: &str = " | ";
    const LAMBDA: [&str; 4] = ["START ", "END ", "REPORT ", "INIT_START "];
    let platform = |it: &str| it.starts_with('{') && it.contains("\"type\":\"platform.");
    let own = log.lines().filter(|it| !LAMBDA.iter().any(|word| it.starts_with(word)));
    let own: Vec<&str> = own.filter(|it| !platform(it) && !it.is_empty()).collect();
    let Some(last) = own.last() else { return String::new() };
    // Whole lines, as many as fit: of half a line nobody knows what it is about.
    let mut room = SHOWN_MAX;
    let fits = own.iter().rev().take_while(|it| {
        let length = it.chars().count() + JOINT.len();
        room.checked_sub(length).inspect(|left| room = *left).is_some()
    });
    let mut shown: Vec<&str> = fits.copied().collect();
    shown.reverse();
    let text = if shown.is_empty() { short(last) } else { shown.join(JOINT) };
    format!("; its log ends with: {text}")
}

/// How long Lambda says that a run took, in the line that ends its log: in words, or as JSON. What is not told is
/// not known: the call as a whole may hold the start of the container.
pub fn duration(log: &str) -> Option<Duration> {
    log.lines().rev().find_map(Report::read).map(|it| it.took)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "START RequestId: x\nreading\nno such base: N\nEND RequestId: x\nREPORT RequestId: x\tDuration: 12.50 ms\t";

    fn check(expect: &str, (body, error): (&str, Option<&str>), outcome: Option<&str>) {
        let doc = format!(r#"{{"name":"t","expect":{expect}}}"#);
        let smoke = Test::of(&serde_json::from_str(&doc).unwrap());
        let (took, mask) = (duration(LOG), str::to_owned);
        let answer = TestAnswer { body, function_error: error, took, log: LOG, mask: &mask };
        let found = judge(&smoke, answer);
        match (found, outcome) {
            (TestOutcome::Passed, None) => {}
            (TestOutcome::Failed(text), Some(outcome)) => assert_eq!(
                text.strip_suffix("; its log ends with: reading | no such base: N"),
                Some(outcome)
            ),
            other => panic!("{expect}: {other:?}"),
        }
    }

    #[test]
    fn the_time_of_a_run_is_read_in_both_forms_of_logs() {
        assert_eq!(duration(LOG), Some(Duration::from_micros(12_500)));
        let json = "{\"time\":\"x\",\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":3.5}}}";
        assert_eq!(duration(json), Some(Duration::from_micros(3_500)));
        assert_eq!(duration("no report"), None);
        assert_eq!(tail(&format!("mine\n{json}")), "; its log ends with: mine");
    }

    #[test]
    fn a_log_is_shown_in_whole_lines() {
        let line = |c: &str, count| c.repeat(count);
        let check = |log: &[String], expected: &str| {
            assert_eq!(tail(&log.join("\n")), format!("; its log ends with: {expected}"));
        };
        check(&[line("a", 90), line("b", 90)], &format!("{} | {}", line("a", 90), line("b", 90)));
        check(&[line("a", 190), line("b", 9)], &line("b", 9));
        check(&["a".into(), line("b", 300)], &format!("{}…", line("b", SHOWN_MAX)));
        assert_eq!(tail("START x\n\nEND x\n"), "");
    }

    #[test]
    fn secrets_go_before_anything_is_cut() {
        let smoke =
            Test::of(&serde_json::from_str(r#"{"name":"t","expect":{"status":1}}"#).unwrap());
        let log = format!("{}hunter2!{}", "a".repeat(SHOWN_MAX - 4), "b".repeat(300));
        let mask = |text: &str| text.replace("hunter2!", "***");
        let answer =
            TestAnswer { body: "{}", function_error: None, took: None, log: &log, mask: &mask };
        let TestOutcome::Failed(text) = judge(&smoke, answer) else { panic!("it passed") };
        assert!(text.contains("aaaa") && !text.contains("hunt"), "{text}");
    }

    #[test]
    fn an_answer_is_held_against_everything_that_is_expected() {
        let body = r#"{"statusCode":200,"counts":{"A":2}}"#;
        check("{}", (body, None), None);
        check(r#"{"status":200,"body":{"/counts/A":2},"matches":"counts"}"#, (body, None), None);
        check(r#"{"status":201}"#, (body, None), Some("statusCode is 200, and should be 201"));
        check(r#"{"status":200}"#, ("no json", None), Some("the answer is no JSON: no json"));
        check(r#"{"body":{"/a":1}}"#, ("", None), Some("the answer is no JSON: "));
        check(
            r#"{"status":200}"#,
            ("\"json\"", None),
            Some("statusCode is none, and should be 200"),
        );
        check(
            r#"{"body":{"/counts/A":3}}"#,
            (body, None),
            Some("at `/counts/A` stands 2, and should stand 3"),
        );
        check(
            r#"{"body":{"/counts/T":3}}"#,
            (body, None),
            Some("at `/counts/T` stands nothing, and should stand 3"),
        );
        check(r#"{"matches":"^no"}"#, ("yes", None), Some("the answer does not match `^no`: yes"));
        check("{}", ("{}", Some("Unhandled")), Some("it ended with the error Unhandled: {}"));
        check(r#"{"functionError":"Handled"}"#, ("{}", Some("Handled")), None);
        check(
            r#"{"functionError":"Handled"}"#,
            ("{}", None),
            Some("it did not end with the error Handled"),
        );
        check(r#"{"maxDuration":"10ms"}"#, (body, None), Some("it took 12.5ms, and may take 10ms"));
    }
}
