//! `evenkeel demo`: the stand-in, the daemon and a story, in one process. No AWS account, no Python.

mod stage;
mod story;

use std::time::Duration;

use clap::Args;

use self::stage::Stage;
use super::{
    error::CliError, out::print, outcome::CommandOutcome, parse::duration, signals::Signals,
};

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where metrics, probes and status are served; if it is taken, at any free port.
    #[arg(long, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:9809", value_name = "ADDRESS")]
    listen: String,
    /// End so long after the story; without it, everything stays up until Ctrl-C.
    #[arg(long, env = "DEMO_SECONDS", value_name = "TIME", value_parser = pause)]
    stay: Option<Duration>,
}

/// A time, or bare seconds.
fn pause(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).or_else(|_| duration(text))
}

/// Plays the story, and then leaves everything up for `--stay`, or until a signal. The demo fails
/// if a chapter does not happen.
pub(super) async fn demo(args: DemoArgs) -> Result<CommandOutcome, CliError> {
    let mut signals = Signals::new()?;
    let mut stage = Stage::open(&args.listen).await?;
    let whole = tokio::select! {
        played = story::play(&mut stage) => played.map(|()| true),
        () = signals.stop() => Ok(false),
    };
    if matches!(whole, Ok(true)) {
        print(&stage.curtain())?;
        let stay = tokio::time::sleep(args.stay.unwrap_or(Duration::MAX));
        tokio::select! {
            () = stay => {}
            () = signals.stop() => {}
        }
    }
    stage.close().await;
    whole.map(|_| CommandOutcome::Good)
}
