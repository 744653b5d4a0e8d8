//! `LoggingConfig`, whose defaults depend on one another, on the function's name and on whose instances it runs.

use serde::Serialize;

/// Plain lines, without a capacity provider.
pub const TEXT: &str = "Text";
/// With a capacity provider; Lambda refuses every other there (Lambda developer guide, "Configuring JSON and plain
/// text log formats").
pub const JSON: &str = "JSON";
/// What both levels are with the format `JSON`.
pub const LEVEL: &str = "INFO";

/// `LoggingConfig`. The levels are empty with the format `Text`, which knows none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct Logging {
    pub log_format: String,
    pub application_log_level: String,
    pub system_log_level: String,
    pub log_group: String,
}

/// What one side says of `LoggingConfig`, before Lambda's own filling-in. An empty text is an absent one.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "AWS's own names")]
pub struct LoggingGiven<'a> {
    /// Whether the function has a capacity provider.
    pub managed: bool,
    pub log_format: Option<&'a str>,
    pub application_log_level: Option<&'a str>,
    pub system_log_level: Option<&'a str>,
    pub log_group: Option<&'a str>,
}

impl Logging {
    /// Where Lambda logs unless it is told otherwise.
    pub fn default_group(function: &str) -> String {
        format!("/aws/lambda/{function}")
    }

    /// The format of a function of which nobody has said one.
    pub fn default_format(managed: bool) -> &'static str {
        if managed { JSON } else { TEXT }
    }

    /// Fills in what Lambda does where nothing is given: a log group by the function's name, `JSON`
    /// with a capacity provider, and levels only with `JSON`.
    pub fn filled(function: &str, given: LoggingGiven<'_>) -> Self {
        let unless_empty =
            |text: Option<&str>| text.filter(|it| !it.is_empty()).map(ToOwned::to_owned);
        let log_format = unless_empty(given.log_format)
            .unwrap_or_else(|| Self::default_format(given.managed).to_owned());
        let level = |level: Option<&str>| match log_format.as_str() {
            TEXT => String::new(),
            _ => unless_empty(level).unwrap_or_else(|| LEVEL.to_owned()),
        };
        Self {
            application_log_level: level(given.application_log_level),
            system_log_level: level(given.system_log_level),
            log_group: unless_empty(given.log_group)
                .unwrap_or_else(|| Self::default_group(function)),
            log_format,
        }
    }
}
