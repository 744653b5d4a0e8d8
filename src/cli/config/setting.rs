//! A setting, and where its value comes from.

use std::{env, fmt, path::PathBuf};

use clap::{ArgMatches, Command, parser::ValueSource};

use super::{file::ConfigFile, key::ConfigKey};

/// The variable of `--output`.
const OUTPUT_VARIABLE: &str = "EVENKEEL_OUTPUT";

/// A setting, and where its value comes from.
#[derive(Debug)]
pub(in crate::cli) struct ConfigSetting {
    pub(super) key: ConfigKey,
    pub(super) origin: ValueOrigin,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum ValueOrigin {
    /// The command line.
    Flag { name: String },
    /// The environment, with the value if `config` itself does not print in that format.
    Environment { variable: String, text: Option<String> },
    /// A config file, with the value: `config` itself does not print in every format that `output` may name.
    File { path: PathBuf, line: usize, text: String },
    /// The program itself.
    Default,
    /// There is none.
    NotSet,
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { name } => write!(f, "flag --{name}"),
            Self::Environment { variable, .. } => write!(f, "environment variable {variable}"),
            Self::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
            Self::NotSet => f.write_str("not set"),
        }
    }
}

/// A format in the environment in which `config` itself does not print: other commands do.
fn passed_over(key: ConfigKey) -> Option<String> {
    let value = (key == ConfigKey::Output).then(|| env::var_os(OUTPUT_VARIABLE)).flatten()?;
    value.into_string().ok().filter(|it| !it.is_empty())
}

/// Returns where the value of each setting comes from; `command` is that of `config`, and `matches` are its own.
pub(in crate::cli) fn settings(
    command: &Command,
    matches: &ArgMatches,
    file: Option<&ConfigFile>,
) -> Vec<ConfigSetting> {
    let origin = |key: ConfigKey| {
        let argument = command.get_arguments().find(|it| *it.get_id() == key.argument());
        let value = file.and_then(|it| Some((it, it.value(key)?)));
        match (matches.value_source(key.argument()), value) {
            (Some(ValueSource::CommandLine), _) => {
                let name = argument.and_then(|it| it.get_long()).unwrap_or_default().to_owned();
                ValueOrigin::Flag { name }
            }
            (Some(ValueSource::EnvVariable), _) => {
                let variable = argument.and_then(|it| it.get_env()).unwrap_or_default();
                let variable = variable.to_string_lossy().into_owned();
                ValueOrigin::Environment { variable, text: None }
            }
            (Some(_), _) if let Some(text) = passed_over(key) => {
                let variable = OUTPUT_VARIABLE.to_owned();
                ValueOrigin::Environment { variable, text: Some(text) }
            }
            (Some(_), Some((file, value))) => {
                let (path, line, text) = (file.path.clone(), value.line, value.text.clone());
                ValueOrigin::File { path, line, text }
            }
            (Some(_), _) => ValueOrigin::Default,
            (None, _) => ValueOrigin::NotSet,
        }
    };
    ConfigKey::ALL.into_iter().map(|key| ConfigSetting { key, origin: origin(key) }).collect()
}
