//! How a version that is on its way is doing, from CloudWatch.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{
        AlarmType, Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, StateValue,
    },
};
use jiff::Timestamp;

use super::{ReleaseCloud, RoutingAge};
use crate::{
    aws::{calls::Call, cloud::Priority, op::Op},
    engine::{
        failure::{Class, Failure, chain},
        name::Name,
        observed::Known,
    },
    kinds::release::{
        live::{Alarm, Alias, InvocationCounts, Live, Watch},
        note::Rolling,
        spec::DesiredRelease,
    },
};

/// CloudWatch keeps Lambda's metrics by the minute.
const PERIOD: i32 = 60;
/// Every type of alarm (CloudWatch API reference, DescribeAlarms).
const TYPES: [AlarmType; 3] =
    [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];

impl ReleaseCloud {
    /// Reads how a version on its way is doing; before one sets out only the alarms. `None`: there
    /// is no need to know.
    pub(super) async fn watch(
        &self,
        name: &Name,
        wanted: &DesiredRelease,
        live: &Live,
    ) -> Option<Watch> {
        let alias = live.alias()?;
        let rolling = alias.note.as_ref().and_then(|it| it.rolling);
        let rolling = rolling.filter(|it| alias.weight.is_some_and(|(v, _)| v == it.version));
        let soon = !wanted.alarms.is_empty() && alias.version != live.target();
        if rolling.is_none() && !soon {
            return None;
        }
        let alarms = Box::pin(self.alarms(&wanted.alarms)).await;
        let calls = match &rolling {
            Some(rolling) => Box::pin(self.calls(name, &live.alias, rolling)).await,
            None => Ok(InvocationCounts::default()),
        };
        let elapsed = rolling.map(|it| self.elapsed(name, alias, &it)).unwrap_or_default();
        Some(Watch { elapsed, alarms: known(alarms), calls: known(calls) })
    }

    /// Returns how long an alias has led where it leads. The wall clock says it once for each
    /// revision of the alias, since it may jump; then the monotonic clock counts on.
    fn elapsed(&self, name: &Name, alias: &Alias, rolling: &Rolling) -> Duration {
        let now = self.connection.calls.now();
        let wall = self.connection.calls.wall();
        let mut kept = self.kept();
        let clock = kept.steps.get(name).filter(|it| it.revision == alias.revision);
        let (before, reading) = clock.map_or_else(
            || {
                let before = wall.duration_since(rolling.since);
                (Duration::try_from(before).unwrap_or_default(), now)
            },
            |it| (it.before, it.reading),
        );
        let clock = RoutingAge { revision: alias.revision.clone(), before, reading };
        kept.steps.insert(name.clone(), clock);
        before.saturating_add(now.since(reading))
    }

