//! Application Auto Scaling: targets, policies and scheduled actions, which are kept and scale nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    call::{Answer, Call, Refusal, Reply},
    time,
};

/// What is answered here.
pub(crate) const OPERATIONS: &[&str] = &[
    "DeleteScalingPolicy",
    "DeleteScheduledAction",
    "DeregisterScalableTarget",
    "DescribeScalableTargets",
    "DescribeScalingPolicies",
    "DescribeScheduledActions",
    "PutScalingPolicy",
    "PutScheduledAction",
    "RegisterScalableTarget",
];

/// How many targets a page holds at most.
const TARGETS: usize = 50;
/// How many policies.
const POLICIES: usize = 10;

/// What can be scaled: a service, a resource of it, and a dimension of that.
type Key = [String; 3];

/// The targets and policies of an account in a Region, as they are shown.
#[derive(Debug, Default)]
pub(crate) struct Scaling {
    targets: BTreeMap<Key, Value>,
    policies: BTreeMap<(Key, String), Value>,
    schedules: BTreeMap<(Key, String), Value>,
}

impl Scaling {
    pub(crate) fn answer(&mut self, call: &Call, date: Timestamp) -> Answer {
        match call.operation {
            "DescribeScalableTargets" => Ok(self.describe_targets(call)),
            "DescribeScalingPolicies" => Ok(self.describe_policies(call)),
            "DescribeScheduledActions" => Ok(self.describe_schedules(call)),
            "PutScheduledAction" => self.schedule(call, date),
            "DeleteScheduledAction" => {
                let key = key(call)?;
                let name = call.text("ScheduledActionName").unwrap_or_default();
                match self.schedules.remove(&(key.clone(), name.to_owned())) {
                    Some(_) => Ok(Reply::new(200, json!({}))),
                    None => Err(missing("No scheduled action found", &key)),
                }
            }
            "RegisterScalableTarget" => self.register(call, date),
            "DeregisterScalableTarget" => self.deregister(call),
            "PutScalingPolicy" => self.put(call, date),
            _ => self.delete(call),
        }
    }

    fn register(&mut self, call: &Call, date: Timestamp) -> Answer {
        let key = key(call)?;
        let anew = !self.targets.contains_key(&key);
        let [service, resource, dimension] = key.clone();
        let (account, region) = (&call.caller.account, &call.caller.region);
        let role = "aws-service-role/lambda.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency";
        let fresh = json!({
            "ServiceNamespace": service,
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "RoleARN": format!("arn:aws:iam::{account}:role/{role}"),
            "CreationTime": time::seconds(date),
            "ScalableTargetARN": arn(call, &format!("scalable-target/{region}{}", self.targets.len())),
        });
        let mut shown = self.targets.get(&key).cloned().unwrap_or(fresh);
        for member in ["MinCapacity", "MaxCapacity"] {
            match call.body[member].as_i64() {
                Some(number) if number >= 0 => shown[member] = number.into(),
                None if !anew => {}
                _ => {
                    let text = format!("{member} must be given, and at least 0, for a new target");
                    return Err(invalid(&text));
                }
            }
        }
        if shown["MinCapacity"].as_i64() > shown["MaxCapacity"].as_i64() {
            return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
        }
        let arn = shown["ScalableTargetARN"].clone();
        self.targets.insert(key, shown);
        Ok(Reply::new(200, json!({ "ScalableTargetARN": arn })))
    }

    /// The policies and scheduled actions of a target go with it.
    fn deregister(&mut self, call: &Call) -> Answer {
        let key = key(call)?;
        if self.targets.remove(&key).is_none() {
            return Err(missing("No scalable target found", &key));
        }
        self.policies.retain(|(target, _), _| *target != key);
        self.schedules.retain(|(target, _), _| *target != key);
        Ok(Reply::new(200, json!({})))
    }

    fn put(&mut self, call: &Call, date: Timestamp) -> Answer {
        let key = key(call)?;
        if !self.targets.contains_key(&key) {
            return Err(missing("No scalable target registered", &key));
        }
        let name = call.text("PolicyName").unwrap_or_default();
        let tracking = &call.body["TargetTrackingScalingPolicyConfiguration"];
        let metric = &tracking["PredefinedMetricSpecification"]["PredefinedMetricType"];
        if tracking["TargetValue"].as_f64().is_none() || !metric.is_string() {
            return Err(invalid("The stand-in knows policies that track a predefined metric"));
        }
        let [service, resource, dimension] = key.clone();
        let arn = arn(call, &format!("scalingPolicy:{resource}:policyName/{name}"));
        let shown = json!({
            "PolicyARN": arn,
            "PolicyName": name,
            "ServiceNamespace": service,
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": tracking,
            "Alarms": [],
            "CreationTime": time::seconds(date),
        });
        self.policies.insert((key, name.to_owned()), shown);
        Ok(Reply::new(200, json!({ "PolicyARN": arn, "Alarms": [] })))
    }

