//! What becomes of invocations that nobody waits for: how often they are tried again, how old they may get, and
//! who hears of their end.

mod aws;

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::block::{At, BelongsTo, Block, Fields};
use crate::{
    engine::{count::count, diff::Cause},
    kinds::{
        document::{Violation, is_fifo},
        export,
        part::Site,
    },
    shape::{Field, FieldRule, ModelDifference, Provenance, Shape, Text, pages::ASYNC_RECORDS},
};

/// `asyncInvoke`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsyncInvoke {}

/// How often AWS tries again unless it is told otherwise (Lambda developer guide, "Error handling
/// for asynchronous invocation").
pub const RETRIES: i32 = 2;
/// How old an event may get unless AWS is told otherwise, in seconds: six hours.
pub const AGE: i32 = 21_600;

/// `asyncInvoke` as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "MEMBERS documents every field")]
pub struct AsyncInvokeDoc {
    pub maximum_retry_attempts: Option<i32>,
    pub maximum_event_age_in_seconds: Option<i32>,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
}

/// How asynchronous invocations are handled, with AWS's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// From 0 to 2.
    pub retries: i32,
    /// In seconds.
    pub age: i32,
    /// An ARN; empty if nobody.
    pub on_success: String,
    /// An ARN; empty if nobody.
    pub on_failure: String,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// PutFunctionEventInvokeConfig, which replaces everything.
    Put(At, Config),
    /// DeleteFunctionEventInvokeConfig.
    Delete(At),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(at, Config { retries, age, .. }) => write!(
                f,
                "configure asynchronous invocation of function {at}: {}, {age} s",
                count(*retries, "retry")
            ),
            Self::Delete(at) => write!(f, "reset asynchronous invocation of function {at}"),
        }
    }
}

const DESTINATION: Text = Text::new(
    (1, 350),
    r"^arn:aws[a-zA-Z-]*:(sqs|sns|lambda|events|s3):.+$",
    "the ARN of a queue, topic, function, event bus or bucket",
).unlike(&[ModelDifference::pattern(r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)", Provenance::Documented(ASYNC_RECORDS))]);

/// The rules that AWS has and the shape cannot say.
pub const RULES: &[FieldRule] = &[
    FieldRule::plain(
        "asyncInvoke.onSuccess",
        "no bucket",
        Provenance::Words {
            member: "lambda:PutFunctionEventInvokeConfig",
            phrase: "S3 buckets are supported only for on-failure destinations",
        },
    ),
    FieldRule::plain(
        "asyncInvoke",
        "neither destination is a FIFO queue or topic",
        Provenance::Documented(ASYNC_RECORDS),
    ),
];

const MEMBERS: &[Field] = &[
    Field::optional("maximumRetryAttempts", Shape::Int(0, 2), "2", "How often it is tried again.").aws("MaximumRetryAttempts"),
    Field::optional(
        "maximumEventAgeInSeconds",
        Shape::Int(60, 21_600),
        "21600",
        "How old an event may get before it is given up.",
    ).aws("MaximumEventAgeInSeconds"),
    Field::optional(
        "onSuccess",
        Shape::Text(&DESTINATION),
        "nobody",
        "Who is told of an invocation that went well: a standard queue or topic, a function or an event bus.",
    ).aws("DestinationConfig.OnSuccess.Destination"),
    Field::optional(
        "onFailure",
        Shape::Text(&DESTINATION),
        "nobody",
        "Who is told of one that was given up: the same, or a bucket.",
    ).aws("DestinationConfig.OnFailure.Destination"),
];

impl Block for AsyncInvoke {
    const NAME: &'static str = "AsyncInvoke";
    const FIELD: &'static str = "asyncInvoke";
    const CAUSE: Cause = Cause::AsyncInvoke;
    const BELONGS_TO: BelongsTo = BelongsTo::Alias;
    const SHAPE: Field = Field::optional(
        "asyncInvoke",
        Shape::Object(MEMBERS),
        "not managed",
        "What becomes of invocations that nobody waits for.",
    )
    .aws("lambda:PutFunctionEventInvokeConfig");
    type Doc = AsyncInvokeDoc;
    type Config = Config;
    type Call = Call;

    /// Lambda puts records of success into no bucket, and delivers none to a FIFO queue or topic.
    fn check(doc: &AsyncInvokeDoc) -> Vec<Violation> {
        let bucket = doc.on_success.as_deref().filter(|it| it.split(':').nth(2) == Some("s3"));
        let bucket = bucket.map(|_| {
            let message = "a bucket can be told of failures only";
            Violation::new(&["onSuccess"], message, "name a queue, topic, function or event bus")
        });
        let ends = [("onSuccess", &doc.on_success), ("onFailure", &doc.on_failure)];
        let fifo = ends.into_iter().filter(|(_, it)| it.as_deref().is_some_and(is_fifo));
        let fifo = fifo.map(|(field, _)| {
            let message =
                "Lambda delivers to standard queues and topics only, and this is a FIFO one";
            Violation::new(&[field], message, "name a standard queue or topic")
        });
        bucket.into_iter().chain(fifo).collect()
    }

    fn config(doc: &AsyncInvokeDoc, site: &Site<'_>) -> Config {
        let arn = |it: &Option<String>| it.as_deref().map(|it| site.place.fill_in(it));
        Config {
            retries: doc.maximum_retry_attempts.unwrap_or(RETRIES),
            age: doc.maximum_event_age_in_seconds.unwrap_or(AGE),
            on_success: arn(&doc.on_success).unwrap_or_default(),
            on_failure: arn(&doc.on_failure).unwrap_or_default(),
        }
    }

    fn fields(config: &Config) -> Fields {
        let Config { retries, age, on_success, on_failure } = config;
        let numbers = [("maximumRetryAttempts", retries), ("maximumEventAgeInSeconds", age)];
        let numbers = numbers.map(|(path, it)| (path.to_owned(), it.to_string()));
        let texts = [("onSuccess", on_success), ("onFailure", on_failure)];
        let texts = texts.into_iter().filter(|(_, it)| !it.is_empty());
        numbers.into_iter().chain(texts.map(|(path, it)| (path.to_owned(), it.clone()))).collect()
    }

    fn defaults() -> Fields {
        let nowhere = String::new;
        let (on_success, on_failure) = (nowhere(), nowhere());
        Self::fields(&Config { retries: RETRIES, age: AGE, on_success, on_failure })
    }

    fn to_manifest(config: &Config) -> Option<Value> {
        let Config { retries, age, on_success, on_failure } = config;
        Some(export::map([
            ("maximumRetryAttempts", export::unless(*retries, &RETRIES)),
            ("maximumEventAgeInSeconds", export::unless(*age, &AGE)),
            ("onSuccess", export::text(on_success)),
            ("onFailure", export::text(on_failure)),
        ]))
    }

    fn put(at: &At, wanted: &Config, _: Option<&Config>) -> Vec<Call> {
        vec![Call::Put(at.clone(), wanted.clone())]
    }

    fn remove(at: &At, _: &Config) -> Vec<Call> {
        vec![Call::Delete(at.clone())]
    }
}
