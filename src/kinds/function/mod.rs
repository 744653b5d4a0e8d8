//! Lambda functions that ship as container images.
//!
//! Read in this order: [`spec`] and [`live`] (the two sides, in the same words), `diff` (what differs
//! and the steps), [`step`] (the calls).

pub mod aws;
mod compare;
mod comparison;
mod deletion;
mod diff;
pub mod doc;
pub mod expand;
pub mod export;
pub mod hash;
pub mod ignore;
pub mod image_ref;
pub mod limits;
pub mod live;
mod resolve;
pub mod rules;
pub mod shape;
pub mod spec;
mod state;
pub mod step;
mod tagging;
pub mod unmanaged;

use std::collections::BTreeSet;

use jiff::Timestamp;

use self::{
    live::Live,
    spec::Spec,
    step::{Step, Tag, Untag},
};
use crate::engine::{
    bulk_rows::{BulkRows, BulkSubject},
    diff::{Diff, Fingerprint, Planned},
    facts::{Fact, FactKey, Facts, FunctionFact},
    failure::Failure,
    kind::{Detail, Digests, Kind, Listing},
    name::Name,
    observed::{Known, Observed, Reading},
    preview::Preview,
    tags::{BLOCK, SUSPEND, Tags, is_indexed},
};

/// `kind: Function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {}

/// How many hex digits of a digest people see.
const SHORT: usize = 12;

impl Kind for Function {
    const NAME: &'static str = "Function";
    const LISTING: Listing = Listing::All;
    type Spec = Spec;
    type Live = Live;
    type Step = Step;

    fn create(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
        diff::create(name, spec, facts)
    }

    fn diff(name: &Name, spec: &Spec, reading: &Reading<Live>, facts: &Facts) -> Diff<Step> {
        diff::diff(name, spec, reading, facts)
    }

    fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
        live::fingerprint(reading)
    }

    fn tags(live: &Live) -> Option<&Known<Tags>> {
        Some(&live.tags)
    }

    fn delete(name: &Name, _: &Live) -> Option<Planned<Step>> {
        Some(Planned::new(step::kind::DELETE, Step::Delete(name.clone())))
    }

    fn deletion(name: &Name, live: &Live) -> Preview {
        deletion::preview(name, live)
    }

    fn suspend(name: &Name, live: &Live, value: Option<&str>) -> Option<Step> {
        let (name, arn) = (name.clone(), live.arn.clone());
        let Some(value) = value else {
            let keys = BTreeSet::from([SUSPEND.to_owned()]);
            return Some(Step::Untag(Untag { name, arn, keys, shown: SUSPEND.into() }));
        };
        let tags = Tags::from([(SUSPEND.to_owned(), value.to_owned())]);
        Some(Step::Tag(Tag { name, arn, tags, shown: format!("{SUSPEND} {value}") }))
    }

    fn describe(live: &Live) -> serde_json::Value {
        live::describe(live)
    }

    fn concerns(live: &Live) -> bool {
        live.package == live::Package::Image
    }

    fn changed_at(live: &Live) -> Option<Timestamp> {
        live.last_modified
    }

    /// An absent function is a fact too: its parts wait for it. A row of a list tells nothing.
    fn fact(
        name: &Name,
        observed: Observed<&Reading<Live>>,
        _: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        let fact = match observed {
            Observed::Unknown => None,
            Observed::Absent => Some(FunctionFact::default()),
            // A list shows too little.
            Observed::Present(reading) => reading.exact.then(|| state::fact(&reading.live)),
        };
        Some((FactKey::Function(name.clone()), fact.map(|it| Fact::Function(it.into()))))
    }

    /// A list shows the revision too, and what it belongs to. Emulators know no revisions.
    fn settled(name: &Name, reading: &Reading<Live>) -> Option<(FactKey, Fact)> {
        let revision = reading.revision.clone().unwrap_or_default();
        Some((FactKey::Settled(name.clone()), Fact::Settled(revision.into())))
    }

    fn bulk_row_differs(name: &Name, _: Option<&Spec>, live: &Live, rows: &BulkRows) -> bool {
        rows.tags_differ(&BulkSubject::Function(name.clone()), &live.tags, is_indexed)
    }

    /// Whoever keeps its alias has seen it at another revision.
    fn unsettles(before: Option<&Fact>, now: Option<&Fact>) -> bool {
        match (before, now) {
            (Some(Fact::Release(before)), Some(Fact::Release(now))) => {
                before.revision != now.revision
            }
            _ => false,
        }
    }

    fn hears(key: &FactKey) -> bool {
        matches!(key, FactKey::Image(_) | FactKey::Repository(_) | FactKey::Release(_))
    }

    fn needs(spec: &Spec) -> Vec<FactKey> {
        let image = &spec.image;
        let images = std::iter::once(&image.reference).chain(&image.range).cloned();
        let repository = image.own_repository.iter().cloned().map(FactKey::Repository);
        let release = spec.blocks.contains_key(&format!("{BLOCK}release"));
        let release = release.then(|| FactKey::Release(spec.name()));
        images.map(FactKey::Image).chain(repository).chain(release).collect()
    }

    fn digests(spec: Option<&Spec>, observed: Observed<&Reading<Live>>, facts: &Facts) -> Digests {
        let exists = observed.reading().is_some();
        let desired = spec.and_then(|spec| resolve::resolve(spec, facts, exists).ok());
        let live = observed.reading().and_then(|reading| reading.live.digest.as_ref());
        Digests {
            desired: desired.map(|it| it.digest.short(SHORT).to_owned()).unwrap_or_default(),
            live: live.map(|it| it.short(SHORT).to_owned()).unwrap_or_default(),
        }
    }

    fn details(spec: Option<&Spec>, _: Option<&Live>) -> Vec<Detail> {
        let image = spec.map(|it| ("image", it.image.reference.to_string()));
        image.into_iter().collect()
    }
}
