//! The commands.

use clap::{ArgAction, Parser, Subcommand};

#[cfg(feature = "demo")]
use super::demo::DemoArgs;
use super::{
    config::ConfigArgs,
    global::{GLOBAL, GlobalArgs},
    import::ImportArgs,
    manual::{CompletionsArgs, ManArgs},
    object::{InvokeArgs, LogsArgs, ResumeArgs, RollbackArgs, SuspendArgs},
    publish::PublishArgs,
    query_args::{CheckArgs, ExplainArgs, InitArgs, RefreshArgs, SchemaArgs, StatusArgs},
    reconcile_args::{ApplyArgs, PlanArgs, RunArgs},
    test::TestArgs,
};

/// Keeps AWS Lambda functions that ship as container images in the state their manifests describe.
///
/// Evenkeel reads a directory of manifests, compares it with Lambda and ECR by image digest and by
/// configuration, repairs what differs, and shows drift as Prometheus metrics. AWS settings come the
/// standard way: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on.
#[derive(Debug, Parser)]
#[command(
    name = "evenkeel",
    max_term_width = 100,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub(in crate::cli) global: GlobalArgs,
    /// Print the version, with the commit that it was built from.
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = GLOBAL)]
    version: Option<bool>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the manifests and say what is wrong with them; needs no AWS. Exit 0: good, 2: problems.
    Check(CheckArgs),
    /// Show what `run` would do. Exit 0: in sync, 1: differences, 2: error.
    Plan(PlanArgs),
    /// Make AWS as the manifests say, once, and wait until it is. Exit 0: in sync, 1: differences left,
    /// 2: error.
    Apply(ApplyArgs),
    /// Keep AWS as the manifests say, until stopped. SIGTERM stops, SIGHUP reads the manifests again, and
    /// everything in AWS at the pace of a first audit.
    Run(RunArgs),
    /// Show how a running Evenkeel sees its objects. Exit 0: all in sync, 1: not all, 2: error.
    Status(StatusArgs),
    /// Say why one object is not as its manifest asks, and what to do next. Exit 0: in sync, 1: not, 2: error.
    Explain(ExplainArgs),
    /// Let a running Evenkeel read objects in AWS now, or everything. Exit 0: it was asked for, 2: error.
    Refresh(RefreshArgs),
    /// Hold all writes to one object for a while, by a tag on it; differences are still reported.
    Suspend(SuspendArgs),
    /// End such a hold.
    Resume(ResumeArgs),
    /// Let the alias of a function lead to an earlier version, and hold back the one that it is taken from.
    Rollback(RollbackArgs),
    /// Begin a repository: a first manifest with its test, a Dockerfile, and a workflow that checks and plans.
    Init(InitArgs),
    /// Write manifests of what is in AWS, or of what another tool's files describe.
    Import(ImportArgs),
    /// Build an image, push it to ECR and write it into the manifests. Exit 0: it is there, 2: error.
    Publish(PublishArgs),
    /// Run the smoke tests of the manifests, in AWS or on this machine. Exit 0: all pass, 1: some fail, 2: error.
    Test(TestArgs),
    /// Invoke a function with an event and print what it answers. Exit 0: it ran, 1: it failed, 2: error.
    Invoke(InvokeArgs),
    /// Show what a function wrote into its log.
    Logs(LogsArgs),
    /// Print the settings that a config file can give, and where each value comes from.
    Config(ConfigArgs),
    /// Print a JSON Schema: of manifests, for editors, or of what commands print with `-o json`.
    Schema(SchemaArgs),
    /// Print a script that completes commands and flags in a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command.
    Man(ManArgs),
    /// Watch a short story on a stand-in for AWS in this process: no account, nothing to install.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
}
