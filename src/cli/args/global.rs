//! The flags that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, builder::FalseyValueParser};

/// The levels of the log, from few lines to many.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The heading of the flags that every command takes.
pub(super) const GLOBAL: &str = "Global options";

/// The flags that every command takes.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// Print only errors and the result: no progress, no notes on standard error.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(in crate::cli) quiet: bool,
    /// Log more: one level with -v, two levels with -vv.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Count)]
    pub(in crate::cli) verbose: u8,
    /// The level of the log. Default: info for `run`, nothing for the other commands; with -v info, with -vv debug. Wins over -q and -v.
    #[arg(long, global = true, help_heading = GLOBAL, env = "EVENKEEL_LOG_LEVEL", value_name = "LEVEL",
          value_parser = LEVELS)]
    pub(in crate::cli) log_level: Option<String>,
    /// The format of the log: human on a terminal and JSON elsewhere, or one of the two.
    #[arg(long, global = true, help_heading = GLOBAL, env = "EVENKEEL_LOG_FORMAT", default_value = "auto",
          value_name = "FORMAT")]
    pub(in crate::cli) log_format: LogFormat,
    /// Use no colour, even on a terminal.
    #[arg(long, global = true, help_heading = GLOBAL, env = "NO_COLOR", hide_env_values = true, num_args = 0,
          value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(in crate::cli) no_color: bool,
    /// The config file. Default: $XDG_CONFIG_HOME/evenkeel/config.toml, else
    /// ~/.config/evenkeel/config.toml (docs/reference/config.md).
    #[arg(long, global = true, help_heading = GLOBAL, env = "EVENKEEL_CONFIG", value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Print help; -h prints a summary.
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Help)]
    help: Option<bool>,
    /// Whether the level comes from the environment, over which -q and -v win.
    #[arg(skip)]
    pub(in crate::cli) level_from_environment: bool,
}

/// `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// Human on a terminal, else JSON.
    Auto,
    /// Text.
    Human,
    /// One JSON object a line.
    Json,
}

impl GlobalArgs {
    /// The level of the log of a command that logs from `usual` on if nothing else is said: `--log-level`,
    /// then -q and -v, then the environment.
    pub(in crate::cli) fn level<'a>(&'a self, usual: &'a str) -> &'a str {
        let shifted = self.quiet || self.verbose > 0;
        match &self.log_level {
            Some(level) if !(self.level_from_environment && shifted) => level,
            _ if self.quiet && usual != "off" => "error",
            _ => raised(usual, usize::from(self.verbose)),
        }
    }
}

/// The level that is so many steps above another; the highest at most.
fn raised(usual: &str, steps: usize) -> &str {
    if steps == 0 {
        return usual;
    }
    // What logs nothing begins after the warnings: these are printed.
    let from = if usual == "off" { "warn" } else { usual };
    let at = LEVELS.iter().position(|it| *it == from).unwrap_or_default();
    LEVELS.get(at.saturating_add(steps)).or(LEVELS.last()).copied().unwrap_or(usual)
}
