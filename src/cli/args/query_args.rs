//! The arguments of the commands that only ask: the files, or a running Evenkeel.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use super::{access::AWS, manifests::ManifestArgs, output::Output, scope::PathArgs};
use crate::{
    cli::parse::{account_id, duration, label, status, url},
    engine::status::Status,
};

/// The heading of the flags that lead to a running Evenkeel.
pub(super) const CONNECTION: &str = "Connection options";

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub(in crate::cli) paths: PathArgs,
    #[command(flatten)]
    pub(in crate::cli) manifests: ManifestArgs,
    /// The account of the target `default`: roles of other accounts are found.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", help_heading = AWS, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account_id: Option<String>,
    /// The file that declares the targets: roles of other accounts, images of other Regions and targets that are not
    /// declared are found (docs/reference/targets.md).
    #[arg(long, env = "EVENKEEL_TARGETS", help_heading = AWS, value_name = "FILE", conflicts_with = "account_id")]
    pub(in crate::cli) targets: Option<PathBuf>,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: Output,
}

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_name = "WHAT", default_value = "manifest")]
    pub(in crate::cli) of: SchemaOf,
}

/// What a JSON Schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// Manifests.
    Manifest,
    /// What `check`, `status`, `plan`, `apply` and `test` print with `-o json`.
    Output,
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
          value_parser = url, help_heading = CONNECTION)]
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
          value_parser = url, help_heading = CONNECTION)]
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
          value_parser = url, help_heading = CONNECTION)]
    pub(in crate::cli) url: String,
    /// For people, in more or less detail, or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: StatusOutput,
    /// Show it again every two seconds, until interrupted.
    #[arg(short, long, env = "EVENKEEL_WATCH", conflicts_with = "wait")]
    pub(in crate::cli) watch: bool,
    /// Wait until every object that is meant has the status of --for, then show it. Standard error says what is waited
    /// for, one line for each change. Exit 1 if it does not come within --timeout.
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// With --wait: for which status.
    #[arg(long = "for", default_value = "synced", value_name = "STATUS", requires = "wait",
          value_parser = status)]
    pub(in crate::cli) wanted: Status,
    /// With --wait: for how long.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "5m", value_name = "TIME",
          value_parser = duration)]
    pub(in crate::cli) timeout: Duration,
}
