//! `evenkeel demo`: the stand-in, the daemon and a story, in one process. No AWS account, no Python.

mod stage;
mod story;

use std::time::Duration;

use self::stage::Stage;
use super::{
    args::DemoArgs, error::CliError, out::print, outcome::CommandOutcome, signals::Signals,
};

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
