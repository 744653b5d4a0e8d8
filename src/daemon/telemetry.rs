//! The log: for people on a terminal, one JSON object a line otherwise.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    EnvFilter, filter, fmt,
    layer::SubscriberExt as _,
    util::{SubscriberInitExt as _, TryInitError},
};

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogStyle {
    /// For people if the log goes to a terminal, else JSON.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The target of log lines about what stands on the board too: commands that print the board leave them out of the log.
pub(crate) const PROBLEM: &str = "evenkeel::problem";

/// Why the log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogStartError {
    /// The level is none.
    #[error("`{filter}` is no log level: {error}; use error, warn, info, debug or trace")]
    Level {
        /// What was asked for.
        filter: String,
        /// What is wrong with it.
        error: filter::ParseError,
    },
    /// The process has a log already.
    #[error("the log cannot be started")]
    Started(#[from] TryInitError),
}

/// Starts the log on standard error. `filter` is in the syntax of `tracing_subscriber::EnvFilter`.
/// Libraries stay quiet below an error: the SDK logs requests, and those hold secrets.
pub(crate) fn start(style: LogStyle, filter: &str, color: bool) -> Result<(), LogStartError> {
    let filter: EnvFilter = format!("error,evenkeel={filter}")
        .parse()
        .map_err(|error| LogStartError::Level { filter: filter.to_owned(), error })?;
    let terminal = std::io::stderr().is_terminal();
    let human = style == LogStyle::Human || style == LogStyle::Auto && terminal;
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let started = if human {
        let layer = layer.with_ansi(terminal && color).compact();
        tracing_subscriber::registry().with(filter).with(layer).try_init()
    } else {
        let layer = layer.json().flatten_event(true).with_span_list(false);
        tracing_subscriber::registry().with(filter).with(layer).try_init()
    };
    started.map_err(LogStartError::from)
}
