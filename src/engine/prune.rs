//! The prune gate: when objects of ours that no manifest asks for any more may be deleted. It reads a
//! whole target, across kinds, and never at "the first ten per cent" of anything.
//!
//! Off, it only reports. On, an object goes only if its own tag allows it, if two good readings of the
//! manifests a minute apart did not have it, and after a grace time; and nothing goes while a manifest
//! is broken, the source is empty, or too many would go at once without a person's word for exactly them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::{
    hex::hex,
    name::{Key, Name},
    time::Mono,
};

/// How far apart the two readings must be that did not have a document.
const READINGS_APART: Duration = Duration::from_mins(1);
/// One object in so many may go without confirmation.
const PART: usize = 10;
/// How many hex digits of the hash people see and type.
const DIGITS: usize = 16;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Whether anything may be deleted at all.
    pub prune: bool,
    /// How long a document must be gone.
    pub grace: Duration,
    /// Whether this is a single run, which deletes only what was confirmed.
    pub once: bool,
    /// The hash of the candidates that a person has agreed to.
    pub confirm: Option<String>,
}

/// What one engine knows of the objects that are ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PruneInput {
    /// Whether everything has been read.
    pub complete: bool,
    /// How many objects are ours, wanted or not.
    pub owned: usize,
    /// How many are wanted.
    pub wanted: usize,
    /// The last good reading of the manifests; zero while there are no candidates.
    pub read_at: Mono,
    /// Those that nobody wants and whose tag allows deletion, and the first good reading without them;
    /// `None` while a manifest cannot be read.
    pub candidates: BTreeMap<Name, Option<Mono>>,
}

/// How the manifests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifests {
    /// Every file could be used.
    pub intact: bool,
    /// The directory can be read now.
    pub readable: bool,
}

/// Why nothing is deleted. A closed list: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PruneBlock {
    /// The manifests cannot be read, or ask for nothing at all.
    EmptySource,
    /// A manifest is broken: what it held may only seem to be gone.
    InvalidManifest,
    /// Too many at once.
    Threshold,
    /// A single run without the hash.
    Unconfirmed,
    /// Not everything has been read since the start.
    FirstPass,
}

impl PruneBlock {
    /// Every reason, in the order of the reference page.
    pub const ALL: [Self; 5] = [
        Self::EmptySource,
        Self::InvalidManifest,
        Self::Threshold,
        Self::Unconfirmed,
        Self::FirstPass,
    ];

    /// The word in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptySource => "empty_source",
            Self::InvalidManifest => "invalid_manifest",
            Self::Threshold => "threshold",
            Self::Unconfirmed => "unconfirmed",
            Self::FirstPass => "first_pass",
        }
    }
}

/// What may be deleted in one target, and why the rest may not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PruneDecision {
    /// What may go now.
    pub allowed: BTreeSet<Key>,
    /// Why nothing may, and what to do about it.
    pub blocked: Option<(PruneBlock, String)>,
    /// The hash of all candidates; empty if there are none.
    pub hash: String,
    /// How many candidates there are.
    pub candidates: usize,
    /// When to rule again, if nothing happens before.
    pub next: Option<Mono>,
    /// What it rests on.
    prune_input: BTreeMap<&'static str, PruneInput>,
}

impl PruneDecision {
    /// Whether it rests on what this kind's engine knows now.
    pub fn covers(&self, kind: &str, prune_input: &PruneInput) -> bool {
        self.prune_input.get(kind) == Some(prune_input)
    }
}

/// The judge of one target. It remembers only what a person has agreed to.
#[derive(Debug)]
pub struct Judge {
    target: Name,
    terms: Terms,
    agreed: BTreeSet<Key>,
}

impl Judge {
    /// The judge of this target, with these terms.
    pub fn new(target: Name, terms: Terms) -> Self {
        Self { target, terms, agreed: BTreeSet::new() }
    }

