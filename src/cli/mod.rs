//! The commands and their arguments. Everything that the environment decides enters here.

mod check;
mod plan;
mod progress;
mod reference;
mod run;
mod session;
mod status;
mod table;
mod targets;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    daemon::telemetry::{self, Form},
    engine::{name::Owner, policy::Mode},
};

pub use reference::reference;

/// Keeps AWS Lambda functions that ship as container images in the state their manifests describe.
///
/// Evenkeel reads a directory of manifests, compares it with Lambda and ECR by image digest and by
/// configuration, repairs what differs, and shows drift as Prometheus metrics. AWS settings come the
/// standard way: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    log: LogArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the manifests and say what is wrong with them; needs no AWS. Exit 0: good, 2: problems.
    Check(CheckArgs),
    /// Show what `run` would do. Exit 0: in sync, 1: differences, 2: error.
    Plan(PlanArgs),
    /// Keep AWS as the manifests say, until stopped. SIGTERM stops, SIGHUP reads the manifests again.
    Run(RunArgs),
    /// Show how a running Evenkeel sees its objects. Exit 0: all in sync, 1: not all, 2: error.
    Status(StatusArgs),
    /// Print the JSON Schema of manifests, for editors.
    Schema,
}

/// How the log is written.
#[derive(Debug, Args)]
struct LogArgs {
    /// What goes to the log: info for `run`, warn for the other commands, unless this says otherwise.
    #[arg(long, global = true, env = "EVENKEEL_LOG_LEVEL",
          value_parser = ["error", "warn", "info", "debug", "trace"])]
    log_level: Option<String>,
    /// How the log is written: for people on a terminal, as JSON otherwise.
    #[arg(long, global = true, env = "EVENKEEL_LOG_FORMAT", default_value = "auto")]
    log_format: LogFormat,
    /// No colour, even on a terminal.
    #[arg(long, global = true, env = "NO_COLOR", hide_env_values = true, num_args = 0,
          value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    no_color: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Auto,
    Human,
    Json,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The directory of manifests, or one file.
    #[arg(env = "EVENKEEL_DIR", default_value = ".")]
    dir: PathBuf,
}

/// What every command needs that talks to AWS.
#[derive(Debug, Args)]
pub struct CoreArgs {
    /// The directory of manifests, or one file.
    #[arg(env = "EVENKEEL_DIR", default_value = ".")]
    dir: PathBuf,
    /// Who this Evenkeel is, among others on the same account: 1 to 32 of a-z, 0-9 and -. It stands in
    /// the tag `evenkeel.dev/owner` of everything that it keeps.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    owner: Owner,
    /// The account that the credentials must belong to. Outside an emulator on this machine, nothing
    /// is repaired without it.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", value_name = "ID", value_parser = account_id)]
    account_id: Option<String>,
    /// A file that declares several accounts and Regions: `targets: [{ name, accountId, region }]`.
    #[arg(long, env = "EVENKEEL_TARGETS", value_name = "FILE", conflicts_with = "account_id")]
    targets: Option<PathBuf>,
    /// The part of AWS's API quotas that may be used, from 0.01 to 1; others need them too.
    #[arg(long, env = "EVENKEEL_QUOTA_SHARE", default_value = "0.5", value_name = "PART",
          value_parser = share)]
    quota_share: f64,
    /// A file with a secret key. With it, a change of an environment value can be told from drift
    /// after a restart; without it, only the names of variables are remembered.
    #[arg(long, env = "EVENKEEL_HASH_KEY_FILE", value_name = "FILE")]
    hash_key_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted besides the bundled ones.
    #[arg(long, env = "SSL_CERT_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    core: CoreArgs,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    output: Output,
    /// How long to look before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "2m", value_name = "TIME",
          value_parser = duration)]
    timeout: Duration,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text.
    Text,
    /// JSON, as documented in docs/reference/api.md.
    Json,
}

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    core: CoreArgs,
    /// Repair, or only report. A manifest's `policy.mode` can be stricter, never laxer.
    #[arg(long, env = "EVENKEEL_MODE", default_value = "enforce")]
    mode: ModeArg,
    /// Work until nothing is left to do, then end. Exit 0: in sync, 1: differences left, 2: error.
    #[arg(long, env = "EVENKEEL_ONCE")]
    once: bool,
    /// With --once: how long to work before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "10m", value_name = "TIME",
          value_parser = duration)]
    timeout: Duration,
    /// The pause between two lists of all functions, from 1s to 1h. Large fleets take longer: a list
    /// may take a quarter of the time at most.
    #[arg(long, env = "EVENKEEL_RESYNC", default_value = "30s", value_name = "TIME",
          value_parser = resync)]
    resync: Duration,
    /// Where metrics, probes and status are served. Everybody who can reach it can read it.
    #[arg(long, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:9809", value_name = "ADDRESS")]
    listen: String,
    /// How many steps may be under way at once in one target, from 1 to 100.
    #[arg(long, env = "EVENKEEL_MAX_IN_FLIGHT", default_value = "10", value_name = "COUNT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    max_in_flight: u8,
}

