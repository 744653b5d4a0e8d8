//! What `release` must keep to and a shape cannot say.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use regex_lite::Regex;

use super::doc::{ExpectDoc, GradualDoc, ReleaseDoc, StrategyDoc, TestDoc};
use crate::{
    engine::time::duration,
    kinds::document::Violation,
    shape::{FieldRule, Provenance, pages::LAMBDA_QUOTAS},
};

/// CloudWatch counts by the minute: shorter steps would have nothing to go by.
const STEP: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);
/// Lambda's own limit of a run that somebody waits for, on managed instances too; in seconds.
const RUN: FieldRule = FieldRule::number(
    "release.smokeTests[].expect.maxDuration",
    1800,
    "at most {} seconds, the longest run that a caller can wait for",
    Provenance::Words {
        member: "lambda:CreateFunction.Timeout",
        phrase: "the maximum allowed value is 1,800 seconds",
    },
);
/// Lambda's limit of an event, in bytes.
const PAYLOAD: FieldRule = FieldRule::number(
    "release.smokeTests[].payload",
    6 << 20,
    "at most {} bytes",
    Provenance::Documented(LAMBDA_QUOTAS),
);

/// The rules that AWS has and the shape cannot say.
pub const RULES: &[FieldRule] = &[RUN, PAYLOAD];

/// Returns every rule that the document breaks.
pub(super) fn check(doc: &ReleaseDoc) -> Vec<Violation> {
    let mut violations = strategy(&doc.strategy);
    let mut names = BTreeSet::new();
    for test in &doc.smoke_tests {
        if !names.insert(&test.name) {
            let message = format!("`{}` is the name of two smoke tests", test.name);
            violations.push(Violation::new(&["smokeTests"], message, "give each its own"));
        }
        violations.extend(smoke_test(test));
    }
    violations
}

/// Returns what is wrong with a strategy by steps.
fn strategy(doc: &StrategyDoc) -> Vec<Violation> {
    let StrategyDoc::Gradual(GradualDoc { canary, linear }) = doc else { return Vec::new() };
    let mut violations = Vec::new();
    if canary.is_some() == linear.is_some() {
        let message = "a strategy is one of `allAtOnce`, `canary` and `linear`";
        violations.push(Violation::new(&["strategy"], message, "name one of them"));
    }
    let every = canary.iter().map(|it| ("canary", &it.every));
    let every = every.chain(linear.iter().map(|it| ("linear", &it.every)));
    violations.extend(every.filter_map(|(word, it)| time(&["strategy", word, "every"], it, &STEP)));
    if let Some(canary) = canary {
        let rising = canary.steps.is_sorted_by(|a, b| a < b);
        if canary.steps.is_empty() || !rising {
            let message = "the steps of a canary rise, each above the one before";
            let hint = "write them as `[10, 50]`; after the last the new version gets everything";
            violations.push(Violation::new(&["strategy", "canary", "steps"], message, hint));
        }
    }
    violations
}

/// Returns what is wrong with one smoke test.
fn smoke_test(doc: &TestDoc) -> Vec<Violation> {
    let TestDoc { name, payload, expect } = doc;
    let ExpectDoc { matches, max_duration, .. } = expect;
    let mut violations = Vec::new();
    let at = &["smokeTests"];
    if payload.to_string().len() > PAYLOAD.size() {
        let message = format!("the payload of the smoke test `{name}` is greater than 6 MB");
        violations.push(Violation::new(at, message, "Lambda takes 6 MB at most"));
    }
    if let Some(Err(error)) = matches.as_deref().map(Regex::new) {
        let message = format!("`matches` of the smoke test `{name}` is no expression: {error}");
        violations.push(Violation::new(at, message, "see the syntax of the crate `regex-lite`"));
    }
    let longest = Duration::from_secs(RUN.value.unsigned_abs());
    let run = Duration::from_millis(1)..=longest;
    violations.extend(max_duration.as_deref().and_then(|it| time(at, it, &run)));
    violations
}

fn time(path: &[&str], text: &str, allowed: &RangeInclusive<Duration>) -> Option<Violation> {
    let good = duration(text).is_some_and(|it| allowed.contains(&it));
    let (least, most) = (allowed.start(), allowed.end());
    let message = format!("`{text}` is not between {least:?} and {most:?}");
    (!good).then(|| Violation::new(path, message, "write it as 30s, 5m or 2h"))
}
