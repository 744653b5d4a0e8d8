//! Who we are, as AWS sees it.

use aws_sdk_sts::Client;

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{
    failure::{Cause, Class, Failure},
    work::Urgency,
};

/// The account that our credentials belong to: twelve digits.
pub async fn account_id(sts: &Client, calls: &Calls) -> Result<String, Failure> {
    let call = Call::plain(Op::GetCallerIdentity, Urgency::Write);
    let (identity, _) = calls.run(call, sts.get_caller_identity().send()).await?;
    identity.account.ok_or_else(|| Failure {
        class: Class::Unclear,
        op: Op::GetCallerIdentity.name(),
        cause: Cause { code: None, message: "the answer names no account".into() },
        retry_after: None,
    })
}
