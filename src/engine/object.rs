//! Everything that the engine holds of one facet of an object. There are tens of thousands of them, so what hardly
//! any has is boxed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    counts::Membership,
    desired::{DesiredObject, Spare},
    diff::{Cause, Fingerprint, Reason},
    facet::FacetKey,
    facts::{Fact, FactKey},
    failure::Failure,
    kind::Listing,
    memory::Memory,
    observed::{Observation as _, Observed},
    policy::Settings,
    resource::{Resource, info},
    status::{Ending, ShownRow, StepCount},
    tags::{self, Claim},
    time::{Mono, Now},
    work::Trigger,
};

/// One facet of an object: what is wanted, what was seen, what is under way.
pub(super) struct Facet<R: Resource> {
    /// `None`: nobody wants it; it is only watched.
    pub(super) wanted: Option<DesiredObject<R::Spec>>,
    pub(super) observed: Observed<R::Reading>,
    /// The fingerprint of what was observed, to compare list rows with.
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) phase: Phase,
    pub(super) memory: Memory<R::Spec>,
    /// When AWS last confirmed what was observed.
    pub(super) confirmed: Option<Moment>,
    /// When the last exact read began.
    pub(super) audited: Option<Moment>,
    /// When its manifest last asked for something else.
    pub(super) edited: Mono,
    /// The last moment at which it may have changed otherwise: a write of ours ended, another party's was told, or
    /// what it depends on changed.
    pub(super) dirty: Mono,
    /// What the last judgement said.
    pub(super) judged: LastJudgement,
    /// Whether its turns of the audit are spread over the period already.
    pub(super) spread: bool,
    /// When the read began that a step may rest on; `None` since the last step.
    pub(super) read_started: Option<Mono>,
    /// Pages of lists that started before this say nothing about it.
    pub(super) touched: Mono,
    /// The first good reading of the manifests that did not ask for it.
    pub(super) gone_since: Option<Mono>,
    /// In which list it was last seen.
    pub(super) listed: u64,
    /// Failed reads in a row, and the last of them.
    pub(super) unread: Option<Box<(u32, Failure)>>,
    /// Failed steps in a row.
    pub(super) failures: u32,
    /// Why the record of what was applied could not be written.
    pub(super) record_failed: Option<Reason>,
    /// When something happened while a read was under way: one that began before is no answer to it.
    pub(super) again: Option<Mono>,
    /// What made us read it.
    pub(super) trigger: Trigger,
    /// A slot for a step is kept for it while it is read.
    pub(super) reserved: bool,
    /// Its step waits for the end of a write to another facet of its object.
    pub(super) blocked: bool,
    pub(super) steps: StepCount,
    /// What the releases since the start came to.
    pub(super) endings: BTreeMap<Ending, u64>,
    /// Causes of drift that a step of ours has been applied to.
    pub(super) repaired: BTreeSet<Cause>,
    /// What the others were told of it while it was as its document asks ([`Resource::settled`]).
    pub(super) settled: Option<(FactKey, Fact)>,
    /// As what it was last counted.
    pub(super) membership: Option<Membership>,
    /// What was last said of it.
    pub(super) row: Option<ShownRow>,
}

/// What the last judgement of a facet said, as far as the next read depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LastJudgement {
    /// As its document asks, with nothing besides to say or to wait for: a read that shows the same leads to the same.
    PlainlyInSync,
    /// Anything else, or it was not judged yet.
    Other,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) mono: Mono,
    pub(super) wall: Timestamp,
}

impl Moment {
    /// The moment `earlier`, on both clocks, told from the two clocks now.
    pub(super) fn of(earlier: Mono, now: Now) -> Self {
        let ago = jiff::SignedDuration::try_from(now.mono.since(earlier)).unwrap_or_default();
        Self { mono: earlier, wall: now.wall.checked_sub(ago).unwrap_or(now.wall) }
    }
}

