//! The arguments of the commands that keep things as the manifests say.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    access::CoreArgs,
    listen::ListenArgs,
    manifests::{ManifestArgs, StrictArgs},
    output::{Output, PlanOutput},
    scope::{DirArgs, RailArgs, ScopeArgs},
};
use crate::{
    aws::calls::QuotaShares,
    cli::parse::{audit_share, duration, hash, resync},
    engine::policy::Mode,
};

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArgs,
    #[command(flatten)]
    pub(in crate::cli) manifests: ManifestArgs,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
    /// Show what `--prune` would delete too, and the hash that confirms it.
    #[arg(long, env = "EVENKEEL_PRUNE", conflicts_with = "label")]
    pub(in crate::cli) prune: bool,
    /// The form of the plan.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: PlanOutput,
    /// How long to read before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "2m", value_name = "TIME",
          value_parser = duration)]
    pub(in crate::cli) timeout: Duration,
}

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeArgs,
    #[command(flatten)]
    pub(in crate::cli) manifests: ManifestArgs,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
    #[command(flatten)]
    pub(in crate::cli) rails: RailArgs,
    /// Apply only if the plan is still the one that was reviewed: the hash that `plan` shows. Otherwise nothing is
    /// written, and the exit code is 2.
    #[arg(long, env = "EVENKEEL_EXPECT", value_name = "HASH", value_parser = hash)]
    pub(in crate::cli) expect: Option<String>,
    /// The form of the result.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: Output,
    /// How long to work before giving up. What goes on by itself, such as a role that AWS does not know yet, is waited
    /// for.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "10m", value_name = "TIME",
          value_parser = duration)]
    pub(in crate::cli) timeout: Duration,
}

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(in crate::cli) source: DirArgs,
    #[command(flatten)]
    pub(in crate::cli) strict: StrictArgs,
    /// With --once: accept a directory that holds no manifest. Without it that is an error, since the path is probably
    /// wrong. A daemon waits for the first manifest.
    #[arg(long, env = "EVENKEEL_ALLOW_EMPTY")]
    pub(in crate::cli) allow_empty: bool,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
    #[command(flatten)]
    pub(in crate::cli) rails: RailArgs,
    /// Repair, or only report. A manifest's `policy.mode` can be stricter, never laxer.
    #[arg(long, env = "EVENKEEL_MODE", default_value = "enforce")]
    pub(in crate::cli) mode: ModeArg,
    /// Work until nothing is left to do, then end. Exit 0: in sync, 1: differences left, 2: error.
    #[arg(long, env = "EVENKEEL_ONCE")]
    pub(in crate::cli) once: bool,
    /// With --once: how long to work before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "10m", value_name = "TIME",
          value_parser = duration)]
    pub(in crate::cli) timeout: Duration,
    /// The pause between two lists of all functions, from 1s to 1h. Large fleets take longer: a list
    /// may take a quarter of the time at most.
    #[arg(long, env = "EVENKEEL_RESYNC", default_value = "30s", value_name = "TIME",
          value_parser = resync)]
    pub(in crate::cli) resync: Duration,
    /// The part of the calls that may be made (--quota-share) which the audit may always have, from 0.01 to 0.9. While
    /// nothing more urgent needs them it takes a quarter.
    #[arg(long, env = "EVENKEEL_AUDIT_SHARE", default_value_t = QuotaShares::AUDIT,
          value_name = "PART", value_parser = audit_share)]
    pub(in crate::cli) audit_share: f64,
    #[command(flatten)]
    pub(in crate::cli) listen: ListenArgs,
}

/// `--mode`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeArg {
    /// Repair.
    Enforce,
    /// Report only; nothing is written.
    Observe,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Enforce => Self::Enforce,
            ModeArg::Observe => Self::Observe,
        }
    }
}
