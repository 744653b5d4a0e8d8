//! The `evenkeel` command: parse, run one command, say why it failed, exit.

use std::process::ExitCode;

use clap::Parser as _;
use evenkeel::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one place where the end is printed")]
            {
                eprintln!("error: {}", error.report());
            }
            ExitCode::from(error.exit_code())
        }
    }
}
