//! A call as every service sees it, and what can be answered.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Value, json};

/// The services that answer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// AWS Lambda: REST, JSON.
    Lambda,
    /// Elastic Container Registry: JSON 1.1.
    Ecr,
    /// The same registry as container tools speak to it: OCI's distribution API.
    Registry,
    /// CloudWatch Logs: JSON 1.1.
    Logs,
    /// Application Auto Scaling: JSON 1.1.
    Scaling,
    /// Resource Groups Tagging: JSON 1.1.
    Tagging,
    /// Security Token Service: form in, XML out.
    Sts,
    /// CloudWatch: CBOR.
    CloudWatch,
}

impl Service {
    /// Its name in a credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Ecr | Self::Registry => "ecr",
            Self::Logs => "logs",
            Self::Scaling => "application-autoscaling",
            Self::Tagging => "tagging",
            Self::Sts => "sts",
            Self::CloudWatch => "monitoring",
        }
    }
}

/// Who asks, and of which account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The account that the credentials belong to.
    pub account: String,
    /// The Region of the signature.
    pub region: String,
    /// The access key's id: it tells callers apart.
    pub key: String,
}

/// One request, taken apart.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whose it is.
    pub service: Service,
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// What it is about: the name of a function, a repository or the like; empty if about none.
    pub resource: String,
    /// The version or alias, if it names one.
    pub qualifier: Option<String>,
    /// Whatever else the path holds, in order.
    pub rest: Vec<String>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers that mean something, lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body, as JSON; null if there is none.
    pub body: Value,
    /// A body that is no JSON: a layer, a part of one, or a manifest to the byte.
    pub data: Bytes,
    /// Who asks.
    pub caller: Caller,
}

impl Call {
    /// A call about one thing, as somebody makes it past HTTP.
    pub fn by(
        caller: Caller,
        (service, operation): (Service, &'static str),
        (resource, body): (&str, Value),
    ) -> Self {
        Self {
            service,
            operation,
            resource: resource.to_owned(),
            qualifier: None,
            rest: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body,
            data: Bytes::new(),
            caller,
        }
    }

    /// The first value of a parameter in the query.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A string in the body.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// What the path holds at a place after the function's name.
    pub fn part(&self, index: usize) -> &str {
        self.rest.get(index).map_or("", String::as_str)
    }

    /// Whether it may change something.
    pub fn writes(&self) -> bool {
        const READS: [&str; 9] = [
            "Get",
            "List",
            "Describe",
            "BatchGet",
            "BatchCheck",
            "Assume",
            "Invoke",
            "Look",
            "Filter",
        ];
        !READS.iter().any(|it| self.operation.starts_with(it))
    }
}

/// An answer that is no error.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// HTTP's status.
    pub status: u16,
    /// The body, unless it is raw.
    pub body: Value,
    /// A body that is no JSON.
    pub raw: Option<Bytes>,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// An answer with a body.
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, body, ..Self::default() }
    }

    /// An answer without one.
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// An error as AWS words it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// HTTP's status.
    pub status: u16,
    /// AWS's code.
    pub code: Cow<'static, str>,
    /// AWS's message.
    pub message: String,
    /// More members of the body.
    pub extra: Vec<(&'static str, Value)>,
    /// The header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
}

impl Refusal {
    /// An error.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        let (code, message) = (code.into(), text.into());
        Self { status, code, message, extra: Vec::new(), retry_after: None, headers: Vec::new() }
    }

    /// `InvalidParameterValueException`: many things.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValueException", message).user()
    }

    /// A value that Lambda's own model forbids.
    pub fn constraint(field: &str, value: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
        );
        Self::new(400, "ValidationException", message)
    }

    /// Something is in the way.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceConflictException", message).user()
    }

    /// There is no such thing.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message).user()
    }

    /// The revision is not the one that was named.
    pub fn stale(api: &str) -> Self {
        let message = format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {api} API to retrieve the latest Revision Id"
        );
        Self::new(412, "PreconditionFailedException", message).user()
    }

    /// Lambda marks errors of the caller.
    #[must_use]
    pub fn user(self) -> Self {
        self.with("Type", json!("User"))
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// One more member of the body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.extra.push((name, value));
        self
    }
}

/// What a service says.
pub type Answer = Result<Reply, Refusal>;
