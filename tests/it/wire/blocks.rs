//! Blocks of functions on recorded answers: what goes out, page by page, and what comes of what comes back.

use std::sync::Arc;

use evenkeel::{
    aws::{
        calls::Calls,
        clients::Clients,
        cloud::{AwsKind, Cloud, Priority},
    },
    engine::{
        failure::{Class, Failure},
        name::Name,
        observed::Known,
        time::Mono,
    },
    kinds::{
        block::{At, Block, Keeping, Of, Spec, Step, aws::FacetClient},
        concurrency::Concurrency,
        function::Function,
        log_group::{Call as LogCall, Config as LogConfig, LogGroup},
        provisioned::{Call as ScaleCall, Config, Number, Provisioned, ProvisioningStatus},
        recursion::Recursion,
        release::ReleaseCloud,
    },
};
use serde_json::{Value, json};

use crate::common::{
    over,
    replay::{self, Answer, Asked, error, ok},
};

const GROUP: &str = "/aws/lambda/resize";

fn host() -> Answer {
    ok(json!({
        "Configuration": { "FunctionName": "resize", "State": "Active" },
        "Tags": { "evenkeel.dev/owner": "team" },
    }))
}

/// What a look at a block comes to, and what was asked for it.
type Looked<B> = (Result<Known<Option<<B as Block>::Config>>, Failure>, Vec<(String, Value)>);

/// Looks at a block; what it is like, and what was asked besides GetFunction: the operation and the body.
fn look<B: FacetClient>(
    wanted: Option<B::Config>,
    qualifier: Option<&str>,
    answer: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static,
) -> Looked<B> {
    let (clients, calls, tape) = replay::aws(move |number, asked| {
        let function = asked.path == "/2015-03-31/functions/resize";
        if function { host() } else { answer(number, asked) }
    });
    let name = Name::new("resize");
    let at = At { function: name.clone(), qualifier: qualifier.map(ToOwned::to_owned) };
    let spec = Spec::<B> {
        owner: "team".into(),
        at,
        config: wanted,
        adopts: false,
        guards: false,
        exclusive: false,
        keeping: Keeping::Always,
    };
    let connection = Of::<B>::open(&clients, calls);
    let got = replay::run(Cloud::<Of<B>>::get(&connection, &name, Some(&spec), Priority::Mover));
    let asked = tape.asked.lock().unwrap();
    let others = asked.iter().filter(|it| it.path != "/2015-03-31/functions/resize").map(told);
    (got.map(|(seen, _)| seen.unwrap().live.config), others.collect())
}

/// Makes a call; what went out.
fn sent<B: FacetClient>(call: B::Call) -> (String, Value) {
    let (clients, calls, tape) = replay::aws(|_, _| ok(json!({})));
    let connection = Of::<B>::open(&clients, calls);
    replay::run(Cloud::<Of<B>>::apply(&connection, &Step::<B>::Call(call))).unwrap();
    let asked = tape.asked.lock().unwrap();
    told(asked.first().unwrap())
}

/// The operation and the body of a request.
fn told(asked: &Asked) -> (String, Value) {
    let operation = if asked.target.is_empty() {
        format!("{} {}", asked.method, asked.path)
    } else {
        asked.target.clone()
    };
    (operation, serde_json::from_str(&asked.body).unwrap_or(Value::Null))
}

fn wanted() -> LogConfig {
    LogConfig { group: GROUP.into(), retention: Some(30), account_policy: None, key: None }
}

