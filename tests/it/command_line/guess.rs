//! Commands that people know from other tools.

use super::User;

#[test]
fn a_command_of_another_tool_is_told_by_its_name_here() {
    let user = User::new();
    for (word, ours) in [
        ("diff", "plan"),
        ("wait", "status --wait"),
        ("validate", "check"),
        ("lint", "check"),
        ("pause", "suspend"),
        ("unpause", "resume"),
        ("get", "status"),
        ("list", "status"),
        ("ls", "status"),
        ("describe", "explain"),
        ("deploy", "apply"),
        ("up", "apply"),
        ("version", "--version"),
    ] {
        hinted(&user, word, &format!("`evenkeel {word}` is called `evenkeel {ours}`"));
    }
    for word in ["delete", "rm", "destroy"] {
        hinted(&user, word, "take the manifest out of the directory");
        hinted(&user, word, "`evenkeel apply --prune --confirm-prune HASH`");
    }
    hinted(&user, "sync", "`evenkeel apply` syncs once, and `evenkeel run` from then on");
    hinted(&user, "drift", "`evenkeel plan` shows drift");
}

/// Runs a word as a command; the error must say so and have one hint with this part.
fn hinted(user: &User, word: &str, part: &str) {
    let ended = user.run(&["-q", word, "manifests/", "--owner", "team"]);
    assert!(ended.code == 2 && ended.out.is_empty(), "{ended:?}");
    assert!(
        ended.err.starts_with(&format!("error: unrecognized subcommand '{word}'\n")),
        "{ended:?}"
    );
    let tips: Vec<&str> = ended.err.lines().filter(|it| it.contains("tip: ")).collect();
    assert!(tips.len() == 1 && tips[0].contains(part), "{word}: {}", ended.err);
}

#[test]
fn a_slip_keeps_the_near_command_and_other_words_get_no_hint() {
    let user = User::new();
    let slip = user.run(&["aply"]);
    assert!(slip.code == 2 && slip.err.contains("'apply'"), "{slip:?}");
    let unknown = user.run(&["frobnicate"]);
    assert!(unknown.code == 2 && !unknown.err.contains("tip: "), "{unknown:?}");
}