    /// Reads the state of these alarms.
    async fn alarms(&self, names: &[String]) -> Result<BTreeMap<String, Alarm>, Failure> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        // Only alarms of the types that are named are shown.
        let request = self.connection.clients.cloudwatch.describe_alarms();
        let request =
            request.set_alarm_names(Some(names.to_vec())).set_alarm_types(Some(TYPES.to_vec()));
        let call = Call::plain(Op::DescribeAlarms, Priority::InFlight);
        let (answer, _) = self.connection.calls.run(call, Box::pin(request.send())).await?;
        let state = |state: Option<&StateValue>| match state {
            Some(StateValue::Ok) => Alarm::Ok,
            Some(StateValue::Alarm) => Alarm::On,
            Some(_) | None => Alarm::NoData,
        };
        let single = answer.metric_alarms().iter().map(|it| (&it.alarm_name, &it.state_value));
        let composed = answer.composite_alarms().iter().map(|it| (&it.alarm_name, &it.state_value));
        let logged = answer.log_alarms().iter().map(|it| (&it.alarm_name, &it.state_value));
        let all = single.chain(composed).chain(logged);
        let found = all.filter_map(|(name, it)| Some((name.clone()?, state(it.as_ref()))));
        let mut alarms: BTreeMap<_, _> =
            names.iter().map(|name| (name.clone(), Alarm::Missing)).collect();
        alarms.extend(found);
        Ok(alarms)
    }

    /// Counts the calls that a version got through the alias since it has its part of them.
    /// CloudWatch counts by the minute, so the minute in which the step began counts as a whole.
    async fn calls(
        &self,
        name: &Name,
        alias: &str,
        rolling: &Rolling,
    ) -> Result<InvocationCounts, Failure> {
        let now = self.connection.calls.wall();
        let from = Timestamp::from_second(rolling.since.as_second() / 60 * 60).unwrap_or(now);
        let dimensions = [
            ("FunctionName", name.to_string()),
            ("Resource", format!("{name}:{alias}")),
            ("ExecutedVersion", rolling.version.to_string()),
        ];
        let query = |id: &str, metric: &str| {
            let dimensions = dimensions
                .iter()
                .map(|(name, value)| Dimension::builder().name(*name).value(value).build());
            let metric = Metric::builder()
                .namespace("AWS/Lambda")
                .metric_name(metric)
                .set_dimensions(Some(dimensions.collect()));
            let stat = MetricStat::builder().metric(metric.build()).period(PERIOD).stat("Sum");
            MetricDataQuery::builder().id(id).metric_stat(stat.build()).build()
        };
        let request = self
            .connection
            .clients
            .cloudwatch
            .get_metric_data()
            .start_time(DateTime::from_secs(from.as_second()))
            .end_time(DateTime::from_secs(now.as_second() + i64::from(PERIOD)))
            .metric_data_queries(query("invocations", "Invocations"))
            .metric_data_queries(query("errors", "Errors"));
        let call = Call::plain(Op::GetMetricData, Priority::InFlight);
        let (answer, _) = self.connection.calls.run(call, Box::pin(request.send())).await?;
        // A sum over a part of the calls would judge the version by that part.
        if answer.next_token().is_some_and(|it| !it.is_empty()) {
            return Err(Op::GetMetricData.failure(Class::Unclear, "the list has more than 1 pages"));
        }
        let sum = |id: &str| {
            let results = answer.metric_data_results().iter().filter(|it| it.id() == Some(id));
            results.flat_map(MetricDataResult::values).sum::<f64>()
        };
        // Counts: whole, and far from what an f64 cannot hold.
        let count = |sum: f64| format!("{sum:.0}").parse().unwrap_or_default();
        Ok(InvocationCounts {
            invocations: count(sum("invocations")),
            errors: count(sum("errors")),
        })
    }
}

fn known<T>(result: Result<T, Failure>) -> Known<T> {
    result.map_or_else(|failure| Known::No(chain(&failure)), Known::Yes)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use jiff::SignedDuration;

    use super::*;
    use crate::{
        aws::{
            calls::{CallLog, CallRecord, Calls, QuotaShares},
            clients::Clients,
        },
        engine::time::{Clock, Mono, Now},
    };

    struct Set(Mutex<Now>);

    impl Clock for Set {
        fn now(&self) -> Now {
            *self.0.lock().unwrap()
        }
    }

    struct Uncounted;

    impl CallLog for Uncounted {
        fn record(&self, _: &CallRecord<'_>) {}
    }

    fn at(wall: i64, mono: u64) -> Now {
        Now {
            wall: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(wall),
            mono: Mono(Duration::from_secs(mono)),
        }
    }

    /// A process that begins in the middle of a step goes on with it, by the date in the alias's note; from then on
    /// no date matters.
    #[test]
    fn a_step_lasts_over_a_restart_and_whatever_the_date_is_then() {
        let clock = Arc::new(Set(Mutex::new(at(145, 7))));
        let any: Arc<dyn Clock> = Arc::<Set>::clone(&clock);
        let shares = QuotaShares::of(1.0);
        let calls = Calls::new(Name::new("default"), shares, &any, Arc::new(Uncounted));
        let clients = Clients::local("http://127.0.0.1:9", "us-east-1").unwrap();
        let cloud = ReleaseCloud::new(&clients, Arc::new(calls));
        let since = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(100);
        let elapsed = |revision: &str, now: Now| {
            *clock.0.lock().unwrap() = now;
            let rolling = Rolling { version: 2, percent: 10, since };
            let alias = Alias {
                version: Some(1),
                weight: Some((2, 10)),
                note: None,
                revision: revision.to_owned(),
            };
            cloud.elapsed(&Name::new("job"), &alias, &rolling).as_secs()
        };
        assert_eq!(elapsed("r", at(145, 7)), 45);
        assert_eq!(elapsed("r", at(9000, 17)), 55);
        assert_eq!(elapsed("r", at(0, 27)), 65);
        // Another revision of the alias is another step.
        assert_eq!(elapsed("s", at(130, 37)), 30);
    }
}