    fn schedule(&mut self, call: &Call, date: Timestamp) -> Answer {
        let key = key(call)?;
        if !self.targets.contains_key(&key) {
            return Err(missing("No scalable target registered", &key));
        }
        let name = call.text("ScheduledActionName").unwrap_or_default();
        let [service, resource, dimension] = key.clone();
        let shown = json!({
            "ScheduledActionName": name,
            "ScheduledActionARN": arn(call, &format!("scheduledAction:{resource}:scheduledActionName/{name}")),
            "ServiceNamespace": service,
            "Schedule": call.body["Schedule"],
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "ScalableTargetAction": call.body["ScalableTargetAction"],
            "CreationTime": time::seconds(date),
        });
        self.schedules.insert((key, name.to_owned()), shown);
        Ok(Reply::new(200, json!({})))
    }

    fn delete(&mut self, call: &Call) -> Answer {
        let key = key(call)?;
        let name = call.text("PolicyName").unwrap_or_default();
        match self.policies.remove(&(key.clone(), name.to_owned())) {
            Some(_) => Ok(Reply::new(200, json!({}))),
            None => Err(missing("No scaling policy found", &key)),
        }
    }

    fn describe_targets(&self, call: &Call) -> Reply {
        let among = listed(&call.body["ResourceIds"]);
        let rows = self.targets.values().filter(|it| {
            fits(it, call) && (among.is_empty() || among.contains(&&it["ResourceId"]))
        });
        page(rows, call, ("ScalableTargets", TARGETS))
    }

    fn describe_policies(&self, call: &Call) -> Reply {
        let among = listed(&call.body["PolicyNames"]);
        let of = |it: &Value| call.text("ResourceId").is_none_or(|id| it["ResourceId"] == id);
        let rows = self.policies.values().filter(|it| {
            fits(it, call) && of(it) && (among.is_empty() || among.contains(&&it["PolicyName"]))
        });
        page(rows, call, ("ScalingPolicies", POLICIES))
    }
}

impl Scaling {
    fn describe_schedules(&self, call: &Call) -> Reply {
        let of = |it: &Value| call.text("ResourceId").is_none_or(|id| it["ResourceId"] == id);
        let rows = self.schedules.values().filter(|it| fits(it, call) && of(it));
        page(rows, call, ("ScheduledActions", TARGETS))
    }
}

fn listed(list: &Value) -> Vec<&Value> {
    list.as_array().into_iter().flatten().collect()
}

fn fits(row: &Value, call: &Call) -> bool {
    ["ServiceNamespace", "ScalableDimension"]
        .into_iter()
        .all(|it| call.text(it).is_none_or(|wanted| row[it] == wanted))
}

/// One page of something.
fn page<'a>(
    rows: impl Iterator<Item = &'a Value>,
    call: &Call,
    (member, most): (&str, usize),
) -> Reply {
    let from = call.text("NextToken").and_then(|it| it.parse().ok()).unwrap_or(0_usize);
    let size = call.body["MaxResults"].as_u64().and_then(|it| usize::try_from(it).ok());
    let size = size.unwrap_or(most).clamp(1, most);
    let mut rows: Vec<&Value> = rows.skip(from).take(size + 1).collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let mut body = json!({});
    body[member] = json!(rows);
    if more {
        body["NextToken"] = (from + size).to_string().into();
    }
    Reply::new(200, body)
}

/// What a call is about. Of Lambda, only this can be scaled.
fn key(call: &Call) -> Result<Key, Refusal> {
    let member = |it: &str| call.text(it).unwrap_or_default().to_owned();
    let key = ["ServiceNamespace", "ResourceId", "ScalableDimension"].map(member);
    let parts: Vec<&str> = key[1].split(':').collect();
    let alias = parts.len() == 3 && parts[0] == "function" && !parts[2].starts_with('$');
    if key[0] != "lambda" || key[2] != "lambda:function:ProvisionedConcurrency" || !alias {
        return Err(invalid("Unsupported service namespace, resource type or scalable dimension"));
    }
    Ok(key)
}

fn arn(call: &Call, rest: &str) -> String {
    let (account, region) = (&call.caller.account, &call.caller.region);
    format!("arn:aws:application-autoscaling:{region}:{account}:{rest}")
}

fn missing(what: &str, [service, resource, dimension]: &Key) -> Refusal {
    let text = format!(
        "{what} for service namespace: {service}, resource ID: {resource}, scalable dimension: {dimension}"
    );
    Refusal::new(400, "ObjectNotFoundException", text)
}

fn invalid(text: &str) -> Refusal {
    Refusal::new(400, "ValidationException", text)
}
