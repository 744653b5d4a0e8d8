//! The reference of commands and flags, generated from the arguments themselves.

use clap::{Arg, Command};

/// Every command with its flags, their environment twins and defaults, in Markdown.
pub(super) fn render(mut root: Command) -> String {
    root.build();
    let mut text = String::from("# Commands\n\nGenerated from the program's own arguments.\n");
    for command in root.get_subcommands().filter(|it| it.get_name() != "help") {
        text += &section(command);
    }
    text
}

/// Returns the section of one command: what it does, and a table of its flags.
fn section(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![
        format!("\n## evenkeel {}\n", command.get_name()),
        format!("{about}\n"),
        "| flag | environment | default | meaning |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    let own =
        command.get_arguments().filter(|it| !matches!(it.get_id().as_str(), "help" | "version"));
    lines.extend(own.map(row));
    lines.push(String::new());
    lines.join("\n")
}

/// Returns the table's row for one flag, with its environment variable, default and meaning.
fn row(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|it| it.first()).map(ToString::to_string);
    let takes = arg.get_action().takes_values();
    let name = match (arg.get_long(), value) {
        (Some(long), Some(value)) if takes => format!("--{long} {value}"),
        (Some(long), _) => format!("--{long}"),
        (None, value) => format!("[{}]", value.unwrap_or_default()),
    };
    let env = arg.get_env().map(|it| format!("`{}`", it.to_string_lossy()));
    let default = arg.get_default_values().first().map(|it| format!("`{}`", it.to_string_lossy()));
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|it| format!("`{}`", it.get_name())).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
    let choices = if takes && !choices.is_empty() {
        format!(" One of {}.", choices.join(", "))
    } else {
        String::new()
    };
    let required = if arg.is_required_set() { "required" } else { "—" };
    format!(
        "| `{name}` | {} | {} | {help}{choices} |",
        env.unwrap_or_else(|| "—".into()),
        default.unwrap_or_else(|| required.into()),
    )
}
