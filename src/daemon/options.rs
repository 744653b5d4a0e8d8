//! What to run, as the command line decided it.

use std::{path::PathBuf, time::Duration};

use crate::{
    aws::clients::Clients,
    engine::{
        name::{Name, Owner},
        policy::Mode,
    },
    kinds::function::hash::HashKey,
};

/// What to run.
pub struct Options {
    /// The manifests.
    pub root: PathBuf,
    /// Who we are.
    pub owner: Owner,
    /// What part of AWS's quotas to use, from 0 to 1.
    pub share: f64,
    /// The key for environment values in hashes.
    pub hash_key: Option<HashKey>,
    /// How the engines work.
    pub settings: Working,
    /// Where.
    pub targets: Vec<Target>,
}

/// How the engines work, in every target.
#[derive(Debug, Clone, Copy)]
pub struct Working {
    /// Whether to repair or to report.
    pub mode: Mode,
    /// The pause between two lists.
    pub resync: Duration,
    /// How many steps may be under way at once in one target.
    pub in_flight_max: usize,
    /// Whether a list's row is good enough after the start.
    pub trust_lists: bool,
}

/// One account in one Region.
pub struct Target {
    /// Its name.
    pub name: Name,
    /// The account that it must be.
    pub account_id: Option<String>,
    /// How to reach it.
    pub clients: Clients,
}
