//! What a config file may say.

use crate::{cli::parse, engine::name::Owner};

/// What a config file may say: whom the commands act for, and where. What they may do is not in it: a file that is
/// read silently must not make a command write, delete or trust more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum ConfigKey {
    /// `--owner`.
    Owner,
    /// `--account-id`.
    AccountId,
    /// `--region`.
    Region,
    /// `--url`.
    Url,
    /// `--output`.
    Output,
}

impl ConfigKey {
    /// All of them, as they are listed.
    pub(in crate::cli) const ALL: [Self; 5] =
        [Self::Owner, Self::AccountId, Self::Region, Self::Url, Self::Output];

    /// Its name in the file.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::AccountId => "accountId",
            Self::Region => "region",
            Self::Url => "url",
            Self::Output => "output",
        }
    }

    /// The id of the argument that it gives a default for.
    pub(in crate::cli) fn argument(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::AccountId => "account_id",
            Self::Region => "region",
            Self::Url => "url",
            Self::Output => "output",
        }
    }

    /// The key of that name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Why a value is none of the key's; `outputs` are the formats that some command prints.
    pub(super) fn fault(self, value: &str, outputs: &[String]) -> Option<String> {
        match self {
            Self::Owner => value.parse::<Owner>().err().map(|it| it.to_string()),
            Self::AccountId => parse::account_id(value).err(),
            Self::Region => parse::region(value).err(),
            Self::Url => {
                let good = ["http://", "https://"].iter().any(|it| value.starts_with(it));
                (!good).then(|| format!("`{value}` is no URL, as `http://127.0.0.1:9809` is one"))
            }
            Self::Output => {
                let good = outputs.iter().any(|it| it == value);
                (!good).then(|| format!("`{value}` is no format; use {}", outputs.join(", ")))
            }
        }
    }
}
