//! An object as JSON: an interface, documented in `docs/reference/api.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::reasons::{self, Advice};
use crate::{
    daemon::objects::{BoardObject, FacetName},
    engine::{
        diff::Change,
        status::{Condition, Row, ShownRow},
    },
};

/// An object in AWS with its facets: as its manifest asks for it and as it is. Without `facets`, a summary of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Object)]
pub(crate) struct ObjectView<'a> {
    /// `target/Kind/name`.
    key: String,
    /// The target.
    target: &'a str,
    /// The kind.
    kind: &'a str,
    /// The name in AWS.
    name: &'a str,
    /// The worst status of all facets.
    status: &'a str,
    /// The facet that the reason is about: the first with this status.
    facet: String,
    /// Why, in PascalCase: one of a closed list.
    reason: &'a str,
    /// Why, in words.
    message: &'a str,
    /// What the reason means and what to do about it; null if there is no more to say.
    advice: Option<Advice>,
    /// Since when status and reason are these.
    since: Timestamp,
    /// `enforce` or `observe`.
    mode: &'a str,
    /// Under which causes any facet drifted.
    causes: Vec<&'a str>,
    /// How many fields of all facets drifted.
    drifted_fields: usize,
    /// Since when the first facet has drifted.
    drift_since: Option<Timestamp>,
    /// Images.
    digests: DigestsView<'a>,
    /// The document's labels.
    labels: &'a BTreeMap<String, String>,
    /// Where it is written.
    manifest: Option<LocationView<'a>>,
    /// When AWS last confirmed the facet that was confirmed longest ago; null: one never was.
    observed: Option<Timestamp>,
    /// When the last exact read of the facet began that was read longest ago; null: one never was.
    audited: Option<Timestamp>,
    /// Whether every facet is.
    verified: bool,
    /// When the next of its facets is read, if nothing happens before.
    next_check: Option<Timestamp>,
    /// It is ours, and no manifest asks for it.
    orphan: bool,
    /// Its facets, the object itself first.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<Vec<FacetView<'a>>>,
}

/// What one member of a manifest describes of an object, or the object itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Facet)]
pub(crate) struct FacetView<'a> {
    /// The member of `spec`, as `url` or `concurrency.provisioned`; of the object itself its kind, as `function`.
    name: String,
    /// Which one of a member that is a list: of an event source what it reads from. Else null.
    item: Option<String>,
    /// How it is doing, in one word.
    status: &'a str,
    /// Why, in PascalCase: one of a closed list.
    reason: &'a str,
    /// Why, in words.
    message: &'a str,
    /// What the reason means and what to do about it; null if there is no more to say.
    advice: Option<Advice>,
    /// Since when status and reason are these.
    since: Timestamp,
    /// Under which causes it drifted.
    causes: Vec<&'a str>,
    /// Since when it has drifted.
    drift_since: Option<Timestamp>,
    /// Every field that differs.
    changes: Vec<DifferenceView<'a>>,
    /// The steps that would repair it, in order.
    steps: &'a [String],
    /// Conditions in the sense of Kubernetes.
    conditions: Vec<ConditionView<'a>>,
    /// What people read of it besides.
    details: Vec<DetailView<'a>>,
    /// When AWS last confirmed what is known.
    observed: Option<Timestamp>,
    /// When the last exact read of it began.
    audited: Option<Timestamp>,
    /// How old that may get, in seconds, before the facet does not count as verified any more.
    max_age_seconds: f64,
    /// Whether what is said of it rests on an exact read that began after the last moment at which it may have
    /// changed, and is not older than that.
    verified: bool,
    /// When it will be read again, if nothing happens before.
    next_check: Option<Timestamp>,
}

/// A field that differs.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub(crate) struct DifferenceView<'a> {
    /// A JSON Pointer below `spec`.
    pub(crate) path: &'a str,
    /// What AWS has, without secrets.
    pub(crate) live: &'a str,
    /// What the manifest asks for, without secrets.
    pub(crate) desired: &'a str,
    /// Who moved: `pending` (the manifest), `drift` (another party in AWS) or `both`.
    pub(crate) origin: &'a str,
    /// Under which cause it counts if it is drift.
    pub(crate) cause: &'a str,
}

