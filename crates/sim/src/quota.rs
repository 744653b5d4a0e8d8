//! AWS's rates, as token buckets. Three for Lambda; ECR and tagging have their own.

use std::collections::BTreeMap;

use crate::{
    call::{Call, Refusal, Service},
    time::Moment,
};

/// A bucket holds one second's worth.
const BURST: f64 = 1.0;

/// The bucket that a call draws on, and its rate a second; none for layers: their rates are far beyond what one
/// machine asks.
/// Lambda's quotas page: GetFunction 100, GetPolicy 15, all other control-plane calls together 15.
/// ECR's: BatchGetImage 2,000, PutImage 10; those without a published number are taken for 10.
/// Tagging's: GetResources 15. CloudWatch's: DescribeAlarms 9, GetMetricData 50. CloudWatch Logs': FilterLogEvents 10,
/// GetLogEvents and DescribeLogStreams 25. Its other calls and Application Auto Scaling: no numbers that hold for all of
/// them; taken for 10 together each.
fn bucket(call: &Call) -> Option<(&'static str, f64)> {
    Some(match (call.service, call.operation) {
        (Service::Lambda, "Invoke") => ("Invoke", 10_000.0),
        (Service::Lambda, "GetFunction") => ("GetFunction", 100.0),
        (Service::Lambda, "GetPolicy") => ("GetPolicy", 15.0),
        (Service::Lambda, _) => ("ControlPlane", 15.0),
        (Service::Ecr | Service::Registry, "BatchGetImage") => ("BatchGetImage", 2_000.0),
        (Service::Ecr, "GetAuthorizationToken") => ("GetAuthorizationToken", 500.0),
        (Service::Ecr, name) | (Service::Registry, name @ ("PutImage" | "ListImages")) => {
            (name, 10.0)
        }
        (Service::Registry, _) => return None,
        (Service::Logs, "FilterLogEvents") => ("FilterLogEvents", 10.0),
        (Service::Logs, name @ ("GetLogEvents" | "DescribeLogStreams")) => (name, 25.0),
        (Service::Logs, _) => ("Logs", 10.0),
        (Service::Scaling, _) => ("Scaling", 10.0),
        (Service::Tagging, _) => ("GetResources", 15.0),
        (Service::Sts, _) => ("Sts", 600.0),
        (Service::CloudWatch, "DescribeAlarms") => ("DescribeAlarms", 9.0),
        (Service::CloudWatch, _) => ("GetMetricData", 50.0),
    })
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Moment,
}

/// All buckets of all accounts.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    buckets: BTreeMap<(String, String, &'static str), Bucket>,
}

impl Quotas {
    /// Takes a token, or answers as AWS does when there is none.
    pub(crate) fn draw(&mut self, call: &Call, now: Moment) -> Result<(), Refusal> {
        let Some((name, rate)) = bucket(call) else { return Ok(()) };
        let full = (rate * BURST).max(1.0);
        let key = (call.caller.account.clone(), call.caller.region.clone(), name);
        let bucket =
            self.buckets.entry(key).or_insert_with(|| Bucket { tokens: full, filled: now });
        let passed = now.saturating_sub(bucket.filled).as_secs_f64();
        bucket.filled = bucket.filled.max(now);
        bucket.tokens = (bucket.tokens + passed * rate).min(full);
        if bucket.tokens < 1.0 {
            return Err(throttle(call.service));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// How each service says that it is asked too often.
pub(crate) fn throttle(service: Service) -> Refusal {
    let text = "Rate exceeded";
    match service {
        Service::Lambda => {
            let mut refusal = Refusal::new(429, "TooManyRequestsException", text)
                .user()
                .with("Reason", "CallerRateLimitExceeded".into());
            refusal.retry_after = Some(1);
            refusal
        }
        Service::Ecr | Service::Logs | Service::Scaling | Service::CloudWatch => {
            Refusal::new(400, "ThrottlingException", text)
        }
        Service::Registry => Refusal::new(429, "TOOMANYREQUESTS", text),
        Service::Tagging => Refusal::new(400, "ThrottledException", text),
        Service::Sts => Refusal::new(400, "Throttling", text),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::call::Caller;

    fn call(operation: &'static str) -> Call {
        Call::by(Caller::default(), (Service::Lambda, operation), ("", Value::Null))
    }

    /// How many of so many calls get through in ten seconds.
    fn ten_seconds(quotas: &mut Quotas, operation: &'static str) -> usize {
        let at = |milli| Duration::from_millis(milli);
        (0..10_000)
            .flat_map(|milli| [milli; 2])
            .filter(|milli| quotas.draw(&call(operation), at(*milli)).is_ok())
            .count()
    }

    #[test]
    fn each_bucket_has_its_rate() {
        let mut quotas = Quotas::default();
        let update = ten_seconds(&mut quotas, "UpdateFunctionCode");
        assert!((150..=166).contains(&update), "{update}");
        // The shared bucket is empty now, its own is not.
        let get = ten_seconds(&mut quotas, "GetFunction");
        assert!((1000..=1101).contains(&get), "{get}");
        assert!(quotas.draw(&call("ListFunctions"), Duration::from_millis(9_999)).is_err());
    }
}
