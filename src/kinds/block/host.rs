//! The function that a block hangs on, as a look at the block shows it.

use std::time::Duration;

use super::manages::Manages;
use crate::engine::{
    diff::{Hold, Said},
    facts::{Fact, FactKey, Facts},
    name::Name,
    sight::Known,
    tags::{Claim, MANAGES, Tags},
};

/// How soon to look again at what is about to change.
const SOON: Duration = Duration::from_secs(1);
/// How soon to look again while Lambda finishes something.
const BUSY_RECHECK: Duration = Duration::from_secs(2);
/// Permissions are changed by people.
const UNREADABLE_RECHECK: Duration = Duration::from_mins(5);

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its ARN, without a version.
    pub arn: String,
    /// All its tags.
    pub tags: Known<Tags>,
    /// What AWS is doing with it, in words, if it is at something.
    pub busy: Option<String>,
}

impl Host {
    /// The blocks of it that are ours.
    pub fn manages(&self) -> Manages {
        let value = self.tags.get().and_then(|it| it.get(MANAGES));
        Manages::read(value.map(String::as_str).unwrap_or_default())
    }

    /// What has to happen before its blocks may be changed.
    pub(super) fn hold(&self, name: &Name, owner: &str, facts: &Facts) -> Option<Hold> {
        match Claim::of(Some(&self.tags)) {
            Claim::Unreadable(why) => {
                let message = format!(
                    "whose the function is cannot be told: {why}; allow our credentials to read its tags"
                );
                let said = Said::new("TagsUnreadable", message);
                Some(Hold { said, on: None, recheck: Some(UNREADABLE_RECHECK), soon: false })
            }
            Claim::Owner { id, object, .. } if id == owner => {
                let own = format!("{}/{name}", super::FUNCTION);
                if object.is_some_and(|it| it != own) {
                    return Some(foreign(name, owner, facts));
                }
                let busy = self.busy.as_ref()?;
                let said = Said::new("UpdateInProgress", busy.clone());
                Some(Hold { said, on: None, recheck: Some(BUSY_RECHECK), soon: true })
            }
            Claim::Owner { .. } | Claim::Nobody | Claim::CloudFormation(_) | Claim::ReadOnly => {
                Some(foreign(name, owner, facts))
            }
        }
    }
}

/// The function is not ours, or not yet: it tells when that changes.
fn foreign(name: &Name, owner: &str, facts: &Facts) -> Hold {
    let key = FactKey::Function(name.clone());
    let ours =
        matches!(facts.get(&key), Some(Fact::Function(it)) if it.owner.as_deref() == Some(owner));
    let said = Said::new("FunctionNotOurs", "waiting for the function to be ours");
    if ours {
        return Hold { said, on: None, recheck: Some(SOON), soon: true };
    }
    Hold { said, on: Some(key), recheck: None, soon: false }
}

/// There is no function.
pub(super) fn missing(name: &Name, facts: &Facts) -> Hold {
    let key = FactKey::Function(name.clone());
    let exists = matches!(facts.get(&key), Some(Fact::Function(it)) if it.exists);
    let said = Said::new("FunctionMissing", "waiting for the function");
    if exists {
        return Hold { said, on: None, recheck: Some(SOON), soon: true };
    }
    Hold { said, on: Some(key), recheck: None, soon: false }
}
