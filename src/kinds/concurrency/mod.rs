//! Reserved concurrency: how many instances of a function may run at once, kept free for it. Zero stops the
//! function; unset lets it share what is left of the account.

mod aws;

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    block::{At, BelongsTo, Block, Fields},
    provisioned::Provisioned,
};
use crate::{
    engine::diff::{Cause, Reason},
    kinds::{document::Violation, part::Site},
    shape::{Field, ModelDifference, Provenance, Shape},
};

/// `concurrency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {}

/// `concurrency` as it is written, without `provisioned`, which is a block of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConcurrencyDoc {
    /// How many.
    pub reserved: Option<i32>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// PutFunctionConcurrency.
    Put {
        /// Of which function.
        at: At,
        /// How many.
        count: i32,
        /// Whether that is less than there are.
        less: bool,
    },
    /// DeleteFunctionConcurrency.
    Delete(At),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { at, count, .. } => {
                write!(f, "reserve concurrency {count} for function {at}")
            }
            Self::Delete(at) => write!(f, "reserve no concurrency for function {at}"),
        }
    }
}

const MEMBERS: &[Field] = &[
    Field::optional(
        "reserved",
        // An account has a thousand unless it asks for more; AWS says so itself where it is too much.
        Shape::Int(0, 1_000_000),
        "not managed",
        "How many instances may run at once, kept free for this function. 0 stops it. AWS leaves at least \
         100 of the account's unreserved; where there are not that many, it is tried again once a minute, and \
         when another document gives some back.",
    ).aws("lambda:PutFunctionConcurrency.ReservedConcurrentExecutions").unlike(&[ModelDifference::max("none", Provenance::Own("an account has a thousand unless it asks for more"))]),
    Provisioned::SHAPE,
];

impl Block for Concurrency {
    const NAME: &'static str = "Concurrency";
    const FIELD: &'static str = "concurrency";
    const CAUSE: Cause = Cause::Concurrency;
    const BELONGS_TO: BelongsTo = BelongsTo::Function;
    const SHAPE: Field = Field::optional(
        "concurrency",
        Shape::Object(MEMBERS),
        "not managed",
        "How much of the account's concurrency is the function's.",
    )
    .own();
    type Doc = ConcurrencyDoc;
    type Config = i32;
    type Call = Call;

    fn check(doc: &ConcurrencyDoc) -> Vec<Violation> {
        let message = "`concurrency` asks for nothing";
        let violation =
            Violation::new(&[], message, "give `reserved` or `provisioned`, or take it out");
        doc.reserved.is_none().then_some(violation).into_iter().collect()
    }

    fn config(doc: &ConcurrencyDoc, _: &Site<'_>) -> i32 {
        doc.reserved.expect("the reader refuses documents without it")
    }

    fn fields(reserved: &i32) -> Fields {
        Fields::from([("reserved".into(), reserved.to_string())])
    }

    fn to_manifest(reserved: &i32) -> Option<Value> {
        Some(json!({ "reserved": reserved }))
    }

    fn put(at: &At, wanted: &i32, live: Option<&i32>) -> Vec<Call> {
        let less = live.is_some_and(|live| wanted < live);
        vec![Call::Put { at: at.clone(), count: *wanted, less }]
    }

    fn remove(at: &At, _: &i32) -> Vec<Call> {
        vec![Call::Delete(at.clone())]
    }

    /// What is reserved for one function is missing for the others.
    fn frees(call: &Call) -> bool {
        matches!(call, Call::Delete(_) | Call::Put { less: true, .. })
    }

    fn warning(reserved: &i32) -> Option<Reason> {
        let message = "a reserved concurrency of 0 stops the function: every invocation is refused";
        (*reserved == 0).then(|| Reason::new("FunctionStopped", message))
    }
}
