//! What is meant, and what keeps an accident small.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use crate::{
    cli::parse::{grace, hash, label},
    engine::prune::Terms,
    manifest::Selection,
};

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
    pub(in crate::cli) fn split(&self) -> (PathBuf, Selection) {
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
    pub(in crate::cli) max_in_flight: u8,
    /// Delete objects of ours that no manifest asks for any more, if their own tag allows it
    /// (`policy.deletion: delete`) and the prune gate lets them (docs/rails.md).
    #[arg(long, env = "EVENKEEL_PRUNE")]
    pub(in crate::cli) prune: bool,
    /// How long a manifest must be gone before its object is deleted, from 1m to 24h.
    #[arg(long, env = "EVENKEEL_PRUNE_GRACE", default_value = "10m", value_name = "TIME",
          value_parser = grace)]
    prune_grace: Duration,
    /// The hash of exactly those objects that may be deleted though they are many, or in a single run;
    /// `plan --prune` shows it.
    #[arg(long, env = "EVENKEEL_CONFIRM_PRUNE", value_name = "HASH", value_parser = hash,
          requires = "prune")]
    confirm_prune: Option<String>,
    /// The hash of an update of many objects that is to go on in spite of a failure, or of objects that
    /// have drifted at once and are to be mended; the log and `status` show it.
    #[arg(long, env = "EVENKEEL_CONFIRM", value_name = "HASH", value_parser = hash)]
    pub(in crate::cli) confirm: Option<String>,
    /// A file that holds all writes while it exists.
    #[arg(long, env = "EVENKEEL_PAUSE_FILE", value_name = "FILE")]
    pub(in crate::cli) pause_file: Option<PathBuf>,
}

impl RailArgs {
    /// What may be deleted.
    pub(in crate::cli) fn terms(&self, once: bool) -> Terms {
        let (prune, grace, confirm) = (self.prune, self.prune_grace, self.confirm_prune.clone());
        Terms { prune, grace, once, confirm }
    }
}
