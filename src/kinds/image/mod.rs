//! Images in ECR. They are only read: what a tag means now is a fact for the functions that want it.
//!
//! Every row of the list is exact, since ECR answers for exactly the images that were asked for, and an
//! image that is not there is a row too. What a range of versions means is found by listing the
//! repository's tags, now and then.

pub mod aws;
mod manifest;
pub mod spec;
mod version;

use std::{convert::Infallible, time::Duration};

pub use self::manifest::{DOCKER, INDEX, OCI, SINGLE};
use self::spec::{Id, Spec};
use crate::engine::{
    diff::{Diff, Fingerprint, Reason, Wait},
    facts::{Fact, FactKey, Facts, ImageFact},
    failure::{Failure, chain},
    kind::{Kind, Listing},
    name::Name,
    observed::{Known, Observed, Reading},
    tags::Tags,
};

/// How soon to ask again for an image that a function waits for: a push should show within seconds, and the
/// quota for this call is two thousand a second.
const MISSING_RECHECK: Duration = Duration::from_secs(5);

/// How soon to ask again for an image that ECR has and does not give out: an upstream registry or a key that is away
/// comes back within minutes, a restored image within hours.
const WITHHELD_RECHECK: Duration = Duration::from_mins(1);

/// Images, by their full reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {}

/// What a registry showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// For a range of versions: the tag that it means now; empty if none fits.
    pub tag: Option<String>,
    /// The image.
    pub image: ImageFact,
}

impl Kind for Image {
    const NAME: &'static str = "Image";
    const LISTING: Listing = Listing::Wanted;
    type Spec = Spec;
    type Live = Live;
    type Step = Infallible;

    fn create(_: &Name, _: &Spec, _: &Facts) -> Diff<Infallible> {
        Diff::default()
    }

    /// Images are never written. An image that is missing or withheld waits, which says how soon it
    /// is read again.
    fn diff(name: &Name, _: &Spec, reading: &Reading<Live>, _: &Facts) -> Diff<Infallible> {
        let mut diff = Diff::default();
        if let ImageFact::Unreadable(why) = &reading.live.image {
            let reason = Reason::new("ImageUnreadable", format!("image {name}: {why}"));
            diff.waits.push(Wait {
                reason,
                on: None,
                recheck: Some(WITHHELD_RECHECK),
                soon: false,
            });
        }
        // A range is read again at its own pace: its tags are listed every few minutes.
        if let (ImageFact::Missing(why), None) = (&reading.live.image, &reading.live.tag) {
            let reason = Reason::new("ImageMissing", format!("waiting for image {name}: {why}"));
            diff.waits.push(Wait { reason, on: None, recheck: Some(MISSING_RECHECK), soon: false });
        }
        diff
    }

    fn describe(live: &Live) -> serde_json::Value {
        format!("{live:?}").into()
    }

    fn fingerprint(reading: &Reading<Live>) -> Fingerprint {
        Fingerprint::of(format!("{:?}", reading.live).as_bytes())
    }

    fn tags(_: &Live) -> Option<&Known<Tags>> {
        None
    }

    /// A read that failed is told too, as unreadable. A range is always told as a version, with an
    /// empty tag where none is known.
    fn fact(
        name: &Name,
        observed: Observed<&Reading<Live>>,
        unread: Option<&Failure>,
    ) -> Option<(FactKey, Option<Fact>)> {
        let range = matches!(Spec::of_reference(name.as_str())?.id, Id::Range(_));
        let found = observed.reading().map(|reading| reading.live.clone());
        let unreadable = || {
            let image = ImageFact::Unreadable(chain(unread?));
            Some(Live { tag: None, image })
        };
        let fact = found.or_else(unreadable).map(|it| match it.tag {
            Some(tag) => Fact::Version(tag, it.image),
            None if range => Fact::Version(String::new(), it.image),
            None => Fact::Image(it.image),
        });
        Some((FactKey::Image(name.clone()), fact))
    }
}
