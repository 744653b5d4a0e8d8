//! Scripts for shells, and manual pages.

use std::fs;

use super::{User, commands};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

#[test]
fn every_script_for_a_shell_completes_every_command_and_flag() {
    let user = User::new();
    for shell in SHELLS {
        let ended = user.run(&["completions", shell]);
        assert!(ended.code == 0 && ended.err.is_empty(), "{ended:?}");
        for command in commands() {
            assert!(ended.out.contains(command.get_name()), "{shell}: {}", command.get_name());
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                // fish takes the name of a flag alone.
                let given =
                    if shell == "fish" { format!("-l {flag}") } else { format!("--{flag}") };
                assert!(ended.out.contains(&given), "{shell}: {given}");
            }
        }
    }
    assert_eq!(user.run(&["completions", "csh"]).code, 2);
}

#[test]
fn every_command_has_a_manual_page_that_names_each_flag() {
    let user = User::new();
    let folder = user.home().join("new/man1");
    let ended = user.run(&["man", "--dir", folder.to_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect(name);
    let main = read("evenkeel.1");
    assert_eq!(main, user.run(&["man"]).out);
    let commands = commands();
    for command in &commands {
        let printed = user.run(&["man", command.get_name()]);
        assert_eq!(printed.out, read(&format!("evenkeel-{}.1", command.get_name())));
        let page = read(&format!("evenkeel-{}.1", command.get_name()));
        assert!(main.contains(&roff(&format!("evenkeel-{}(1)", command.get_name()))), "{main}");
        assert!(page.contains(&format!(".TH evenkeel-{} 1", command.get_name())), "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "GLOBAL OPTIONS", "EXAMPLES", "SEE ALSO"]
        {
            let quoted = format!(".SH \"{section}\"");
            assert!(
                page.contains(&format!(".SH {section}\n")) || page.contains(&quoted),
                "{section}: {page}"
            );
        }
        assert!(page.is_ascii(), "{page}");
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&roff(&format!("--{flag}"))), "--{flag}: {page}");
        }
    }
    let unknown = user.run(&["man", "paln"]);
    assert!(unknown.code == 2 && unknown.err.contains("'plan'"), "{unknown:?}");
    let both = user.run(&["man", "plan", "--dir", "x"]);
    assert!(both.code == 2 && both.err.contains("cannot be used with"), "{both:?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), commands.len() + 1);
}

/// A text as it stands in a page: a hyphen is a minus there.
fn roff(text: &str) -> String {
    text.replace('-', "\\-")
}
