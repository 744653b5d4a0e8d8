//! The arguments of the commands that only ask: the files, or a running Evenkeel.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::scope::DirArgs;
use crate::cli::parse::label;

/// The heading of the flags that lead to a running Evenkeel.
pub(super) const CONNECTION: &str = "Connection options";

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub(in crate::cli) source: DirArgs,
}

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The directory that the files go to.
    #[arg(default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
    /// What the function and its repository are called: a-z, 0-9 and -.
    #[arg(long, default_value = "count-bases", value_name = "NAME")]
    pub(in crate::cli) name: String,
}

/// For people, in more or less detail, or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusOutput {
    /// Text.
    Text,
    /// Text with more columns.
    Wide,
    /// JSON, as documented in docs/reference/api.md.
    Json,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The object, as `resize`, `Function/resize` or `default/Function/resize`.
    #[arg(value_name = "NAME")]
    pub(in crate::cli) name: String,
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL",
          help_heading = CONNECTION)]
    pub(in crate::cli) url: String,
}

/// The arguments of `refresh`.
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// The objects, as `resize`, `Function/resize` or `default/Function/resize`: the documents that they are parts of, or
    /// are, are read at once with everything that belongs to them. Without names everything is, at the pace of a first
    /// audit.
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL",
          help_heading = CONNECTION)]
    pub(in crate::cli) url: String,
}

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these objects, as `resize`, `Function/resize` or `default/Function/resize`. One alone is shown in
    /// detail, with what differs and what happened to it.
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,
    /// Only objects with this label; may be given several times.
    #[arg(short = 'l', long, value_name = "LABEL=VALUE", value_parser = label)]
    pub(in crate::cli) label: Vec<(String, String)>,
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL",
          help_heading = CONNECTION)]
    pub(in crate::cli) url: String,
    /// For people, in more or less detail, or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: StatusOutput,
    /// Show it again every two seconds, until interrupted.
    #[arg(short, long, env = "EVENKEEL_WATCH")]
    pub(in crate::cli) watch: bool,
}
