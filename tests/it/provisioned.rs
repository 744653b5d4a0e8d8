//! Provisioned concurrency, on the stand-in: made, changed by hand, seen, named, repaired, moved and taken away,
//! look by look and step by step. It hangs on an alias, which a function has through another block of its
//! document; here somebody else keeps it.

use std::{sync::Arc, time::Duration};

use evenkeel::{
    aws::{
        calls::{CallLog, Calls, QuotaShares},
        clients::Clients,
        cloud::{AwsKind as _, Cloud, Priority},
    },
    daemon::clock::SystemClock,
    engine::{
        diff::Diff,
        facts::{Fact, FactKey, Facts, ReleaseFact},
        failure::Class,
        kind::Kind as _,
        name::Name,
        time::Clock,
    },
    kinds::{
        block::{At, Keeping, Of, Spec, Step, aws::Hung},
        provisioned::{Config, Number, Provisioned},
    },
};
use evenkeel_sim::call::Service;
use serde_json::{Value, json};

use crate::common::{
    replay::Tape,
    scene::{ACCOUNT, REGION, SCALE, Scene},
};

type Block = Of<Provisioned>;

/// How long something may take that takes a moment.
const DEADLINE: Duration = Duration::from_secs(20);

struct Provisioning {
    scene: Scene,
    connection: Hung<Provisioned>,
    facts: Facts,
}

