//! Invocations that run an image: what the world gives to whoever runs it, and what it takes back.

use bytes::Bytes;
use serde_json::Value;

use super::{Ticket, World, place};
use crate::{
    call::{Answer, Call, Reply},
    image,
    lambda::{
        Ctx,
        invoke::{self, Begun, Outcome},
    },
    time::{self, Moment},
};

/// An image, and what it is to be asked.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) begun: Begun,
    /// The environment, by a name that no other place has.
    pub(crate) room: String,
    pub(crate) image: Whole,
    pub(crate) event: Vec<u8>,
    /// What was called, with its version or alias.
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) region: String,
}

/// An image that was pushed with all its layers.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) digest: String,
    pub(crate) config: Value,
    pub(crate) layers: Vec<Bytes>,
}

impl World {
    /// Begins an invocation of an image that is all here. None: it is answered as any other call.
    pub(crate) fn errand(&mut self, call: &Call, ticket: &Ticket, now: Moment) -> Option<Errand> {
        if call.operation != "Invoke" || ticket.play.refuse.is_some() {
            return None;
        }
        self.tick(now);
        let place = place(&call.caller);
        let Self { options, lambdas, registries, roles, unknown, .. } = self;
        let (start, lags) = (options.start, options.lags);
        let ctx = Ctx { call, now, start, lags, registries, roles, unknown, play: &ticket.play };
        let lambda = lambdas.get_mut(&place)?;
        let found = lambda.functions.get(&call.resource)?;
        let version = invoke::number(found, &ctx).ok()?;
        let image = image::whole(&found.version(Some(&version))?.code.resolved, registries)?;
        let mut arn = found.arn.clone();
        if let Some(qualifier) = &call.qualifier {
            arn = format!("{arn}:{qualifier}");
        }
        let begun = invoke::begin(lambda, &ctx).ok()??;
        let (account, region) = place;
        let room = room(&(account.clone(), region.clone()), begun.environment.number);
        Some(Errand { begun, room, image, event: invoke::event(call), arn, account, region })
    }

    /// What came of it: the log is written, and the answer is made.
    pub(crate) fn complete(
        &mut self,
        call: &Call,
        (begun, outcome): (&Begun, Outcome),
        now: Moment,
    ) -> Reply {
        let Some(lambda) = self.lambdas.get_mut(&place(&call.caller)) else {
            return Reply::empty(200);
        };
        let reply = invoke::finish(lambda, (begun, outcome), call);
        self.keep_logs(call, time::date(self.options.start, now));
        reply
    }

    /// Notes the answer that went out.
    pub(crate) fn told(&mut self, ticket: &Ticket, answer: &Answer) {
        self.note(ticket.number, answer, (Value::Null, Value::Null));
    }

    /// The environments that had to go since this was asked last.
    pub(crate) fn retired(&mut self) -> Vec<String> {
        let all = self.lambdas.iter_mut().flat_map(|(place, lambda)| {
            let numbers = lambda.environments.retired();
            numbers.into_iter().map(move |it| room(place, it))
        });
        all.collect()
    }
}

fn room((account, region): &super::Place, number: u64) -> String {
    format!("{account}/{region}/{number}")
}
