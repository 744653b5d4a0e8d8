//! The command line as a whole: the commands with their usage and examples, and what the config file adds.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use clap::{
    ArgMatches, CommandFactory as _, FromArgMatches as _, builder::PossibleValuesParser,
    error::ErrorKind, parser::ValueSource,
};

use super::{
    args::{Cli, Command},
    config::{ConfigError, ConfigFile, formats, key::ConfigKey, setting},
    examples,
    guess::with_hint,
    stdin::is_stdin,
    usage::with_usage,
};

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
    /// The config file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The commands with their usage and examples, the same on every machine.
pub(super) fn described() -> clap::Command {
    root().mut_subcommands(with_text)
}

/// The commands as they are read here: the values of a config file are the defaults of arguments.
pub(super) fn command(file: Option<&ConfigFile>) -> clap::Command {
    let root = root();
    let formats = formats(&root);
    root.mut_subcommands(|it| {
        let it = with_output(with_variables(it), &formats);
        with_text(match file {
            Some(file) => file.defaults(it),
            None => it,
        })
    })
}

fn root() -> clap::Command {
    let usage = format!("{NAME} [OPTIONS] <COMMAND>");
    let root = Cli::command();
    let names: Vec<String> = root.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    // The arguments of `man` cannot name the commands, which they are a part of.
    let root = root.mut_subcommands(|command| match command.get_name() {
        "man" => command
            .mut_arg("command", |it| it.value_parser(PossibleValuesParser::new(names.clone()))),
        _ => command,
    });
    root.version(VERSION).override_usage(usage).after_help(examples::help(NAME))
}

fn with_text(command: clap::Command) -> clap::Command {
    let help = examples::help(command.get_name());
    with_usage(command).after_help(help)
}

/// Takes the Region and the file of certificates from the second variable where the first has none, as AWS's own tools
/// do.
fn with_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|it| {
        let names = match it.get_id().as_str() {
            id if id == ConfigKey::Region.argument() => ["AWS_REGION", "AWS_DEFAULT_REGION"],
            "ca_file" => ["AWS_CA_BUNDLE", "SSL_CERT_FILE"],
            _ => return it,
        };
        let set = |name: &&str| env::var_os(name).is_some_and(|it| !it.is_empty());
        let [first, _] = names;
        match names.into_iter().find(set) {
            Some(variable) => it.env(variable),
            // A variable that is set and empty names nothing.
            None if names.iter().any(|it| env::var_os(it).is_some()) => it.env(None),
            None => it.env(first),
        }
    })
}

/// Passes over a format of output in the environment that other commands print and this one does not: it is meant for
/// them. A word that is no command's format stays, and is an error.
fn with_output(command: clap::Command, formats: &[String]) -> clap::Command {
    command.mut_args(|it| {
        if *it.get_id() != ConfigKey::Output.argument() {
            return it;
        }
        let value = it.get_env().and_then(env::var_os);
        let Some(value) = value.as_ref().and_then(|it| it.to_str()) else { return it };
        let is_own = it.get_possible_values().iter().any(|it| it.matches(value, false));
        let is_format = formats.iter().any(|it| it == value);
        if value.is_empty() || (is_format && !is_own) { it.env(None) } else { it }
    })
}

/// Reads the command line, the environment and the config file. The first word is the program's name.
pub(super) fn load(words: Vec<OsString>) -> Result<Cli, StartError> {
    let plain = command(None);
    let first = plain.clone().try_get_matches_from(&words).map_err(with_hint);
    let wants = match &first {
        Ok(matches) => takes_settings(&plain, matches),
        // The file may have what is missing.
        Err(error) => error.kind() == ErrorKind::MissingRequiredArgument,
    };
    let file = if wants { ConfigFile::find(config_flag(&words), &plain)? } else { None };
    let mut whole = command(file.as_ref());
    let matches = match &file {
        None => first?,
        Some(_) => whole.try_get_matches_from_mut(words)?,
    };
    let mut cli = Cli::from_arg_matches(&matches).map_err(|it| it.format(&mut whole))?;
    if cli.global.quiet && cli.global.verbose > 0 {
        let message = "the argument '--quiet' cannot be used with '--verbose'";
        return Err(whole.error(ErrorKind::ArgumentConflict, message).into());
    }
    let level = matches.value_source("log_level");
    cli.global.level_from_environment = level == Some(ValueSource::EnvVariable);
    if let Some(file) = &file {
        manifests(&cli.command).into_iter().try_for_each(|it| file.outside(it))?;
    }
    if let (Command::Config(args), Some((name, matches))) = (&mut cli.command, matches.subcommand())
        && let Some(command) = whole.find_subcommand(name)
    {
        args.settings = setting::settings(command, matches, file.as_ref());
    }
    Ok(cli)
}

/// Whether the command that was given has an argument for which a config file may have a value.
fn takes_settings(root: &clap::Command, matches: &ArgMatches) -> bool {
    let command = matches.subcommand_name().and_then(|it| root.find_subcommand(it));
    let is_setting =
        |it: &clap::Arg| ConfigKey::ALL.iter().any(|key| *it.get_id() == key.argument());
    command.is_some_and(|it| it.get_arguments().any(is_setting))
}

/// The file of `--config`, which is needed before anything else can be read.
fn config_flag(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter().skip(1).take_while(|it| *it != "--");
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(file) = word.as_bytes().strip_prefix(b"--config=") {
            return Some(PathBuf::from(OsStr::from_bytes(file)));
        }
    }
    None
}

/// The directories and files that a command reads manifests from.
fn manifests(command: &Command) -> Vec<&Path> {
    let dir = match command {
        Command::Check(args) => {
            let all = args.paths.paths().iter().map(PathBuf::as_path);
            return all.filter(|it| !is_stdin(it)).collect();
        }
        Command::Run(args) => args.source.dir(),
        Command::Plan(args) => args.scope.dir(),
        Command::Apply(args) => args.scope.dir(),
        Command::Test(args) => args.scope.dir(),
        Command::Import(args) => return args.manifest.as_deref().into_iter().collect(),
        Command::Publish(args) => return args.manifest.as_deref().into_iter().collect(),
        _ => return Vec::new(),
    };
    if is_stdin(dir) { Vec::new() } else { vec![dir] }
}
