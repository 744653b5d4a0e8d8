//! `-o`, `EVENKEEL_OUTPUT` and `output` of the config file in every command that has a format of output.

use clap::Command;

use super::{User, commands, words};

/// The formats that a command prints; empty if it has no `-o`.
fn formats(command: &Command) -> Vec<String> {
    let output = command.get_arguments().find(|it| it.get_long() == Some("output"));
    let values = output.map(clap::Arg::get_possible_values).unwrap_or_default();
    values.iter().map(|it| it.get_name().to_owned()).collect()
}

/// A command with whatever it must be given, so that only its format can be wrong.
fn line(name: &str) -> Vec<String> {
    words(match name {
        "plan" | "apply" => {
            "m --owner team --region eu-central-1 --account-id 123456789012 --ca-file none.pem"
        }
        "test" => "m --region eu-central-1 --ca-file none.pem --on aws",
        "logs" => "resize --region eu-central-1 --ca-file none.pem",
        "status" => "--url http://127.0.0.1:1",
        "check" => "m",
        _ => "",
    })
}

/// What is meant for another command is passed over; what is typed is an error, and so is a word that no command knows.
#[test]
fn a_format_that_a_command_does_not_print_is_refused_only_where_it_is_typed() {
    let mut all: Vec<(String, Vec<String>)> =
        commands().iter().map(|it| (it.get_name().to_owned(), formats(it))).collect();
    all.retain(|(_, formats)| !formats.is_empty());
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["check", "plan", "apply", "status", "test", "logs", "config"]);
    let mut known: Vec<&String> = all.iter().flat_map(|(_, formats)| formats).collect();
    known.sort_unstable();
    known.dedup();
    for (name, own) in &all {
        for format in &known {
            let refuses = |user: &User, more: &[&str]| {
                let line = line(name);
                let line: Vec<&str> = line.iter().map(String::as_str).collect();
                let ended = user.run(&[&[name.as_str()], line.as_slice(), more].concat());
                ended.err.contains("invalid value")
            };
            let mut user = User::new();
            user.file("m/a.yaml", &crate::common::function("one", "jobs:v1", ""));
            let typed = refuses(&user, &["-o", format.as_str()]);
            assert_eq!(typed, !own.contains(*format), "{name} -o {format}");
            user.set("EVENKEEL_OUTPUT", format.as_str());
            assert!(!refuses(&user, &[]), "EVENKEEL_OUTPUT={format} {name}");
            user.set("EVENKEEL_OUTPUT", "");
            user.file(".config/evenkeel/config.toml", &format!("output = \"{format}\""));
            assert!(!refuses(&user, &[]), "output = {format}: {name}");
            user.set("EVENKEEL_OUTPUT", "xml");
            assert!(refuses(&user, &[]), "EVENKEEL_OUTPUT=xml {name}");
        }
    }
}

/// A command uses the format of the environment if it has that, and else its own default.
#[test]
fn check_prints_text_under_a_format_of_plan() {
    let mut user = User::new();
    user.file("m/a.yaml", &crate::common::function("one", "jobs:v1", ""));
    user.set("EVENKEEL_OUTPUT", "markdown");
    assert_eq!(user.run(&["check", "m"]).out, "1 file, 1 good document, 0 problems\n");
    user.set("EVENKEEL_OUTPUT", "json");
    assert!(user.run(&["check", "m"]).out.starts_with("{\n"));
    assert!(user.run(&["check", "m", "-o", "text"]).out.starts_with("1 file"));
    user.set("EVENKEEL_OUTPUT", "yaml");
    let shown = user.run(&["config"]).out;
    let row = shown.lines().find(|it| it.starts_with("output")).unwrap();
    assert!(row.contains(" yaml ") && row.ends_with("variable EVENKEEL_OUTPUT"), "{row}");
}
