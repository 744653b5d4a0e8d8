//! What to run, as the command line decided it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{pause::PauseFile, source::SourceOptions};
use crate::{
    aws::clients::Clients,
    engine::{
        name::{Name, Owner},
        policy::{Mode, ReadMode},
        prune::Terms,
        time::Clock,
    },
    kinds::function::hash::HashKey,
    manifest::Selection,
};

/// What to run.
pub(crate) struct Options {
    /// The manifests.
    pub root: PathBuf,
    /// How they are read.
    pub source: SourceOptions,
    /// Who we are.
    pub owner: Owner,
    /// What part of AWS's quotas to use, from 0 to 1.
    pub share: f64,
    /// The key for environment values in hashes.
    pub hash_key: Option<HashKey>,
    /// How the engines work.
    pub settings: Working,
    /// Which documents are meant.
    pub selection: Selection,
    /// What may be deleted.
    pub terms: Terms,
    /// The hash of an update of many that goes on in spite of a failure.
    pub confirm: Option<String>,
    /// What holds all writes while it exists.
    pub pause: PauseFile,
    /// What the time is.
    pub clock: Arc<dyn Clock>,
    /// Where.
    pub targets: Vec<Target>,
}

/// How the engines work, in every target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Working {
    /// Whether to repair or to report.
    pub(crate) mode: Mode,
    /// The pause between two lists.
    pub resync: Duration,
    /// What part of our calls the audit may always have, from 0 to 1.
    pub audit_share: f64,
    /// How many steps may be under way at once in one target.
    pub in_flight_max: usize,
    /// How much is read, and what of it is believed.
    pub read_mode: ReadMode,
}

/// One account in one Region.
pub(crate) struct Target {
    /// Its name.
    pub name: Name,
    /// The account that it must be.
    pub account_id: Option<String>,
    /// The registry of images that name none, if it is not the account's own.
    pub registry: Option<String>,
    /// What part of AWS's quotas to use here, if it is another than everywhere.
    pub share: Option<f64>,
    /// How to reach it.
    pub clients: Clients,
}
