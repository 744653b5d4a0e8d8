//! The log: one JSON object a line on standard output, with the names that Lambda itself uses. What is counted never
//! gets there.

use std::io::Write as _;

use serde_json::{Map, Value};

/// Where lines go, and which request they belong to.
pub(crate) struct Log {
    request: Option<String>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { request: None }
    }

    /// The log of one request.
    pub(crate) fn of(request: &str) -> Self {
        Self { request: Some(request.to_owned()) }
    }

    pub(crate) fn info(&self, message: &str, more: Value) {
        self.write("INFO", message, more);
    }

    pub(crate) fn error(&self, message: &str, more: Value) {
        self.write("ERROR", message, more);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a line of a log has the time at which it was written"
    )]
    fn write(&self, level: &str, message: &str, more: Value) {
        let mut line = Map::new();
        line.insert("timestamp".into(), jiff::Timestamp::now().to_string().into());
        line.insert("level".into(), level.into());
        line.insert("message".into(), message.into());
        if let Some(request) = &self.request {
            line.insert("requestId".into(), request.as_str().into());
        }
        if let Value::Object(more) = more {
            line.extend(more);
        }
        // A log that cannot be written is no reason to fail.
        writeln!(std::io::stdout(), "{}", Value::Object(line)).ok();
    }
}