    /// Decides which candidates of a target may be deleted now, and why the others may not. A
    /// person's hash is remembered for exactly the candidates that it stands for.
    pub fn rule(
        &mut self,
        prune_input: BTreeMap<&'static str, PruneInput>,
        manifests: Manifests,
        now: Mono,
    ) -> PruneDecision {
        let candidates = candidates(&self.target, &prune_input);
        let keys: BTreeSet<Key> = candidates.keys().cloned().collect();
        let hash = if keys.is_empty() { String::new() } else { hash(&keys) };
        if !hash.is_empty() && self.terms.confirm.as_deref() == Some(hash.as_str()) {
            self.agreed.extend(keys.iter().cloned());
        }
        let mut decision =
            PruneDecision { hash, candidates: keys.len(), prune_input, ..PruneDecision::default() };
        if !self.terms.prune || keys.is_empty() {
            return decision;
        }
        decision.blocked = self.block(&decision, &keys, manifests);
        if decision.blocked.is_some() {
            return decision;
        }
        // A person's word for exactly these, in a run of its own, stands for the waiting.
        let at_once = self.terms.once && keys.is_subset(&self.agreed);
        for (key, gone) in candidates {
            let due = if at_once { Some(now) } else { gone.due(self.terms.grace) };
            match due {
                Some(due) if due <= now => drop(decision.allowed.insert(key)),
                Some(due) => decision.next = Some(decision.next.map_or(due, |it| it.min(due))),
                None => {}
            }
        }
        decision
    }

    /// Returns why nothing at all may be deleted; `None`: each candidate goes when its time comes.
    /// No confirmation lets the last objects of a target go.
    fn block(
        &self,
        decision: &PruneDecision,
        keys: &BTreeSet<Key>,
        manifests: Manifests,
    ) -> Option<(PruneBlock, String)> {
        let sum = |count: fn(&PruneInput) -> usize| {
            decision.prune_input.values().map(count).sum::<usize>()
        };
        let (owned, wanted, count) = (sum(|it| it.owned), sum(|it| it.wanted), keys.len());
        let agreed = keys.is_subset(&self.agreed);
        let hash = &decision.hash;
        if !manifests.readable {
            let message = "the manifests cannot be read now, so nothing is deleted";
            return Some((PruneBlock::EmptySource, message.into()));
        }
        if !manifests.intact {
            let message = "some manifests cannot be used, so nothing is deleted; mend them first";
            return Some((PruneBlock::InvalidManifest, message.into()));
        }
        if decision.prune_input.values().any(|it| !it.complete) {
            let message = "not everything has been looked at since the start";
            return Some((PruneBlock::FirstPass, message.into()));
        }
        if wanted == 0 || count >= owned {
            let message = "no manifest asks for anything here, so nothing is deleted: the last \
                           objects of a target are for a person to delete";
            return Some((PruneBlock::EmptySource, message.into()));
        }
        if count > (owned / PART).max(1) && !agreed {
            let message = format!(
                "{count} of {owned} objects would be deleted at once; if that is meant, look at them \
                 with `evenkeel plan --prune` and start with `--confirm-prune {hash}`"
            );
            return Some((PruneBlock::Threshold, message));
        }
        if self.terms.once && !agreed {
            let message = format!("a single run deletes only with `--confirm-prune {hash}`");
            return Some((PruneBlock::Unconfirmed, message));
        }
        None
    }
}

/// How long a document has been gone.
#[derive(Clone, Copy)]
struct Gone {
    since: Option<Mono>,
    read_at: Mono,
}

impl Gone {
    /// When it may be deleted. The second reading is the one after it has been gone for long enough.
    fn due(self, grace: Duration) -> Option<Mono> {
        let since = self.since?;
        let twice = self.read_at.since(since) >= READINGS_APART;
        twice.then(|| since.after(grace.max(READINGS_APART)))
    }
}

/// Collects the candidates of all kinds, each with how long its document has been gone.
fn candidates(
    target: &Name,
    prune_input: &BTreeMap<&'static str, PruneInput>,
) -> BTreeMap<Key, Gone> {
    let key = |kind, name: &Name| Key { target: target.clone(), kind, name: name.clone() };
    let all = prune_input.iter().flat_map(|(kind, it)| {
        let gone = |since: &Option<Mono>| Gone { since: *since, read_at: it.read_at };
        it.candidates.iter().map(move |(name, since)| (key(*kind, name), gone(since)))
    });
    all.collect()
}

