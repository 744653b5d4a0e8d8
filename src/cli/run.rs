//! `evenkeel run`: the daemon.

use tokio::net::TcpListener;
use tracing::{info, warn};

use super::{
    args::{ListenArgs, Output, RunArgs},
    error::{CliError, DaemonError},
    once::Round,
    outcome::CommandOutcome,
    session::{self, Job},
    signals::{Signal, Signals},
};
use crate::{
    daemon::{http::HttpOptions, options::Working, source::SourceOptions},
    engine::policy::{Mode, ReadMode},
    manifest::Selection,
};

/// Runs the daemon until SIGTERM or SIGINT; a second one ends it without waiting for calls under
/// way. With `--once` it runs until nothing is left to do.
pub(super) async fn run(args: RunArgs, no_color: bool) -> Result<CommandOutcome, CliError> {
    let settings = Working {
        mode: Mode::from(args.mode),
        resync: args.resync,
        audit_share: args.audit_share,
        in_flight_max: usize::from(args.rails.max_in_flight),
        read_mode: if args.once { ReadMode::Once } else { ReadMode::Watch },
    };
    // Signals from here on are ours, so that none is lost while everything starts.
    let mut signals = Signals::new()?;
    let job = Job {
        core: &args.core,
        dir: args.source.dir().to_path_buf(),
        source: SourceOptions {
            refuse_empty: args.once && !args.allow_empty,
            ..args.strict.options()
        },
        selection: Selection::default(),
        settings,
        terms: args.rails.terms(args.once),
        confirm: args.rails.confirm.clone(),
        pause: args.rails.pause_file.clone(),
    };
    if args.once {
        let all = Selection::default();
        let daemon = session::start(job).await?;
        let (timeout, output) = (args.timeout, Output::Text);
        let round = Round {
            selection: &all,
            dir: args.source.dir(),
            timeout,
            output,
            no_color,
            streams: true,
        };
        return round.print(daemon, &mut signals).await;
    }
    // First: a port that is taken ends the command before anything is written to AWS.
    let listener = listen(&args.listen.listen).await?;
    let mut daemon = session::start(job).await?;
    let ListenArgs { listen: _, metrics_detail, allow_refresh, allowed_host } = args.listen;
    let allowed_hosts = allowed_host.into_iter().collect();
    daemon.serve(
        listener,
        HttpOptions { detail: metrics_detail.into(), allow_refresh, allowed_hosts },
    );
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
    Ok(CommandOutcome::Good)
}

/// Opens the port for metrics and the API. Warns if other machines may reach it, since there is
/// neither encryption nor a password.
async fn listen(address: &str) -> Result<TcpListener, DaemonError> {
    let wrong =
        |source: std::io::Error| DaemonError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    info!(%address, "listening");
    if !address.ip().is_loopback() {
        warn!(
            %address,
            "everybody who can reach this address can read names, images and states of functions: there is no \
             encryption and no password; listen on loopback, or let only Prometheus in"
        );
    }
    Ok(listener)
}
