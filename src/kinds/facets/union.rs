//! The facets of a function side by side: what is asked of each, what was read, what is done, and how each answers.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

use super::list::each_facet;
use crate::engine::{
    bulk_rows::BulkRows,
    diff::{Diff, Fingerprint, Planned},
    facet::{FacetId, FacetInfo, FacetKey},
    facts::{Fact, FactKey, Facts},
    failure::Failure,
    kind::{Detail, Digests, Kind},
    name::Name,
    observed::{Known, Observation, Observed, Reading},
    preview::Preview,
    resource::{Resource, key_of},
    status::Ending,
    tags::Tags,
};

/// A function with everything that belongs to it.
pub struct FunctionResource;

macro_rules! union {
    ($($variant:ident($field:ident): $kind:ty;)*) => {
        /// The facets, in their order.
        #[derive(Clone, Copy)]
        pub(super) enum FunctionFacet {
            $($variant,)*
        }

        impl FunctionFacet {
            const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(super) fn of(facet: FacetId) -> Self {
                *Self::ALL.get(facet.index()).expect("a key names a facet of its resource")
            }
        }

        /// What is asked of one facet.
        #[derive(Clone)]
        #[expect(missing_docs, reason = "named after the kinds")]
        pub enum FunctionSpec {
            $($variant(Arc<<$kind as Kind>::Spec>),)*
        }

        impl PartialEq for FunctionSpec {
            fn eq(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$variant(one), Self::$variant(other)) => {
                        Arc::ptr_eq(one, other) || one == other
                    })*
                    _ => false,
                }
            }
        }

        /// What a read brought of one facet.
        #[derive(Clone, PartialEq)]
        #[expect(missing_docs, reason = "named after the kinds")]
        pub enum FunctionReading {
            $($variant(Box<Reading<<$kind as Kind>::Live>>),)*
        }

        impl Observation for FunctionReading {
            fn is_exact(&self) -> bool {
                match self {
                    $(Self::$variant(it) => it.exact,)*
                }
            }

            fn revision(&self) -> Option<&String> {
                match self {
                    $(Self::$variant(it) => it.revision.as_ref(),)*
                }
            }
        }

        /// One call about one facet.
        #[derive(Clone)]
        #[expect(missing_docs, reason = "named after the kinds")]
        pub enum FunctionStep {
            $($variant(<$kind as Kind>::Step),)*
        }

        impl fmt::Display for FunctionStep {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(it) => it.fmt(f),)*
                }
            }
        }

        impl Resource for FunctionResource {
            const NAME: &'static str = crate::kinds::function::Function::NAME;
            const FACETS: &'static [FacetInfo] = &[$(FacetInfo::of::<$kind>(),)*];
            type Spec = FunctionSpec;
            type Reading = FunctionReading;
            type Step = FunctionStep;

            fn key(facet: FacetId, name: &Name) -> FacetKey {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => key_of::<$kind>(facet, name),)*
                }
            }

            fn create(key: &FacetKey, spec: &FunctionSpec, facts: &Facts) -> Diff<FunctionStep> {
                match spec {
                    $(FunctionSpec::$variant(spec) => {
                        <$kind>::create(key.name(), spec, facts).map(FunctionStep::$variant)
                    })*
                }
            }

            fn diff(
                key: &FacetKey,
                spec: &FunctionSpec,
                reading: &FunctionReading,
                facts: &Facts,
            ) -> Diff<FunctionStep> {
                match (spec, reading) {
                    $((FunctionSpec::$variant(spec), FunctionReading::$variant(reading)) => {
                        <$kind>::diff(key.name(), spec, reading, facts).map(FunctionStep::$variant)
                    })*
                    _ => unreachable!("what is asked of a facet and what was read of it are of one kind"),
                }
            }

            fn fingerprint(reading: &FunctionReading) -> Fingerprint {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::fingerprint(it),)*
                }
            }

            fn tags(reading: &FunctionReading) -> Option<&Known<Tags>> {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::tags(&it.live),)*
                }
            }

            fn host_tags(reading: &FunctionReading) -> Option<&Known<Tags>> {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::host_tags(&it.live),)*
                }
            }

            fn is_there(reading: &FunctionReading) -> bool {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::is_there(&it.live),)*
                }
            }

            fn is_host_new(reading: &FunctionReading) -> bool {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::is_host_new(&it.live),)*
                }
            }

            fn writes(step: &FunctionStep) -> bool {
                match step {
                    $(FunctionStep::$variant(it) => <$kind>::writes(it),)*
                }
            }

            fn rescues(step: &FunctionStep) -> bool {
                match step {
                    $(FunctionStep::$variant(it) => <$kind>::rescues(it),)*
                }
            }

            fn ending(planned: &Planned<FunctionStep>) -> Option<Ending> {
                match &planned.step {
                    $(FunctionStep::$variant(it) => <$kind>::ending(planned.kind, it),)*
                }
            }

            fn seen_ending(before: &FunctionReading, now: &FunctionReading) -> Option<Ending> {
                match (before, now) {
                    $((FunctionReading::$variant(before), FunctionReading::$variant(now)) => {
                        <$kind>::seen_ending(&before.live, &now.live)
                    })*
                    _ => None,
                }
            }

            fn percent(reading: &FunctionReading) -> Option<u32> {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::percent(&it.live),)*
                }
            }

            fn frees(step: &FunctionStep) -> bool {
                match step {
                    $(FunctionStep::$variant(it) => <$kind>::frees(it),)*
                }
            }

            fn delete(key: &FacetKey, reading: &FunctionReading) -> Option<Planned<FunctionStep>> {
                match reading {
                    $(FunctionReading::$variant(it) => {
                        let planned = <$kind>::delete(key.name(), &it.live);
                        planned.map(|it| it.map(FunctionStep::$variant))
                    })*
                }
            }

            fn deletion(key: &FacetKey, reading: &FunctionReading) -> Preview {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::deletion(key.name(), &it.live),)*
                }
            }

            fn describe(reading: &FunctionReading) -> serde_json::Value {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::describe(&it.live),)*
                }
            }

            fn concerns(reading: &FunctionReading) -> bool {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::concerns(&it.live),)*
                }
            }

            fn changed_at(reading: &FunctionReading) -> Option<Timestamp> {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::changed_at(&it.live),)*
                }
            }

            fn fact(
                key: &FacetKey,
                observed: Observed<&FunctionReading>,
                unread: Option<&Failure>,
            ) -> Option<(FactKey, Option<Fact>)> {
                match FunctionFacet::of(key.facet) {
                    $(FunctionFacet::$variant => {
                        let observed = match observed {
                            Observed::Present(FunctionReading::$variant(it)) => Observed::Present(&**it),
                            Observed::Absent => Observed::Absent,
                            Observed::Unknown | Observed::Present(_) => Observed::Unknown,
                        };
                        <$kind>::fact(key.name(), observed, unread)
                    })*
                }
            }

            fn settled(key: &FacetKey, reading: &FunctionReading) -> Option<(FactKey, Fact)> {
                match reading {
                    $(FunctionReading::$variant(it) => <$kind>::settled(key.name(), it),)*
                }
            }

            fn left_behind(facet: FacetId, key: &FactKey, fact: &Fact) -> Option<Name> {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => <$kind>::left_behind(key, fact),)*
                }
            }

            fn bulk_row_differs(
                key: &FacetKey,
                spec: Option<&FunctionSpec>,
                reading: &FunctionReading,
                rows: &BulkRows,
            ) -> bool {
                match reading {
                    $(FunctionReading::$variant(it) => {
                        let spec = spec.and_then(|it| match it {
                            FunctionSpec::$variant(it) => Some(&**it),
                            _ => None,
                        });
                        <$kind>::bulk_row_differs(key.name(), spec, &it.live, rows)
                    })*
                }
            }

            fn unsettles(facet: FacetId, before: Option<&Fact>, now: Option<&Fact>) -> bool {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => <$kind>::unsettles(before, now),)*
                }
            }

            fn only_gone(spec: &FunctionSpec) -> bool {
                match spec {
                    $(FunctionSpec::$variant(it) => <$kind>::only_gone(it),)*
                }
            }

            fn is_guard(spec: &FunctionSpec) -> bool {
                match spec {
                    $(FunctionSpec::$variant(it) => <$kind>::is_guard(it),)*
                }
            }

            fn needs(spec: &FunctionSpec) -> Vec<FactKey> {
                match spec {
                    $(FunctionSpec::$variant(it) => <$kind>::needs(it),)*
                }
            }

            fn digests(
                facet: FacetId,
                spec: Option<&FunctionSpec>,
                observed: Observed<&FunctionReading>,
                facts: &Facts,
            ) -> Digests {
                match FunctionFacet::of(facet) {
                    $(FunctionFacet::$variant => {
                        let spec = spec.and_then(|it| match it {
                            FunctionSpec::$variant(it) => Some(&**it),
                            _ => None,
                        });
                        let observed = match observed {
                            Observed::Present(FunctionReading::$variant(it)) => Observed::Present(&**it),
                            Observed::Absent => Observed::Absent,
                            Observed::Unknown | Observed::Present(_) => Observed::Unknown,
                        };
                        <$kind>::digests(spec, observed, facts)
                    })*
                }
            }

            fn details(
                spec: Option<&FunctionSpec>,
                reading: Option<&FunctionReading>,
            ) -> Vec<Detail> {
                $(
                    let own = match (spec, reading) {
                        (Some(FunctionSpec::$variant(spec)), None) => Some((Some(&**spec), None)),
                        (None, Some(FunctionReading::$variant(it))) => Some((None, Some(&it.live))),
                        (Some(FunctionSpec::$variant(spec)), Some(FunctionReading::$variant(it))) => {
                            Some((Some(&**spec), Some(&it.live)))
                        }
                        _ => None,
                    };
                    if let Some((spec, live)) = own {
                        return <$kind>::details(spec, live);
                    }
                )*
                Vec::new()
            }
        }
    };
}
each_facet!(union);
