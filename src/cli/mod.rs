//! The commands and their arguments. Everything that the environment decides enters here.

mod applied;
mod args;
mod builder;
mod check;
mod command_line;
mod completions;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod detail;
pub mod environment;
mod error;
mod examples;
mod explain;
mod function;
mod guess;
mod import;
mod init;
mod input;
mod invoke;
mod logs;
mod man;
mod manifest_file;
mod manifests;
mod once;
mod out;
mod outcome;
mod output_schema;
mod parse;
mod placement;
mod plan;
mod plan_text;
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
mod stdin;
mod style;
mod suspend;
mod table;
mod target_clients;
mod targets;
mod test;
mod time_scale;
mod usage;
mod wait;

use std::ffi::OsString;

#[cfg(feature = "demo")]
pub use self::args::DemoArgs;
pub use self::args::{
    AccessArgs, ApplyArgs, CheckArgs, Cli, Command, CompletionsArgs, ConfigArgs, CoreArgs, DirArgs,
    ExplainArgs, FunctionArgs, GlobalArgs, ImportArgs, InitArgs, InvokeArgs, ListenArgs, LogsArgs,
    ManArgs, ManifestArgs, ModeArg, ObjectArgs, Output, PathArgs, PlanArgs, PlanOutput,
    PublishArgs, RailArgs, RefreshArgs, ResumeArgs, RollbackArgs, RunArgs, SchemaArgs, SchemaOf,
    ScopeArgs, StatusArgs, StatusOutput, StrictArgs, SuspendArgs, TestArgs,
};
use self::{
    args::LogFormat,
    error::UsageError,
    out::print,
    runtime::block_on,
    stdin::{StdinManifests, is_stdin},
};
pub use self::{
    command_line::StartError,
    config::{ConfigError, ConfigFault},
    error::{CliError, StdinError},
    outcome::CommandOutcome,
    output_schema::output_schema,
};
use crate::daemon::telemetry::{self, LogStyle};

impl Cli {
    /// Reads the command line, the environment and the config file. The first word is the program's name.
    pub fn load(words: Vec<OsString>) -> Result<Self, StartError> {
        command_line::load(words)
    }

    /// Starts the log and runs the command. Unless a flag says otherwise, the daemon logs from level info, and other
    /// commands log nothing: they print what they have to say.
    pub fn run(self) -> Result<CommandOutcome, CliError> {
        let GlobalArgs { log_format, no_color, quiet, .. } = self.global;
        let form = match log_format {
            LogFormat::Auto => LogStyle::Auto,
            LogFormat::Human => LogStyle::Human,
            LogFormat::Json => LogStyle::Json,
        };
        let usual = match self.command {
            Command::Run(_) => "info",
            // Commands print what they have to say.
            _ => "off",
        };
        telemetry::start(form, self.global.level(usual), !no_color).map_err(UsageError::from)?;
        out::set_quiet(quiet);
        self.command.run(no_color)
    }
}

impl Command {
    fn run(self, no_color: bool) -> Result<CommandOutcome, CliError> {
        match self {
            Self::Check(args) => check::check(&args),
            Self::Plan(mut args) => {
                let stdin = from_stdin(&mut args.scope, args.prune)?;
                let done = block_on(plan::plan(args, no_color));
                drop(stdin);
                done
            }
            Self::Apply(mut args) => {
                let stdin = from_stdin(&mut args.scope, args.rails.prune)?;
                let done = block_on(once::apply(args, no_color));
                drop(stdin);
                done
            }
            Self::Run(args) if is_stdin(args.source.dir()) => Err(StdinError::ReadAgain.into()),
            Self::Run(args) => block_on(run::run(args, no_color)),
            Self::Suspend(args) => block_on(suspend::suspend(args)),
            Self::Resume(args) => block_on(suspend::resume(args)),
            Self::Rollback(args) => block_on(rollback::rollback(args)),
            Self::Init(args) => init::init(&args),
            Self::Import(args) => import::import(&args),
            Self::Publish(args) => publish::publish(&args),
            Self::Test(mut args) => {
                let stdin = from_stdin(&mut args.scope, false)?;
                let done = block_on(test::test(args));
                drop(stdin);
                done
            }
            Self::Invoke(args) => block_on(invoke::invoke(args)),
            Self::Logs(args) => block_on(logs::logs(args, no_color)),
            Self::Status(args) => status::status(&args, no_color),
            Self::Explain(args) => explain::explain(&args),
            Self::Refresh(args) => refresh::refresh(&args),
            #[cfg(feature = "demo")]
            Self::Demo(args) => block_on(demo::demo(args)),
            Self::Config(args) => config::show(&args),
            Self::Completions(args) => Ok(completions::completions(&args)?),
            Self::Man(args) => Ok(man::man(&args)?),
            Self::Schema(args) => {
                let schema = match args.of {
                    SchemaOf::Manifest => crate::manifest::schema(),
                    SchemaOf::Output => output_schema(),
                };
                let schema = serde_json::to_string_pretty(&schema);
                print(&schema.map_err(|error| CliError::Serialize(error.into()))?)?;
                Ok(CommandOutcome::Good)
            }
        }
    }
}

/// Takes the manifests from standard input where the scope says so, and keeps them in a file while the result is kept.
fn from_stdin(scope: &mut ScopeArgs, prune: bool) -> Result<Option<StdinManifests>, CliError> {
    if prune && is_stdin(scope.dir()) {
        return Err(StdinError::Prune.into());
    }
    let stdin = StdinManifests::read(scope.dir())?;
    if let Some(stdin) = &stdin {
        scope.set_dir(stdin.path());
    }
    Ok(stdin)
}

/// The reference of commands and flags, in Markdown.
pub fn reference() -> String {
    reference::render(command_line::described())
}

/// All commands with their arguments, usage and examples, for tests that hold them to what users expect.
pub fn command() -> clap::Command {
    command_line::described()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_hold_together() {
        super::command().debug_assert();
    }
}
