//! The commands and their arguments. Everything that the environment decides enters here.

mod args;
mod builder;
mod check;
#[cfg(feature = "demo")]
mod demo;
mod detail;
mod error;
mod explain;
mod function;
mod import;
mod init;
mod input;
mod invoke;
mod logs;
mod manifest_file;
mod manifests;
mod once;
mod out;
mod outcome;
mod parse;
mod plan;
mod progress;
mod publish;
mod reference;
mod refresh;
mod rollback;
mod rows;
mod run;
mod runtime;
mod session;
mod signals;
mod status;
mod suspend;
mod table;
mod target_clients;
mod targets;
mod test;
mod time_scale;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub use self::args::{
    AccessArgs, ApplyArgs, CheckArgs, CoreArgs, ExplainArgs, FunctionArgs, ImportArgs, InitArgs,
    InvokeArgs, ListenArgs, LogsArgs, ModeArg, ObjectArgs, Output, PlanArgs, PublishArgs, RailArgs,
    RefreshArgs, ResumeArgs, RollbackArgs, RunArgs, ScopeArgs, StatusArgs, StatusOutput,
    SuspendArgs, TestArgs,
};
#[cfg(feature = "demo")]
pub use self::demo::DemoArgs;
pub use self::{error::CliError, outcome::CommandOutcome};
use self::{error::UsageError, out::print, runtime::block_on};
use crate::daemon::telemetry::{self, LogStyle};

/// Keeps AWS Lambda functions that ship as container images in the state their manifests describe.
///
/// Evenkeel reads a directory of manifests, compares it with Lambda and ECR by image digest and by
/// configuration, repairs what differs, and shows drift as Prometheus metrics. AWS settings come the
/// standard way: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version = env!("EVENKEEL_VERSION"), max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    log: LogArgs,
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
    /// Print the JSON Schema of manifests, for editors.
    Schema,
    /// Watch a short story on a stand-in for AWS in this process: no account, nothing to install.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
}

/// How the log is written.
#[derive(Debug, Args)]
struct LogArgs {
    /// What goes to the log: info for `run`, warn for the other commands, unless this says otherwise.
    #[arg(long, global = true, env = "EVENKEEL_LOG_LEVEL",
          value_parser = ["error", "warn", "info", "debug", "trace"])]
    log_level: Option<String>,
    /// How the log is written: for people on a terminal, as JSON otherwise.
    #[arg(long, global = true, env = "EVENKEEL_LOG_FORMAT", default_value = "auto")]
    log_format: LogFormat,
    /// No colour, even on a terminal.
    #[arg(long, global = true, env = "NO_COLOR", hide_env_values = true, num_args = 0,
          value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    no_color: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Auto,
    Human,
    Json,
}

impl Cli {
    /// Starts the log and runs the command. Unless `--log-level` is given, the daemon logs from
    /// level info, and other commands from warn.
    pub fn run(self) -> Result<CommandOutcome, CliError> {
        let form = match self.log.log_format {
            LogFormat::Auto => LogStyle::Auto,
            LogFormat::Human => LogStyle::Human,
            LogFormat::Json => LogStyle::Json,
        };
        let usual = match self.command {
            Command::Run(_) => "info",
            // The story says what happens.
            #[cfg(feature = "demo")]
            Command::Demo(_) => "error",
            _ => "warn",
        };
        let level = self.log.log_level.as_deref().unwrap_or(usual);
        telemetry::start(form, level, !self.log.no_color).map_err(UsageError::from)?;
        match self.command {
            Command::Check(args) => check::check(&args),
            Command::Plan(args) => block_on(plan::plan(args)),
            Command::Apply(args) => block_on(once::apply(args)),
            Command::Run(args) => block_on(run::run(args)),
            Command::Suspend(args) => block_on(suspend::suspend(args)),
            Command::Resume(args) => block_on(suspend::resume(args)),
            Command::Rollback(args) => block_on(rollback::rollback(args)),
            Command::Init(args) => init::init(&args),
            Command::Import(args) => import::import(&args),
            Command::Publish(args) => publish::publish(&args),
            Command::Test(args) => block_on(test::test(args)),
            Command::Invoke(args) => block_on(invoke::invoke(args)),
            Command::Logs(args) => block_on(logs::logs(args, self.log.no_color)),
            Command::Status(args) => status::status(&args),
            Command::Explain(args) => explain::explain(&args),
            Command::Refresh(args) => refresh::refresh(&args),
            #[cfg(feature = "demo")]
            Command::Demo(args) => block_on(demo::demo(args)),
            Command::Schema => {
                let schema = serde_json::to_string_pretty(&crate::manifest::schema());
                print(&schema.map_err(|error| CliError::Serialize(error.into()))?)?;
                Ok(CommandOutcome::Good)
            }
        }
    }
}

/// The reference of commands and flags, in Markdown.
pub fn reference() -> String {
    reference::render(Cli::command())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }
}