#[test]
fn a_log_group_is_looked_for_page_by_page_until_its_own_name_comes() {
    let (found, asked) = look::<LogGroup>(Some(wanted()), None, |_, asked| {
        let other = json!({ "logGroupName": format!("{GROUP}-old"), "retentionInDays": 1 });
        let own = json!({ "logGroupName": GROUP, "retentionInDays": 7, "kmsKeyId": "k" });
        let none = json!({ "logGroupName": format!("{GROUP}-z") });
        if asked.body.contains("nextToken") {
            return ok(json!({ "logGroups": [own, none], "nextToken": "u" }));
        }
        ok(json!({ "logGroups": [other], "nextToken": "t" }))
    });
    let config = LogConfig { retention: Some(7), key: Some("k".into()), ..wanted() };
    assert!(found.unwrap() == Known::Yes(Some(config)));
    let list = "Logs_20140328.DescribeLogGroups".to_owned();
    let first = json!({ "logGroupNamePrefix": GROUP });
    let second = json!({ "logGroupNamePrefix": GROUP, "nextToken": "t" });
    assert_eq!(asked, [(list.clone(), first), (list, second)]);
}

#[test]
fn a_log_group_is_absent_after_the_last_page_and_unknown_before() {
    let page = |next: Option<&str>| {
        let rows = json!([{ "logGroupName": format!("{GROUP}-old") }]);
        ok(json!({ "logGroups": rows, "nextToken": next }))
    };
    let (found, _) = look::<LogGroup>(Some(wanted()), None, move |_, _| page(None));
    assert!(found.unwrap() == Known::Yes(None));
    let (found, _) = look::<LogGroup>(Some(wanted()), None, move |_, asked| {
        if asked.body.contains("nextToken") {
            return error(400, "ThrottlingException", "Rate exceeded");
        }
        page(Some("t"))
    });
    assert_eq!(found.err().unwrap().class, Class::Throttled);
    let denied = |_: usize, _: &Asked| error(400, "AccessDeniedException", "not authorized");
    let (found, _) = look::<LogGroup>(Some(wanted()), None, denied);
    assert!(matches!(found.unwrap(), Known::No(_)));
}

#[test]
fn a_log_group_that_is_only_to_be_forgotten_is_not_asked_for() {
    let (found, asked) = look::<LogGroup>(None, None, |_, asked| panic!("{asked:?}"));
    assert!(found.unwrap() == Known::Yes(None));
    assert_eq!(asked, []);
}

#[test]
fn each_call_about_a_log_group_says_what_it_should() {
    let check = |call: LogCall, operation: &str, body: Value| {
        assert_eq!(sent::<LogGroup>(call), (format!("Logs_20140328.{operation}"), body));
    };
    let group = || "g".to_owned();
    let plain = json!({ "logGroupName": "g" });
    let locked = json!({ "logGroupName": "g", "kmsKeyId": "k" });
    check(LogCall::Create(group(), None), "CreateLogGroup", plain.clone());
    check(LogCall::Create(group(), Some("k".into())), "CreateLogGroup", locked.clone());
    let kept = json!({ "logGroupName": "g", "retentionInDays": 30 });
    check(LogCall::Keep(group(), 30), "PutRetentionPolicy", kept);
    check(LogCall::KeepForever(group()), "DeleteRetentionPolicy", plain.clone());
    check(LogCall::Lock(group(), "k".into()), "AssociateKmsKey", locked);
    check(LogCall::Unlock(group()), "DisassociateKmsKey", plain);
}

const LAMBDA: &str = "/2019-09-30/functions/resize/provisioned-concurrency?Qualifier=live";

