//! `evenkeel apply`, and `run --once`: one round of work.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

use super::{
    ApplyArgs, CliError, Outcome, print,
    progress::Progress,
    session::{self, End, Job, outcome, problems},
    table,
};
use crate::{
    daemon::{options::Working, run::Daemon},
    engine::{kind::Kind as _, policy::Mode},
    kinds::image::Image,
    manifest::Selection,
};

/// Nothing is listed twice in one round.
pub(super) const NO_RESYNC: Duration = Duration::from_hours(1);

/// Makes AWS as the manifests say, and waits until it is.
pub(super) async fn apply(args: ApplyArgs) -> Result<Outcome, CliError> {
    let mut signals = Signals::new()?;
    let (dir, selection) = args.scope.split();
    let settings = Working {
        mode: Mode::Enforce,
        resync: NO_RESYNC,
        in_flight_max: usize::from(args.rails.max_in_flight),
        read_mode: selection.read_mode(),
    };
    let meant = selection.clone();
    let job = Job {
        core: &args.core,
        dir,
        selection,
        settings,
        terms: args.rails.terms(true),
        confirm: args.rails.confirm.clone(),
        pause: args.rails.pause_file.clone(),
    };
    once(session::start(job).await?, (args.timeout, &meant), &mut signals).await
}

/// Works until nothing is left to do, and prints what is.
pub(super) async fn once(
    daemon: Daemon,
    meant: (Duration, &Selection),
    signals: &mut Signals,
) -> Result<Outcome, CliError> {
    let (outcome, text) = work(daemon, meant, signals).await?;
    print(&text)?;
    Ok(outcome)
}

/// Works until nothing is left to do, and says what is.
pub(super) async fn work(
    daemon: Daemon,
    (timeout, selection): (Duration, &Selection),
    signals: &mut Signals,
) -> Result<(Outcome, String), CliError> {
    let progress = Progress::start();
    let end = tokio::select! {
        end = session::settle(&daemon, timeout, |board| progress.peek(board)) => Some(end),
        () = signals.stop() => None,
    };
    progress.end();
    let (outcome, text) = daemon.board.read(|shown| {
        let rows = shown.rows.values().map(|it| &**it).filter(|it| it.key.kind != Image::NAME);
        let mut lines = problems(shown);
        lines.push(table::plan(rows));
        (outcome(shown, selection), lines.join("\n"))
    });
    daemon.stop().await;
    match end {
        Some(End::Quiet) => Ok((outcome, text)),
        Some(End::NoSource(why)) => Err(CliError(why)),
        Some(End::Late) => {
            warn!(?timeout, "time is up");
            Ok((if outcome == Outcome::Good { Outcome::Differs } else { outcome }, text))
        }
        None => Err(CliError("stopped by a signal before everything was done".into())),
    }
}

/// The signals that mean something.
pub(super) struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

pub(super) enum Signal {
    Stop(&'static str),
    Reload,
}

impl Signals {
    pub(super) fn new() -> Result<Self, CliError> {
        let on = |kind| signal(kind).map_err(|error| CliError(format!("no signals: {error}")));
        Ok(Self {
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
            hup: on(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Stop("SIGTERM"),
            _ = self.int.recv() => Signal::Stop("SIGINT"),
            _ = self.hup.recv() => Signal::Reload,
        }
    }

    pub(super) async fn stop(&mut self) {
        while let Signal::Reload = self.next().await {}
    }
}
