//! Plays scenes: the real daemon on the stand-in, under faults, killed now and then, while people change
//! manifests and functions. Each seed is one scene; a seed that breaks a law prints itself, and plays again
//! with `--from SEED --seeds 1`.

#![expect(clippy::indexing_slicing, reason = "a member that JSON lacks reads as null")]

mod blocks;
mod hands;
mod laws;
mod manifest;
mod process;
mod scene;
mod statuses;
mod weather;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use tokio::{sync::Semaphore, task::JoinSet};

use self::{laws::Sum, scene::Play};

/// Plays scenes of the real daemon on an AWS that misbehaves.
#[derive(Debug, Parser)]
struct Args {
    /// How many scenes.
    #[arg(long, default_value_t = 40)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many functions each has.
    #[arg(long, default_value_t = 20)]
    functions: usize,
    /// Let manifests ask for parts too: releases, URLs, permissions, event sources and so on.
    #[arg(long)]
    blocks: bool,
    /// How many times as fast the clocks run.
    #[arg(long, default_value_t = 50.0)]
    time_scale: f64,
    /// How many scenes are played at once.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// The daemon.
    #[arg(long, default_value = "target/debug/evenkeel")]
    binary: PathBuf,
    /// Where the log and the journal are kept of a scene that fails, or takes more than half an hour to be well.
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the result is for people")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let play = Arc::new(Play {
        binary: args.binary,
        functions: args.functions,
        blocks: args.blocks,
        scale: args.time_scale,
        keep: args.keep,
    });
    let slots = Arc::new(Semaphore::new(args.jobs.max(1)));
    let mut scenes = JoinSet::new();
    for seed in args.from..args.from + args.seeds {
        let (play, slots) = (Arc::clone(&play), Arc::clone(&slots));
        scenes.spawn(async move {
            let _slot = slots.acquire().await;
            (seed, scene::play(&play, seed).await)
        });
    }
    let (mut sum, mut failed) = (Sum::default(), 0);
    let mut slowest = (Duration::ZERO, args.from);
    while let Some(played) = scenes.join_next().await {
        match played {
            Ok((seed, Ok(one))) => {
                slowest = slowest.max((one.calm, seed));
                sum = sum.plus(one);
            }
            Ok((seed, Err(law))) => {
                failed += 1;
                println!("seed {seed}: {law}\n  again: --from {seed} --seeds 1");
            }
            Err(error) => {
                failed += 1;
                println!("a scene broke off: {error}");
            }
        }
    }
    let Sum { calls, writes, faults, .. } = sum;
    let (calm, seed) = slowest;
    println!(
        "chaos: {} seeds, {failed} failed; {calls} calls, {faults} of them with a fault, {writes} writes; the slowest, {seed}, was well {:.0} s after the faults stopped",
        args.seeds,
        calm.as_secs_f64()
    );
    ExitCode::from(u8::from(failed > 0))
}

impl Sum {
    fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            writes: self.writes + other.writes,
            faults: self.faults + other.faults,
            calm: Duration::max(self.calm, other.calm),
        }
    }
}