/// What Application Auto Scaling is told each time.
fn scalable() -> Value {
    json!({
        "ServiceNamespace": "lambda",
        "ResourceId": "function:resize:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    })
}

fn scaling(operation: &str, more: &Value) -> (String, Value) {
    (format!("AnyScaleFrontendService.{operation}"), over(scalable(), more))
}

fn targets(rows: Value) -> Answer {
    ok(json!({ "ScalableTargets": rows }))
}

/// Looks at what an alias has, where AWS answers so.
fn provisioned(lambda: Answer, (range, policies): (Answer, Answer)) -> Looked<Provisioned> {
    look::<Provisioned>(None, Some("live"), move |_, asked| {
        match asked.target.rsplit('.').next().unwrap() {
            "DescribeScalableTargets" => range.clone(),
            "DescribeScalingPolicies" => policies.clone(),
            _ => lambda.clone(),
        }
    })
}

#[test]
fn a_number_and_who_scales_it_are_read() {
    let lambda = || {
        ok(
            json!({ "RequestedProvisionedConcurrentExecutions": 7, "Status": "FAILED", "StatusReason": "no room" }),
        )
    };
    let policy = |metric: &str| {
        let metric = json!({ "PredefinedMetricType": metric });
        let aim = json!({ "TargetValue": 0.7, "PredefinedMetricSpecification": metric });
        let row =
            json!({ "PolicyName": "evenkeel", "TargetTrackingScalingPolicyConfiguration": aim });
        ok(json!({ "ScalingPolicies": [row] }))
    };
    let target = || targets(json!([{ "MinCapacity": 2, "MaxCapacity": 9 }]));
    let ours = policy("LambdaProvisionedConcurrencyUtilization");
    let (found, asked) = provisioned(lambda(), (target(), ours));
    let config = Config {
        number: Some(Number::Fixed(7)),
        range: Some((2, 9)),
        utilization: Some(0.7),
        status: ProvisioningStatus::Failed("no room".into()),
        schedules: Vec::new(),
    };
    assert!(found.unwrap() == Known::Yes(Some(config.clone())));
    let ids = json!({
        "ServiceNamespace": "lambda",
        "ResourceIds": ["function:resize:live"],
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    });
    let list = ("AnyScaleFrontendService.DescribeScalableTargets".to_owned(), ids);
    let own = scaling("DescribeScalingPolicies", &json!({ "PolicyNames": ["evenkeel"] }));
    assert_eq!(asked, [(format!("GET {LAMBDA}"), Value::Null), list, own]);
    // A policy of our name that aims at something else is not as ours are.
    let (found, _) = provisioned(lambda(), (target(), policy("ECSServiceAverageCPUUtilization")));
    assert!(found.unwrap() == Known::Yes(Some(Config { utilization: None, ..config })));
}

#[test]
fn an_alias_without_any_is_told_from_one_that_cannot_be_read() {
    let none = || targets(json!([]));
    let never = || error(500, "ServiceException", "nobody should ask");
    for code in ["ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException"] {
        let (found, asked) = provisioned(error(404, code, "No"), (none(), never()));
        assert!(found.unwrap() == Known::Yes(None), "{code}");
        // Without a target there are no policies.
        assert_eq!(asked.len(), 2);
    }
    // A target outlives what it scaled.
    let target = targets(json!([{ "MinCapacity": 2, "MaxCapacity": 9 }]));
    let gone = error(404, "ResourceNotFoundException", "No alias");
    let (found, _) = provisioned(gone, (target, ok(json!({ "ScalingPolicies": [] }))));
    let config = Config { range: Some((2, 9)), ..Config::none() };
    assert!(found.unwrap() == Known::Yes(Some(config)));
    let ready = || ok(json!({ "RequestedProvisionedConcurrentExecutions": 7, "Status": "READY" }));
    let denied = || error(400, "AccessDeniedException", "not authorized");
    assert!(matches!(provisioned(ready(), (denied(), never())).0.unwrap(), Known::No(_)));
    let busy = error(400, "ConcurrentUpdateException", "busy");
    assert_eq!(provisioned(ready(), (busy, never())).0.err().unwrap().class, Class::Busy);
}

#[test]
fn each_call_about_provisioned_concurrency_says_what_it_should() {
    let at = || At { function: Name::new("resize"), qualifier: Some("live".into()) };
    let number = json!({ "ProvisionedConcurrentExecutions": 5 });
    let put = sent::<Provisioned>(ScaleCall::Put(at(), 5));
    assert_eq!(put, (format!("PUT {LAMBDA}"), number));
    let delete = sent::<Provisioned>(ScaleCall::Delete(at()));
    assert_eq!(delete, (format!("DELETE {LAMBDA}"), Value::Null));
    let check = |call: ScaleCall, operation: &str, more: Value| {
        assert_eq!(sent::<Provisioned>(call), scaling(operation, &more));
    };
    let range = json!({ "MinCapacity": 2, "MaxCapacity": 9 });
    check(ScaleCall::Register(at(), (2, 9)), "RegisterScalableTarget", range);
    check(ScaleCall::Deregister(at()), "DeregisterScalableTarget", json!({}));
    let policy = json!({
        "PolicyName": "evenkeel",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 0.7,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization",
            },
        },
    });
    check(ScaleCall::Aim(at(), 0.7), "PutScalingPolicy", policy);
    let name = json!({ "PolicyName": "evenkeel" });
    check(ScaleCall::Unaim(at()), "DeleteScalingPolicy", name);
}

