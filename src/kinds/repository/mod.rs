//! ECR repositories: where images come from, and who may push, pull and keep them.
//!
//! Read in this order: [`spec`] and [`live`] (the two sides), [`policy`] (two policies that mean the same),
//! `diff` (what differs and the steps).

pub mod aws;
mod diff;
pub mod doc;
pub mod export;
pub mod ignore;
pub mod live;
pub mod policy;
mod preview;
pub mod rules;
pub mod shape;
pub mod spec;
pub mod step;

use std::collections::BTreeSet;

use self::{live::Live, spec::Spec, step::Step};
use crate::engine::{
    bulk_rows::{BulkRows, BulkSubject},
    diff::{Diff, Fingerprint, Planned},
    facts::{Fact, FactKey, Facts},
    failure::Failure,
    kind::{Kind, Listing},
    name::Name,
    observed::{Known, Observed, Reading},
    preview::Preview,
    tags::{SUSPEND, Tags, is_indexed},
};

/// `kind: Repository`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repository {}

impl Kind for Repository {
    const NAME: &'static str = spec::KIND;
    const LISTING: Listing = Listing::All;
    type Spec = Spec;
    type Live = Live;
    type Step = Step;

    fn create(name: &Name, spec: &Spec, _: &Facts) -> Diff<Step> {
        diff::create(name, spec)
    }

    fn diff(name: &Name, spec: &Spec, reading: &Reading<Live>, _: &Facts) -> Diff<Step> {
        diff::diff(name, spec, reading)
    }

    fn delete(name: &Name, _: &Live) -> Option<Planned<Step>> {
        Some(Planned::new(step::kind::DELETE, Step::Delete(name.clone())))
    }

    fn deletion(_: &Name, live: &Live) -> Preview {
        preview::deletion(live)
    }

    fn suspend(name: &Name, live: &Live, value: Option<&str>) -> Option<Step> {
        let (name, arn) = (name.clone(), live.arn.clone());
        let Some(value) = value else {
            let keys = BTreeSet::from([SUSPEND.to_owned()]);
            return Some(Step::Untag { name, arn, keys, shown: SUSPEND.into() });
        };
        let tags = Tags::from([(SUSPEND.to_owned(), value.to_owned())]);
        Some(Step::Tag { name, arn, tags, shown: format!("{SUSPEND} {value}") })
    }

    fn describe(live: &Live) -> serde_json::Value {
        live::describe(live)
    }

    fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
        let Live { arn, config, encryption, created_at, lifecycle: _, policy: _, tags: _ } =
            &reading.live;
        Fingerprint::of(format!("{:?}", (arn, config, encryption, created_at)).as_bytes())
    }

    fn tags(live: &Live) -> Option<&Known<Tags>> {
        Some(&live.tags)
    }

    fn bulk_row_differs(name: &Name, _: Option<&Spec>, live: &Live, rows: &BulkRows) -> bool {
        rows.tags_differ(&BulkSubject::Repository(name.clone()), &live.tags, is_indexed)
    }

    fn concerns(_: &Live) -> bool {
        true
    }

    fn fact(
        name: &Name,
        observed: Observed<&Reading<Live>>,
        _: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        let exists = match observed {
            Observed::Unknown => None,
            Observed::Absent => Some(false),
            Observed::Present(_) => Some(true),
        };
        Some((FactKey::Repository(name.clone()), exists.map(Fact::Repository)))
    }
}
