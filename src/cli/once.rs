//! `evenkeel apply`, and `run --once`: one round of work.

use std::{path::Path, time::Duration};

use super::{
    applied::{ApplyReport, StepStream},
    args::{ApplyArgs, Output},
    error::{CliError, DaemonError, Interrupted, ManifestError},
    out::{is_quiet, note, print},
    outcome::CommandOutcome,
    plan::{self, PlanRequest},
    progress::ApplyProgress,
    session::{self, End, Job, outcome},
    signals::Signals,
    style::Style,
};
use crate::{
    aws::calls::QuotaShares,
    daemon::{board::Board, event_log::EventStore, options::Working, run::Daemon, view::View},
    engine::policy::Mode,
    manifest::Selection,
};

/// Nothing is listed twice in one round.
pub(super) const NO_RESYNC: Duration = Duration::from_hours(1);

/// Makes AWS as the manifests say, waits until it is, and prints what was done and what is left.
pub(super) async fn apply(args: ApplyArgs, no_color: bool) -> Result<CommandOutcome, CliError> {
    let mut signals = Signals::new()?;
    let (dir, selection) = args.scope.split();
    if let Some(expected) = &args.expect {
        Box::pin(expect(&args, expected)).await?;
    }
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
        dir: dir.clone(),
        source: args.manifests.options(),
        selection,
        settings,
        terms: args.rails.terms(true),
        confirm: args.rails.confirm.clone(),
        pause: args.rails.pause_file.clone(),
    };
    let daemon = session::start(job).await?;
    let round = Round {
        selection: &meant,
        dir: &dir,
        timeout: args.timeout,
        output: args.output,
        no_color,
        streams: true,
    };
    round.print(daemon, &mut signals).await
}

/// Fails unless the plan of now is the one that was reviewed. Writes nothing.
async fn expect(args: &ApplyArgs, expected: &str) -> Result<(), CliError> {
    let (dir, selection) = args.scope.split();
    let prune = args.rails.prune;
    let (source, timeout) = (args.manifests.options(), args.timeout);
    let request = PlanRequest { core: &args.core, dir: &dir, source, prune, timeout };
    let form = |view: &View| {
        let plan = plan::of(view, &dir);
        (plan.acts(), plan.hash)
    };
    let made = request.make(&selection, form).await?;
    if made.late {
        return Err(DaemonError::Late { within: args.timeout }.into());
    }
    let (acts, found) = made.result;
    // Whoever asks once more for what was done finds nothing left to do.
    if found == *expected || !acts && made.outcome == CommandOutcome::Good {
        return Ok(());
    }
    let expected = expected.to_owned();
    Err(DaemonError::OtherPlan { expected, found }.into())
}

/// A round of work, and how it is told of.
pub(super) struct Round<'a> {
    /// What is meant of the manifests, and where they are.
    pub(super) selection: &'a Selection,
    pub(super) dir: &'a Path,
    pub(super) timeout: Duration,
    pub(super) output: Output,
    pub(super) no_color: bool,
    /// Whether each step is printed as it ends; in JSON they stand in the result.
    pub(super) streams: bool,
}

impl Round<'_> {
    /// Runs a daemon until nothing is left to do; prints each step as it ends, then what was done and what is left.
    pub(super) async fn print(
        &self,
        daemon: Daemon,
        signals: &mut Signals,
    ) -> Result<CommandOutcome, CliError> {
        let (outcome, text) = self.work(daemon, signals).await?;
        print(&text)?;
        Ok(outcome)
    }

    /// Runs a daemon until nothing is left to do, and stops it; returns how that ended and what is to be printed. When
    /// time is up, what is left is returned too, and the outcome is not good; a signal is an error.
    pub(super) async fn work(
        &self,
        daemon: Daemon,
        signals: &mut Signals,
    ) -> Result<(CommandOutcome, String), CliError> {
        let progress = ApplyProgress::start();
        let mut stream = StepStream::new(
            &daemon.viewer.event_log,
            !is_quiet() && self.streams && self.output == Output::Text,
        );
        let may_end = |board: &Board| {
            progress.peek(board);
            progress.aside(|| {
                stream.pump();
                !stream.waits(board)
            })
        };
        let end = tokio::select! {
            end = session::settle(&daemon, self.timeout, may_end) => Some(end),
            () = signals.stop() => None,
        };
        progress.end();
        stream.pump();
        let view = daemon.viewer.view(daemon.viewer.now());
        let mut outcome = outcome(&view, self.selection);
        let steps = daemon.viewer.event_log.read(EventStore::entries);
        let text = self.text(&ApplyReport::of(&view, self.dir, &steps));
        daemon.stop().await;
        match end {
            Some(End::Quiet) => Ok((outcome, text?)),
            Some(End::NoSource(error)) => Err(ManifestError::from(error).into()),
            Some(End::Late) => {
                note(&format!("time is up after {:?}", self.timeout));
                if outcome == CommandOutcome::Good {
                    outcome = CommandOutcome::Differs;
                }
                Ok((outcome, text?))
            }
            None => Err(Interrupted::Apply.into()),
        }
    }

    fn text(&self, report: &ApplyReport<'_>) -> Result<String, CliError> {
        match self.output {
            Output::Text => Ok(report.text(Style::of_stdout(self.no_color))),
            Output::Json => {
                let json = serde_json::to_string_pretty(report);
                json.map_err(|error| CliError::Serialize(error.into()))
            }
        }
    }
}
