//! GetPolicy, AddPermission and RemovePermission.

use aws_sdk_lambda::{operation::get_function::GetFunctionOutput, types::FunctionUrlAuthType};
use serde_json::Value;

use super::{Call as Step, Permissions, Statement, Statements};
use crate::{
    aws::{
        calls::Call,
        cloud::Urgency,
        op::{Bucket, Op},
    },
    engine::failure::{Cause, Class, Failure},
    kinds::block::aws::{Asked, BlockHands, Door, Read, found},
};

impl BlockHands for Permissions {
    const LOOK: Bucket = Bucket::GetPolicy;

    async fn read(
        door: &Door,
        _: &GetFunctionOutput,
        Asked { at, urgency, .. }: Asked<'_, Self>,
    ) -> Read<Statements> {
        let request = door
            .lambda()
            .get_policy()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .send();
        let call = Call::plain(Op::GetPolicy, urgency);
        let (answer, at) = door.calls.timed(call, request).await;
        let statements = found(answer).and_then(|it| match it.and_then(|it| it.policy) {
            Some(policy) => statements(&policy).map(Some),
            None => Ok(Some(Statements::new())),
        });
        (statements, Some(at))
    }

    async fn write(door: &Door, step: &Step) -> Result<(), Failure> {
        let (at, sid, statement) = match step {
            Step::Add(at, sid, statement) => (at, sid, statement),
            Step::Remove(at, sid) => {
                let request = door
                    .lambda()
                    .remove_permission()
                    .function_name(at.function.as_str())
                    .set_qualifier(at.qualifier.clone())
                    .statement_id(sid);
                let call = Call::plain(Op::RemovePermission, Urgency::Write);
                return door.calls.run(call, Box::pin(request.send())).await.map(drop);
            }
        };
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let auth = given(&statement.function_url_auth_type);
        let request = door
            .lambda()
            .add_permission()
            .function_name(at.function.as_str())
            .set_qualifier(at.qualifier.clone())
            .statement_id(sid)
            .principal(&statement.principal)
            .action(&statement.action)
            .set_source_arn(given(&statement.source_arn))
            .set_source_account(given(&statement.source_account))
            .set_principal_org_id(given(&statement.principal_org_id))
            .set_event_source_token(given(&statement.event_source_token))
            .set_function_url_auth_type(auth.map(|it| FunctionUrlAuthType::from(it.as_str())))
            .set_invoked_via_function_url(statement.invoked_via_function_url.then_some(true));
        let call = Call::plain(Op::AddPermission, Urgency::Write);
        door.calls.run(call, Box::pin(request.send())).await.map(drop)
    }
}

/// The statements of a policy, ours and others'. One without an id is nobody's that could be taken away by it.
fn statements(policy: &str) -> Result<Statements, Failure> {
    let policy: Value = serde_json::from_str(policy).map_err(|error| Failure {
        class: Class::Unclear,
        op: Op::GetPolicy.name(),
        cause: Cause { code: None, message: format!("the policy is not JSON: {error}") },
        retry_after: None,
    })?;
    let statements = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    let named = statements
        .filter_map(|it| Some((it.get("Sid")?.as_str()?.to_owned(), Statement::read(it))));
    Ok(named.collect())
}
