//! What others do to functions, past the API: no quota, no fault and no lag.

use std::time::Duration;

use serde_json::Value;

use super::{Place, World, place};
use crate::{
    call::{Caller, Service},
    journal::{Entry, secs},
    time::Moment,
};

/// Somebody who is going to put something back.
#[derive(Debug)]
pub(super) struct Rival {
    pub(super) at: Moment,
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) before: Value,
}

impl World {
    pub(super) fn put_back(&mut self, rival: Rival, now: Moment) {
        let Some(lambda) = self.lambdas.get_mut(&rival.place) else { return };
        let before = lambda.picture(&rival.name);
        if before.is_null() {
            return;
        }
        if !lambda.put_back(&rival.name, &rival.before, now) {
            // It is busy: a person would try again.
            self.rivals.push(Rival { at: now + Duration::from_millis(500), ..rival });
            return;
        }
        let after = lambda.picture(&rival.name);
        self.hand((&rival.place, &rival.name), (before, after), now);
    }

    /// Takes note of what another hand did.
    fn hand(
        &mut self,
        (place, name): (&Place, &str),
        (before, after): (Value, Value),
        now: Moment,
    ) {
        self.journal.append(Entry {
            number: 0,
            began: secs(now),
            ended: Some(secs(now)),
            account: place.0.clone(),
            region: place.1.clone(),
            caller: "rival".into(),
            service: Service::Lambda.name(),
            operation: "UpdateFunctionConfiguration".into(),
            resource: name.to_owned(),
            status: 200,
            code: None,
            fault: None,
            revision: None,
            write: true,
            effect: true,
            before,
            after,
        });
    }

    /// Another hand changes members of a function's configuration at once, without a lag.
    pub fn by_hand(&mut self, caller: &Caller, (name, set): (&str, &Value), now: Moment) -> bool {
        let place = place(caller);
        let Some(lambda) = self.lambdas.get_mut(&place) else { return false };
        let before = lambda.picture(name);
        let mut wanted = before.clone();
        for (key, value) in set.as_object().into_iter().flatten() {
            wanted["configuration"][key.as_str()] = value.clone();
        }
        if before.is_null() || !lambda.put_back(name, &wanted, now) {
            return false;
        }
        let after = lambda.picture(name);
        self.hand((&place, name), (before, after), now);
        true
    }
}
