//! The tags of a function: what differs, and the record of what was applied.

use std::collections::BTreeSet;

use super::{
    compare::summary,
    comparison::{Comparison, MOVED},
    ignore::IgnoredField,
    resolve::Resolved,
    spec::Spec,
    step::{Step, Tag, Untag, kind},
};
use crate::engine::{
    diff::{Diff, Planned},
    observed::Known,
    record::Record,
    tags::{self, APPLIED, DesiredTags, IMAGE, TagSteps, Tags},
};

/// The steps that repair tags.
const STEPS: TagSteps = TagSteps { set: kind::TAGS, unset: kind::UNTAG };

/// The lane of tags, which do not depend on what the function runs, nor that on them.
const LANE: &str = "tags";

/// The tags that a new function is made with: the document's, ours, those of its blocks, and the
/// record of what it is made as.
pub(super) fn at_creation(spec: &Spec, resolved: &Resolved) -> Tags {
    let mut tags = spec.tags.set.clone();
    tags.extend(spec.ownership.tags());
    // A new function has no blocks yet, so that all will be ours.
    tags.extend(spec.blocks.clone());
    tags.extend(record_tags(
        spec,
        Some(resolved),
        &Record::of(Some(&resolved.digest), &spec.config_hash),
    ));
    tags
}

/// The tags that remember what was applied.
fn record_tags(spec: &Spec, resolved: Option<&Resolved>, record: &Record) -> Tags {
    let mut tags = Tags::from([(APPLIED.to_owned(), record.text())]);
    // Where a move of the image's tag is only reported: tells a tag whose digest moved from a
    // manifest that names another tag.
    if let Some(resolved) = resolved.filter(|_| spec.image.report_moves) {
        tags.insert(IMAGE.into(), resolved.source.clone());
    }
    tags
}

impl Comparison<'_> {
    /// Adds the tags that differ and, once nothing else is to do, the record of what was applied.
    /// Does nothing while the tags are not known.
    pub(super) fn tags(&self, resolved: Option<&Resolved>, diff: &mut Diff<Step>) {
        let Known::Yes(live) = &self.live.tags else { return };
        let others = |key: &str| {
            self.ignores(&IgnoredField::Tags) || self.ignores(&IgnoredField::Tag(key.to_owned()))
        };
        // The record is written once it is true. A tag that moved and is only reported does not
        // hold it up.
        let settled = diff.steps.is_empty() && diff.waits.iter().all(|it| it.reason.code == MOVED);
        let ours = self.spec.ownership.tags();
        let found = tags::compare(
            &DesiredTags { spec: &self.spec.tags, ours: &ours },
            live,
            others,
            &STEPS,
        );
        diff.changes.extend(found.changes);
        diff.conditions.extend(tags::left(&found.extra));
        let mut set = found.set;
        let kind = if set.is_empty() { kind::RECORD } else { kind::TAGS };
        let mut shown: Vec<String> = Vec::new();
        if kind == kind::TAGS {
            shown.push(summary(&diff.changes, kind::TAGS));
        }
        if settled && let Some(stale) = self.stale_record(resolved, live) {
            shown.extend(stale.get(APPLIED).map(|it| format!("record {it}")));
            set.extend(stale);
        }
        if !set.is_empty() {
            let tag = self.tag(set, shown.join(", "));
            let planned = Planned::new(kind, Step::Tag(tag));
            // Whoever takes something over says so before any other change: after a crash it is
            // known as ours.
            let first = kind == kind::TAGS && !self.spec.ownership.holds(live);
            match kind {
                _ if first => diff.steps.insert(0, planned),
                // A record is written once all else is done.
                kind::RECORD => diff.steps.push(planned),
                _ => diff.steps.push(planned.in_lane(LANE)),
            }
        }
        self.untag(found.unset, diff);
    }

    fn tag(&self, tags: Tags, shown: String) -> Tag {
        Tag { name: self.name.clone(), arn: self.spec.arn.clone(), tags, shown }
    }

    fn untag(&self, keys: BTreeSet<String>, diff: &mut Diff<Step>) {
        if keys.is_empty() {
            return;
        }
        let shown = summary(&diff.changes, kind::UNTAG);
        let (name, arn) = (self.name.clone(), self.spec.arn.clone());
        let step = Step::Untag(Untag { name, arn, keys, shown });
        diff.steps.push(Planned::new(kind::UNTAG, step).in_lane(LANE));
    }

    /// The tags of the record, if they say something else than they should. `None` while AWS hides
    /// part of the configuration, or while the image is not known: then the record could be untrue.
    fn stale_record(&self, resolved: Option<&Resolved>, live: &Tags) -> Option<Tags> {
        if self.hidden().next().is_some() {
            return None;
        }
        let theirs = self.ignores(&IgnoredField::Image);
        let moved = resolved.is_some_and(|it| self.has_moved(it));
        // An image that we do not deploy is recorded as it runs.
        let digest = if theirs || moved { self.live.digest.as_ref()? } else { &resolved?.digest };
        if moved && !self.record.as_ref().is_some_and(|it| it.is_image(Some(digest))) {
            return None;
        }
        let fresh =
            record_tags(self.spec, resolved, &Record::of(Some(digest), &self.spec.config_hash));
        let stale = fresh.iter().any(|(key, value)| live.get(key) != Some(value));
        stale.then_some(fresh)
    }
}
