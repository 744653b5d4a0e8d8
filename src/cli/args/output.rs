//! For whom a command prints.

use clap::ValueEnum;

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text.
    Text,
    /// JSON, as documented in docs/reference/api.md.
    Json,
}

/// In which form a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    /// Text, in colour on a terminal.
    Text,
    /// JSON.
    Json,
    /// YAML, with the members of the JSON.
    Yaml,
    /// Markdown, for a comment on a pull request.
    Markdown,
}
