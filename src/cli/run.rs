//! `evenkeel run`: the daemon, or one round of it.

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing::{info, warn};

use super::{
    CliError, Outcome, RunArgs, print,
    progress::Progress,
    session::{self, End, outcome, problems},
    table,
};
use crate::{
    daemon::{options::Working, run::Daemon},
    engine::{kind::Kind as _, policy::Mode},
    kinds::image::Image,
};

/// Runs until told to stop, or until nothing is left to do.
pub(super) async fn run(args: RunArgs) -> Result<Outcome, CliError> {
    let settings = Working {
        mode: Mode::from(args.mode),
        resync: args.resync,
        in_flight_max: usize::from(args.max_in_flight),
        trust_lists: !args.once,
    };
    // Signals from here on are ours, so that none is lost while everything starts.
    let mut signals = Signals::new()?;
    if args.once {
        let daemon = session::start(&args.core, settings).await?;
        return once(daemon, &args, &mut signals).await;
    }
    let listener = listen(&args.listen).await?;
    let mut daemon = session::start(&args.core, settings).await?;
    daemon.serve(listener);
    loop {
        match signals.next().await {
            Signal::Reload => daemon.rescan(),
            Signal::Stop(name) => {
                info!(signal = name, "stopping: no new work, calls under way finish");
                break;
            }
        }
    }
    // A second signal does not wait.
    let whole = tokio::select! {
        whole = daemon.stop() => whole,
        () = signals.stop() => false,
    };
    if whole {
        info!("stopped");
    } else {
        warn!("stopped without waiting for everything");
    }
    Ok(Outcome::Good)
}

async fn listen(address: &str) -> Result<TcpListener, CliError> {
    let wrong = |error: std::io::Error| CliError(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    info!(%address, "listening");
    Ok(listener)
}

async fn once(daemon: Daemon, args: &RunArgs, signals: &mut Signals) -> Result<Outcome, CliError> {
    let progress = Progress::start();
    let end = tokio::select! {
        end = session::settle(&daemon, args.timeout, |board| progress.peek(board)) => Some(end),
        () = signals.stop() => None,
    };
    progress.end();
    let (outcome, text) = daemon.board.read(|shown| {
        let rows = shown.rows.values().map(|it| &**it).filter(|it| it.key.kind != Image::NAME);
        let mut lines = problems(shown);
        lines.push(table::plan(rows));
        (outcome(shown), lines.join("\n"))
    });
    daemon.stop().await;
    match end {
        Some(End::Quiet) => {
            print(&text)?;
            Ok(outcome)
        }
        Some(End::NoSource(why)) => Err(CliError(why)),
        Some(End::Late) => {
            print(&text)?;
            warn!(timeout = ?args.timeout, "time is up");
            Ok(if outcome == Outcome::Good { Outcome::Differs } else { outcome })
        }
        None => Err(CliError("stopped by a signal before everything was done".into())),
    }
}

/// The signals that mean something.
struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
}

enum Signal {
    Stop(&'static str),
    Reload,
}

impl Signals {
    fn new() -> Result<Self, CliError> {
        let on = |kind| signal(kind).map_err(|error| CliError(format!("no signals: {error}")));
        Ok(Self {
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
            hup: on(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::Stop("SIGTERM"),
            _ = self.int.recv() => Signal::Stop("SIGINT"),
            _ = self.hup.recv() => Signal::Reload,
        }
    }

    async fn stop(&mut self) {
        while let Signal::Reload = self.next().await {}
    }
}