impl Provisioning {
    /// A function of ours with the aliases `live` and `next`, each of a version of its own.
    async fn new() -> Self {
        let scene = Scene::new().await;
        let clients = Clients::local(&scene.sim.url(), REGION).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let log: Arc<dyn CallLog> = Arc::new(Tape::default());
        let calls = Arc::new(Calls::new(Name::new("default"), QuotaShares::of(SCALE), &clock, log));
        let mut new =
            Self { scene, connection: Block::open(&clients, calls), facts: Facts::default() };
        let function = json!({
            "FunctionName": "job",
            "PackageType": "Image",
            "Code": { "ImageUri": format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/jobs:v1") },
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/job"),
            "Tags": { "evenkeel.dev/owner": "team", "evenkeel.dev/object": "Function/job" },
        });
        new.lambda("CreateFunction", None, function);
        for (alias, memory) in [("live", 128), ("next", 256)] {
            new.settle().await;
            new.lambda("UpdateFunctionConfiguration", None, json!({ "MemorySize": memory }));
            new.settle().await;
            let version = new.lambda("PublishVersion", None, json!({}));
            let body = json!({ "Name": alias, "FunctionVersion": version["Version"] });
            new.lambda("CreateAlias", None, body);
        }
        new.release("live");
        new
    }

    fn lambda(&self, operation: &'static str, alias: Option<&str>, body: Value) -> Value {
        self.scene.lambda(operation, alias, body)
    }

    /// How much time has passed, by the stand-in's clock.
    fn now(&self) -> Duration {
        self.scene.sim.shared.now()
    }

    /// The document keeps this alias.
    fn release(&mut self, alias: &str) {
        let fact = ReleaseFact { alias: Some(alias.into()), ..ReleaseFact::default() };
        self.facts.learn(FactKey::Release(Name::new("job")), Some(Fact::Release(fact.into())));
    }

    /// Waits until AWS is no longer at work on the function.
    async fn settle(&self) {
        let began = self.now();
        loop {
            let found = self.lambda("GetFunction", None, Value::Null);
            let busy = |member: &str, word: &str| found["Configuration"][member] == word;
            if !busy("State", "Pending") && !busy("LastUpdateStatus", "InProgress") {
                return;
            }
            assert!(self.now().saturating_sub(began) < DEADLINE.mul_f64(SCALE));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many instances are kept ready behind an alias, and what scales it.
    fn there(&self, alias: &str) -> (Value, Value) {
        let rows = self.lambda("ListProvisionedConcurrencyConfigs", None, Value::Null);
        let rows = rows["ProvisionedConcurrencyConfigs"].as_array().unwrap().clone();
        let own = |it: &&Value| it["FunctionArn"].as_str().unwrap().ends_with(alias);
        let number =
            rows.iter().find(own).map(|it| &it["RequestedProvisionedConcurrentExecutions"]);
        let body = json!({ "ResourceIds": [format!("function:job:{alias}")] });
        let targets = self.scene.call(Service::Scaling, "DescribeScalableTargets", ("", body));
        let target = &targets["ScalableTargets"][0];
        let policies =
            self.scene.call(Service::Scaling, "DescribeScalingPolicies", ("", json!({})));
        let of = |it: &&Value| it["ResourceId"] == format!("function:job:{alias}");
        let policy = policies["ScalingPolicies"].as_array().unwrap().iter().find(of).cloned();
        let aim = policy.unwrap_or_default();
        let aim = aim["TargetTrackingScalingPolicyConfiguration"]["TargetValue"].clone();
        let scaled = json!([target["MinCapacity"], target["MaxCapacity"], aim]);
        (number.cloned().unwrap_or_default(), scaled)
    }

    async fn look(&self, spec: &Spec<Provisioned>) -> Diff<Step<Provisioned>> {
        let name = Name::new("job");
        let (seen, _) = Cloud::<Block>::get(&self.connection, &name, Some(spec), Priority::Mover)
            .await
            .unwrap();
        Block::diff(&name, spec, &seen.unwrap(), &self.facts)
    }

    /// Looks and acts until there is nothing left to do or to wait for; every step as it is shown.
    async fn apply(&self, spec: &Spec<Provisioned>) -> Vec<String> {
        let mut steps = Vec::new();
        let began = self.now();
        loop {
            let diff = self.look(spec).await;
            assert!(self.now().saturating_sub(began) < DEADLINE.mul_f64(SCALE), "{:?}", diff.waits);
            if let Some(planned) = diff.steps.first() {
                Cloud::<Block>::apply(&self.connection, &planned.step).await.unwrap();
                let step = planned.step.to_string();
                // The note of what is made has a hash in it.
                let known = step.split(": evenkeel.dev/").next().unwrap().to_owned();
                steps.push(known);
            } else if diff.waits.iter().any(|it| it.soon) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            } else {
                assert_eq!((diff.changes, diff.waits), (Vec::new(), Vec::new()));
                return steps;
            }
        }
    }
}

fn spec(alias: &str, config: Option<Config>) -> Spec<Provisioned> {
    let at = At { function: Name::new("job"), qualifier: Some(alias.into()) };
    Spec::<Provisioned> {
        owner: "team".into(),
        at,
        config,
        adopts: false,
        guards: false,
        exclusive: false,
        keeping: Keeping::Always,
    }
}

fn number(number: i32) -> Config {
    let number = Some(Number::Fixed(number));
    Config { number, ..Config::none() }
}

fn range(min: i32, max: i32) -> Config {
    let (number, range) = (Some(Number::Scaled(min)), Some((min, max)));
    Config { number, range, utilization: Some(0.7), ..Config::none() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_becomes_a_range_and_a_number_again_and_goes() {
    let scene = Provisioning::new().await;
    let tag = "tag function job";
    let steps = scene.apply(&spec("live", Some(number(3)))).await;
    assert_eq!(steps, [tag, "provision concurrency 3 for function job:live"]);
    assert_eq!(scene.there("live"), (json!(3), json!([null, null, null])));
    let steps = scene.apply(&spec("live", Some(range(2, 10)))).await;
    let scale = "let concurrency of function job:live scale from 2 to 10";
    assert_eq!(steps, [tag, scale, "scale function job:live to a utilization of 0.7"]);
    // The number is whatever Application Auto Scaling makes of it.
    let by_itself = json!({ "ProvisionedConcurrentExecutions": 7 });
    scene.lambda("PutProvisionedConcurrencyConfig", Some("live"), by_itself);
    assert_eq!(scene.apply(&spec("live", Some(range(2, 10)))).await, Vec::<String>::new());
    assert_eq!(scene.there("live"), (json!(7), json!([2, 10, 0.7])));
    let (unaim, stop) = (
        "scale function job:live to no utilization",
        "let concurrency of function job:live scale no more",
    );
    let steps = scene.apply(&spec("live", Some(number(4)))).await;
    assert_eq!(steps, [tag, unaim, stop, "provision concurrency 4 for function job:live"]);
    assert_eq!(scene.there("live"), (json!(4), json!([null, null, null])));
    scene.apply(&spec("live", Some(range(1, 2)))).await;
    let steps = scene.apply(&spec("live", None)).await;
    let delete = "provision no concurrency for function job:live";
    assert_eq!(steps, [unaim, stop, delete, "untag function job"]);
    assert_eq!(scene.there("live"), (json!(null), json!([null, null, null])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_is_at_work_on_is_waited_for() {
    let scene = Provisioning::new().await;
    let wanted = spec("live", Some(number(3)));
    Cloud::<Block>::apply(&scene.connection, &scene.look(&wanted).await.steps[0].step)
        .await
        .unwrap();
    Cloud::<Block>::apply(&scene.connection, &scene.look(&wanted).await.steps[0].step)
        .await
        .unwrap();
    let diff = scene.look(&wanted).await;
    assert_eq!((diff.changes.len(), diff.steps.len()), (0, 0));
    let reasons: Vec<_> = diff.waits.iter().map(|it| (it.reason.code, it.soon)).collect();
    assert_eq!(reasons, [("Provisioning", true)]);
    assert_eq!(scene.apply(&wanted).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_moves_with_the_alias_and_waits_for_it() {
    let mut scene = Provisioning::new().await;
    scene.apply(&spec("live", Some(range(2, 10)))).await;
    let moved = spec("next", Some(range(2, 10)));
    let diff = scene.look(&moved).await;
    assert_eq!(diff.changes[0].path, "/concurrency/provisioned");
    assert_eq!(diff.changes[0].desired.to_string(), "on the alias next");
    scene.release("next");
    scene.apply(&moved).await;
    assert_eq!(scene.there("live"), (json!(null), json!([null, null, null])));
    assert_eq!(scene.there("next"), (json!(2), json!([2, 10, 0.7])));
    // An alias that is not there yet.
    scene.release("live");
    scene.apply(&spec("next", None)).await;
    let diff = scene.look(&moved).await;
    assert_eq!((diff.steps.len(), diff.waits[0].reason.code), (0, "AliasMissing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_provisioned_is_his() {
    let scene = Provisioning::new().await;
    let theirs = json!({ "ProvisionedConcurrentExecutions": 5 });
    scene.lambda("PutProvisionedConcurrencyConfig", Some("live"), theirs);
    for wanted in [number(3), range(2, 10)] {
        let diff = scene.look(&spec("live", Some(wanted))).await;
        assert_eq!((diff.steps.len(), diff.waits[0].reason.code), (0, "NotOwned"));
    }
    assert_eq!(scene.look(&spec("live", None)).await.steps.len(), 0);
    let adopted = Spec::<Provisioned> { adopts: true, ..spec("live", Some(range(2, 10))) };
    scene.apply(&adopted).await;
    assert_eq!(scene.there("live"), (json!(5), json!([2, 10, 0.7])));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_reserved_waits_until_that_has_changed() {
    let scene = Provisioning::new().await;
    let reserve = |number: i32| json!({ "ReservedConcurrentExecutions": number });
    scene.lambda("PutFunctionConcurrency", None, reserve(2));
    let wanted = spec("live", Some(number(5)));
    Cloud::<Block>::apply(&scene.connection, &scene.look(&wanted).await.steps[0].step)
        .await
        .unwrap();
    let put = scene.look(&wanted).await.steps[0].step.clone();
    assert_eq!(
        Cloud::<Block>::apply(&scene.connection, &put).await.unwrap_err().class,
        Class::MissingInput
    );
    scene.lambda("PutFunctionConcurrency", None, reserve(5));
    Cloud::<Block>::apply(&scene.connection, &put).await.unwrap();
    scene.apply(&wanted).await;
    assert_eq!(scene.there("live").0, json!(5));
}

/// "Twenty by day, two by night" works by changing the range: that is no drift.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_scheduled_actions_change_is_theirs() {
    let scene = Provisioning::new().await;
    let wanted = spec("live", Some(range(2, 10)));
    scene.apply(&wanted).await;
    let of = |more: Value| {
        let mut body = json!({
            "ServiceNamespace": "lambda",
            "ResourceId": "function:job:live",
            "ScalableDimension": "lambda:function:ProvisionedConcurrency",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let night = json!({ "MinCapacity": 1, "MaxCapacity": 1 });
    let hand = |operation, more| scene.scene.call(Service::Scaling, operation, ("", of(more)));
    hand("RegisterScalableTarget", night.clone());
    // Without a schedule somebody's hand did it.
    let diff = scene.look(&wanted).await;
    assert_eq!((diff.changes.len(), diff.steps.len()), (2, 1));
    let action = json!({ "ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)", "ScalableTargetAction": night });
    hand("PutScheduledAction", action);
    let diff = scene.look(&wanted).await;
    assert_eq!((diff.changes.len(), diff.steps.len()), (0, 0));
    assert_eq!(
        diff.conditions["SetElsewhere"].message,
        "its range is 1 to 1 now, and the manifest's, 2 to 10, is written only where nothing scales yet: scheduled \
         actions change it (night)"
    );
    // The policy is still kept.
    hand("DeleteScalingPolicy", json!({ "PolicyName": "evenkeel" }));
    assert_eq!(scene.apply(&wanted).await, ["scale function job:live to a utilization of 0.7"]);
    assert_eq!(scene.there("live").1, json!([1, 1, 0.7]));
    // Whoever may not see the schedules does not undo what may be theirs.
    scene.scene.fails("DescribeScheduledActions", "deny");
    let diff = scene.look(&wanted).await;
    let reasons: Vec<_> = diff.waits.iter().map(|it| it.reason.code).collect();
    assert_eq!((diff.steps.len(), reasons.as_slice()), (0, ["Unreadable"].as_slice()));
    scene.scene.faults(&json!([]));
    hand("DeleteScheduledAction", json!({ "ScheduledActionName": "night" }));
    let scale = "let concurrency of function job:live scale from 2 to 10";
    assert_eq!(scene.apply(&wanted).await, [scale]);
}
