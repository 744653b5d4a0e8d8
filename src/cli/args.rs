//! The arguments of every command.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum};

#[cfg(feature = "demo")]
use super::parse::scale;
use super::parse::{account_id, duration, hash, hold, label, resync, share};
use crate::{
    daemon::{
        clock::{HurriedClock, SystemClock},
        exposition::Detail,
    },
    engine::{name::Owner, policy::Mode, prune::Terms, time::Clock},
    manifest::Selection,
};

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The directory of manifests, or one file.
    #[arg(env = "EVENKEEL_DIR", default_value = ".")]
    pub(super) dir: PathBuf,
}

/// What every command needs that talks to AWS.
#[derive(Debug, Args)]
pub struct CoreArgs {
    /// Who this Evenkeel is, among others on the same account: 1 to 32 of a-z, 0-9 and -. It stands in
    /// the tag `evenkeel.dev/owner` of everything that it keeps.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    pub(super) owner: Owner,
    /// The account that the credentials must belong to. Outside an emulator on this machine, nothing
    /// is repaired without it.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", value_name = "ID", value_parser = account_id)]
    pub(super) account_id: Option<String>,
    /// A file that declares several accounts and Regions, and the role to assume in each
    /// (docs/reference/targets.md).
    #[arg(long, env = "EVENKEEL_TARGETS", value_name = "FILE", conflicts_with = "account_id")]
    pub(super) targets: Option<PathBuf>,
    /// The part of AWS's API quotas that may be used, from 0.01 to 1; others need them too.
    #[arg(long, env = "EVENKEEL_QUOTA_SHARE", default_value = "0.5", value_name = "PART",
          value_parser = share)]
    pub(super) quota_share: f64,
    /// A file with a secret key. With it, a change of an environment value can be told from drift
    /// after a restart; without it, only the names of variables are remembered.
    #[arg(long, env = "EVENKEEL_HASH_KEY_FILE", value_name = "FILE")]
    pub(super) hash_key_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted besides the bundled ones.
    #[arg(long, env = "SSL_CERT_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// How many times as fast the clock runs, against a stand-in on this machine whose clock does too.
    #[cfg(feature = "demo")]
    #[arg(long, hide = true, default_value = "1", value_name = "TIMES", value_parser = scale)]
    time_scale: f64,
}

impl CoreArgs {
    /// How many times as fast the clock runs.
    #[cfg(feature = "demo")]
    pub(super) fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// How many times as fast the clock runs.
    #[cfg(not(feature = "demo"))]
    #[expect(clippy::unused_self, reason = "the other one needs it")]
    pub(super) fn time_scale(&self) -> f64 {
        1.0
    }

    /// The clock.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        match self.time_scale() {
            1.0 => Arc::new(SystemClock::start()),
            scale => Arc::new(HurriedClock::start(scale)),
        }
    }
}

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) core: CoreArgs,
    /// Show what `--prune` would delete too, and the hash that confirms it.
    #[arg(long, env = "EVENKEEL_PRUNE", conflicts_with = "label")]
    pub(super) prune: bool,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(super) output: Output,
    /// How long to look before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "2m", value_name = "TIME",
          value_parser = duration)]
    pub(super) timeout: Duration,
}

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    #[command(flatten)]
    pub(super) core: CoreArgs,
    #[command(flatten)]
    pub(super) rails: RailArgs,
    /// How long to work before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "10m", value_name = "TIME",
          value_parser = duration)]
    pub(super) timeout: Duration,
}

/// Which documents are meant.
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// The directory of manifests, or one file, if the first word is a path (it exists, or looks like
    /// one); then the names of the documents that are meant, as `resize`, `Function/resize` or
    /// `default/Function/resize`. Without names all are. Only what is meant is read and touched.
    #[arg(value_name = "DIR] [NAME")]
    words: Vec<String>,
    /// The directory of manifests, or one file, if the first word does not name it.
    #[arg(long, env = "EVENKEEL_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Only documents with this label; may be given several times.
    #[arg(short = 'l', long, value_name = "LABEL=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
}

impl ScopeArgs {
    /// The directory, and the documents that are meant.
    pub(super) fn split(&self) -> (PathBuf, Selection) {
        let labels = self.label.clone();
        let path = self.words.first().filter(|it| is_path(it)).map(PathBuf::from);
        let names = self.words.iter().skip(usize::from(path.is_some())).cloned().collect();
        (path.unwrap_or_else(|| self.dir.clone()), Selection { names, labels })
    }
}

/// Whether a word is meant as a path: one that exists, or that cannot be a name.
fn is_path(word: &str) -> bool {
    let path = Path::new(word);
    let rooted = path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    let file = path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
    rooted || file || word.ends_with('/') || path.exists()
}

/// What keeps an accident small.
#[derive(Debug, Args)]
pub struct RailArgs {
    /// How many steps may be under way at once in one target, from 1 to 100.
    #[arg(long, env = "EVENKEEL_MAX_IN_FLIGHT", default_value = "10", value_name = "COUNT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) max_in_flight: u8,
    /// Delete objects of ours that no manifest asks for any more, if their own tag allows it
    /// (`policy.deletion: delete`) and the prune gate lets them (docs/rails.md).
    #[arg(long, env = "EVENKEEL_PRUNE")]
    pub(super) prune: bool,
    /// How long a manifest must be gone before its object is deleted, from 1m to 24h.
    #[arg(long, env = "EVENKEEL_PRUNE_GRACE", default_value = "10m", value_name = "TIME",
          value_parser = super::parse::grace)]
    prune_grace: Duration,
    /// The hash of exactly those objects that may be deleted though they are many, or in a single run;
    /// `plan --prune` shows it.
    #[arg(long, env = "EVENKEEL_CONFIRM_PRUNE", value_name = "HASH", value_parser = hash,
          requires = "prune")]
    confirm_prune: Option<String>,
    /// The hash of an update of many objects that is to go on in spite of a failure, or of objects that
    /// have drifted at once and are to be mended; the log and `status` show it.
    #[arg(long, env = "EVENKEEL_CONFIRM", value_name = "HASH", value_parser = hash)]
    pub(super) confirm: Option<String>,
    /// A file that holds all writes while it exists.
    #[arg(long, env = "EVENKEEL_PAUSE_FILE", value_name = "FILE")]
    pub(super) pause_file: Option<PathBuf>,
}

