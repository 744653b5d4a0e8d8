//! GetProvisionedConcurrencyConfig, what Application Auto Scaling says of it, and the calls that change both.

use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalingPolicy,
    ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_lambda::{
    operation::{
        get_function::GetFunctionOutput,
        get_provisioned_concurrency_config::GetProvisionedConcurrencyConfigOutput,
    },
    types::ProvisionedConcurrencyStatusEnum,
};

use super::{Call as Step, Config, Number, POLICY, Provisioned, ProvisioningStatus};
use crate::{
    aws::{
        calls::Call,
        cloud::Priority,
        op::{Bucket, Op},
    },
    engine::failure::Failure,
    kinds::block::{
        At,
        aws::{Connection, FacetClient, FacetQuery, PAGES_MAX, Read},
    },
};

const NAMESPACE: ServiceNamespace = ServiceNamespace::Lambda;
const DIMENSION: ScalableDimension = ScalableDimension::LambdaFunctionProvisionedConcurrency;
const METRIC: MetricType = MetricType::LambdaProvisionedConcurrencyUtilization;

impl FacetClient for Provisioned {
    /// The instances, and with a range what scales them. Scheduled actions are read besides only where the range is
    /// another one than is wanted, which is taken as unusual.
    const READ_COSTS: &'static [(Bucket, f64)] =
        &[(Bucket::Lambda, 1.0), (Bucket::AutoScaling, 2.0)];

    /// Reads the number from Lambda, and the range and the policy from Application Auto Scaling.
    async fn read(
        connection: &Connection,
        _: &GetFunctionOutput,
        asked: FacetQuery<'_, Self>,
    ) -> Read<Config> {
        let (at, priority) = (asked.at, asked.priority);
        let request = connection
            .lambda()
            .get_provisioned_concurrency_config()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone());
        let call = Call::plain(Op::GetProvisionedConcurrencyConfig, priority);
        let (answer, began) = connection.calls.find(call, Box::pin(request.send())).await;
        let config = match answer {
            Ok(found) => scaled(connection, &asked, found).await,
            Err(failure) => Err(failure),
        };
        (config, Some(began))
    }

    async fn write(connection: &Connection, step: &Step) -> Result<(), Failure> {
        match step {
            Step::Put(at, number) => {
                let request = connection
                    .lambda()
                    .put_provisioned_concurrency_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .provisioned_concurrent_executions(*number);
                connection.calls.write(Op::PutProvisionedConcurrencyConfig, request.send()).await
            }
            Step::Delete(at) => {
                let request = connection
                    .lambda()
                    .delete_provisioned_concurrency_config()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone());
                connection.calls.write(Op::DeleteProvisionedConcurrencyConfig, request.send()).await
            }
            Step::Register(at, (min, max)) => register(connection, at, *min, *max).await,
            Step::Deregister(at) => deregister(connection, at).await,
            Step::Aim(at, utilization) => aim(connection, at, *utilization).await,
            Step::Unaim(at) => unaim(connection, at).await,
        }
    }
}

/// Completes what Lambda shows with who scales it. `None`: there is neither a number nor a range.
async fn scaled(
    connection: &Connection,
    FacetQuery { at, wanted, priority }: &FacetQuery<'_, Provisioned>,
    found: Option<GetProvisionedConcurrencyConfigOutput>,
) -> Result<Option<Config>, Failure> {
    let priority = *priority;
    let range = range(connection, at, priority).await?;
    // Without a target there are no policies.
    let utilization = match range {
        Some(_) => utilization(connection, at, priority).await?,
        None => None,
    };
    let asked = wanted.and_then(|it| it.range);
    let schedules = match (range, asked) {
        (Some(range), Some(asked)) if range != asked => schedules(connection, at, priority).await?,
        _ => Vec::new(),
    };
    let status = found.as_ref().map_or(ProvisioningStatus::Ready, status);
    let number = found.and_then(|it| it.requested_provisioned_concurrent_executions);
    let number = number.map(Number::Fixed);
    let config = Config { number, range, utilization, status, schedules };
    Ok(Some(config).filter(|it| it.number.is_some() || it.range.is_some()))
}

/// Returns how far AWS is with the instances.
fn status(found: &GetProvisionedConcurrencyConfigOutput) -> ProvisioningStatus {
    match found.status {
        Some(ProvisionedConcurrencyStatusEnum::Failed) => {
            let why = found.status_reason.clone();
            ProvisioningStatus::Failed(why.unwrap_or_else(|| "it does not say why".into()))
        }
        Some(ProvisionedConcurrencyStatusEnum::InProgress) => ProvisioningStatus::InProgress,
        _ => ProvisioningStatus::Ready,
    }
}

/// What Application Auto Scaling calls it.
fn resource(at: &At) -> String {
    format!("function:{at}")
}

