//! Whether Lambda stops a function that calls itself in a loop.

mod aws;

use std::fmt;

use serde_json::Value;

use super::block::{At, BelongsTo, Block, Fields};
use crate::{
    engine::diff::Cause,
    kinds::part::Site,
    shape::{Field, Shape},
};

/// `recursiveLoop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursion {}

/// What AWS does unless it is told otherwise (Lambda API reference, PutFunctionRecursionConfig).
const TERMINATE: &str = "Terminate";

/// PutFunctionRecursionConfig.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    at: At,
    recursive_loop: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configure function {}: recursiveLoop {}", self.at, self.recursive_loop)
    }
}

impl Block for Recursion {
    const NAME: &'static str = "Recursion";
    const FIELD: &'static str = "recursiveLoop";
    const CAUSE: Cause = Cause::Recursion;
    const BELONGS_TO: BelongsTo = BelongsTo::Function;
    const SHAPE: Field = Field::optional(
        "recursiveLoop",
        Shape::Choice(&["Allow", TERMINATE]),
        "not managed",
        "What happens to a function that calls itself in a loop over SQS, S3 or SNS.",
    )
    .aws("lambda:PutFunctionRecursionConfig.RecursiveLoop");
    type Doc = String;
    type Config = String;
    type Call = Call;

    fn config(doc: &String, _: &Site<'_>) -> String {
        doc.clone()
    }

    fn fields(config: &String) -> Fields {
        Fields::from([(String::new(), config.clone())])
    }

    fn to_manifest(config: &String) -> Option<Value> {
        Some(Value::from(config.as_str()))
    }

    fn concern(live: &String, wanted: Option<&String>) -> Option<String> {
        (live != TERMINATE || wanted == Some(live)).then(|| live.clone())
    }

    fn put(at: &At, wanted: &String, _: Option<&String>) -> Vec<Call> {
        vec![Call { at: at.clone(), recursive_loop: wanted.clone() }]
    }

    fn remove(at: &At, _: &String) -> Vec<Call> {
        vec![Call { at: at.clone(), recursive_loop: TERMINATE.into() }]
    }
}
