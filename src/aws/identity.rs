//! Who we are, as AWS sees it.

use std::sync::Arc;

use aws_sdk_sts::Client;

use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{
    failure::{Cause, Class, Failure},
    work::Urgency,
};

/// Asks STS, through the target's one door.
pub struct Identity {
    sts: Client,
    calls: Arc<Calls>,
}

impl Identity {
    /// Asks with these credentials.
    pub fn new(sts: Client, calls: Arc<Calls>) -> Self {
        Self { sts, calls }
    }

    /// The account that our credentials belong to: twelve digits.
    pub async fn account_id(&self) -> Result<String, Failure> {
        let call = Call::plain(Op::GetCallerIdentity, Urgency::Write);
        let request = self.sts.get_caller_identity().send();
        let (identity, _) = self.calls.run(call, request).await?;
        identity.account.ok_or_else(|| Failure {
            class: Class::Unclear,
            op: Op::GetCallerIdentity.name(),
            cause: Cause { code: None, message: "the answer names no account".into() },
            retry_after: None,
        })
    }
}
