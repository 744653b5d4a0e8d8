//! From steps to Lambda's requests. No decisions here: every argument stands in the step.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    Client,
    types::{Architecture, FunctionCode, PackageType},
};

use super::super::step::{Create, Patch, Tag, Untag, UpdateCode, UpdateConfig};
use crate::{
    aws::{
        calls::{Call, Calls},
        cloud::Priority,
        op::Op,
    },
    engine::{failure::Failure, name::Name},
    kinds::function_config::aws::{self, Beside},
};

/// Calls CreateFunction. The values of the environment go into the call as secrets, so that no
/// failure repeats them.
pub(super) async fn create(lambda: &Client, calls: &Calls, step: &Create) -> Result<(), Failure> {
    let op = Op::CreateFunction;
    let request = lambda
        .create_function()
        .function_name(step.name.as_str())
        .package_type(PackageType::Image)
        .code(FunctionCode::builder().image_uri(&step.image_uri).build())
        .architectures(Architecture::from(step.architecture.as_str()))
        .set_tags(Some(step.tags.clone().into_iter().collect()));
    let leaves_concurrency = step.leaves_concurrency;
    let beside = Beside { direct_reads: &BTreeMap::new(), leaves_concurrency };
    let request = aws::create(request, step.name.as_str(), &step.config, beside)
        .map_err(|error| op.unbuildable(&error))?;
    let secrets = step.config.environment.values().collect();
    let call = Call { op, priority: Priority::Write, secrets };
    calls.run(call, Box::pin(request.send())).await.map(|_| ())
}

pub(super) async fn code(lambda: &Client, calls: &Calls, step: &UpdateCode) -> Result<(), Failure> {
    let request = lambda
        .update_function_code()
        .function_name(step.name.as_str())
        .image_uri(&step.image_uri)
        .architectures(Architecture::from(step.architecture.as_str()))
        .set_revision_id(step.revision_id.clone());
    calls.write(Op::UpdateFunctionCode, request.send()).await
}

/// Calls UpdateFunctionConfiguration with the members of the patch. The values of the environment go
/// into the call as secrets, so that no failure repeats them.
pub(super) async fn config(
    lambda: &Client,
    calls: &Calls,
    step: &UpdateConfig,
) -> Result<(), Failure> {
    let Patch { members, config } = &step.patch;
    let op = Op::UpdateFunctionConfiguration;
    let request = lambda
        .update_function_configuration()
        .function_name(step.name.as_str())
        .set_revision_id(step.revision_id.clone());
    let beside = Beside { direct_reads: &step.direct_reads, leaves_concurrency: false };
    let request =
        aws::update(request, members, config, beside).map_err(|error| op.unbuildable(&error))?;
    let secrets = config.environment.values().collect();
    let call = Call { op, priority: Priority::Write, secrets };
    calls.run(call, Box::pin(request.send())).await.map(|_| ())
}

pub(super) async fn tag(lambda: &Client, calls: &Calls, step: &Tag) -> Result<(), Failure> {
    let request = lambda
        .tag_resource()
        .resource(&step.arn)
        .set_tags(Some(step.tags.clone().into_iter().collect()));
    calls.write(Op::TagResource, request.send()).await
}

pub(super) async fn untag(lambda: &Client, calls: &Calls, step: &Untag) -> Result<(), Failure> {
    let request = lambda
        .untag_resource()
        .resource(&step.arn)
        .set_tag_keys(Some(step.keys.iter().cloned().collect()));
    calls.write(Op::UntagResource, request.send()).await
}

pub(super) async fn delete(lambda: &Client, calls: &Calls, name: &Name) -> Result<(), Failure> {
    let request = lambda.delete_function().function_name(name.as_str());
    calls.write(Op::DeleteFunction, request.send()).await
}
