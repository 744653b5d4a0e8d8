//! The series of single objects, and with all the detail there is of their facets.

use super::values::{count, flag, seconds, total};
use crate::{
    daemon::{
        objects::{BoardObject, FacetName},
        text::{ExpositionWriter, Family, MetricType},
    },
    engine::{
        diff::Cause,
        name::Key,
        status::{Ending, Status},
    },
};

/// The labels of one object, and with one more. A facet is empty for the object as a whole, and Prometheus takes an
/// empty label for one that is not there.
const O: [&str; 4] = ["target", "kind", "name", "facet"];
const STATUS: [&str; 5] = ["target", "kind", "name", "facet", "status"];
const CAUSE: [&str; 5] = ["target", "kind", "name", "facet", "cause"];
const RESULT: [&str; 5] = ["target", "kind", "name", "facet", "result"];
const INFO: [&str; 8] =
    ["target", "kind", "name", "facet", "mode", "desired_digest", "live_digest", "revision"];

/// What series are about: an object as a whole, or one of its facets.
pub(super) struct SeriesSubject {
    /// The key of the object.
    key: Key,
    /// The facet; empty: the whole.
    facet: String,
    /// The whole, or the facet alone.
    it: BoardObject,
}

impl SeriesSubject {
    /// An object, and if `facets` each of its facets but the base.
    pub(super) fn all(object: &BoardObject, facets: bool) -> Vec<Self> {
        let key = object.key();
        let of = |facet, it| Self { key: key.clone(), facet, it };
        let facet = |it: BoardObject| of(FacetName::of(it.key()).to_string(), it);
        let parts = object.split().filter(|_| facets).map(facet);
        std::iter::once(of(String::new(), object.clone())).chain(parts).collect()
    }

    fn labels(&self) -> [&str; 4] {
        [self.key.target.as_str(), self.key.kind, self.key.name.as_str(), &self.facet]
    }

    fn with<'a>(&'a self, label: &'a str) -> [&'a str; 5] {
        let [target, kind, name, facet] = self.labels();
        [target, kind, name, facet, label]
    }
}

impl ExpositionWriter<'_> {
    /// One sample for each object.
    fn each(
        &mut self,
        family: &Family<'_>,
        all: &[SeriesSubject],
        value: impl Fn(&BoardObject) -> f64,
    ) {
        let samples = all.iter().map(|it| (it.labels(), value(&it.it)));
        self.gauge(family, samples);
    }

    /// Writes the series of single objects: status, drift, times, conditions, steps, releases.
    /// `revision` is the commit of the manifests, a label of the info series.
    pub(super) fn objects(&mut self, all: &[SeriesSubject], revision: &str) {
        let family = Family("evenkeel_object_status", "The object's status, as a set.", &STATUS);
        let samples = all.iter().flat_map(|it| Status::ALL.map(|status| (it, status)));
        self.gauge(
            &family,
            samples.map(|(it, status)| (it.with(status.as_str()), flag(it.it.status == status))),
        );
        let help = "Since when an exact read has been missing that would say whether the object is as its manifest asks; \
                    0 if it is not unverified.";
        let name = "evenkeel_object_unverified_since_timestamp_seconds";
        self.each(&Family(name, help, &O), all, |it| {
            seconds(it.unverified_since().filter(|_| it.status == Status::Unverified))
        });
        self.drift(all);
        let help = "When a list or a look last confirmed the object.";
        let name = "evenkeel_object_last_observed_timestamp_seconds";
        self.each(&Family(name, help, &O), all, |it| seconds(it.base.times.observed));
        let help = "When the object was last read exactly.";
        let name = "evenkeel_object_last_audited_timestamp_seconds";
        self.each(&Family(name, help, &O), all, |it| seconds(it.base.times.audited));
        let suspended = |it: &BoardObject| it.status == Status::Suspended;
        let help = "Whether writes are held.";
        self.each(&Family("evenkeel_object_suspended", help, &O), all, |it| flag(suspended(it)));
        let help = "Since when writes are held; 0 if they are not.";
        self.each(
            &Family("evenkeel_object_suspended_since_timestamp_seconds", help, &O),
            all,
            |it| seconds(Some(it.worst().since).filter(|_| suspended(it))),
        );
        let help =
            "Whether Evenkeel leaves the object alone since another party keeps changing it back.";
        self.each(&Family("evenkeel_object_fighting", help, &O), all, |it| {
            flag(it.has("Fighting"))
        });
        let help = "Whether the image that it was deployed from is gone from ECR.";
        self.each(&Family("evenkeel_object_image_missing", help, &O), all, |it| {
            flag(it.has("ImageMissing"))
        });
        self.infos(all, revision);
        let help = "Steps that AWS accepted or refused.";
        let samples = all.iter().flat_map(|it| {
            let (success, error) = it.it.steps;
            [(it.with("success"), total(success)), (it.with("error"), total(error))]
        });
        let family = Family("evenkeel_object_steps_total", help, &RESULT);
        self.family(MetricType::Counter, &family, samples);
        self.releases(all);
    }

    /// Writes for each object whether it drifted and under which cause, in how many fields, and
    /// since when.
    fn drift(&mut self, all: &[SeriesSubject]) {
        let help = "Whether the object was changed in AWS outside Evenkeel, by what was changed.";
        let samples = all.iter().flat_map(|it| Cause::ALL.map(|cause| (it, cause)));
        self.gauge(
            &Family("evenkeel_object_drift", help, &CAUSE),
            samples
                .map(|(it, cause)| (it.with(cause.as_str()), flag(it.it.causes.contains(&cause)))),
        );
        let help = "Number of fields that were changed in AWS outside Evenkeel.";
        self.each(&Family("evenkeel_object_drift_fields", help, &O), all, |it| count(it.fields));
        let help = "Since when the object has drifted; 0 if it has not.";
        let name = "evenkeel_object_drift_since_timestamp_seconds";
        self.each(&Family(name, help, &O), all, |it| seconds(it.drift_since));
    }

    /// Writes the info series of each object, whose labels name its mode, its images and the
    /// commit.
    fn infos(&mut self, all: &[SeriesSubject], revision: &str) {
        let samples = all.iter().map(|it| {
            let [target, kind, name, facet] = it.labels();
            let row = &it.it.base;
            let (desired, live) = (&*row.digests.desired, &*row.digests.live);
            ([target, kind, name, facet, row.mode.as_str(), desired, live, revision], 1.0)
        });
        self.gauge(
            &Family("evenkeel_object_info", "What the object is; always 1.", &INFO),
            samples,
        );
    }

    /// Writes how releases go and how they ended, for the functions that have one.
    fn releases(&mut self, all: &[SeriesSubject]) {
        let ours = || all.iter().filter_map(|it| Some((it, it.it.release()?)));
        let help = "What part of the calls a version on its way gets; 0 when none is.";
        self.gauge(
            &Family("evenkeel_release_weight_ratio", help, &O),
            ours().map(|(of, it)| (of.labels(), f64::from(it.percent.unwrap_or(0)) / 100.0)),
        );
        let help = "What releases came to: all callers got the version (promoted), it failed before it had any \
                    (rejected), or it lost them again, as it did badly or by a person (rolled_back).";
        let samples = ours().flat_map(|(of, it)| {
            Ending::ALL.map(|ending| {
                let times = it.endings.get(&ending).copied().unwrap_or(0);
                (of.with(ending.as_str()), total(times))
            })
        });
        let family = Family("evenkeel_releases_total", help, &RESULT);
        self.family(MetricType::Counter, &family, samples);
    }
}
