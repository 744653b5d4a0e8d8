//! The page of one object, with its facets.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Extension, Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{
    format::{EventRow, TimeCell, ahead, digests, encoded, href, image, span},
    layout::{ErrorPage, Layout, PageContext, page},
};
use crate::{
    daemon::{
        event_log::HistoryEntry,
        http::{
            context::{AppState, RefreshAccess},
            host::IsOwnHost,
        },
        objects::{BoardObject, FacetName, object_key},
        view::{
            View, Viewer, parse_key,
            reasons::{self, Advice},
        },
    },
    engine::{
        diff::Change,
        kind::Kind as _,
        name::Key,
        partition::Partition,
        status::{Condition, Row, ShownRow, Truth},
    },
    kinds::{function::Function, release::Release, repository::Repository},
};

#[derive(Template)]
#[template(path = "object.html")]
struct ObjectPage {
    layout: Layout,
    /// Whether a read may be asked for here.
    refresh: bool,
    key: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    /// The facet that says why: the worst.
    worst: FacetSummary,
    is_worst: bool,
    advice: Option<Advice>,
    held: Vec<String>,
    since: TimeCell,
    mode: &'static str,
    image: String,
    digests: String,
    drift: Option<TimeCell>,
    causes: String,
    observed: Option<TimeCell>,
    audited: Option<TimeCell>,
    next: String,
    labels: Vec<(String, String)>,
    place: Option<Link>,
    console: Vec<Link>,
    /// Each facet with its status and read times.
    facets: Vec<FacetSummary>,
    changes: Vec<FieldRow>,
    steps: Vec<StepRow>,
    ignored: Vec<String>,
    release: Option<ReleaseSummary>,
    conditions: Vec<ConditionRow>,
    history: Vec<HistoryRow>,
    events: Vec<EventRow>,
    orphan: bool,
}

struct Link {
    href: String,
    text: String,
}

/// A facet in a line: its status, and when it was and will be read.
struct FacetSummary {
    facet: String,
    status: &'static str,
    reason: &'static str,
    message: String,
    verified: bool,
    read: Option<TimeCell>,
    limit: String,
    next: String,
}

/// A field that differs.
struct FieldRow {
    facet: String,
    path: String,
    live: String,
    desired: String,
    origin: &'static str,
    cause: &'static str,
}

struct StepRow {
    facet: String,
    text: String,
}

