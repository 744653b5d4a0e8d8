//! `evenkeel apply`, and `run --once`: one round of work.

use std::time::Duration;

use tracing::warn;

use super::{
    args::ApplyArgs,
    error::{CliError, Interrupted, ManifestError},
    out::print,
    outcome::CommandOutcome,
    progress::ApplyProgress,
    session::{self, End, Job, outcome, problems},
    signals::Signals,
    table,
};
use crate::{
    aws::calls::QuotaShares,
    daemon::{options::Working, run::Daemon},
    engine::{kind::Kind as _, policy::Mode},
    kinds::image::Image,
    manifest::Selection,
};

/// Nothing is listed twice in one round.
pub(super) const NO_RESYNC: Duration = Duration::from_hours(1);

/// Makes AWS as the manifests say, waits until it is, and prints what is left.
pub(super) async fn apply(args: ApplyArgs) -> Result<CommandOutcome, CliError> {
    let mut signals = Signals::new()?;
    let (dir, selection) = args.scope.split();
    let settings = Working {
        mode: Mode::Enforce,
        resync: NO_RESYNC,
        audit_share: QuotaShares::AUDIT,
        in_flight_max: usize::from(args.rails.max_in_flight),
        read_mode: selection.read_mode(),
    };
    let meant = selection.clone();
    let job = Job {
        core: &args.core,
        dir,
        source: args.manifests.options(),
        selection,
        settings,
        terms: args.rails.terms(true),
        confirm: args.rails.confirm.clone(),
        pause: args.rails.pause_file.clone(),
    };
    once(session::start(job).await?, &meant, args.timeout, &mut signals).await
}

/// Runs a daemon until nothing is left to do, and prints what still differs.
pub(super) async fn once(
    daemon: Daemon,
    selection: &Selection,
    timeout: Duration,
    signals: &mut Signals,
) -> Result<CommandOutcome, CliError> {
    let round = work(daemon, selection, timeout, signals).await?;
    print(&round.text)?;
    Ok(round.outcome)
}

/// What is left after a round of work.
pub(super) struct Round {
    pub(super) outcome: CommandOutcome,
    /// The plan of what is left, with the problems.
    pub(super) text: String,
}

/// Runs a daemon until nothing is left to do, and stops it. When time is up, what is left is
/// returned too, and the outcome is not good; a signal is an error.
pub(super) async fn work(
    daemon: Daemon,
    selection: &Selection,
    timeout: Duration,
    signals: &mut Signals,
) -> Result<Round, CliError> {
    let progress = ApplyProgress::start();
    let end = tokio::select! {
        end = session::settle(&daemon, timeout, |board| progress.peek(board)) => Some(end),
        () = signals.stop() => None,
    };
    progress.end();
    let mut round = daemon.board.read(|shown| {
        let rows = shown.rows.values().map(|it| &**it).filter(|it| it.key.kind != Image::NAME);
        let mut lines = problems(shown);
        lines.push(table::plan(rows));
        Round { outcome: outcome(shown, selection), text: lines.join("\n") }
    });
    daemon.stop().await;
    match end {
        Some(End::Quiet) => Ok(round),
        Some(End::NoSource(error)) => Err(ManifestError::from(error).into()),
        Some(End::Late) => {
            warn!(?timeout, "time is up");
            if round.outcome == CommandOutcome::Good {
                round.outcome = CommandOutcome::Differs;
            }
            Ok(round)
        }
        None => Err(Interrupted::Apply.into()),
    }
}
