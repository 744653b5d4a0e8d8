//! The services that keep little, and know nothing of each other.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    call::{Call, Caller},
    logs::Logs,
    scaling::Scaling,
    world::Place,
};

/// What each of them keeps, in every account and Region.
#[derive(Debug, Default)]
pub(crate) struct Others {
    logs: BTreeMap<Place, Logs>,
    scaling: BTreeMap<Place, Scaling>,
}

impl Others {
    /// The log groups of the caller's place.
    pub(crate) fn logs(&mut self, call: &Call) -> &mut Logs {
        self.logs.entry(place(call)).or_default()
    }

    /// For how many days a group of the caller's keeps what it has; null: for ever, or there is none.
    pub(crate) fn retention(&self, caller: &Caller, group: &str) -> Value {
        let place = (caller.account.clone(), caller.region.clone());
        self.logs.get(&place).map_or(Value::Null, |it| it.retention(group))
    }

    /// What is scaled in the caller's place.
    pub(crate) fn scaling(&mut self, call: &Call) -> &mut Scaling {
        self.scaling.entry(place(call)).or_default()
    }
}

fn place(call: &Call) -> Place {
    (call.caller.account.clone(), call.caller.region.clone())
}