/// Aliases and versions that were not read would be taken for absent: made anew, published anew, deleted while in use.
#[test]
fn lists_of_a_release_that_never_end_fail() {
    let release = || {
        let (clients, calls, _) = replay::aws(|_, asked| {
            let page = if asked.path.ends_with("/aliases") {
                json!({ "Aliases": [{ "Name": "old", "FunctionVersion": "1" }], "NextMarker": "m" })
            } else {
                json!({ "Versions": [{ "Version": "1" }], "NextMarker": "m" })
            };
            ok(page)
        });
        ReleaseCloud::new(&clients, calls)
    };
    let name = Name::new("resize");
    let failed = |failure: Failure| {
        assert!(failure.cause.message.contains("100 pages"), "{failure:?}");
        (failure.op, failure.class)
    };
    let aliases = replay::run(release().get(&name, None, Priority::Mover)).unwrap_err();
    assert_eq!(failed(aliases), ("ListAliases", Class::Unclear));
    let versions = replay::run(release().published(&name, "team")).unwrap_err();
    assert_eq!(failed(versions), ("ListVersionsByFunction", Class::Unclear));
}

/// What belongs to one function, read at once.
async fn read_all(clients: &Clients, calls: &Arc<Calls>, priority: Priority) -> Vec<Mono> {
    let name = Name::new("resize");
    let recursion = Of::<Recursion>::open(clients, Arc::clone(calls));
    let concurrency = Of::<Concurrency>::open(clients, Arc::clone(calls));
    let function = Function::open(clients, Arc::clone(calls));
    let reads = (
        Cloud::<Of<Recursion>>::get(&recursion, &name, None, priority),
        Cloud::<Of<Concurrency>>::get(&concurrency, &name, None, priority),
        function.get(&name, None, priority),
    );
    let (recursion, concurrency, function) = tokio::join!(reads.0, reads.1, reads.2);
    vec![recursion.unwrap().1, concurrency.unwrap().1, function.unwrap().1]
}

#[test]
fn the_audit_reads_a_function_once_for_all_of_its_facets() {
    let (clients, calls, tape) = replay::aws(|_, asked| {
        let function = asked.path == "/2015-03-31/functions/resize";
        if function { host() } else { ok(json!({ "RecursiveLoop": "Terminate" })) }
    });
    let asked = || {
        let asked = tape.asked.lock().unwrap();
        asked.iter().filter(|it| it.path == "/2015-03-31/functions/resize").count()
    };
    replay::run(async {
        let moments = read_all(&clients, &calls, Priority::Audit).await;
        assert_eq!(asked(), 1);
        // Each speaks for the moment at which that one request began.
        assert!(moments.iter().all(|it| *it == moments[0]), "{moments:?}");
        read_all(&clients, &calls, Priority::Audit).await;
        assert_eq!(asked(), 1);
        // What a step may rest on is read by itself, of the recursion before and after.
        let later = read_all(&clients, &calls, Priority::Mover).await;
        assert_eq!(asked(), 5);
        let audit = read_all(&clients, &calls, Priority::Audit).await;
        assert_eq!(asked(), 5);
        // No claim becomes older by that.
        assert!(audit.iter().all(|it| it >= later.iter().min().unwrap()), "{audit:?} {later:?}");
    });
}
