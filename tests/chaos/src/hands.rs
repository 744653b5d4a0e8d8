//! What other hands do to functions and their blocks in AWS.

use evenkeel_sim::call::{Call, Caller, Service};
use serde_json::{Value, json};

use crate::scene::{ACCOUNT, REGION, Scene};

/// The alias that callers use.
const ALIAS: &str = "live";

/// A call about a block: its service and operation, its qualifier, the rest of its path, and its body.
struct Change {
    of: (Service, &'static str),
    qualifier: Option<&'static str>,
    rest: String,
    body: Value,
}

/// Who they are.
pub(crate) fn hand() -> Caller {
    Caller { account: ACCOUNT.into(), region: REGION.into(), key: "hand".into() }
}

impl Scene<'_> {
    /// Another hand changes a function, or one of its blocks.
    pub(crate) fn by_hand(&mut self, name: &str) {
        if self.play.blocks && self.chance.bool() {
            self.block_by_hand(name);
        } else {
            self.function_by_hand(name);
        }
    }

    fn function_by_hand(&mut self, name: &str) {
        let set = if self.chance.bool() {
            json!({ "MemorySize": 64 * self.chance.u32(2..20) })
        } else {
            json!({ "Timeout": self.chance.u32(100..900), "Description": "by hand" })
        };
        let now = self.sim.shared.now();
        // It may not be there yet, or be busy: then nothing was changed.
        if self.sim.shared.world().by_hand(&hand(), (name, &set), now) {
            self.told.touch([name]);
        }
    }

    /// Another hand changes one of its blocks.
    pub(crate) fn block_by_hand(&mut self, name: &str) {
        let live = self.sim.shared.world().blocks(&hand(), name);
        let mut changes = changes(&live, name);
        changes.extend(self.mapping(name).map(|uuid| Change {
            of: (Service::Lambda, "DeleteEventSourceMapping"),
            qualifier: None,
            rest: uuid,
            body: Value::Null,
        }));
        if changes.is_empty() {
            return;
        }
        let Change { of, qualifier, rest, body } =
            changes.swap_remove(self.chance.usize(0..changes.len()));
        let resource = match of {
            (Service::Logs, _) => format!("/aws/lambda/{name}"),
            (_, "DeleteEventSourceMapping") => String::new(),
            _ => name.to_owned(),
        };
        let mut call = Call::by(hand(), of, (&resource, body));
        call.qualifier = qualifier.map(str::to_owned);
        call.rest = if rest.is_empty() { Vec::new() } else { vec![rest] };
        // It may be busy, or be refused: then nothing was changed.
        if self.sim.by_call(&call).is_ok() {
            self.told.touch([name]);
        }
    }

    /// One of its event sources.
    fn mapping(&self, name: &str) -> Option<String> {
        let of = (Service::Lambda, "ListEventSourceMappings");
        let mut call = Call::by(hand(), of, ("", Value::Null));
        call.query.push(("FunctionName".into(), name.into()));
        let found = self.sim.by_call(&call).ok()?.body;
        found["EventSourceMappings"][0]["UUID"].as_str().map(str::to_owned)
    }
}

/// The changes that what is there now allows.
fn changes(live: &Value, name: &str) -> Vec<Change> {
    let aliased = live["aliases"][ALIAS].is_object();
    let (here, qualifier) =
        if aliased { (&live["aliases"][ALIAS], Some(ALIAS)) } else { (live, None) };
    let there = |value: &Value| !value.is_null();
    let sid = here["statements"][0].as_str();
    let on = |operation, qualifier, body| {
        let of = (Service::Lambda, operation);
        Change { of, qualifier, rest: String::new(), body }
    };
    let auth = if here["url"] == "NONE" { "AWS_IAM" } else { "NONE" };
    let ready = here["provisioned"].as_u64().unwrap_or_default() + 1;
    let ready = json!({ "ProvisionedConcurrentExecutions": ready });
    let days = json!({ "logGroupName": format!("/aws/lambda/{name}"), "retentionInDays": 1 });
    let all = [
        (aliased, Change { rest: ALIAS.into(), ..on("DeleteAlias", None, Value::Null) }),
        (
            there(&here["url"]),
            on("UpdateFunctionUrlConfig", qualifier, json!({ "AuthType": auth })),
        ),
        (there(&here["retries"]), on("DeleteFunctionEventInvokeConfig", qualifier, Value::Null)),
        (
            sid.is_some(),
            Change {
                rest: sid.unwrap_or_default().into(),
                ..on("RemovePermission", qualifier, Value::Null)
            },
        ),
        (there(&live["reserved"]), on("DeleteFunctionConcurrency", None, Value::Null)),
        (
            live["recursion"] == "Allow",
            on("PutFunctionRecursionConfig", None, json!({ "RecursiveLoop": "Terminate" })),
        ),
        (there(&here["provisioned"]), on("PutProvisionedConcurrencyConfig", qualifier, ready)),
        (
            there(&live["retention"]),
            Change { of: (Service::Logs, "PutRetentionPolicy"), ..on("", None, days) },
        ),
    ];
    all.into_iter().filter_map(|(possible, change)| possible.then_some(change)).collect()
}