impl RailArgs {
    /// What may be deleted.
    pub(super) fn terms(&self, once: bool) -> Terms {
        let (prune, grace, confirm) = (self.prune, self.prune_grace, self.confirm_prune.clone());
        Terms { prune, grace, once, confirm }
    }
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
    /// The directory of manifests, or one file.
    #[arg(env = "EVENKEEL_DIR", default_value = ".")]
    pub(super) dir: PathBuf,
    #[command(flatten)]
    pub(super) core: CoreArgs,
    #[command(flatten)]
    pub(super) rails: RailArgs,
    /// Repair, or only report. A manifest's `policy.mode` can be stricter, never laxer.
    #[arg(long, env = "EVENKEEL_MODE", default_value = "enforce")]
    pub(super) mode: ModeArg,
    /// Work until nothing is left to do, then end. Exit 0: in sync, 1: differences left, 2: error.
    #[arg(long, env = "EVENKEEL_ONCE")]
    pub(super) once: bool,
    /// With --once: how long to work before giving up.
    #[arg(long, env = "EVENKEEL_TIMEOUT", default_value = "10m", value_name = "TIME",
          value_parser = duration)]
    pub(super) timeout: Duration,
    /// The pause between two lists of all functions, from 1s to 1h. Large fleets take longer: a list
    /// may take a quarter of the time at most.
    #[arg(long, env = "EVENKEEL_RESYNC", default_value = "30s", value_name = "TIME",
          value_parser = resync)]
    pub(super) resync: Duration,
    /// Where metrics, probes and status are served. Everybody who can reach it can read it.
    #[arg(long, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:9809", value_name = "ADDRESS")]
    pub(super) listen: String,
    /// Which series there are: sums alone, a dozen for each document, or those for each of its parts too.
    #[arg(
        long,
        env = "EVENKEEL_METRICS_DETAIL",
        default_value = "documents",
        value_name = "DETAIL"
    )]
    pub(super) metrics_detail: DetailArg,
    /// Serve badges: /badge.svg for everything, /badge/default/Function/resize for one object.
    #[arg(long, env = "EVENKEEL_BADGE")]
    pub(super) badge: bool,
}

/// `--metrics-detail`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DetailArg {
    /// No series of single objects: for large fleets and small servers.
    Aggregate,
    /// Series for each document.
    Documents,
    /// Series for each document, and for each URL, release, event source … of it besides.
    Full,
}

impl From<DetailArg> for Detail {
    fn from(detail: DetailArg) -> Self {
        match detail {
            DetailArg::Aggregate => Self::Aggregate,
            DetailArg::Documents => Self::Documents,
            DetailArg::Full => Self::Full,
        }
    }
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

/// For people, in more or less detail, or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusOutput {
    /// Text.
    Text,
    /// Text with more columns.
    Wide,
    /// JSON, as documented in docs/reference/api.md.
    Json,
}

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The object, as `resize`, `Function/resize` or `default/Function/resize`.
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL")]
    pub(super) url: String,
}

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these objects, as `resize`, `Function/resize` or `default/Function/resize`. One alone is shown in
    /// detail, with what differs and what happened to it.
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Only objects with this label; may be given several times.
    #[arg(short = 'l', long, value_name = "LABEL=VALUE", value_parser = label)]
    pub(super) label: Vec<(String, String)>,
    /// The running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL")]
    pub(super) url: String,
    /// For people, in more or less detail, or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(super) output: StatusOutput,
    /// Show it again every two seconds, until interrupted.
    #[arg(short, long, env = "EVENKEEL_WATCH")]
    pub(super) watch: bool,
}

/// The arguments of `suspend`.
#[derive(Debug, Args)]
pub struct SuspendArgs {
    #[command(flatten)]
    pub(super) object: ObjectArgs,
    /// How long, from 1s to 24h.
    #[arg(long = "for", value_name = "TIME", value_parser = hold)]
    pub(super) hold: Duration,
    /// Why; shown with the object.
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) core: CoreArgs,
}

/// The arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    #[command(flatten)]
    pub(super) object: ObjectArgs,
    #[command(flatten)]
    pub(super) core: CoreArgs,
}

/// The arguments of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub(super) object: ObjectArgs,
    /// The version that callers are to get; without it, the one before the present one.
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<u64>,
    /// Let go on what is held back, because of a rollback or because it failed.
    #[arg(long, conflicts_with = "to")]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(super) core: CoreArgs,
}

/// One object in AWS.
#[derive(Debug, Args)]
pub struct ObjectArgs {
    /// The object's name in AWS: of a function, or with its kind, as `Repository/thumbnails`.
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// Which target it is in, if there are several.
    #[arg(long, env = "EVENKEEL_TARGET", value_name = "TARGET")]
    pub(super) target: Option<String>,
}
