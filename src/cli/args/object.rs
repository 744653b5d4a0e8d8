//! The arguments of the commands about one object in AWS.

use std::time::Duration;

use clap::Args;

use super::CoreArgs;
use crate::cli::parse::hold;

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
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET")]
    pub(in crate::cli) target: Option<String>,
}
