//! Commands that people know from other tools: what to type instead.

use clap::{
    Error,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

/// How Evenkeel calls what a word of another tool means.
enum Instead {
    /// A command of ours that does the same.
    Command(&'static str),
    /// Something else; a sentence says what.
    Advice(&'static str),
}

use Instead::{Advice, Command};

/// How an object is deleted: there is no command that takes a name.
const DELETE: Instead = Advice(
    "take the manifest out of the directory; `evenkeel plan --prune` then shows what would be deleted, and \
     `evenkeel apply --prune --confirm-prune HASH` deletes it if its manifest had `policy: { deletion: delete }`",
);

/// The words that are no commands, each with what it is called here.
const GUESSES: &[(&[&str], Instead)] = &[
    (&["diff", "preview", "dry-run"], Command("plan")),
    (
        &["drift"],
        Advice(
            "`evenkeel plan` shows drift, and `evenkeel status` what a running Evenkeel knows of it",
        ),
    ),
    (&["deploy", "up", "reconcile"], Command("apply")),
    (&["sync"], Advice("`evenkeel apply` syncs once, and `evenkeel run` from then on")),
    (&["start", "serve", "daemon"], Command("run")),
    (&["validate", "lint", "verify"], Command("check")),
    (&["get", "list", "ls", "ps", "show"], Command("status")),
    (&["describe", "why"], Command("explain")),
    (&["wait"], Command("status --wait")),
    (&["watch"], Command("status --watch")),
    (&["pause"], Command("suspend")),
    (&["unpause", "unsuspend"], Command("resume")),
    (&["undo", "revert"], Command("rollback")),
    (&["delete", "rm", "remove", "destroy", "down"], DELETE),
    (&["build", "push"], Command("publish")),
    (&["export", "adopt"], Command("import")),
    (&["new", "create"], Command("init")),
    (&["call"], Command("invoke")),
    (&["tail"], Command("logs --follow")),
    (&["completion"], Command("completions")),
    (&["version"], Command("--version")),
];

/// Adds to an error about an unknown command what the word is called here; leaves other errors as they are.
pub(super) fn with_hint(mut error: Error) -> Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let Some(hint) = hint(word) else { return error };
    // A word that only looks alike means something else.
    error.remove(ContextKind::SuggestedSubcommand);
    let hint = ContextValue::StyledStrs(vec![StyledStr::from(hint)]);
    error.insert(ContextKind::Suggested, hint);
    error
}

/// What a word is called here; `None` if nobody uses it for anything that Evenkeel does.
fn hint(word: &str) -> Option<String> {
    let (_, instead) = GUESSES.iter().find(|(words, _)| words.contains(&word))?;
    Some(match instead {
        Command(name) => format!("`evenkeel {word}` is called `evenkeel {name}`"),
        Advice(text) => (*text).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    #[test]
    fn every_word_stands_once_and_leads_to_a_command_that_parses() {
        let root = command();
        let names: Vec<&str> = root.get_subcommands().map(clap::Command::get_name).collect();
        let mut words: Vec<&str> = GUESSES.iter().flat_map(|(words, _)| *words).copied().collect();
        assert!(words.iter().all(|it| !names.contains(it)), "{words:?}");
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        for (_, instead) in GUESSES {
            let Command(line) = instead else { continue };
            let line = ["evenkeel"].into_iter().chain(line.split(' '));
            let parsed = root.clone().try_get_matches_from(line);
            let unknown = [ErrorKind::InvalidSubcommand, ErrorKind::UnknownArgument];
            assert!(parsed.err().is_none_or(|it| !unknown.contains(&it.kind())));
        }
    }
}
