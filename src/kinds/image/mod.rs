//! Images in ECR. They are only read: what a tag means now is a fact for the functions that want it.
//!
//! Every row of the list is exact, since ECR answers for exactly the images that were asked for, and an
//! image that is not there is a row too.

pub mod aws;
mod manifest;
pub mod spec;

use std::{convert::Infallible, time::Duration};

use jiff::Timestamp;

use self::spec::Spec;
use crate::engine::{
    diff::{Diff, Print},
    facts::{Fact, FactKey, Facts, ImageFact},
    failure::{Failure, chain},
    kind::{Claim, Digests, Kind},
    name::Name,
    sight::{Seen, Sight},
};

/// Images, by their full reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {}

impl Kind for Image {
    const NAME: &'static str = "Image";
    /// Every list reads every image exactly; the rotation only covers what a list could not.
    const AUDIT_PERIOD: Duration = Duration::from_hours(2);
    type Spec = Spec;
    type Live = ImageFact;
    type Step = Infallible;

    fn create(_: &Name, _: &Spec, _: &Facts) -> Diff<Infallible> {
        Diff::default()
    }

    fn diff(_: &Name, _: &Spec, _: &Seen<ImageFact>, _: &Facts) -> Diff<Infallible> {
        Diff::default()
    }

    fn print(seen: &Seen<ImageFact>) -> Print {
        Print::of(format!("{:?}", seen.live).as_bytes())
    }

    fn claim(_: &ImageFact) -> Claim {
        Claim::ReadOnly
    }

    fn concerns(_: &ImageFact) -> bool {
        false
    }

    fn changed_at(_: &ImageFact) -> Option<Timestamp> {
        None
    }

    fn fact(
        name: &Name,
        sight: &Sight<ImageFact>,
        unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        let seen = sight.seen().map(|seen| seen.live.clone());
        let fact = seen.or_else(|| Some(ImageFact::Unreadable(chain(unread?))));
        Some((FactKey::Image(name.clone()), fact.map(Fact::Image)))
    }

    fn needs(_: &Spec) -> Vec<FactKey> {
        Vec::new()
    }

    fn digests(_: Option<&Spec>, _: &Sight<ImageFact>, _: &Facts) -> Digests {
        Digests::default()
    }
}
