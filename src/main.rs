//! The `evenkeel` command: parse, run one command, say why it failed, exit.

use std::process::ExitCode;

use clap::Parser as _;
use evenkeel::cli::{Cli, Outcome};

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Differs) => ExitCode::from(1),
        Ok(Outcome::Error) => ExitCode::from(2),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one place where the end is told")]
            {
                eprintln!("error: {error}");
            }
            ExitCode::from(2)
        }
    }
}
