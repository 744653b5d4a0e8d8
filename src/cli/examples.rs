//! Examples of each command: at the end of its help, in its manual page and in the reference.

use clap::builder::Styles;

/// A command line, and what it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example {
    pub(super) about: &'static str,
    pub(super) line: &'static str,
}

const fn example(about: &'static str, line: &'static str) -> Example {
    Example { about, line }
}

/// The end of a command's help.
pub(super) fn help(command: &str) -> String {
    let style = Styles::styled();
    let header = style.get_header();
    let lines =
        of(command).iter().map(|Example { about, line }| format!("\n  # {about}\n  {line}"));
    [vec![format!("{header}Examples:{header:#}")], lines.collect()].concat().concat()
}

/// The examples of a command; those of `evenkeel` are a first day.
pub(super) fn of(command: &str) -> &'static [Example] {
    match command {
        "evenkeel" => EVENKEEL,
        "check" => CHECK,
        "plan" => PLAN,
        "apply" => APPLY,
        "run" => RUN,
        "status" => STATUS,
        "explain" => EXPLAIN,
        "refresh" => REFRESH,
        "suspend" => SUSPEND,
        "resume" => RESUME,
        "rollback" => ROLLBACK,
        "init" => INIT,
        "import" => IMPORT,
        "publish" => PUBLISH,
        "test" => TEST,
        "invoke" => INVOKE,
        "logs" => LOGS,
        "config" => CONFIG,
        "schema" => SCHEMA,
        "completions" => COMPLETIONS,
        "man" => MAN,
        #[cfg(feature = "demo")]
        "demo" => DEMO,
        _ => &[],
    }
}

