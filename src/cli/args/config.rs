//! The arguments of `config`.

use clap::{Args, ValueEnum as _};

use super::{access::AWS, output::Output, query_args::CONNECTION};
use crate::{
    cli::{
        config::{key::ConfigKey, setting::ConfigSetting},
        parse::{account_id, region},
    },
    engine::name::Owner,
};

/// The arguments of `config`: the flags whose values a config file can give.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The owner id, as `plan`, `apply` and `run` take it.
    #[arg(long, env = "EVENKEEL_OWNER", value_name = "ID")]
    owner: Option<Owner>,
    /// The AWS account that the credentials must belong to.
    #[arg(long, env = "EVENKEEL_ACCOUNT_ID", value_name = "ID", value_parser = account_id,
          help_heading = AWS)]
    account_id: Option<String>,
    /// The AWS Region.
    #[arg(long, env = "AWS_REGION", value_name = "REGION", value_parser = region,
          help_heading = AWS)]
    region: Option<String>,
    /// The address of a running Evenkeel.
    #[arg(long, env = "EVENKEEL_URL", default_value = "http://127.0.0.1:9809", value_name = "URL",
          help_heading = CONNECTION)]
    url: String,
    /// For people or for programs.
    #[arg(short, long, env = "EVENKEEL_OUTPUT", default_value = "text")]
    pub(in crate::cli) output: Output,
    /// Where the value of each comes from.
    #[arg(skip)]
    pub(in crate::cli) settings: Vec<ConfigSetting>,
}

impl ConfigArgs {
    /// The value of a setting.
    pub(in crate::cli) fn value(&self, key: ConfigKey) -> Option<String> {
        match key {
            ConfigKey::Owner => self.owner.as_ref().map(ToString::to_string),
            ConfigKey::AccountId => self.account_id.clone(),
            ConfigKey::Region => self.region.clone(),
            ConfigKey::Url => Some(self.url.clone()),
            ConfigKey::Output => self.output.to_possible_value().map(|it| it.get_name().to_owned()),
        }
    }
}
