//! The `evenkeel` command: parse, run one command, say why it failed, exit.

use std::{env, process::ExitCode};

use evenkeel::cli::{Cli, CliError, StartError};

fn main() -> ExitCode {
    let cli = match Cli::load(env::args_os().collect()) {
        Ok(cli) => cli,
        Err(StartError::Arguments(error)) => {
            // Help that was asked for goes to standard output, whether somebody reads it or not.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        Err(StartError::Config(error)) => return fail(&error.into()),
    };
    match cli.run() {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => fail(&error),
    }
}

fn fail(error: &CliError) -> ExitCode {
    #[expect(clippy::print_stderr, reason = "the one place where the end is printed")]
    {
        eprintln!("error: {}", error.report());
    }
    ExitCode::from(error.exit_code())
}
