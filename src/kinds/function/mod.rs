//! Lambda functions that ship as container images.
//!
//! Read in this order: [`spec`] and [`live`] (the two sides, in the same words), `diff` (what differs
//! and the steps), [`step`] (the calls).

pub mod aws;
mod compare;
pub mod config;
mod diff;
pub mod doc;
pub mod expand;
pub mod hash;
pub mod ignore;
pub mod image_ref;
pub mod live;
mod resolve;
pub mod rules;
pub mod shape;
pub mod spec;
mod state;
pub mod step;
pub mod tags;

use std::time::Duration;

use jiff::Timestamp;

use self::{live::Live, spec::Spec, step::Step};
use crate::engine::{
    diff::{Diff, Print},
    facts::{Fact, FactKey, Facts},
    failure::Failure,
    kind::{Claim, Digests, Kind},
    name::Name,
    sight::{Seen, Sight},
};

/// `kind: Function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {}

/// How many hex digits of a digest people see.
const SHORT: usize = 12;

impl Kind for Function {
    const NAME: &'static str = "Function";
    const AUDIT_PERIOD: Duration = Duration::from_mins(10);
    type Spec = Spec;
    type Live = Live;
    type Step = Step;

    fn create(name: &Name, spec: &Spec, facts: &Facts) -> Diff<Step> {
        diff::create(name, spec, facts)
    }

    fn diff(name: &Name, spec: &Spec, seen: &Seen<Live>, facts: &Facts) -> Diff<Step> {
        diff::diff(name, spec, seen, facts)
    }

    fn print(seen: &Seen<Live>) -> Print {
        live::print(seen)
    }

    fn claim(live: &Live) -> Claim {
        tags::claim(live)
    }

    fn concerns(live: &Live) -> bool {
        live.package == live::Package::Image
    }

    fn changed_at(live: &Live) -> Option<Timestamp> {
        live.last_modified
    }

    fn fact(_: &Name, _: &Sight<Live>, _: Option<&Failure>) -> Option<(FactKey, Option<Fact>)> {
        None
    }

    fn needs(spec: &Spec) -> Vec<FactKey> {
        vec![FactKey::Image(spec.image.reference.clone())]
    }

    fn digests(spec: Option<&Spec>, sight: &Sight<Live>, facts: &Facts) -> Digests {
        let desired = spec.and_then(|spec| resolve::resolve(spec, facts).ok());
        let live = sight.seen().and_then(|seen| seen.live.digest.as_ref());
        Digests {
            desired: desired.map(|it| it.digest.short(SHORT).to_owned()).unwrap_or_default(),
            live: live.map(|it| it.short(SHORT).to_owned()).unwrap_or_default(),
        }
    }
}