/// How a release is doing.
struct ReleaseSummary {
    /// What percent of the calls the version gets that is on its way.
    percent: Option<u32>,
    details: Vec<(&'static str, String)>,
}

struct ConditionRow {
    facet: String,
    condition: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
    since: TimeCell,
}

/// A change in the history.
struct HistoryRow {
    at: TimeCell,
    entry: Arc<HistoryEntry>,
}

/// Answers with the page of one object, or with an error page if the key is no text or there is no
/// such object.
pub(super) async fn object(
    State(app): State<AppState>,
    Extension(host): Extension<IsOwnHost>,
    key: Result<Path<String>, PathRejection>,
) -> Response {
    let refresh = app.refresh_access == RefreshAccess::Open && host == IsOwnHost(true);
    let made = app.render(move |viewer, view| {
        let context = PageContext { viewer, view };
        let text = match key {
            Ok(Path(key)) => key,
            Err(bad) => {
                return ErrorPage::respond(context, StatusCode::BAD_REQUEST, bad.body_text());
            }
        };
        let key = parse_key(&text);
        if let Some(object) = key.as_ref().and_then(|it| view.object(it)) {
            return page(StatusCode::OK, &of(context, object, refresh));
        }
        // An address of one of its facets, as an event or a log line may name it.
        let whole = key.as_ref().map(object_key);
        if let Some(whole) = whole.filter(|it| view.object(it).is_some()) {
            return Redirect::permanent(&href(&whole.to_string())).into_response();
        }
        let message = format!("There is no object {text}. It may have left, or not be read yet.");
        ErrorPage::respond(context, StatusCode::NOT_FOUND, message)
    });
    made.await
}

/// Makes the page of an object. `refresh`: a read may be asked for.
fn of(context: PageContext<'_>, object: &BoardObject, refresh: bool) -> ObjectPage {
    let PageContext { viewer, view } = context;
    let (row, worst) = (&object.base, object.worst());
    let key = row.key.to_string();
    let rows = &object.facets;
    let json = format!("/api/v1{}", href(&key));
    ObjectPage {
        layout: Layout::new(context, "objects", key.clone(), json),
        refresh,
        name: row.key.name.to_string(),
        kind: row.key.kind,
        status: object.status.as_str(),
        worst: summary(worst, view),
        is_worst: worst.key == row.key,
        advice: reasons::of(worst.reason.code).filter(|it| !it.todo.is_empty()),
        held: condition_messages(rows, "Suspended"),
        since: TimeCell::new(worst.since, view),
        mode: row.mode.as_str(),
        image: image(row).to_owned(),
        digests: digests(row),
        drift: TimeCell::maybe(object.drift_since, view),
        causes: object.causes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        observed: TimeCell::maybe(object.observed(), view),
        audited: TimeCell::maybe(object.audited(), view),
        next: ahead(object.next_check(), view),
        labels: row.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        place: row.manifest.as_ref().map(|it| Link {
            href: format!("/source#file:{}", encoded(&it.file)),
            text: it.to_string(),
        }),
        console: console(viewer, view, row),
        facets: rows.iter().map(|it| summary(it, view)).collect(),
        changes: rows.iter().flat_map(|it| fields(it)).collect(),
        steps: rows.iter().flat_map(|it| steps(it)).collect(),
        ignored: condition_messages(rows, "Ignored"),
        release: rows.iter().find(|it| it.key.kind == Release::NAME).map(|it| release(it)),
        conditions: rows.iter().flat_map(|it| condition_rows(it, view)).collect(),
        history: history(viewer, view, object),
        events: EventRow::all(viewer.events_of(object), view),
        orphan: row.orphan,
        key,
    }
}

/// What a condition says of each object for which it holds.
fn condition_messages(rows: &[ShownRow], kind: &str) -> Vec<String> {
    let holds = |it: &&Condition| it.kind == kind && it.status == Truth::True;
    let all = rows.iter().flat_map(|it| it.conditions.iter().filter(holds));
    let mut all: Vec<String> = all.map(|it| it.message.clone()).collect();
    all.dedup();
    all
}

/// Sums a facet up in one line.
fn summary(row: &ShownRow, view: &View) -> FacetSummary {
    FacetSummary {
        facet: facet(row),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: row.reason.message.clone(),
        verified: row.holds("Verified"),
        read: TimeCell::maybe(row.times.audited, view),
        limit: span(row.times.max_age),
        next: ahead(row.times.next_check, view),
    }
}

fn facet(row: &Row) -> String {
    FacetName::of(&row.key).to_string()
}

/// Makes a row of each field of an object that differs.
fn fields(row: &Row) -> Vec<FieldRow> {
    let field = |it: &Change| FieldRow {
        facet: facet(row),
        path: it.path.clone(),
        live: it.live.text.clone(),
        desired: it.desired.text.clone(),
        origin: it.origin.as_str(),
        cause: it.cause.as_str(),
    };
    row.changes.iter().map(field).collect()
}

fn steps(row: &Row) -> impl Iterator<Item = StepRow> {
    row.steps.iter().map(|text| StepRow { facet: facet(row), text: text.clone() })
}

fn release(row: &Row) -> ReleaseSummary {
    ReleaseSummary { percent: row.percent, details: row.details.clone() }
}

/// Makes a row of each condition of an object.
fn condition_rows(row: &Row, view: &View) -> Vec<ConditionRow> {
    let condition_row = |it: &Condition| ConditionRow {
        facet: facet(row),
        condition: it.kind,
        status: it.status.as_str(),
        reason: it.reason,
        message: it.message.clone(),
        since: TimeCell::new(it.since, view),
    };
    row.conditions.iter().map(condition_row).collect()
}

fn history(viewer: &Viewer, view: &View, object: &BoardObject) -> Vec<HistoryRow> {
    let history_row =
        |entry: Arc<HistoryEntry>| HistoryRow { at: TimeCell::new(entry.at, view), entry };
    viewer.history(object).into_iter().map(history_row).collect()
}

/// Links to AWS's own console: to the function or repository that the object is or belongs to.
/// Empty if the Region or the account that the address needs is not known. AWS does not document
/// these addresses as an interface.
fn console(viewer: &Viewer, view: &View, row: &Row) -> Vec<Link> {
    let Some(region) = viewer.region(&row.key.target) else { return Vec::new() };
    let Some(console) = Partition::of(region).console else { return Vec::new() };
    let home = format!("https://{region}.{console}");
    let Key { kind, name, .. } = object_key(&row.key);
    let name = encoded(name.as_str());
    let link =
        |path: String, text: &str| Link { href: format!("{home}/{path}"), text: text.into() };
    if kind == Function::NAME {
        let function = format!("lambda/home?region={region}#/functions/{name}");
        return vec![link(function, "Function in the AWS console")];
    }
    match view.account(&row.key.target) {
        Some(account) if kind == Repository::NAME => {
            let path = format!("ecr/repositories/private/{account}/{name}?region={region}");
            vec![link(path, "Repository in the AWS console")]
        }
        _ => Vec::new(),
    }
}