/// What is under way. At most one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Reading,
    Applying(Applying),
}

/// The step under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applying {
    /// Its sort.
    pub(super) kind: &'static str,
    /// [`super::diff::step_fingerprint`].
    pub(super) fingerprint: Fingerprint,
    /// Whether it gives back what all share ([`Resource::frees`]).
    pub(super) frees: bool,
    /// What a release comes to with it.
    pub(super) ending: Option<Ending>,
    /// Whether it changes something; else it is a task.
    pub(super) writes: bool,
}

impl<R: Resource> Facet<R> {
    /// Makes a facet of which nothing is known yet; without `wanted` it is only watched.
    pub(super) fn new(wanted: Option<DesiredObject<R::Spec>>) -> Self {
        Self {
            wanted,
            observed: Observed::Unknown,
            fingerprint: None,
            phase: Phase::Idle,
            memory: Memory::default(),
            confirmed: None,
            audited: None,
            edited: Mono::default(),
            dirty: Mono::default(),
            judged: LastJudgement::Other,
            spread: false,
            read_started: None,
            touched: Mono::default(),
            gone_since: None,
            listed: 0,
            unread: None,
            failures: 0,
            record_failed: None,
            again: None,
            trigger: Trigger::Manifest,
            reserved: false,
            blocked: false,
            steps: StepCount::default(),
            endings: BTreeMap::new(),
            repaired: BTreeSet::new(),
            settled: None,
            membership: None,
            row: None,
        }
    }

    /// Whether what was observed comes from a read, not from a list.
    pub(super) fn is_exact(&self) -> bool {
        match &self.observed {
            Observed::Unknown => false,
            Observed::Absent => true,
            Observed::Present(reading) => reading.is_exact(),
        }
    }

    /// Whether a document asks for something else of it than before. Another place in the manifests, other labels
    /// or another policy are nothing that a read could tell.
    pub(super) fn asks_otherwise(&self, entry: Option<&DesiredObject<R::Spec>>) -> bool {
        match (&self.wanted, entry) {
            (Some(before), Some(now)) => before.spec != now.spec,
            (None, now) => now.is_some(),
            (Some(_), None) => false,
        }
    }

    /// One of the tags of what it belongs to, if an exact read has shown them.
    pub(super) fn host_tag(&self, key: &str) -> Option<&String> {
        R::host_tags(self.observed.reading()?)?.get()?.get(key)
    }

    /// Whether its tags say that it is ours, and that it is the object that it seems to be.
    pub(super) fn is_ours(&self, key: &FacetKey, settings: &Settings) -> bool {
        let Some(reading) = self.observed.reading() else { return false };
        match Claim::of(R::tags(reading)) {
            Claim::Owner { id, object, .. } => {
                id == settings.owner.as_str()
                    && object
                        .is_some_and(|it| it == tags::object(info::<R>(key.facet).kind, key.name()))
            }
            Claim::ReadOnly | Claim::Unreadable(_) | Claim::Nobody | Claim::CloudFormation(_) => {
                false
            }
        }
    }

    /// The desired state for it if its document does not ask for it any more. A list shows what is anybody's: there its
    /// own tags must say that it is ours, unless it is watched for what nobody asks for. What no list shows is no
    /// object before a fact says so.
    pub(super) fn spare(
        &self,
        key: &FacetKey,
        spare: &Spare<R::Spec>,
        settings: &Settings,
    ) -> Option<DesiredObject<R::Spec>> {
        let ours = info::<R>(key.facet).listing == Listing::None || self.is_ours(key, settings);
        spare.get(&key.object).filter(|it| ours || R::is_guard(&it.spec))
    }

    /// Whether the object is ours and no manifest asks for it.
    pub(super) fn is_orphan(&self, key: &FacetKey, settings: &Settings) -> bool {
        self.wanted.is_none() && self.is_ours(key, settings)
    }
}
