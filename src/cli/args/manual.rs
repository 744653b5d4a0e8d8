//! The arguments of the commands that print what a shell and `man` read.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// The arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that reads the script.
    #[arg(value_name = "SHELL")]
    pub(in crate::cli) shell: Shell,
}

/// The arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page is printed. Without it, the main page is printed.
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub(in crate::cli) command: Option<String>,
    /// Write one page for each command into this directory, as evenkeel-plan.1, instead of printing one.
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) dir: Option<PathBuf>,
}
