//! An object as JSON: an interface, documented in `docs/reference/api.md`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    reasons::{self, Advice},
    viewer::View,
};
use crate::{
    daemon::rollup::DocumentRollup,
    engine::{
        diff::{Cause, Change},
        status::{Condition, Row},
    },
    kinds::document_of,
};

/// An object in AWS, as a manifest asks for it and as it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Object)]
pub(crate) struct ObjectView<'a> {
    /// `target/Kind/name`.
    pub key: String,
    /// The target.
    target: &'a str,
    /// The kind.
    kind: &'a str,
    /// The name in AWS.
    name: &'a str,
    /// The key of the document that it is a part of, or is.
    document: String,
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
    /// `enforce` or `observe`.
    mode: &'a str,
    /// Under which causes it drifted.
    causes: Vec<&'a str>,
    /// Since when it has drifted.
    drift_since: Option<Timestamp>,
    /// Every field that differs.
    changes: Vec<DifferenceView<'a>>,
    /// The steps that would mend it, in order.
    steps: &'a [String],
    /// Conditions in the sense of Kubernetes.
    conditions: Vec<ConditionView<'a>>,
    /// Images.
    digests: DigestsView<'a>,
    /// What people read of it besides.
    details: Vec<DetailView<'a>>,
    /// The document's labels.
    labels: &'a BTreeMap<String, String>,
    /// Where it is written.
    manifest: Option<LocationView<'a>>,
    /// When AWS last confirmed what is known.
    observed: Option<Timestamp>,
    /// When the last exact read of it began.
    audited: Option<Timestamp>,
    /// How old that may get, in seconds, before the object does not count as verified any more.
    max_age_seconds: f64,
    /// Whether what is said of it rests on an exact read that began after the last moment at which it may have
    /// changed, and is not older than that.
    verified: bool,
    /// When it will be read again, if nothing happens before.
    next_check: Option<Timestamp>,
    /// It is ours, and no manifest asks for it.
    orphan: bool,
    /// Of a document: all its objects together. Null for a part.
    rollup: Option<RollupView<'a>>,
}

/// A field that differs.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub(crate) struct DifferenceView<'a> {
    /// A JSON Pointer below `spec`.
    path: &'a str,
    /// What the manifest asks for, without secrets.
    desired: &'a str,
    /// What AWS has, without secrets.
    live: &'a str,
    /// Who moved: `pending` (the manifest), `drift` (somebody in AWS) or `both`.
    origin: &'a str,
    /// Under which cause it counts if it is drift.
    cause: &'a str,
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

/// A document as the sum of its objects.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Rollup)]
pub(crate) struct RollupView<'a> {
    /// The worst of their statuses.
    status: &'a str,
    /// Under which causes any of them drifted.
    causes: Vec<&'a str>,
    /// How many fields of them drifted.
    drifted_fields: usize,
    /// Since when the first of them has.
    drift_since: Option<Timestamp>,
    /// How many objects they are, the document's own one included.
    objects: usize,
}

/// Shows an object as the API does: with the sum of all its objects if it is a document.
pub(crate) fn object<'a>(view: &'a View, row: &'a Row) -> ObjectView<'a> {
    ObjectView {
        key: row.key.to_string(),
        target: row.key.target.as_str(),
        kind: row.key.kind,
        name: row.key.name.as_str(),
        document: document_key(row),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: &row.reason.message,
        advice: reasons::of(row.reason.code),
        since: row.since,
        mode: row.mode.as_str(),
        causes: row.causes.iter().map(|it| it.as_str()).collect(),
        drift_since: row.drift_since,
        changes: differences(row),
        steps: &row.steps,
        conditions: conditions(row),
        digests: DigestsView { desired: &row.digests.desired, live: &row.digests.live },
        details: row.details.iter().map(|(name, text)| DetailView { name, text }).collect(),
        labels: &row.labels,
        manifest: row.manifest.as_ref().map(|it| LocationView { file: &it.file, line: it.line }),
        observed: row.observed,
        audited: row.audited,
        max_age_seconds: row.max_age.as_secs_f64(),
        verified: row.holds("Verified"),
        next_check: row.next_check,
        orphan: row.orphan,
        rollup: view.document(&row.key).map(rollup),
    }
}

/// Every field of an object that differs.
pub(crate) fn differences(row: &Row) -> Vec<DifferenceView<'_>> {
    row.changes.iter().map(difference).collect()
}

fn difference(change: &Change) -> DifferenceView<'_> {
    DifferenceView {
        path: &change.path,
        desired: &change.desired.text,
        live: &change.live.text,
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

/// The key of the document that an object is a part of, or is.
pub(crate) fn document_key(row: &Row) -> String {
    let (kind, name) = document_of(row.key.kind, &row.key.name);
    format!("{}/{kind}/{name}", row.key.target)
}

fn rollup(document: &DocumentRollup) -> RollupView<'_> {
    RollupView {
        status: document.status.as_str(),
        causes: document.causes.iter().copied().map(Cause::as_str).collect(),
        drifted_fields: document.fields,
        drift_since: document.drift_since,
        objects: document.rows.len(),
    }
}
