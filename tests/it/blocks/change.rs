//! What somebody does by hand.

use std::time::Duration;

use evenkeel_sim::call::{Call, Service};

use super::*;

use super::table::Hand;
use crate::common::over;

impl Scene {
    /// Somebody else's call about a function.
    fn of(&self, operation: &'static str, about: (&str, Value)) -> Value {
        self.call(Service::Lambda, operation, about)
    }

    /// The whole id of a statement, by its beginning.
    fn sid(&self, start: &str, name: &str) -> String {
        self.sids(name).into_iter().find(|it| it.starts_with(start)).unwrap()
    }

    /// The mapping of an event source to a function.
    pub(super) fn mapping(&self, source: &str, name: &str) -> Value {
        let list = (Service::Lambda, "ListEventSourceMappings");
        let query = vec![("FunctionName".to_owned(), name.to_owned())];
        let call = Call { query, ..Call::by(Self::caller(), list, ("", Value::Null)) };
        let all = self.sim.by_call(&call).unwrap().body;
        let is = |it: &&Value| it["EventSourceArn"].as_str().unwrap().contains(source);
        let found = all["EventSourceMappings"].as_array().unwrap().iter().find(is);
        found.unwrap_or_else(|| panic!("no mapping of {source}")).clone()
    }

    /// Somebody else's call about a mapping, by its id or ARN.
    pub(super) fn about(
        &self,
        operation: &'static str,
        (id, body): (&Value, Value),
    ) -> Result<Value, String> {
        let rest = vec![id.as_str().unwrap().to_owned()];
        let call = Call::by(Self::caller(), (Service::Lambda, operation), ("", body));
        let answer = self.sim.by_call(&Call { rest, ..call });
        answer.map(|it| it.body).map_err(|it| it.message)
    }

    /// Somebody deletes a mapping; returns once it is gone.
    pub(super) async fn unmap(&self, id: &Value) {
        self.about("DeleteEventSourceMapping", (id, Value::Null)).unwrap();
        let gone = async {
            while self.about("GetEventSourceMapping", (id, Value::Null)).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap();
    }

    /// Somebody changes a mapping, or deletes it and makes another with the same tags.
    async fn remap(&self, hand: &Hand, name: &str) {
        let found = self.mapping(hand.source.as_ref().unwrap(), name);
        let Some(members) = &hand.remake else {
            let body = (&found["UUID"], hand.body.clone());
            self.about("UpdateEventSourceMapping", body).unwrap();
            return;
        };
        let tags = self.about("ListTags", (&found["EventSourceMappingArn"], Value::Null)).unwrap();
        self.unmap(&found["UUID"]).await;
        let mut body = over(found, members);
        body["Tags"] = tags["Tags"].clone();
        body["Enabled"] = json!(body["State"] == "Enabled");
        let shown = body.as_object_mut().unwrap();
        for name in ["UUID", "FunctionArn", "EventSourceMappingArn", "State", "LastModified"] {
            shown.remove(name);
        }
        if shown.get("DestinationConfig") == Some(&json!({ "OnFailure": {} })) {
            shown.remove("DestinationConfig");
        }
        self.of("CreateEventSourceMapping", (name, body));
    }

    /// Somebody changes a field of a function.
    pub(super) async fn change(&self, hand: &Hand, name: &str) {
        if hand.source.is_some() {
            self.remap(hand, name).await;
        } else if let Some(members) = &hand.cors {
            let url = self.of("GetFunctionUrlConfig", (name, Value::Null));
            let cors = over(url["Cors"].clone(), members);
            self.of("UpdateFunctionUrlConfig", (name, json!({ "Cors": cors })));
        } else if let Some(start) = &hand.remove {
            self.of("RemovePermission", (name, json!(self.sid(start, name))));
        } else if let Some(start) = &hand.replace {
            let sid = self.sid(start, name);
            self.of("RemovePermission", (name, json!(sid.clone())));
            let action = "lambda:InvokeFunction";
            let usual = json!({ "StatementId": sid, "Action": action, "Principal": "*" });
            self.of("AddPermission", (name, over(usual, &hand.body)));
        } else {
            self.sim.by_call(&hand.call(Self::caller(), name)).unwrap();
        }
    }
}
