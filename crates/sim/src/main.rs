//! The stand-in as a program.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use evenkeel_sim::{
    server::Sim,
    world::{Lags, Options},
};
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

/// A stand-in for AWS Lambda, ECR, tagging and STS on loopback.
#[derive(Debug, Parser)]
#[command(name = "evenkeel-sim", version)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:4580")]
    listen: SocketAddr,
    /// What all chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much faster lags and quotas run.
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// Answer as often as asked.
    #[arg(long)]
    no_quotas: bool,
    /// What every call takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Run the entrypoint of images that were pushed with their layers: code of whoever pushed them, with your rights.
    #[arg(long)]
    run_images: bool,
    /// How long a creation stays Pending, in seconds.
    #[arg(long, default_value_t = 5.0)]
    create_lag: f64,
    /// How long an update stays InProgress, in seconds.
    #[arg(long, default_value_t = 2.0)]
    update_lag: f64,
    /// How old the tags are that the tagging API shows, in seconds, up to 600.
    #[arg(long, default_value_t = 0.0)]
    tags_lag: f64,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the address is for people and for scripts")]
#[expect(clippy::disallowed_methods, reason = "this is where time enters")]
async fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let options = Options {
        seed: args.seed,
        time_scale: args.time_scale,
        quotas: !args.no_quotas,
        lags: Lags {
            create: Duration::try_from_secs_f64(args.create_lag).unwrap_or_default(),
            update: Duration::try_from_secs_f64(args.update_lag).unwrap_or_default(),
            tags: Duration::try_from_secs_f64(args.tags_lag).unwrap_or_default(),
            ..Lags::default()
        },
        latency: Duration::from_millis(args.latency_ms),
        start: Timestamp::now(),
        run_images: args.run_images,
    };
    let sim = Sim::start(options, args.listen).await?;
    println!("listening on {}", sim.url());
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        _ = terminate.recv() => Ok(()),
    }
}
