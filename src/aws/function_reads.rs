//! GetFunction for all facets of a function: what one read of the audit has just been answered serves the others.
//! Whatever may become the ground of a step asks by itself.

use std::sync::Arc;

use aws_sdk_lambda::Client;

pub use super::function_answers::FunctionAnswer;
use super::{
    calls::{Call, Calls},
    op::Op,
};
use crate::engine::{failure::Failure, name::Name, work::Priority};

impl Calls {
    /// Reads a function with its tags. For the audit an answer of the last ten seconds is good enough, whoever
    /// asked; [`FunctionAnswer::began`] says what it speaks for.
    pub async fn function(
        &self,
        lambda: &Client,
        name: &Name,
        priority: Priority,
    ) -> Result<FunctionAnswer, Failure> {
        let slot = self.function_answers().slot(name, self.now());
        let audit = priority == Priority::Audit;
        let asking = if audit { slot.asking.acquire().await.ok() } else { None };
        if let Some(answer) = slot.recent(self.now()).filter(|_| audit) {
            return Ok(answer);
        }
        let request = lambda.get_function().function_name(name.as_str());
        let call = Call::plain(Op::GetFunction, priority);
        // Before the wait for a token: for an absence, earlier than the truth errs on the safe side.
        let asked = self.now();
        let (answer, started) = self.find(call, Box::pin(request.send())).await;
        let found = answer?.map(Arc::new);
        let began = if found.is_some() { started } else { asked };
        let answer = FunctionAnswer { found, began };
        slot.keep(&answer);
        drop(asking);
        Ok(answer)
    }
}
