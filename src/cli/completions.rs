//! `evenkeel completions`: what a shell reads to complete commands and flags.

use clap_complete::generate;

use super::{
    args::CompletionsArgs, command_line, error::FileError, out::write, outcome::CommandOutcome,
};

/// Prints the script for a shell.
pub(super) fn completions(args: &CompletionsArgs) -> Result<CommandOutcome, FileError> {
    let mut script = Vec::new();
    let mut command = command_line::described();
    generate(args.shell, &mut command, command_line::NAME, &mut script);
    write(&script)?;
    Ok(CommandOutcome::Good)
}
