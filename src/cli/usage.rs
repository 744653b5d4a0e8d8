//! The line `Usage:` of a command, as its arguments say it.
//!
//! clap's own line in an error shows every argument that has a value, also from the environment, as if it were
//! required. This one is the same in help, in errors and in manual pages.

use clap::{Arg, ArgAction, Command};

/// What stands below `Usage: `, so that the lines of several forms begin alike.
const INDENT: &str = "\n       ";

/// Gives a command its usage.
pub(super) fn with_usage(command: Command) -> Command {
    let name = format!("evenkeel {}", command.get_name());
    let usage = match command.get_name() {
        // What it works on can be said in three ways.
        "import" => ["<NAME>...", "--all", "--from <FILE>..."]
            .map(|it| format!("{name} [OPTIONS] {it}"))
            .join(INDENT),
        _ => usage(&name, &command),
    };
    command.override_usage(usage)
}

/// Returns the usage: the options that are required, and the positional arguments.
fn usage(name: &str, command: &Command) -> String {
    let mut words = vec![name.to_owned(), "[OPTIONS]".to_owned()];
    let options = command.get_arguments().filter(|it| !it.is_positional() && it.is_required_set());
    words.extend(options.map(option));
    words.extend(command.get_positionals().map(positional));
    words.join(" ")
}

fn option(argument: &Arg) -> String {
    let long = argument.get_long().unwrap_or_default();
    if argument.get_action().takes_values() {
        format!("--{long} <{}>", value(argument))
    } else {
        format!("--{long}")
    }
}

fn positional(argument: &Arg) -> String {
    let value = value(argument);
    let one = if argument.is_required_set() { format!("<{value}>") } else { format!("[{value}]") };
    if matches!(argument.get_action(), ArgAction::Append) { format!("{one}...") } else { one }
}

fn value(argument: &Arg) -> String {
    let names = argument.get_value_names().unwrap_or_default();
    names.first().map_or_else(|| argument.get_id().as_str().to_uppercase(), ToString::to_string)
}
