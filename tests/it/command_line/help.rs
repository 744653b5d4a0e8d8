//! Help, usage and examples of every command, and the flags that all commands share.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use clap::error::ErrorKind;

use super::{User, commands, words};
use crate::common::scene::Scene;

/// The sections of a help text, in order: lines that begin at the margin and end with a colon.
fn headings(help: &str) -> Vec<&str> {
    help.lines().filter(|it| !it.starts_with(' ') && it.ends_with(':')).collect()
}

#[test]
fn global_options_come_after_all_others_and_examples_last() {
    for mut command in commands() {
        for help in [command.render_help(), command.render_long_help()] {
            let help = help.to_string();
            let headings = headings(&help);
            let end = &headings[headings.len() - 2..];
            assert_eq!(end, ["Global options:", "Examples:"], "{}", command.get_name());
            let (own, global) = help.split_once("Global options:").unwrap();
            for flag in ["--quiet", "--verbose", "--log-level", "--config", "--help"] {
                assert!(global.contains(flag) && !own.contains(&format!("      {flag}")));
            }
            for (flag, heading) in
                [("--account-id <", "AWS options:"), ("--url <", "Connection options:")]
            {
                let Some(at) = help.find(flag) else { continue };
                let before = headings.iter().rfind(|it| help.find(*it).unwrap() < at).unwrap();
                assert_eq!(*before, heading, "{flag} of {}", command.get_name());
            }
        }
    }
}

/// The lines of a command's examples.
fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.clone().render_long_help().to_string();
    let (_, examples) = help.split_once("Examples:\n").unwrap_or_default();
    let lines: Vec<&str> = examples.lines().map(str::trim).collect();
    let pairs: Vec<&[&str]> = lines.chunks(2).collect();
    let is_pair = |it: &&[&str]| it.len() == 2 && it[0].starts_with("# ");
    assert!(pairs.iter().all(is_pair), "{}: {examples}", command.get_name());
    pairs.iter().map(|it| it[1].to_owned()).collect()
}

#[test]
fn every_command_has_examples_that_it_takes() {
    let root = evenkeel::cli::command();
    for command in commands().iter().chain([&root]) {
        let name = command.get_name();
        let examples = examples(command);
        assert!((2..=4).contains(&examples.len()), "{name}: {} examples", examples.len());
        for line in examples {
            assert!(line.len() <= 98, "{name}: {} columns: {line}", line.len());
            let (_, ours) = line.split_once("evenkeel ").expect(&line);
            let ours = ours.split([')', '|', '>']).next().unwrap();
            let given = [vec!["evenkeel".to_owned()], words(ours.trim())].concat();
            assert!(name == "evenkeel" || given[1] == name, "{name}: {line}");
            if let Err(error) = root.clone().try_get_matches_from(given) {
                panic!("{name}: {line}\n{error}");
            }
        }
    }
}

#[test]
fn an_example_with_a_wrong_flag_is_noticed() {
    let root = evenkeel::cli::command();
    let given = words("evenkeel suspend resize --for 2h --reson 'incident 4711' --owner a");
    let error = root.try_get_matches_from(given).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownArgument);
}

#[test]
fn every_usage_names_what_is_required_and_nothing_else() {
    for mut command in commands() {
        let name = command.get_name().to_owned();
        let usage = command.render_usage().to_string();
        let lines: Vec<&str> = usage.trim_start_matches("Usage:").lines().map(str::trim).collect();
        for line in &lines {
            assert!(line.starts_with(&format!("evenkeel {name} [OPTIONS]")), "{line}");
            assert!(balanced(line), "{line}");
            assert!(!line.contains("--ca-file"), "{line}");
        }
        if lines.len() > 1 {
            continue;
        }
        let line = lines[0];
        for argument in command.get_arguments().filter(|it| !it.is_positional()) {
            let flag = format!("--{} <", argument.get_long().unwrap());
            assert_eq!(line.contains(&flag), argument.is_required_set(), "{flag} in {line}");
        }
        for argument in command.get_positionals() {
            let value = argument.get_value_names().unwrap()[0].to_string();
            let (open, close) = if argument.is_required_set() { ('<', '>') } else { ('[', ']') };
            assert!(line.contains(&format!("{open}{value}{close}")), "{value} in {line}");
        }
    }
}

/// Whether each bracket is closed before another one of its sort opens.
fn balanced(line: &str) -> bool {
    let mut open = None;
    for c in line.chars() {
        match (c, open) {
            ('<', None) => open = Some('>'),
            ('[', None) => open = Some(']'),
            (']' | '>', Some(end)) if c == end => open = None,
            ('<' | '[' | '>' | ']', _) => return false,
            _ => {}
        }
    }
    open.is_none()
}

#[test]
fn brackets_that_do_not_match_are_noticed() {
    assert!(balanced("evenkeel plan [OPTIONS] --owner <ID> [DIR] [NAME]..."));
    assert!(!balanced("evenkeel plan --owner <ID> --ca-file <FILE> <DIR] [NAME>..."));
}

