//! The arguments of the commands that only ask: the files, or a running Evenkeel.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::manifests::ManifestArgs;
use crate::cli::parse::{account_id, label, url};

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The directory of manifests, or one file.
    #[arg(env = "EVENKEEL_DIR", default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) manifests: ManifestArgs,
    /// The account of the target `default`: roles of other accounts are found.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account_id: Option<String>,
    /// The file that declares the targets: roles of other accounts, images of other Regions and targets that are not
    /// declared are found (docs/reference/targets.md).
    #[arg(long, env = "EVENKEEL_TARGETS", value_name = "FILE", conflicts_with = "account_id")]
    pub(in crate::cli) targets: Option<PathBuf>,
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
          value_parser = url)]
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
          value_parser = url)]
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
          value_parser = url)]
    pub(in crate::cli) url: String,
    /// For people, in more or less detail, or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: StatusOutput,
    /// Show it again every two seconds, until interrupted.
    #[arg(short, long, env = "EVENKEEL_WATCH")]
    pub(in crate::cli) watch: bool,
}
