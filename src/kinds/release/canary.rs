//! What becomes of a version that has a part of the calls: it gets more, it waits, or it goes back.

use std::time::Duration;

use super::{
    live::{Alarm, InvocationCounts, Watch},
    note::Rolling,
    spec::{DesiredRelease, Gradual},
};
use crate::engine::{
    diff::{Reason, Wait},
    observed::Known,
};

/// How often a version on its way is read.
pub(super) const WATCH: Duration = Duration::from_secs(20);

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes back, and why.
    Back(String),
    /// It stays where it is.
    Stay(Wait),
    /// It gets so many percent of the calls; `None`: all.
    On(Option<u32>),
}

/// Returns why a version on its way has to go back: an alarm is on, or too many of its calls
/// failed. `None`: nothing is known against it; without `gradual` only alarms count.
pub(super) fn bad(
    wanted: &DesiredRelease,
    gradual: Option<&Gradual>,
    watch: &Watch,
) -> Option<String> {
    let on = alarms(wanted, watch, Alarm::On);
    if !on.is_empty() {
        return Some(format!("the alarm {} is on", on.join(", ")));
    }
    let InvocationCounts { invocations, errors } = watch.calls.get()?;
    let most = u64::from(gradual?.errors_max);
    let many = errors.saturating_mul(100) > invocations.saturating_mul(most);
    many.then(|| format!("{errors} of its {invocations} calls failed, and {most} % may"))
}

/// Returns the alarms that a document names and that are in `state`.
fn alarms<'a>(wanted: &'a DesiredRelease, watch: &Watch, state: Alarm) -> Vec<&'a str> {
    let Some(all) = watch.alarms.get() else { return Vec::new() };
    let found = |name: &str| all.get(name).copied().unwrap_or(Alarm::Missing) == state;
    wanted.alarms.iter().map(String::as_str).filter(|it| found(it)).collect()
}

/// Says what follows for a version on its way. It goes back as soon as it does badly, but goes on
/// only once its step has lasted long enough and its health is known.
pub(super) fn course(
    wanted: &DesiredRelease,
    gradual: &Gradual,
    rolling: &Rolling,
    watch: Option<&Watch>,
) -> Course {
    let Some(watch) = watch else {
        return stay("NoData", "its calls have not been counted yet".into(), WATCH);
    };
    if let Some(why) = bad(wanted, Some(gradual), watch) {
        return Course::Back(why);
    }
    let left = gradual.every.saturating_sub(watch.elapsed);
    if !left.is_zero() {
        let Rolling { version, percent, .. } = rolling;
        let message =
            format!("version {version} has {percent} % of the calls for {:?}", gradual.every);
        return stay("Canary", message, left.clamp(Duration::from_secs(1), WATCH));
    }
    if let Some((reason, message)) = unclear(wanted, watch) {
        return stay(reason, message, WATCH);
    }
    Course::On(gradual.steps.iter().copied().find(|it| *it > rolling.percent))
}

/// Returns why nobody can tell whether a version is doing well, as a reason's code and message;
/// `None`: it can be told.
fn unclear(wanted: &DesiredRelease, watch: &Watch) -> Option<(&'static str, String)> {
    if let Some(why) = unknown(&watch.alarms).or_else(|| unknown(&watch.calls)) {
        return Some(("NoData", format!("CloudWatch does not show how it is doing: {why}")));
    }
    if let Some(message) = missing(wanted, watch) {
        return Some(("AlarmMissing", message));
    }
    let silent = alarms(wanted, watch, Alarm::NoData);
    if !silent.is_empty() {
        let message = format!("the alarm {} has no data: it waits for some", silent.join(", "));
        return Some(("NoData", message));
    }
    let none = watch.calls.get().is_some_and(|it| it.invocations == 0);
    none.then(|| ("NoTraffic", "it has had no calls yet: it waits for some".to_owned()))
}

/// Says which alarms of the document CloudWatch does not show; `None`: it shows all, or could not be read.
pub(super) fn missing(wanted: &DesiredRelease, watch: &Watch) -> Option<String> {
    let missing = alarms(wanted, watch, Alarm::Missing);
    let message = format!(
        "CloudWatch shows no alarm {}: there is none of that name in this account and Region, or it is of a type \
         that Evenkeel does not know; nothing goes on without it: make it, or take it out of `release.alarms`",
        missing.join(", ")
    );
    (!missing.is_empty()).then_some(message)
}

fn unknown<T>(known: &Known<T>) -> Option<&String> {
    match known {
        Known::Yes(_) => None,
        Known::No(why) => Some(why),
    }
}

fn stay(reason: &'static str, message: String, recheck: Duration) -> Course {
    let reason = Reason::new(reason, message);
    Course::Stay(Wait { reason, on: None, recheck: Some(recheck), soon: false })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::kinds::release::spec::Strategy;

    fn check(
        (alarm, calls, seconds): (Option<Alarm>, Option<(u64, u64)>, u64),
        percent: u32,
        expected: &str,
    ) {
        let gradual = Gradual { steps: vec![10, 50], every: Duration::from_mins(5), errors_max: 5 };
        let wanted = DesiredRelease {
            alias: "live".into(),
            strategy: Strategy::Gradual(gradual.clone()),
            tests: Vec::new(),
            alarms: vec!["a".into()],
            keep: None,
            keeps_few: false,
        };
        let calls = calls.map(|(invocations, errors)| InvocationCounts { invocations, errors });
        let watch = Watch {
            elapsed: Duration::from_secs(seconds),
            alarms: Known::Yes(
                alarm.map(|it| ("a".to_owned(), it)).into_iter().collect::<BTreeMap<_, _>>(),
            ),
            calls: calls.map_or_else(|| Known::No("denied".into()), Known::Yes),
        };
        let rolling = Rolling { version: 8, percent, since: Timestamp::UNIX_EPOCH };
        let found = match course(&wanted, &gradual, &rolling, Some(&watch)) {
            Course::Back(why) => format!("back: {why}"),
            Course::Stay(wait) => format!("stay: {}", wait.reason.code),
            Course::On(percent) => format!("on: {percent:?}"),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_version_goes_on_only_when_it_is_known_to_do_well() {
        let ok = Some(Alarm::Ok);
        check((ok, Some((100, 5)), 300), 10, "on: Some(50)");
        check((ok, Some((100, 0)), 300), 50, "on: None");
        check((ok, Some((100, 0)), 299), 10, "stay: Canary");
        check((ok, Some((100, 6)), 1), 10, "back: 6 of its 100 calls failed, and 5 % may");
        check((Some(Alarm::On), Some((0, 0)), 1), 10, "back: the alarm a is on");
        check((ok, Some((0, 0)), 999), 10, "stay: NoTraffic");
        check((Some(Alarm::NoData), Some((9, 0)), 999), 10, "stay: NoData");
        check((Some(Alarm::Missing), Some((9, 0)), 999), 10, "stay: AlarmMissing");
        check((None, Some((9, 0)), 999), 10, "stay: AlarmMissing");
        check((ok, None, 999), 10, "stay: NoData");
    }
}