/// What the environment gives is not required, and an error must not say so.
#[test]
fn the_usage_in_an_error_is_that_of_help() {
    let mut user = User::new();
    user.set("SSL_CERT_FILE", "/etc/ssl/ca.pem");
    user.set("EVENKEEL_DIR", "manifests");
    for (name, usage) in [
        ("plan", "Usage: evenkeel plan [OPTIONS] --owner <ID> [DIR] [NAME]...\n"),
        ("run", "Usage: evenkeel run [OPTIONS] --owner <ID> [DIR]\n"),
        (
            "import",
            "Usage: evenkeel import [OPTIONS] <NAME>...\n       evenkeel import [OPTIONS] --all\n",
        ),
    ] {
        let ended = user.run(&[name]);
        assert!(ended.code == 2 && ended.err.contains(usage), "{ended:?}");
        let help = user.run(&[name, "--help"]);
        assert!(help.code == 0 && help.out.contains(usage), "{help:?}");
    }
}

/// `-o` is the format of the output, in every command that has it.
#[test]
fn the_letters_of_flags_mean_one_thing() {
    let mut meanings = BTreeMap::new();
    for command in commands() {
        for argument in command.get_arguments() {
            let (Some(short), Some(long)) = (argument.get_short(), argument.get_long()) else {
                continue;
            };
            let known = *meanings.entry(short).or_insert(long.to_owned()) == long;
            // `logs -f` follows, as that of `tail` and `kubectl` does.
            let follows = command.get_name() == "logs" && short == 'f';
            assert!(known || follows, "-{short} of {} is --{long}", command.get_name());
        }
    }
    assert_eq!(meanings.get(&'o').map(String::as_str), Some("output"));
}

/// What git says of the checkout that this is built from; nothing of a source archive.
fn commit() -> Option<String> {
    let root = crate::common::root();
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["log", "-1", "--format=%H %cs"]);
    let done = root.join(".git").exists().then(|| git.output().ok())??;
    let line = String::from_utf8(done.stdout).unwrap();
    let (hash, date) = line.trim().split_once(' ')?;
    Some(format!(" ({} {date})", &hash[..7]))
}

#[test]
fn the_version_names_the_commit_of_a_checkout() {
    let user = User::new();
    let version =
        format!("evenkeel {}{}\n", env!("CARGO_PKG_VERSION"), commit().unwrap_or_default());
    assert_eq!(user.run(&["--version"]).out, version);
    assert_eq!(user.run(&["-V"]).out, version);
}

#[test]
fn quiet_leaves_out_notes_and_keeps_errors() {
    let user = User::new();
    for words in [&["init", "new", "-q", "-v"][..], &["-q", "init", "new", "-v"]] {
        let both = user.run(words);
        assert!(both.code == 2 && both.err.contains("cannot be used with"), "{both:?}");
    }
    let noted = user.run(&["init", "new", "--name", "one"]);
    assert!(noted.code == 0 && noted.err.contains("is written"), "{noted:?}");
    let quiet = user.run(&["init", "other", "--name", "two", "--quiet"]);
    assert!(quiet.code == 0 && quiet.err.is_empty() && quiet.out.is_empty(), "{quiet:?}");
    assert!(user.home().join("other/manifests/two.yaml").exists());
    let taken = user.run(&["init", "other", "--name", "two", "-q"]);
    assert!(taken.code == 2 && taken.err.contains("there already"), "{taken:?}");
}

/// The levels of the lines that a command writes into its log.
async fn levels(scene: &Scene, words: &[&str], variable: Option<&str>) -> BTreeSet<String> {
    let manifests = scene.manifests();
    let mut command = scene.command(&["plan", manifests.to_str().unwrap()]);
    command.args(words).args(["--log-format", "json"]);
    command.envs(variable.map(|it| ("EVENKEEL_LOG_LEVEL", it)));
    let ended = command.output().await.unwrap();
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{log}");
    let lines = log.lines().filter_map(|it| serde_json::from_str::<serde_json::Value>(it).ok());
    lines.map(|it| it["level"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_raises_the_level_of_the_log_and_log_level_wins() {
    let scene = Scene::new().await;
    scene.manifest("");
    let shows = |levels: BTreeSet<String>, level: &str| levels.contains(level);
    assert!(levels(&scene, &[], None).await.is_empty(), "a command prints what it has to say");
    assert!(shows(levels(&scene, &["-vv"], None).await, "DEBUG"));
    assert!(!shows(levels(&scene, &["-v"], None).await, "DEBUG"));
    assert!(!shows(levels(&scene, &["-vv", "--log-level", "warn"], None).await, "DEBUG"));
    // A flag wins over the environment, whichever flag it is.
    assert!(shows(levels(&scene, &["-vv"], Some("warn")).await, "DEBUG"));
    assert!(shows(levels(&scene, &[], Some("debug")).await, "DEBUG"));
    assert!(levels(&scene, &["-q"], Some("debug")).await.is_empty());
}
