//! The arguments of the commands about one object in AWS.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{
    access::{AWS, AccessArgs, CoreArgs},
    output::Output,
};
use crate::cli::parse::{LogTime, hold, version, when};

/// The arguments of `suspend`.
#[derive(Debug, Args)]
pub struct SuspendArgs {
    #[command(flatten)]
    pub(in crate::cli) object: ObjectArgs,
    /// How long, from 1s to 24h.
    #[arg(long = "for", value_name = "TIME", value_parser = hold)]
    pub(in crate::cli) hold: Duration,
    /// Why; shown with the object.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: String,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
}

/// The arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    pub(in crate::cli) object: ObjectArgs,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
}

/// The arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub(in crate::cli) object: ObjectArgs,
    /// The version that callers are to get; without it, the one before the present one.
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) to: Option<u64>,
    /// Let go on what is held back, because of a rollback or because it failed.
    #[arg(long, conflicts_with = "to")]
    pub(in crate::cli) resume: bool,
    #[command(flatten)]
    pub(in crate::cli) core: CoreArgs,
}

/// One object in AWS.
#[derive(Debug, Args)]
pub struct ObjectArgs {
    /// The object's name in AWS: of a function, or with its kind, as `Repository/thumbnails`.
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
    /// Which target it is in, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET", help_heading = AWS)]
    pub(in crate::cli) target: Option<String>,
}

/// A function, for commands that keep nothing.
#[derive(Debug, Args)]
pub struct FunctionArgs {
    /// The function's name in AWS.
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
    /// Which target it is in, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET", help_heading = AWS)]
    pub(in crate::cli) target: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: AccessArgs,
}

/// The arguments of `invoke`.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    #[command(flatten)]
    pub(in crate::cli) function: FunctionArgs,
    /// The event, as JSON; `{}` if none is given.
    #[arg(long, value_name = "JSON", conflicts_with = "file")]
    pub(in crate::cli) payload: Option<String>,
    /// A file with the event; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The alias to invoke. Without this and --version it is the alias that Evenkeel keeps for callers, or the
    /// function itself if there is none.
    #[arg(long, value_name = "ALIAS", conflicts_with = "version")]
    pub(in crate::cli) alias: Option<String>,
    /// The version to invoke: a number, or `$LATEST` for the newest code, released or not.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(in crate::cli) version: Option<String>,
    /// Only hand the event over: Lambda runs the function later, and nobody waits for the answer.
    #[arg(long = "async", conflicts_with = "tail")]
    pub(in crate::cli) asynchronous: bool,
    /// Show the end of the run's log too, at most 4 KB.
    #[arg(long)]
    pub(in crate::cli) tail: bool,
}

/// The arguments of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    #[command(flatten)]
    pub(in crate::cli) function: FunctionArgs,
    /// How far back to begin: a time as 90s, 10m or 2h, or a moment as 2026-11-25T10:00:00Z.
    #[arg(long, default_value = "1h", value_name = "WHEN", value_parser = when)]
    pub(in crate::cli) since: LogTime,
    /// Where to end, in the same forms; now, if it is not said.
    #[arg(long, value_name = "WHEN", value_parser = when, conflicts_with = "follow")]
    pub(in crate::cli) until: Option<LogTime>,
    /// Go on with what is written from now on, until interrupted.
    #[arg(short, long)]
    pub(in crate::cli) follow: bool,
    /// Only lines that match this filter pattern of CloudWatch Logs': `ERROR`, `"out of memory"`,
    /// `{ $.level = "ERROR" }`.
    #[arg(long, value_name = "PATTERN", conflicts_with = "request")]
    pub(in crate::cli) filter: Option<String>,
    /// Only the run of one request, from its first line to its last.
    #[arg(long, value_name = "ID", conflicts_with = "follow")]
    pub(in crate::cli) request: Option<String>,
    /// Only what this version wrote: a number, or `$LATEST`.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(in crate::cli) version: Option<String>,
    /// For people or for programs: JSON is one object a line.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: Output,
}