/// One aspect of an object.
#[derive(Serialize, ToSchema)]
#[schema(as = Condition)]
pub(crate) struct ConditionView<'a> {
    /// As `Ready`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// `True`, `False` or `Unknown`.
    status: &'a str,
    /// Why, in PascalCase.
    reason: &'a str,
    /// Why, in words.
    message: &'a str,
    /// Since when.
    since: Timestamp,
}

/// Images, 12 hex digits each; empty if unknown.
#[derive(Serialize, ToSchema)]
#[schema(as = Digests)]
pub(crate) struct DigestsView<'a> {
    /// The one that is wanted.
    desired: &'a str,
    /// The one that runs.
    live: &'a str,
}

/// One thing that people read of an object besides.
#[derive(Serialize, ToSchema)]
#[schema(as = Detail)]
pub(crate) struct DetailView<'a> {
    /// As `smoke test`.
    name: &'a str,
    /// In words.
    text: &'a str,
}

/// A place in a manifest.
#[derive(Serialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct LocationView<'a> {
    /// Below the watched directory.
    file: &'a str,
    /// From 1.
    line: u32,
}

/// Shows an object as the API does. `facets`: with its facets.
pub(crate) fn object(it: &BoardObject, facets: bool) -> ObjectView<'_> {
    let (row, worst) = (&it.base, it.worst());
    ObjectView {
        key: row.key.to_string(),
        target: row.key.target.as_str(),
        kind: row.key.kind,
        name: row.key.name.as_str(),
        status: it.status.as_str(),
        facet: FacetName::of(&worst.key).to_string(),
        reason: worst.reason.code,
        message: &worst.reason.message,
        advice: reasons::of(worst.reason.code),
        since: worst.since,
        mode: row.mode.as_str(),
        causes: it.causes.iter().map(|it| it.as_str()).collect(),
        drifted_fields: it.fields,
        drift_since: it.drift_since,
        digests: DigestsView { desired: &row.digests.desired, live: &row.digests.live },
        labels: &row.labels,
        manifest: row.manifest.as_ref().map(|it| LocationView { file: &it.file, line: it.line }),
        observed: it.observed(),
        audited: it.audited(),
        verified: it.facets.iter().all(|it| it.holds("Verified")),
        next_check: it.next_check(),
        orphan: row.orphan,
        facets: facets.then(|| it.facets.iter().map(|it| facet(it)).collect()),
    }
}

/// Shows a facet as the API does.
fn facet(row: &ShownRow) -> FacetView<'_> {
    let FacetName { name, item } = FacetName::of(&row.key);
    FacetView {
        name,
        item,
        status: row.status.as_str(),
        reason: row.reason.code,
        message: &row.reason.message,
        advice: reasons::of(row.reason.code),
        since: row.since,
        causes: row.causes.iter().map(|it| it.as_str()).collect(),
        drift_since: row.drift_since,
        changes: differences(row),
        steps: &row.steps,
        conditions: conditions(row),
        details: row.details.iter().map(|(name, text)| DetailView { name, text }).collect(),
        observed: row.times.observed,
        audited: row.times.audited,
        max_age_seconds: row.times.max_age.as_secs_f64(),
        verified: row.holds("Verified"),
        next_check: row.times.next_check,
    }
}

/// Every field of an object that differs.
pub(crate) fn differences(row: &Row) -> Vec<DifferenceView<'_>> {
    row.changes.iter().map(difference).collect()
}

fn difference(change: &Change) -> DifferenceView<'_> {
    DifferenceView {
        path: &change.path,
        live: &change.live.text,
        desired: &change.desired.text,
        origin: change.origin.as_str(),
        cause: change.cause.as_str(),
    }
}

fn conditions(row: &Row) -> Vec<ConditionView<'_>> {
    row.conditions.iter().map(condition).collect()
}

fn condition(it: &Condition) -> ConditionView<'_> {
    let Condition { kind, status, reason, message, since } = it;
    ConditionView { kind, status: status.as_str(), reason, message, since: *since }
}