/// The hash of a set of objects, for a person to confirm exactly these.
pub fn hash(keys: &BTreeSet<Key>) -> String {
    let lines: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let mut text = hex(&Sha256::digest(lines.join("\n")));
    text.truncate(DIGITS);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Manifests = Manifests { intact: true, readable: true };

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    /// A target with `owned` objects, of which these are gone since second 100.
    fn prune_input(owned: usize, gone: usize, read_at: u64) -> BTreeMap<&'static str, PruneInput> {
        let names = (0..gone).map(|it| (Name::new(format!("f{it}")), Some(at(100))));
        let prune_input = PruneInput {
            complete: true,
            owned,
            wanted: owned - gone,
            read_at: at(read_at),
            candidates: names.collect(),
        };
        BTreeMap::from([("Function", prune_input)])
    }

    fn strict(once: bool, confirm: Option<String>) -> Judge {
        let terms = Terms { prune: true, grace: Duration::from_mins(10), once, confirm };
        Judge::new(Name::new("default"), terms)
    }

    fn rule(
        judge: &mut Judge,
        prune_input: BTreeMap<&'static str, PruneInput>,
        now: u64,
    ) -> PruneDecision {
        judge.rule(prune_input, GOOD, at(now))
    }

    fn why(decision: &PruneDecision) -> Option<PruneBlock> {
        decision.blocked.as_ref().map(|(block, _)| *block)
    }

    #[test]
    fn an_object_goes_after_two_readings_and_the_grace_time() {
        let mut judge = strict(false, None);
        let once_read = rule(&mut judge, prune_input(20, 1, 130), 5000);
        assert!(once_read.allowed.is_empty() && once_read.blocked.is_none());
        let early = rule(&mut judge, prune_input(20, 1, 690), 699);
        assert_eq!((early.allowed.len(), early.next), (0, Some(at(700))));
        let due = rule(&mut judge, prune_input(20, 1, 690), 700);
        assert_eq!(due.allowed.len(), 1);
    }

    #[test]
    fn too_many_at_once_need_a_persons_word_for_exactly_them() {
        let mut judge = strict(false, None);
        assert_eq!(why(&rule(&mut judge, prune_input(20, 2, 690), 9000)), None);
        let many = rule(&mut judge, prune_input(20, 11, 690), 9000);
        assert_eq!((why(&many), many.allowed.len()), (Some(PruneBlock::Threshold), 0));
        let mut told = strict(false, Some(many.hash.clone()));
        assert_eq!(
            why(&rule(&mut told, prune_input(20, 12, 690), 9000)),
            Some(PruneBlock::Threshold)
        );
        assert_eq!(rule(&mut told, prune_input(20, 11, 690), 9000).allowed.len(), 11);
        // The word holds for what is left of them.
        assert_eq!(rule(&mut told, prune_input(19, 10, 690), 9000).allowed.len(), 10);
        // And not for others, nor before their time.
        assert_eq!(
            why(&rule(&mut told, prune_input(20, 12, 690), 9000)),
            Some(PruneBlock::Threshold)
        );
        assert_eq!(rule(&mut told, prune_input(20, 11, 690), 200).allowed.len(), 0);
    }

    #[test]
    fn a_single_run_needs_the_hash_and_then_does_not_wait() {
        let mut without = strict(true, None);
        let decision = rule(&mut without, prune_input(20, 1, 100), 101);
        assert_eq!(why(&decision), Some(PruneBlock::Unconfirmed));
        let mut with = strict(true, Some(decision.hash));
        assert_eq!(rule(&mut with, prune_input(20, 1, 100), 101).allowed.len(), 1);
    }

    #[test]
    fn not_knowing_deletes_nothing() {
        let mut judge = strict(false, None);
        let mut check = |prune_input: BTreeMap<&'static str, PruneInput>, manifests| {
            let decision = judge.rule(prune_input, manifests, at(9000));
            assert!(decision.allowed.is_empty());
            why(&decision)
        };
        let some = || prune_input(20, 1, 690);
        assert_eq!(
            check(some(), Manifests { intact: false, ..GOOD }),
            Some(PruneBlock::InvalidManifest)
        );
        assert_eq!(
            check(some(), Manifests { readable: false, ..GOOD }),
            Some(PruneBlock::EmptySource)
        );
        assert_eq!(check(prune_input(1, 1, 690), GOOD), Some(PruneBlock::EmptySource));
        let mut partly = some();
        partly.insert("Repository", PruneInput::default());
        assert_eq!(check(partly, GOOD), Some(PruneBlock::FirstPass));
        let mut broken = some();
        broken.get_mut("Function").unwrap().candidates.insert(Name::new("f0"), None);
        assert_eq!(check(broken, GOOD), None);
    }

    #[test]
    fn without_leave_nothing_is_ruled() {
        let mut off = Judge::new(Name::new("default"), Terms::default());
        let decision = rule(&mut off, prune_input(20, 1, 690), 9000);
        assert_eq!((decision.candidates, decision.allowed.len(), why(&decision)), (1, 0, None));
        assert_eq!(decision.hash.len(), DIGITS);
    }
}
