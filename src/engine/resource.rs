//! What the engine is generic over: a resource is a sort of object with its facets. Each facet is described by a
//! [`Kind`]; a resource puts several of them together, so that one engine keeps an object whole.

use std::{fmt, marker::PhantomData, sync::Arc};

use jiff::Timestamp;

use super::{
    bulk_rows::BulkRows,
    diff::{Diff, Fingerprint, Planned},
    facet::{FacetId, FacetInfo, FacetKey},
    facts::{Fact, FactKey, Facts},
    failure::Failure,
    kind::{Detail, Digests, Kind},
    name::Name,
    observed::{Known, Observation, Observed, Reading},
    preview::Preview,
    status::Ending,
    tags::Tags,
};

/// A sort of object with its facets. Each method is that of [`Kind`] with the same name, for one facet; [`Kind`] says
/// when it is called and what it returns.
#[expect(missing_docs, reason = "each is documented in `Kind`")]
pub trait Resource: Sized + Send + 'static {
    /// The kind of document, as in manifests.
    const NAME: &'static str;
    /// The facets; the first is the object itself.
    const FACETS: &'static [FacetInfo];
    /// What is asked of one facet. Cheap to clone.
    type Spec: Clone + PartialEq + Send + Sync + 'static;
    /// What a read brought of one facet.
    type Reading: Observation + Clone + PartialEq + Send + Sync + 'static;
    /// One call about one facet.
    type Step: Clone + fmt::Display + Send + Sync + 'static;

    /// The key of a facet's object with this name.
    fn key(facet: FacetId, name: &Name) -> FacetKey;

    fn create(key: &FacetKey, spec: &Self::Spec, facts: &Facts) -> Diff<Self::Step>;
    fn diff(
        key: &FacetKey,
        spec: &Self::Spec,
        reading: &Self::Reading,
        facts: &Facts,
    ) -> Diff<Self::Step>;
    fn fingerprint(reading: &Self::Reading) -> Fingerprint;
    fn tags(reading: &Self::Reading) -> Option<&Known<Tags>>;
    fn host_tags(reading: &Self::Reading) -> Option<&Known<Tags>>;
    fn is_there(reading: &Self::Reading) -> bool;
    fn is_host_new(reading: &Self::Reading) -> bool;
    fn writes(step: &Self::Step) -> bool;
    fn rescues(step: &Self::Step) -> bool;
    fn ending(planned: &Planned<Self::Step>) -> Option<Ending>;
    fn seen_ending(before: &Self::Reading, now: &Self::Reading) -> Option<Ending>;
    fn percent(reading: &Self::Reading) -> Option<u32>;
    fn frees(step: &Self::Step) -> bool;
    fn delete(key: &FacetKey, reading: &Self::Reading) -> Option<Planned<Self::Step>>;
    fn deletion(key: &FacetKey, reading: &Self::Reading) -> Preview;
    fn describe(reading: &Self::Reading) -> serde_json::Value;
    fn concerns(reading: &Self::Reading) -> bool;
    fn changed_at(reading: &Self::Reading) -> Option<Timestamp>;
    fn fact(
        key: &FacetKey,
        observed: Observed<&Self::Reading>,
        unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)>;
    fn settled(key: &FacetKey, reading: &Self::Reading) -> Option<(FactKey, Fact)>;
    fn left_behind(facet: FacetId, key: &FactKey, fact: &Fact) -> Option<Name>;
    fn bulk_row_differs(
        key: &FacetKey,
        spec: Option<&Self::Spec>,
        reading: &Self::Reading,
        rows: &BulkRows,
    ) -> bool;
    fn unsettles(facet: FacetId, before: Option<&Fact>, now: Option<&Fact>) -> bool;
    fn only_gone(spec: &Self::Spec) -> bool;
    fn is_guard(spec: &Self::Spec) -> bool;
    fn needs(spec: &Self::Spec) -> Vec<FactKey>;
    fn digests(
        facet: FacetId,
        spec: Option<&Self::Spec>,
        observed: Observed<&Self::Reading>,
        facts: &Facts,
    ) -> Digests;
    fn details(spec: Option<&Self::Spec>, reading: Option<&Self::Reading>) -> Vec<Detail>;
}

/// What the engine knows of a facet.
pub fn info<R: Resource>(facet: FacetId) -> &'static FacetInfo {
    R::FACETS.get(facet.index()).expect("a key names a facet of its resource")
}

/// All facets of a resource.
pub fn facets<R: Resource>() -> impl Iterator<Item = FacetId> {
    (0..u8::try_from(R::FACETS.len()).unwrap_or(u8::MAX)).map(FacetId)
}

/// A resource with one facet.
pub struct Single<K: Kind>(PhantomData<K>);

