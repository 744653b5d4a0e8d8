//! The command line as a whole: the commands with their usage and examples, and how they are read.

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, error::ErrorKind, parser::ValueSource};

use super::{args::Cli, examples, usage::with_usage};

/// The name of the program.
pub(super) const NAME: &str = "evenkeel";
/// The version; of a git checkout with the commit and its date.
pub(super) const VERSION: &str = env!("EVENKEEL_VERSION");

/// Why a command does not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The arguments are none, or they ask for help.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
}

/// The commands with their usage and examples.
pub(super) fn described() -> clap::Command {
    let usage = format!("{NAME} [OPTIONS] <COMMAND>");
    let root = Cli::command().version(VERSION).override_usage(usage);
    root.after_help(examples::help(NAME)).mut_subcommands(|it| {
        let help = examples::help(it.get_name());
        with_usage(it).after_help(help)
    })
}

/// Reads the command line and the environment. The first word is the program's name.
pub(super) fn load(words: Vec<OsString>) -> Result<Cli, StartError> {
    let mut whole = described();
    let matches = whole.try_get_matches_from_mut(words)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|it| it.format(&mut whole))?;
    if cli.global.quiet && cli.global.verbose > 0 {
        let message = "the argument '--quiet' cannot be used with '--verbose'";
        return Err(whole.error(ErrorKind::ArgumentConflict, message).into());
    }
    let level = matches.value_source("log_level");
    cli.global.level_from_environment = level == Some(ValueSource::EnvVariable);
    Ok(cli)
}