const EVENKEEL: &[Example] = &[
    #[cfg(feature = "demo")]
    example("Watch a demonstration: no AWS account needed", "evenkeel demo"),
    example("Check the manifests, without AWS", "evenkeel check manifests/"),
    example("Show what would change", "evenkeel plan manifests/ --owner platform"),
    example(
        "Keep AWS as the manifests say",
        "evenkeel run manifests/ --owner platform --account-id 123456789012",
    ),
];
const CHECK: &[Example] = &[
    example("Check a directory", "evenkeel check manifests/"),
    example(
        "Check several files",
        "evenkeel check manifests/resize.yaml manifests/thumbnails.yaml",
    ),
    example("Check what another tool writes", "kustomize build prod | evenkeel check -"),
];
const PLAN: &[Example] = &[
    example("Show what would change", "evenkeel plan manifests/ --owner platform"),
    example("Look at one function", "evenkeel plan manifests/ resize --owner platform"),
    example(
        "Write the plan for a comment on a pull request",
        "evenkeel plan manifests/ --owner platform -o markdown",
    ),
    example(
        "Print the plan as JSON, of manifests from standard input",
        "kustomize build prod | evenkeel plan - --owner platform -o json",
    ),
];
const APPLY: &[Example] = &[
    example(
        "Apply all manifests of a directory",
        "evenkeel apply manifests/ --owner platform --account-id 123456789012",
    ),
    example(
        "Apply one function, and touch nothing else",
        "evenkeel apply manifests/ resize --owner platform --account-id 123456789012",
    ),
    example(
        "Apply the plan that was reviewed, or nothing",
        "evenkeel apply manifests/ --owner platform --account-id 123456789012 --expect 6438b6be8b3d7f49",
    ),
    example(
        "Apply what another tool writes",
        "kustomize build prod | evenkeel apply -f - --owner platform --account-id 123456789012",
    ),
];
const RUN: &[Example] = &[
    example(
        "Report drift and write nothing",
        "evenkeel run manifests/ --owner platform --mode observe",
    ),
    example("Repair drift", "evenkeel run manifests/ --owner platform --account-id 123456789012"),
    example(
        "Work until everything is in sync, then end, as a CI job does",
        "evenkeel run manifests/ --owner platform --account-id 123456789012 --once",
    ),
];
const STATUS: &[Example] = &[
    example("Show all objects", "evenkeel status"),
    example("Show one object in detail", "evenkeel status resize"),
    example("Wait until a function is in sync", "evenkeel status resize --wait --timeout 5m"),
    example("Count what is not in sync", "evenkeel status -o json | jq '.counts'"),
];
const EXPLAIN: &[Example] = &[
    example("Explain why a function is not in sync", "evenkeel explain resize"),
    example("Explain an object of another kind", "evenkeel explain Repository/thumbnails"),
];
const REFRESH: &[Example] = &[
    example("Read one function in AWS now", "evenkeel refresh resize"),
    example("Read everything, at the pace of a first audit", "evenkeel refresh"),
];
const SUSPEND: &[Example] = &[
    example(
        "Leave a function alone for two hours",
        "evenkeel suspend resize --for 2h --reason incident --owner platform --account-id 123456789012",
    ),
    example(
        "Leave a repository alone, with the account id from the config file",
        "evenkeel suspend Repository/thumbnails --for 30m --reason 'incident 4711' --owner platform",
    ),
];
const RESUME: &[Example] = &[
    example(
        "End the suspension of a function",
        "evenkeel resume resize --owner platform --account-id 123456789012",
    ),
    example(
        "End that of a repository in one of several targets",
        "evenkeel resume Repository/thumbnails --owner platform --targets targets.yaml --target prod",
    ),
];
const ROLLBACK: &[Example] = &[
    example(
        "Give callers the version before",
        "evenkeel rollback resize --owner platform --account-id 123456789012",
    ),
    example(
        "Give callers a certain version",
        "evenkeel rollback resize --to 41 --owner platform --account-id 123456789012",
    ),
    example(
        "Let the version that was held back go on",
        "evenkeel rollback resize --resume --owner platform --account-id 123456789012",
    ),
];
const INIT: &[Example] = &[
    example("Begin in this directory", "evenkeel init --name resize"),
    example("Begin in another directory", "evenkeel init functions-repo --name resize"),
];
const IMPORT: &[Example] = &[
    example("Print the manifest of a function", "evenkeel import resize"),
    example(
        "Write a manifest for each function of the account and Region",
        "evenkeel import --all -d manifests/",
    ),
    example(
        "Convert the state of Terraform",
        "terraform show -json | evenkeel import --from - -d manifests/",
    ),
    example(
        "Write what was changed in AWS into the manifest, instead of repairing it",
        "evenkeel import resize --capture --manifest manifests/ --owner platform",
    ),
];
const PUBLISH: &[Example] = &[
    example(
        "Build and push an image, and write its tag into the manifest",
        "evenkeel publish functions/resize --repository resize --tag v2 --manifest manifests/resize.yaml",
    ),
    example(
        "Push an image that is on this machine",
        "evenkeel publish resize:local --repository resize --architecture arm64",
    ),
];
const TEST: &[Example] = &[
    example("Run all smoke tests", "evenkeel test manifests/"),
    example(
        "Test an image in a container before its first deploy",
        "evenkeel test manifests/ resize --image functions/resize",
    ),
    example("Report to CI", "evenkeel test manifests/ --junit results.xml -o json"),
];
const INVOKE: &[Example] = &[
    example("Send an event", "evenkeel invoke resize --payload '{\"width\": 640}'"),
    example(
        "Send a file, and show the end of the log",
        "evenkeel invoke resize --file event.json --tail",
    ),
    example(
        "Send standard input to a certain version",
        "jq '.event' case.json | evenkeel invoke resize --file - --version 41",
    ),
];
const LOGS: &[Example] = &[
    example("Show the last hour", "evenkeel logs resize"),
    example("Follow the log", "evenkeel logs resize --follow"),
    example(
        "Show the run of one request",
        "evenkeel logs resize --request 8f5a3c1e-0b7d-4a57-9d51-2f4b7c0f9d10",
    ),
    example("Show errors of the last two days", "evenkeel logs resize --since 2d --filter ERROR"),
];
const CONFIG: &[Example] = &[
    example("Show each setting and where it comes from", "evenkeel config"),
    example("Try another config file", "evenkeel config --config staging.toml -o json"),
];
const SCHEMA: &[Example] = &[
    example("Save the schema for an editor", "evenkeel schema > evenkeel.schema.json"),
    example(
        "Save the schema of what is printed with -o json",
        "evenkeel schema output > output.schema.json",
    ),
];
const COMPLETIONS: &[Example] = &[
    example("Complete in this bash", "source <(evenkeel completions bash)"),
    example(
        "Complete in every zsh, from a directory of $fpath",
        "evenkeel completions zsh > ~/.zfunc/_evenkeel",
    ),
    example(
        "Complete in every fish",
        "evenkeel completions fish > ~/.config/fish/completions/evenkeel.fish",
    ),
];
const MAN: &[Example] = &[
    example("Read the main page", "evenkeel man | man -l -"),
    example("Read the page of one command", "evenkeel man plan | man -l -"),
    example("Write all pages", "evenkeel man --dir ~/.local/share/man/man1"),
];
#[cfg(feature = "demo")]
const DEMO: &[Example] = &[
    example("Watch the demonstration, up to Ctrl-C", "evenkeel demo"),
    example("End it a minute after the last chapter", "evenkeel demo --stay 60s"),
];