impl<K: Kind> Resource for Single<K> {
    const NAME: &'static str = K::NAME;
    const FACETS: &'static [FacetInfo] = &[FacetInfo::of::<K>()];
    type Spec = Arc<K::Spec>;
    type Reading = Reading<K::Live>;
    type Step = K::Step;

    fn key(facet: FacetId, name: &Name) -> FacetKey {
        key_of::<K>(facet, name)
    }

    fn create(key: &FacetKey, spec: &Self::Spec, facts: &Facts) -> Diff<K::Step> {
        K::create(key.name(), spec, facts)
    }

    fn diff(
        key: &FacetKey,
        spec: &Self::Spec,
        reading: &Self::Reading,
        facts: &Facts,
    ) -> Diff<K::Step> {
        K::diff(key.name(), spec, reading, facts)
    }

    fn fingerprint(reading: &Self::Reading) -> Fingerprint {
        K::fingerprint(reading)
    }

    fn tags(reading: &Self::Reading) -> Option<&Known<Tags>> {
        K::tags(&reading.live)
    }

    fn host_tags(reading: &Self::Reading) -> Option<&Known<Tags>> {
        K::host_tags(&reading.live)
    }

    fn is_there(reading: &Self::Reading) -> bool {
        K::is_there(&reading.live)
    }

    fn is_host_new(reading: &Self::Reading) -> bool {
        K::is_host_new(&reading.live)
    }

    fn writes(step: &K::Step) -> bool {
        K::writes(step)
    }

    fn rescues(step: &K::Step) -> bool {
        K::rescues(step)
    }

    fn ending(planned: &Planned<K::Step>) -> Option<Ending> {
        K::ending(planned.kind, &planned.step)
    }

    fn seen_ending(before: &Self::Reading, now: &Self::Reading) -> Option<Ending> {
        K::seen_ending(&before.live, &now.live)
    }

    fn percent(reading: &Self::Reading) -> Option<u32> {
        K::percent(&reading.live)
    }

    fn frees(step: &K::Step) -> bool {
        K::frees(step)
    }

    fn delete(key: &FacetKey, reading: &Self::Reading) -> Option<Planned<K::Step>> {
        K::delete(key.name(), &reading.live)
    }

    fn deletion(key: &FacetKey, reading: &Self::Reading) -> Preview {
        K::deletion(key.name(), &reading.live)
    }

    fn describe(reading: &Self::Reading) -> serde_json::Value {
        K::describe(&reading.live)
    }

    fn concerns(reading: &Self::Reading) -> bool {
        K::concerns(&reading.live)
    }

    fn changed_at(reading: &Self::Reading) -> Option<Timestamp> {
        K::changed_at(&reading.live)
    }

    fn fact(
        key: &FacetKey,
        observed: Observed<&Self::Reading>,
        unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        K::fact(key.name(), observed, unread)
    }

    fn settled(key: &FacetKey, reading: &Self::Reading) -> Option<(FactKey, Fact)> {
        K::settled(key.name(), reading)
    }

    fn left_behind(_: FacetId, key: &FactKey, fact: &Fact) -> Option<Name> {
        K::left_behind(key, fact)
    }

    fn bulk_row_differs(
        key: &FacetKey,
        spec: Option<&Self::Spec>,
        reading: &Self::Reading,
        rows: &BulkRows,
    ) -> bool {
        K::bulk_row_differs(key.name(), spec.map(|it| &**it), &reading.live, rows)
    }

    fn unsettles(_: FacetId, before: Option<&Fact>, now: Option<&Fact>) -> bool {
        K::unsettles(before, now)
    }

    fn only_gone(spec: &Self::Spec) -> bool {
        K::only_gone(spec)
    }

    fn is_guard(spec: &Self::Spec) -> bool {
        K::is_guard(spec)
    }

    fn needs(spec: &Self::Spec) -> Vec<FactKey> {
        K::needs(spec)
    }

    fn digests(
        _: FacetId,
        spec: Option<&Self::Spec>,
        observed: Observed<&Self::Reading>,
        facts: &Facts,
    ) -> Digests {
        K::digests(spec.map(|it| &**it), observed, facts)
    }

    fn details(spec: Option<&Self::Spec>, reading: Option<&Self::Reading>) -> Vec<Detail> {
        K::details(spec.map(|it| &**it), reading.map(|it| &it.live))
    }
}

/// The key of an object with this name: of one that belongs to another, that one's facet.
pub fn key_of<K: Kind>(facet: FacetId, name: &Name) -> FacetKey {
    let object = K::host(name);
    let item = (object != *name).then(|| name.clone());
    FacetKey { object, facet, item }
}