/// Reads the range within which Application Auto Scaling may choose; `None`: it does not scale the
/// alias.
async fn range(
    connection: &Connection,
    at: &At,
    priority: Priority,
) -> Result<Option<(i32, i32)>, Failure> {
    let request = connection
        .clients
        .scaling
        .describe_scalable_targets()
        .service_namespace(NAMESPACE)
        .resource_ids(resource(at))
        .scalable_dimension(DIMENSION);
    let call = Call::plain(Op::DescribeScalableTargets, priority);
    let (answer, _) = connection.calls.run(call, Box::pin(request.send())).await?;
    // There is one at most: a resource has one target for each dimension.
    let target = answer.scalable_targets.unwrap_or_default().into_iter().next();
    Ok(target.map(|it| (it.min_capacity, it.max_capacity)))
}

/// Reads the utilization that our scaling policy aims at; `None` if there is no policy of our name,
/// or not one like ours.
async fn utilization(
    connection: &Connection,
    at: &At,
    priority: Priority,
) -> Result<Option<f64>, Failure> {
    let request = connection
        .clients
        .scaling
        .describe_scaling_policies()
        .service_namespace(NAMESPACE)
        .resource_id(resource(at))
        .scalable_dimension(DIMENSION)
        .policy_names(POLICY);
    let call = Call::plain(Op::DescribeScalingPolicies, priority);
    let (answer, _) = connection.calls.run(call, Box::pin(request.send())).await?;
    let own = answer.scaling_policies.unwrap_or_default();
    Ok(own.into_iter().find(|it| it.policy_name == POLICY).and_then(aimed))
}

/// Reads the names of the scheduled actions that change the range of an alias.
async fn schedules(
    connection: &Connection,
    at: &At,
    priority: Priority,
) -> Result<Vec<String>, Failure> {
    let request = |token| {
        let request = connection.clients.scaling.describe_scheduled_actions();
        let request = request.service_namespace(NAMESPACE).resource_id(resource(at));
        request.scalable_dimension(DIMENSION).set_next_token(token).send()
    };
    let mut all = Vec::new();
    let mut list = connection.calls.list(Op::DescribeScheduledActions, priority, PAGES_MAX);
    while let Some((page, _)) = list.next(request).await? {
        let actions = page.scheduled_actions.unwrap_or_default().into_iter();
        // One that is over changes nothing any more, and AWS deletes it.
        let changes = actions.filter(|it| it.scalable_target_action.is_some());
        all.extend(changes.map(|it| it.scheduled_action_name));
    }
    all.sort();
    Ok(all)
}

/// What a policy aims at; none if it is not as ours are.
fn aimed(policy: ScalingPolicy) -> Option<f64> {
    let tracking = policy.target_tracking_scaling_policy_configuration?;
    let metric = tracking.predefined_metric_specification?.predefined_metric_type;
    (metric == METRIC).then_some(tracking.target_value)
}

/// Lets Application Auto Scaling choose between two numbers; changes them if it may already.
async fn register(connection: &Connection, at: &At, min: i32, max: i32) -> Result<(), Failure> {
    let request = connection
        .clients
        .scaling
        .register_scalable_target()
        .service_namespace(NAMESPACE)
        .resource_id(resource(at))
        .scalable_dimension(DIMENSION)
        .min_capacity(min)
        .max_capacity(max);
    connection.calls.write(Op::RegisterScalableTarget, request.send()).await
}

/// Forbids Application Auto Scaling to choose. Its policies for the alias go with that.
async fn deregister(connection: &Connection, at: &At) -> Result<(), Failure> {
    let request = connection
        .clients
        .scaling
        .deregister_scalable_target()
        .service_namespace(NAMESPACE)
        .resource_id(resource(at))
        .scalable_dimension(DIMENSION);
    connection.calls.write(Op::DeregisterScalableTarget, request.send()).await
}

/// Writes our scaling policy: how busy the instances should be, from 0 to 1.
async fn aim(connection: &Connection, at: &At, utilization: f64) -> Result<(), Failure> {
    let op = Op::PutScalingPolicy;
    let metric = PredefinedMetricSpecification::builder().predefined_metric_type(METRIC).build();
    let tracking = metric.and_then(|it| {
        TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(utilization)
            .predefined_metric_specification(it)
            .build()
    });
    let tracking = tracking.map_err(|error| op.unbuildable(&error))?;
    let request = connection
        .clients
        .scaling
        .put_scaling_policy()
        .policy_name(POLICY)
        .policy_type(PolicyType::TargetTrackingScaling)
        .service_namespace(NAMESPACE)
        .resource_id(resource(at))
        .scalable_dimension(DIMENSION)
        .target_tracking_scaling_policy_configuration(tracking);
    connection.calls.write(op, request.send()).await
}

/// Deletes our scaling policy. Policies of other names stay.
async fn unaim(connection: &Connection, at: &At) -> Result<(), Failure> {
    let request = connection
        .clients
        .scaling
        .delete_scaling_policy()
        .policy_name(POLICY)
        .service_namespace(NAMESPACE)
        .resource_id(resource(at))
        .scalable_dimension(DIMENSION);
    connection.calls.write(Op::DeleteScalingPolicy, request.send()).await
}
