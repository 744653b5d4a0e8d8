//! What is meant, and what keeps an accident small.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueHint};

use crate::{
    cli::parse::{grace, hash, label},
    engine::prune::Terms,
    manifest::Selection,
};

/// What stands for standard input where a path is expected.
pub(in crate::cli) const STDIN: &str = "-";

/// The flag that says the same as DIR or PATH.
#[derive(Debug, Args)]
struct DirFlag {
    /// The directory of manifests, or one file, where none is given as an argument.
    #[arg(
        short = 'f',
        long,
        visible_alias = "filename",
        env = "EVENKEEL_DIR",
        default_value = ".",
        value_name = "DIR"
    )]
    dir: PathBuf,
}

/// Which documents are meant.
#[derive(Debug, Args)]
pub struct ScopeArgs {
    /// The directory of manifests, one file, or `-` for standard input. If it neither exists nor looks like a path
    /// (/x, ./x, x/, x.yaml), it is the first NAME.
    #[arg(value_name = "DIR", value_hint = ValueHint::AnyPath)]
    first: Option<String>,
    /// Only these documents, as `resize`, `Function/resize` or `default/Function/resize`; without names, all. Nothing
    /// else is read or touched.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    flag: DirFlag,
    /// Only documents with this label; may be given several times.
    #[arg(short = 'l', long, value_name = "LABEL=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
}

/// Files and directories of manifests.
#[derive(Debug, Args)]
pub struct PathArgs {
    /// The directories of manifests, and files; `-` is standard input. Several are read as one set of manifests.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    flag: DirFlag,
}

impl PathArgs {
    /// The paths, as they were given.
    pub(in crate::cli) fn paths(&self) -> &[PathBuf] {
        if self.paths.is_empty() { std::slice::from_ref(&self.flag.dir) } else { &self.paths }
    }
}

/// All documents of a directory.
#[derive(Debug, Args)]
pub struct DirArgs {
    /// The directory of manifests, or one file.
    #[arg(value_name = "DIR")]
    first: Option<PathBuf>,
    #[command(flatten)]
    flag: DirFlag,
}

impl DirArgs {
    /// The directory of manifests, as it was given.
    pub(in crate::cli) fn dir(&self) -> &Path {
        self.first.as_ref().unwrap_or(&self.flag.dir)
    }
}

impl ScopeArgs {
    /// The directory, and the documents that are meant.
    pub(in crate::cli) fn split(&self) -> (PathBuf, Selection) {
        let labels = self.label.clone();
        let name = self.first.iter().filter(|it| !is_path(it));
        let names = name.chain(&self.names).cloned().collect();
        (self.dir().to_path_buf(), Selection { names, labels })
    }

    /// The directory of manifests, as it was given.
    pub(in crate::cli) fn dir(&self) -> &Path {
        let first = self.first.as_deref().filter(|it| is_path(it));
        first.map_or(&self.flag.dir, Path::new)
    }

    /// Takes another directory instead.
    pub(in crate::cli) fn set_dir(&mut self, dir: PathBuf) {
        self.first.take_if(|it| is_path(it));
        self.flag.dir = dir;
    }
}

/// Whether a word is meant as a path: one that exists, or that cannot be a name.
fn is_path(word: &str) -> bool {
    let path = Path::new(word);
    let rooted =
        word == STDIN || path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    let file = path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
    rooted || file || word.ends_with('/') || path.exists()
}

/// The heading of the flags that keep an accident small.
const SAFETY: &str = "Safety options";

/// What keeps an accident small.
#[derive(Debug, Args)]
pub struct RailArgs {
    /// How many writes may be under way at once in one target, and as many smoke tests besides, from 1 to 100.
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_MAX_IN_FLIGHT", default_value = "10", value_name = "COUNT",
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(in crate::cli) max_in_flight: u8,
    /// Delete objects of ours that no manifest asks for any more, if their own tag allows it
    /// (`policy.deletion: delete`) and the prune gate lets them (docs/rails.md).
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_PRUNE")]
    pub(in crate::cli) prune: bool,
    /// How long a manifest must be gone before its object is deleted, from 1m to 24h.
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_PRUNE_GRACE", default_value = "10m", value_name = "TIME",
          value_parser = grace)]
    prune_grace: Duration,
    /// The hash of exactly those objects that may be deleted though they are many, or in a single run;
    /// `plan --prune` shows it.
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_CONFIRM_PRUNE", value_name = "HASH", value_parser = hash,
          requires = "prune")]
    confirm_prune: Option<String>,
    /// The hash of an update of many objects that is to go on in spite of a failure, or of objects that
    /// have drifted at once and are to be mended; the log and `status` show it.
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_CONFIRM", value_name = "HASH", value_parser = hash)]
    pub(in crate::cli) confirm: Option<String>,
    /// A file that holds all writes while it exists.
    #[arg(long, help_heading = SAFETY, env = "EVENKEEL_PAUSE_FILE", value_name = "FILE")]
    pub(in crate::cli) pause_file: Option<PathBuf>,
}

impl RailArgs {
    /// What may be deleted.
    pub(in crate::cli) fn terms(&self, once: bool) -> Terms {
        let (prune, grace, confirm) = (self.prune, self.prune_grace, self.confirm_prune.clone());
        Terms { prune, grace, once, confirm }
    }
}
