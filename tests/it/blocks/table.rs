//! How somebody changes each field of the schema, and the path that a plan shows: `hands.yaml`.

use evenkeel_sim::call::{Call, Caller, Service};
use serde::Deserialize;
use serde_json::Value;

/// One row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hand {
    pub field: String,
    /// Nobody can change it in AWS: it says how we work, and this test shows that we do.
    pub tested: Option<String>,
    #[serde(rename = "call")]
    operation: Option<String>,
    /// Whose call it is, if not Lambda's.
    service: Option<String>,
    /// The alias that it is about, if it is about one.
    pub alias: Option<String>,
    #[serde(default)]
    pub body: Value,
    pub cors: Option<Value>,
    pub remove: Option<String>,
    pub replace: Option<String>,
    /// A part of the ARN of the event source whose mapping is changed.
    pub source: Option<String>,
    /// Members with which the mapping is deleted and made anew, its tags included: AWS changes them in no other way.
    pub remake: Option<Value>,
    /// Whether that is not for Evenkeel to mend, so that it says so.
    #[serde(default)]
    pub refused: bool,
    #[serde(default)]
    pub path: String,
}

/// One row for each field of each block.
pub fn hands() -> Vec<Hand> {
    yaml_serde::from_str(include_str!("hands.yaml")).unwrap()
}

impl Hand {
    /// The call that changes the field of this function.
    pub fn call(&self, caller: Caller, function: &str) -> Call {
        // The stand-in knows operations by their own constants.
        let operation: &'static str = self.operation.clone().unwrap().leak();
        let (service, resource) = match self.service.as_deref() {
            None => (Service::Lambda, function.to_owned()),
            Some("logs") => (Service::Logs, format!("/aws/lambda/{function}")),
            Some("application-autoscaling") => (Service::Scaling, String::new()),
            Some(other) => panic!("{other} is no service"),
        };
        let call = Call::by(caller, (service, operation), (&resource, self.body.clone()));
        Call { qualifier: self.alias.clone(), ..call }
    }
}
