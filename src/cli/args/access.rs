//! What commands need that talk to AWS.

use std::path::PathBuf;

use clap::Args;

use crate::{
    cli::parse::{account_id, region, share},
    engine::name::Owner,
};

/// The heading of the flags that lead to an account and Region.
pub(super) const AWS: &str = "AWS options";

/// What every command needs that talks to AWS.
#[derive(Debug, Clone, Args)]
pub struct AccessArgs {
    /// The account that the credentials must belong to. Outside an emulator on this machine, nothing
    /// is repaired without it.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", help_heading = AWS, value_name = "ID", value_parser = account_id)]
    pub(in crate::cli) account_id: Option<String>,
    /// A file that declares several accounts and Regions, and the role to assume in each
    /// (docs/reference/targets.md).
    #[arg(long, env = "EVENKEEL_TARGETS", help_heading = AWS, value_name = "FILE", conflicts_with = "account_id")]
    pub(in crate::cli) targets: Option<PathBuf>,
    /// The AWS Region. Default: that of the AWS profile. With --targets, each target names its own.
    #[arg(long, env = "AWS_REGION", help_heading = AWS, value_name = "REGION", value_parser = region)]
    pub(in crate::cli) region: Option<String>,
    /// The part of AWS's API quotas that may be used, from 0.01 to 1; others need them too.
    #[arg(long, env = "EVENKEEL_QUOTA_SHARE", help_heading = AWS, default_value = "0.5", value_name = "PART",
          value_parser = share)]
    pub(in crate::cli) quota_share: f64,
    /// Certificates in PEM that are trusted besides the bundled ones. Also `SSL_CERT_FILE`, and `ca_bundle` in the AWS
    /// profile.
    #[arg(long, env = "AWS_CA_BUNDLE", help_heading = AWS, value_name = "FILE")]
    pub(in crate::cli) ca_file: Option<PathBuf>,
}

/// What every command needs that keeps something in AWS.
#[derive(Debug, Args)]
pub struct CoreArgs {
    /// Who this Evenkeel is, among others on the same account: 1 to 32 of a-z, 0-9 and -. It stands in
    /// the tag `evenkeel.dev/owner` of everything that it keeps.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    pub(in crate::cli) owner: Owner,
    #[command(flatten)]
    pub(in crate::cli) access: AccessArgs,
    /// A file with a secret key. With it, a change of an environment value can be told from drift
    /// after a restart; without it, only the names of variables are remembered.
    #[arg(long, env = "EVENKEEL_HASH_KEY_FILE", value_name = "FILE")]
    pub(in crate::cli) hash_key_file: Option<PathBuf>,
}
