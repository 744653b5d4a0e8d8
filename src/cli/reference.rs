//! The reference of commands and flags, generated from the arguments themselves.

use clap::{Arg, Command};

use super::examples::{self, Example};

/// The head of a table of flags.
const HEAD: &str = "| flag | environment | default | meaning |\n| --- | --- | --- | --- |";

/// Every command with its usage, examples and flags, their environment twins and defaults, in Markdown.
pub(super) fn render(mut root: Command) -> String {
    root.build();
    let mut text = String::from(
        "# Commands\n\nGenerated from the program's own arguments. A flag wins over its environment variable, and that \
         over the [config file](config.md).\n\n## Global options\n\nEvery command takes them.\n\n",
    );
    text += HEAD;
    text += "\n";
    let global = root.get_arguments().filter(|it| it.is_global_set() && !is_help(it));
    for argument in global {
        text += &row(argument);
        text += "\n";
    }
    for command in root.get_subcommands().filter(|it| it.get_name() != "help") {
        text += &section(command);
    }
    text
}

/// Returns the section of one command: what it does, how it is used, and a table of its own flags.
fn section(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.get_overridden_usage().map(ToString::to_string).unwrap_or_default();
    let usage: Vec<&str> = usage.lines().map(str::trim).collect();
    let mut lines = vec![
        format!("\n## evenkeel {}\n", command.get_name()),
        format!("{about}\n"),
        format!("```\n{}\n```\n", usage.join("\n")),
    ];
    let own: Vec<&Arg> =
        command.get_arguments().filter(|it| !it.is_global_set() && !is_help(it)).collect();
    if !own.is_empty() {
        lines.push(HEAD.to_owned());
        lines.extend(own.into_iter().map(row));
        lines.push(String::new());
    }
    let examples = examples::of(command.get_name()).iter();
    let examples = examples.map(|Example { about, line }| format!("# {about}\n{line}"));
    lines.push(format!("```sh\n{}\n```\n", examples.collect::<Vec<_>>().join("\n")));
    lines.join("\n")
}

fn is_help(argument: &Arg) -> bool {
    argument.get_id() == "help"
}

/// Returns the table's row for one flag, with its environment variable, default and meaning.
fn row(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|it| it.first()).map(ToString::to_string);
    let takes = arg.get_action().takes_values();
    let short = arg.get_short().map(|it| format!(", `-{it}`")).unwrap_or_default();
    let name = match (arg.get_long(), value) {
        (Some(long), Some(value)) if takes => format!("--{long} {value}"),
        (Some(long), _) => format!("--{long}"),
        (None, value) => format!("[{}]", value.unwrap_or_default()),
    };
    let name = name.replace('|', "\\|");
    let env = arg.get_env().map(|it| format!("`{}`", it.to_string_lossy()));
    let default = arg.get_default_values().first().map(|it| format!("`{}`", it.to_string_lossy()));
    let default = default.filter(|_| takes);
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|it| format!("`{}`", it.get_name())).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    let choices = if takes && !choices.is_empty() {
        format!(". One of {}", choices.join(", "))
    } else {
        String::new()
    };
    let required = if arg.is_required_set() { "required" } else { "—" };
    format!(
        "| `{name}`{short} | {} | {} | {help}{choices} |",
        env.unwrap_or_else(|| "—".into()),
        default.unwrap_or_else(|| required.into()),
    )
}