/// `--mode`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ModeArg {
    /// Repair.
    Enforce,
    /// Report only; nothing is written.
    Observe,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Enforce => Self::Enforce,
            ModeArg::Observe => Self::Observe,
        }
    }
}

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL")]
    url: String,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    output: Output,
    /// Show it again every two seconds, until interrupted.
    #[arg(short, long, env = "EVENKEEL_WATCH")]
    watch: bool,
}

/// How a command ended, as exit codes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0: all is as it should be.
    Good,
    /// 1: something differs.
    Differs,
    /// 2: it could not be done.
    Error,
}

/// Why a command could not be done, in one line for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(pub String);

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome, CliError> {
        let form = match self.log.log_format {
            LogFormat::Auto => Form::Auto,
            LogFormat::Human => Form::Human,
            LogFormat::Json => Form::Json,
        };
        let usual = if matches!(self.command, Command::Run(_)) { "info" } else { "warn" };
        let level = self.log.log_level.as_deref().unwrap_or(usual);
        telemetry::start(form, level, !self.log.no_color).map_err(CliError)?;
        match self.command {
            Command::Check(args) => check::check(&args),
            Command::Plan(args) => block_on(plan::plan(args)),
            Command::Run(args) => block_on(run::run(args)),
            Command::Status(args) => status::status(&args),
            Command::Schema => {
                let schema = serde_json::to_string_pretty(&crate::manifest::schema());
                print(&schema.map_err(|error| CliError(error.to_string()))?)?;
                Ok(Outcome::Good)
            }
        }
    }
}

/// Writes a line to standard output. A reader that has gone away (`| head`) is no error.
fn print(text: &str) -> Result<(), CliError> {
    use std::io::Write as _;
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError(format!("cannot write the output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn block_on(command: impl Future<Output = Result<Outcome, CliError>>) -> Result<Outcome, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError(format!("the runtime cannot start: {error}")))?
        .block_on(command)
}

/// `90s`, `2m`, `500ms`: digits and a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let hint = || format!("`{text}` is no time; write it as 500ms, 30s, 10m or 2h");
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(hint)?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().map_err(|_| hint())?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or_else(hint)
}

fn resync(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    let good = (Duration::from_secs(1)..=Duration::from_hours(1)).contains(&time);
    if good { Ok(time) } else { Err(format!("`{text}` is not between 1s and 1h")) }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|it| (0.01..=1.0).contains(it));
    share.ok_or_else(|| format!("`{text}` is not between 0.01 and 1"))
}

fn account_id(text: &str) -> Result<String, String> {
    let good = text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
    if good { Ok(text.into()) } else { Err("an account id has twelve digits".into()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for bad in ["", "s", "10", "-1s", "1d", "1 s", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert!(resync("1s").is_ok() && resync("999ms").is_err() && resync("2h").is_err());
        assert!(share("1").is_ok() && share("0").is_err() && share("NaN").is_err());
    }
}
