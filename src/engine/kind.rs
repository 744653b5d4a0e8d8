//! The contract: what a kind of object must be able to say. Everything here is a pure function of its
//! arguments; the three verbs to the outside (`list`, `get`, `apply`) are `aws::cloud::Cloud`.
//!
//! The order of events, from which each method says when it is called: a list or a read brings a [`Reading`]; the engine
//! tells its [fact](Kind::fact) to those that [need](Kind::needs) it, compares it ([`Kind::diff`]; without anything in
//! AWS [`Kind::create`]), does the first step that nothing holds up, and reads again.

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
    /// What of it a list shows: all of a function, nothing of a URL.
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

    /// The steps that make an absent object. Called whenever an object is judged that AWS does not have. Returns every
    /// field as a change and the steps in order, the claim first; or a wait for what must be there before, as an image.
    fn create(name: &Name, spec: &Self::Spec, facts: &Facts) -> Diff<Self::Step>;

    /// Compares a spec with what a read shows. Called whenever an object is judged, after a read and when a document or
    /// a fact changes; also with a spec of before, to tell who moved. Returns what differs, the steps that repair it in
    /// order, and what is waited for; of what is as asked an empty [`Diff`]. A change without a step is told and left.
    fn diff(
        name: &Name,
        spec: &Self::Spec,
        reading: &Reading<Self::Live>,
        facts: &Facts,
    ) -> Diff<Self::Step>;

    /// The fingerprint of everything that a list row shows of an object. Called for each row and each read; a row with
    /// another fingerprint than the last read nominates the object for an exact read. What only a read shows, as tags
    /// of a function, must not enter it.
    fn fingerprint(reading: &Reading<Self::Live>) -> Fingerprint;

    /// The tags of what is live, by which the engine tells whose it is before every step and counts orphans. `None` for
    /// what carries no tags of its own: its host's say whose it is, as those of a function for its URL.
    fn tags(live: &Self::Live) -> Option<&Known<Tags>>;

    /// The tags in which a person may ask to leave it alone: those of what it belongs to. Called after each exact read,
    /// for `evenkeel.dev/suspend`.
    fn host_tags(live: &Self::Live) -> Option<&Known<Tags>> {
        Self::tags(live)
    }

    /// Whether the object itself is there, where a read also shows what it belongs to: a read of a function without a
    /// URL brings a reading of which this is `false`. Called to count objects and for the row.
    fn is_there(_: &Self::Live) -> bool {
        true
    }

    /// Whether what it belongs to was changed a moment ago, or AWS is at work on that: what is missing
    /// of the object may then be still to come, and is no drift. A function is made with the tags of its blocks. Called
    /// after an exact read that does not show the object.
    fn is_host_new(_: &Self::Live) -> bool {
        false
    }

    /// Whether a step changes something: then it takes a write slot, and nothing else is written to the same object
    /// meanwhile. `false` for a task, as a smoke test. Called before a step is handed out.
    fn writes(_: &Self::Step) -> bool {
        true
    }

    /// Whether a step saves callers from what does badly, as one that takes a canary back: then it passes slots, waves,
    /// the breaker and fights. Called before a step is handed out.
    fn rescues(_: &Self::Step) -> bool {
        false
    }

    /// What a release comes to with this step, of this sort ([`Planned::kind`]), if it ends one. Called when the step
    /// begins; counted once AWS has accepted it.
    fn ending(_sort: &str, _: &Self::Step) -> Option<Ending> {
        None
    }

    /// What a release came to without a step of ours, told from two exact reads in a row. Called with each exact read
    /// that follows another one.
    fn seen_ending(_before: &Self::Live, _now: &Self::Live) -> Option<Ending> {
        None
    }

    /// What percent of the calls a version gets that is on its way, for the row; `None` where nothing is released.
    fn percent(_: &Self::Live) -> Option<u32> {
        None
    }

    /// Whether a step gives back what all objects share, as reserved concurrency: once AWS has accepted it, those that
    /// AWS had no room for are tried again at once.
    fn frees(_: &Self::Step) -> bool {
        false
    }

    /// The step that deletes it; `None` for kinds that are never deleted by themselves. Called for an object of ours
    /// that no manifest asks for, once the prune gate has let it pass.
    fn delete(_name: &Name, _: &Self::Live) -> Option<Planned<Self::Step>> {
        None
    }

    /// What a plan says of the deletion besides its step: what goes with the object, what stays, and who notices. Called
    /// for an object that no manifest asks for and that [`Kind::delete`] has a step for. It may claim only what `live`
    /// shows, and what AWS does in any case: of a function with the tag of a URL that the URL goes too.
    fn deletion(_name: &Name, _live: &Self::Live) -> Preview {
        Preview::default()
    }

    /// The step that sets the tag `evenkeel.dev/suspend` to a value, or takes it away (`None`). Called by the commands
    /// `suspend` and `resume`; `None` for what carries no tags.
    fn suspend(_name: &Name, _: &Self::Live, _value: Option<&str>) -> Option<Self::Step> {
        None
    }

    /// Everything that is known of it, without secrets: what the log keeps of an object. Called before it is deleted.
    fn describe(live: &Self::Live) -> serde_json::Value;

    /// Whether an object that no manifest wants is worth watching, because it may be ours. Called for each row of a list
    /// without a desired state; `false` for a function that runs no image.
    fn concerns(_: &Self::Live) -> bool {
        false
    }

    /// When AWS says that it last changed, as far as such changes move that date. Called when drift begins, to tell how
    /// long it went unseen; `None` where AWS says nothing.
    fn changed_at(_: &Self::Live) -> Option<Timestamp> {
        None
    }

    /// The fact that this object tells the other kinds, given what we know, and why we do not know more
    /// if a read failed; `None` for kinds that tell nothing, and with a key `None` for what is not known any more. Called
    /// after each read and failed read, and with [`Observed::Unknown`] when the object leaves. An image tells its digest,
    /// a function whether it is there.
    fn fact(
        _name: &Name,
        _: Observed<&Reading<Self::Live>>,
        _unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        None
    }

    /// What the others may be told of an object for as long as it is as its document asks. Called when it is judged in
    /// sync; taken back when it is not any more. Of a function its revision, which a release publishes.
    fn settled(_: &Name, _: &Reading<Self::Live>) -> Option<(FactKey, Fact)> {
        None
    }

    /// Whether facts of this sort are worth telling this kind: each that [`Kind::needs`] may name, and each that
    /// [`Kind::left_behind`] reads.
    fn hears(_: &FactKey) -> bool {
        false
    }

    /// The function or repository that it belongs to, or is: one thing at a time is written to that. Called for each
    /// name; of `resize/arn:aws:sqs:…`, an event source, it is `resize`.
    fn host(name: &Name) -> Name {
        name.clone()
    }

    /// The object that a fact shows to be ours to take away, though no document describes it any more: a function's tags
    /// name a URL that its document has lost. Called for each new fact; `None` where a list shows such objects.
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

    /// Whether a fact that changes, from the first to the second, says that what was seen of an object may be no more:
    /// then it is read again. Called for each object that needs the fact, when the fact changes. A function that was
    /// made again unsettles its URL.
    fn unsettles(_: Option<&Fact>, _: Option<&Fact>) -> bool {
        false
    }

    /// Whether nothing is wanted but that it is gone: then the object leaves once it is in sync. `true` for what left its
    /// document and is still in AWS.
    fn only_gone(_: &Self::Spec) -> bool {
        false
    }

    /// Whether an object is only watched for what nobody asks for, as the URL of a function whose document names none: it
    /// has a row while there is some, and drift of it is not counted.
    fn is_guard(_: &Self::Spec) -> bool {
        false
    }

    /// The facts that this spec depends on. Called when a document gives it; a change of one wakes the object, and
    /// [`Kind::create`] and [`Kind::diff`] find them in their last argument.
    fn needs(_: &Self::Spec) -> Vec<FactKey> {
        Vec::new()
    }

    /// Short texts for tables: what is wanted and what is live, as image digests; empty for what has none. Called for
    /// each row. The wanted one is also remembered, to tell a tag that moved from a function that was changed.
    fn digests(_: Option<&Self::Spec>, _: Observed<&Reading<Self::Live>>, _: &Facts) -> Digests {
        Digests::default()
    }

    /// What people read of it besides, as words and values: `("image", "…/resize:v1")`. No secrets. Called for each row.
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
