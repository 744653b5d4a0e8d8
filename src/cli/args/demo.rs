//! The arguments of `demo`.

use std::time::Duration;

use clap::Args;

use crate::cli::parse::duration;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where metrics, probes and status are served; if it is taken, at any free port.
    #[arg(long, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:9809", value_name = "ADDRESS")]
    pub(in crate::cli) listen: String,
    /// End so long after the story; without it, everything stays up until Ctrl-C.
    #[arg(long, env = "DEMO_SECONDS", value_name = "TIME", value_parser = pause)]
    pub(in crate::cli) stay: Option<Duration>,
}

/// A time, or bare seconds.
fn pause(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).or_else(|_| duration(text))
}
