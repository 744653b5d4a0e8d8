//! The contract: what a kind of object must be able to say. Everything here is a pure function of its
//! arguments; the three verbs to the outside (`list`, `get`, `apply`) are `aws::cloud::Cloud`.

use std::fmt;

use jiff::Timestamp;

use super::{
    bulk_rows::BulkRows,
    diff::{Diff, Fingerprint, Planned},
    facet::FacetInfo,
    facts::{Fact, FactKey, Facts},
    failure::Failure,
    name::Name,
    observed::{Known, Observed, Reading},
    preview::Preview,
    priority::Priority,
    status::Ending,
    tags::Tags,
};

pub use super::{
    facet::Listing,
    status::{Detail, Digests},
};

/// A kind of object that Evenkeel keeps.
pub trait Kind: Sized + Send + 'static {
    /// As in manifests, keys and metric labels: `Function`.
    const NAME: &'static str;
    /// The kind of document that it is a part of; `None` if it stands for itself.
    const PART_OF: Option<&'static str> = None;
    /// What of it a list shows.
    const LISTING: Listing;
    /// How urgent the read is that a wait asks for, if AWS is not at work meanwhile.
    const RECHECK: Priority = Priority::Audit;
    /// What a document asks for, checked, defaults filled in.
    type Spec: Clone + PartialEq + Send + Sync + 'static;
    /// What AWS last told us, in the same words.
    type Live: Clone + PartialEq + Send + Sync + 'static;
    /// One AWS call with every argument decided. Its `Display` is the line that an operator reads;
    /// [`step_fingerprint`](super::diff::step_fingerprint) hashes it to tell a new attempt from
    /// one that failed, so it must tell apart what is worth another try.
    type Step: Clone + fmt::Display + Send + Sync + 'static;

    /// The steps that make an absent object.
    fn create(name: &Name, spec: &Self::Spec, facts: &Facts) -> Diff<Self::Step>;

    /// Compares a spec with what a read shows: what differs, and the steps that repair it.
    fn diff(
        name: &Name,
        spec: &Self::Spec,
        reading: &Reading<Self::Live>,
        facts: &Facts,
    ) -> Diff<Self::Step>;

    /// The fingerprint of everything that a list row shows of an object. Two reads with equal fingerprints
    /// saw the same object as far as a list can tell.
    fn fingerprint(reading: &Reading<Self::Live>) -> Fingerprint;

    /// The tags of what is live; `None` for kinds that are only read, which nobody owns.
    fn tags(live: &Self::Live) -> Option<&Known<Tags>>;

    /// The tags in which a person may ask to leave it alone: those of what it belongs to.
    fn host_tags(live: &Self::Live) -> Option<&Known<Tags>> {
        Self::tags(live)
    }

    /// Whether the object itself is there, where a read also shows what it belongs to.
    fn is_there(_: &Self::Live) -> bool {
        true
    }

    /// Whether what it belongs to was changed a moment ago, or AWS is at work on that: what is missing
    /// of the object may then be still to come. A function is made with the tags of its blocks.
    fn is_host_new(_: &Self::Live) -> bool {
        false
    }

    /// Whether a step changes something: then nothing else is written to the same object meanwhile.
    fn writes(_: &Self::Step) -> bool {
        true
    }

    /// Whether a step saves callers from what does badly: then it waits for nobody else.
    fn rescues(_: &Self::Step) -> bool {
        false
    }

    /// What a release comes to with this step, of this sort ([`Planned::kind`]), if it ends one.
    fn ending(_sort: &str, _: &Self::Step) -> Option<Ending> {
        None
    }

    /// What a release came to without a step of ours, told from two exact reads in a row. Called with each exact read
    /// that follows another one.
    fn seen_ending(_before: &Self::Live, _now: &Self::Live) -> Option<Ending> {
        None
    }

    /// What percent of the calls a version gets that is on its way.
    fn percent(_: &Self::Live) -> Option<u32> {
        None
    }

    /// Whether a step gives back what all objects share, so that one for which there was no room may have it.
    fn frees(_: &Self::Step) -> bool {
        false
    }

    /// The step that deletes it; `None` for kinds that are never deleted.
    fn delete(name: &Name, live: &Self::Live) -> Option<Planned<Self::Step>>;

    /// What a plan says of the deletion besides its step: what goes with the object, what stays, and who notices. Called
    /// for an object that no manifest asks for and that [`Kind::delete`] has a step for. It may claim only what `live`
    /// shows, and what AWS does in any case: of a function with the tag of a URL that the URL goes too.
    fn deletion(_name: &Name, _live: &Self::Live) -> Preview {
        Preview::default()
    }

    /// The step that sets the tag `evenkeel.dev/suspend` to a value, or takes it away.
    fn suspend(name: &Name, live: &Self::Live, value: Option<&str>) -> Option<Self::Step>;

    /// Everything that is known of it, without secrets: what the log keeps of an object that is deleted.
    fn describe(live: &Self::Live) -> serde_json::Value;

    /// Whether an object that no manifest wants is worth watching, because it may be ours.
    fn concerns(live: &Self::Live) -> bool;

    /// When AWS says that it last changed, as far as such changes move that date.
    fn changed_at(live: &Self::Live) -> Option<Timestamp>;

    /// The fact that this object tells the other kinds, given what we know, and why we do not know more
    /// if a read failed; `None` for kinds that tell nothing.
    fn fact(
        name: &Name,
        observed: Observed<&Reading<Self::Live>>,
        unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)>;

    /// What the others may be told of an object for as long as it is as its document asks.
    fn settled(_: &Name, _: &Reading<Self::Live>) -> Option<(FactKey, Fact)> {
        None
    }

    /// Whether facts of this sort are worth telling this kind.
    fn hears(key: &FactKey) -> bool;

    /// The function or repository that it belongs to, or is: one thing at a time is written to that.
    fn host(name: &Name) -> Name {
        name.clone()
    }

    /// The object that a fact shows to be ours to take away, though no document describes it any more.
    fn left_behind(_: &FactKey, _: &Fact) -> Option<Name> {
        None
    }

    /// Whether a row of a bulk read shows an object otherwise than its last exact read did. Called for each object that
    /// was read exactly, after each bulk read that shows something new; `true` nominates the object for an exact
    /// read. Only what both show may be compared: `rows` may have none about this object.
    fn bulk_row_differs(
        _name: &Name,
        _: Option<&Self::Spec>,
        _: &Self::Live,
        _rows: &BulkRows,
    ) -> bool {
        false
    }

    /// Whether a fact that changes says that what was seen of an object may be no more.
    fn unsettles(_: Option<&Fact>, _: Option<&Fact>) -> bool {
        false
    }

    /// Whether nothing is wanted but that it is gone: then the object leaves once it is in sync.
    fn only_gone(_: &Self::Spec) -> bool {
        false
    }

    /// Whether an object is only watched for what nobody asks for: it has a row while there is some.
    fn is_guard(_: &Self::Spec) -> bool {
        false
    }

    /// The facts that this spec depends on. A change of one wakes the object.
    fn needs(spec: &Self::Spec) -> Vec<FactKey>;

    /// Short texts for tables: what is wanted and what is live, as image digests.
    fn digests(
        spec: Option<&Self::Spec>,
        observed: Observed<&Reading<Self::Live>>,
        facts: &Facts,
    ) -> Digests;

    /// What people read of it besides. No secrets.
    fn details(_: Option<&Self::Spec>, _: Option<&Self::Live>) -> Vec<Detail> {
        Vec::new()
    }
}

impl FacetInfo {
    /// The facet that a kind describes.
    pub const fn of<K: Kind>() -> Self {
        Self {
            kind: K::NAME,
            part_of: K::PART_OF,
            listing: K::LISTING,
            recheck: K::RECHECK,
            hears: K::hears,
        }
    }
}
