//! The function that a block belongs to, as a read of the block shows it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    At,
    claims::{self, ClaimTag},
};
use crate::engine::{
    bulk_rows::{BulkRows, BulkSubject},
    diff::{Reason, Wait},
    facts::{Fact, FactKey, Facts, FunctionFact},
    name::Name,
    observed::Known,
    tags::{BLOCK, Claim, Tags, concerns_parts},
};

/// How soon to read again where the function's own engine knows more than the last read of the block.
const BEHIND_RECHECK: Duration = Duration::from_secs(2);
/// How soon to read again where that engine knows nothing yet: after a restart, for some minutes.
const UNKNOWN_RECHECK: Duration = Duration::from_secs(15);
/// Permissions are changed by people.
const UNREADABLE_RECHECK: Duration = Duration::from_mins(5);

/// For how long after its last change a function counts as new. It is made with the tags of its blocks, and they
/// follow within seconds; whoever takes over meanwhile must not believe that somebody took them away.
const NEW_FOR: SignedDuration = SignedDuration::from_mins(10);

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its ARN, without a version.
    pub arn: String,
    /// Its tags that concern us: ours and AWS's own.
    pub tags: Known<Tags>,
    /// What AWS is doing with it, in words, if it is at something.
    pub busy: Option<String>,
    /// Whether it was changed less than ten minutes ago, or AWS does not say when.
    pub new: bool,
}

impl Host {
    /// Whether a function that was changed at `modified`, as far as AWS says, is new now.
    pub fn is_new_at(now: Timestamp, modified: Option<Timestamp>) -> bool {
        modified.is_none_or(|it| now.duration_since(it) < NEW_FOR)
    }

    /// Whether what is missing of it may be still to come.
    pub fn is_under_way(&self) -> bool {
        self.new || self.busy.is_some()
    }

    /// What a block of it was made last, if it is ours.
    pub fn claim(&self, word: &str) -> Option<ClaimTag<'_>> {
        claims::claim(self.tags.get()?, word)
    }

    /// What has to happen before its blocks may be changed.
    pub fn wait(&self, name: &Name, owner: &str, facts: &Facts) -> Option<Wait> {
        self.claimed(name, owner, facts).or_else(|| self.at_work(name, facts))
    }

    /// Returns the wait for the function to be ours, by its tags; `None` if it is. `owner`: our id.
    pub fn claimed(&self, name: &Name, owner: &str, facts: &Facts) -> Option<Wait> {
        match Claim::of(Some(&self.tags)) {
            Claim::Unreadable(why) => {
                let message = format!(
                    "whose the function is cannot be told: {why}; allow our credentials to read its tags"
                );
                let reason = Reason::new("TagsUnreadable", message);
                Some(Wait { reason, on: None, recheck: Some(UNREADABLE_RECHECK), soon: false })
            }
            Claim::Owner { id, object, .. } if id == owner => {
                // Tags that name another object were copied from there.
                let own = format!("{}/{name}", super::FUNCTION);
                object.is_some_and(|it| it != own).then(|| foreign(name, owner, facts))
            }
            Claim::Owner { .. } | Claim::Nobody | Claim::CloudFormation(_) | Claim::ReadOnly => {
                Some(foreign(name, owner, facts))
            }
        }
    }

    /// Whether a bulk read shows the function's tags otherwise, among those that say something to the block with this
    /// word.
    pub fn bulk_row_differs(&self, name: &Name, word: &str, rows: &BulkRows) -> bool {
        let own = claims::key(word);
        let function = BulkSubject::Function(name.clone());
        rows.tags_differ(&function, &self.tags, |it| concerns_parts(it) || it == own)
    }

    /// Why its tags cannot be written, if AWS is at work on it.
    pub fn at_work(&self, name: &Name, facts: &Facts) -> Option<Wait> {
        let reason = Reason::new("UpdateInProgress", self.busy.clone()?);
        Some(until(name, facts, reason, |it| it.exists && !it.busy))
    }

    /// The blocks but one that belong to an alias of it, as far as its tags say.
    pub fn on_alias(&self, alias: &str, but: &str) -> Vec<&str> {
        let tags = self.tags.get().into_iter().flatten();
        let words = tags.filter_map(|(key, _)| key.strip_prefix(BLOCK)).filter(|it| *it != but);
        words.filter(|it| self.claim(it).is_some_and(|it| it.alias == Some(alias))).collect()
    }
}

/// Returns the wait for a function that is not ours, or not yet.
fn foreign(name: &Name, owner: &str, facts: &Facts) -> Wait {
    let reason = Reason::new("FunctionNotOurs", "waiting for the function to be ours");
    until(name, facts, reason, |it| it.owner.as_deref() == Some(owner))
}

/// Returns the wait for the alias that a block is to belong to; `None` if it is there or none is
/// needed.
pub fn no_alias(at: &At, facts: &Facts) -> Option<Wait> {
    let alias = at.qualifier.as_ref()?;
    let key = FactKey::Release(at.function.clone());
    let there =
        matches!(facts.get(&key), Some(Fact::Release(it)) if it.alias.as_ref() == Some(alias));
    let reason = Reason::new("AliasMissing", format!("waiting for the alias {alias}"));
    (!there).then_some(Wait { reason, on: Some(key), recheck: None, soon: false })
}

/// Returns the wait for a function that is not there.
pub fn missing(name: &Name, facts: &Facts) -> Wait {
    let reason = Reason::new("FunctionMissing", "waiting for the function");
    until(name, facts, reason, |it| it.exists && !it.pending)
}

/// Returns a wait for news of the function, which its own engine tells. If the news have `come`
/// already, the read of the block is older than they are, and the block is read again in seconds.
fn until(name: &Name, facts: &Facts, reason: Reason, come: impl Fn(&FunctionFact) -> bool) -> Wait {
    let key = FactKey::Function(name.clone());
    let recheck = match facts.get(&key) {
        Some(Fact::Function(it)) => come(it).then_some(BEHIND_RECHECK),
        // A function that only a list has shown has no news for anybody yet.
        _ => Some(UNKNOWN_RECHECK),
    };
    let on = recheck.is_none().then_some(key);
    let soon = recheck.is_some();
    Wait { reason, on, recheck, soon }
}
