//! A fleet whose manifests describe everything that a function can have: what it costs to look at all of it, and
//! what it costs to watch.

use std::{fs, time::Duration};

use evenkeel_sim::journal::Entry;

use super::{
    manifests,
    report::{self, Report},
    stage::Fleet,
};

const HURRY: f64 = 20.0;
const SHARE: f64 = 0.5;
/// AWS's rate of all control-plane calls but two, a second.
const RATE: f64 = 15.0;
/// How long it is watched when all is well.
const REST: Duration = Duration::from_mins(5);
/// Calls to Lambda with a quota of their own.
const APART: [&str; 3] = ["GetFunction", "GetPolicy", "Invoke"];
/// One of the calls of a look at each part that no list shows; event sources have a list.
const LOOKS: [&str; 7] = [
    "ListAliases",
    "GetFunctionUrlConfig",
    "GetPolicy",
    "GetFunctionEventInvokeConfig",
    "GetFunctionRecursionConfig",
    "GetProvisionedConcurrencyConfig",
    "DescribeLogGroups",
];
const PARTS: &str = r#"
  release: { keepVersions: 3 }
  url: { authType: AWS_IAM }
  permissions: [{ sid: bucket, principal: s3.amazonaws.com, sourceArn: "arn:aws:s3:::reads" }]
  asyncInvoke: { maximumRetryAttempts: 1 }
  concurrency: { reserved: 4, provisioned: 2 }
  recursiveLoop: Allow
  eventSources: [{ eventSourceArn: "arn:aws:sqs:us-east-1:123456789012:jobs" }]
  logGroup: { retentionInDays: 30 }
"#;

fn count(calls: &[&Entry], operation: &str) -> usize {
    calls.iter().filter(|it| it.operation == operation).count()
}

/// Calls of the quota that all share.
fn shared(calls: &[&Entry]) -> usize {
    let dear = |it: &&&Entry| it.service == "lambda" && !APART.contains(&it.operation.as_str());
    calls.iter().filter(dear).count()
}

/// A fleet with every part, made by a daemon that is gone. AWS's rates do not hold yet.
async fn made(number: usize) -> Fleet {
    let fleet = Fleet::bare(number, false, HURRY).await;
    for one in 0..number {
        let path = fleet.folder.path().join(format!("job-{one:05}.yaml"));
        fs::write(path, manifests::text(one) + PARTS).unwrap();
    }
    let maker = fleet.start(1.0);
    maker.ready().await;
    maker.verified(number).await;
    fleet
}

/// The memory of a daemon that has read everything once.
pub async fn memory(number: usize, report: &mut Report) {
    let fleet = made(number).await;
    let daemon = fleet.start(1.0);
    daemon.ready().await;
    daemon.verified(number).await;
    report::heading(&format!("{number} functions with every part declared, in memory"));
    report.add(("declared.rss_mb", number), (daemon.rss_mb(), "MB"), None);
}

/// Looks at everything once, then watches.
pub async fn measure(number: usize, report: &mut Report) {
    let fleet = made(number).await;
    fleet.sim.shared.world().hold_quotas(true);
    let (mark, began) = (fleet.mark(), fleet.now());
    let daemon = fleet.start(SHARE);
    let all = |calls: &[&Entry]| {
        let seen = LOOKS.iter().all(|it| count(calls, it) >= number);
        seen.then(|| shared(calls))
    };
    let calls = fleet.until(mark, all).await;
    let took = fleet.now() - began;
    let bound = calls as f64 / (RATE * SHARE);
    report::heading(&format!(
        "{number} functions with every part declared, with {SHARE} of the quota"
    ));
    report.add(("declared.audit_calls", number), (calls as f64, "calls"), None);
    let gets = fleet.calls(mark, |calls| count(calls, "GetFunction"));
    report.add(("declared.audit_get_function", number), (gets as f64, "calls"), None);
    report.add(("declared.audit_s", number), (took, "s"), None);
    report.add(("declared.audit_over_bound", number), (took / bound, "times"), Some(1.2));
    fleet.pass(Duration::from_mins(1)).await;
    let mark = fleet.mark();
    fleet.pass(REST).await;
    let minutes = REST.as_secs_f64() / 60.0;
    let (lists, looks, writes) = fleet.calls(mark, |calls| {
        let lists =
            ["ListFunctions", "BatchGetImage", "DescribeRepositories", "ListEventSourceMappings"];
        let lists: usize = lists.iter().map(|it| count(calls, it)).sum();
        let writes = calls.iter().filter(|it| it.write).count();
        (lists, calls.len() - lists - writes, writes)
    });
    let a_minute = |it: usize| (it as f64 / minutes, "calls");
    report.add(("declared.lists_a_minute", number), a_minute(lists), None);
    report.add(("declared.looks_a_minute", number), a_minute(looks), None);
    report.add(("declared.writes", number), (writes as f64, "calls"), Some(0.0));
    report.add(
        ("declared.throttled_calls", number),
        (fleet.throttled() as f64, "calls"),
        Some(0.0),
    );
    assert_eq!(daemon.synced().await, number);
}
