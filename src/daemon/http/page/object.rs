//! The page of one object, with everything that is a part of it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Extension, Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
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
        view::{
            View, Viewer,
            object::document_key,
            reasons::{self, Advice},
        },
    },
    engine::{
        diff::Change,
        kind::Kind as _,
        status::{Condition, Row, Truth},
    },
    kinds::{document_of, function::Function, release::Release, repository::Repository},
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
    /// The document that this is a part of, if it is one.
    of: Option<ObjectSummary>,
    status: &'static str,
    /// The object that says why: a part, if that is worse off.
    worst: ObjectSummary,
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
    /// Each part with its read times.
    reads: Vec<ReadRow>,
    next: String,
    labels: Vec<(String, String)>,
    place: Option<Link>,
    console: Vec<Link>,
    parts: Vec<ObjectSummary>,
    changes: Vec<FieldRow>,
    steps: Vec<StepRow>,
    ignored: Vec<String>,
    release: Option<ReleaseSummary>,
    conditions: Vec<ConditionRow>,
    history: Vec<HistoryRow>,
    events: Vec<EventRow>,
    orphan: bool,
}

/// When one object was read, and when it is read next.
struct ReadRow {
    kind: &'static str,
    verified: bool,
    read: Option<TimeCell>,
    limit: String,
    next: String,
}

struct Link {
    href: String,
    text: String,
}

/// An object in a line.
struct ObjectSummary {
    href: String,
    kind: &'static str,
    name: String,
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// A field that differs.
struct FieldRow {
    kind: &'static str,
    path: String,
    desired: String,
    live: String,
    origin: &'static str,
    cause: &'static str,
}

struct StepRow {
    kind: &'static str,
    text: String,
}

/// How a release is doing.
struct ReleaseSummary {
    /// What percent of the calls the version gets that is on its way.
    percent: Option<u32>,
    details: Vec<(&'static str, String)>,
}

struct ConditionRow {
    kind: &'static str,
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
        let key = match key {
            Ok(Path(key)) => key,
            Err(bad) => {
                return ErrorPage::respond(context, StatusCode::BAD_REQUEST, bad.body_text());
            }
        };
        if let Some(row) = view.row(&key) {
            return page(StatusCode::OK, &of(context, row, refresh));
        }
        let message = format!("There is no object {key}. It may have left, or not be read yet.");
        ErrorPage::respond(context, StatusCode::NOT_FOUND, message)
    });
    made.await
}

/// Makes the page of an object. If it is a document, then status, causes and drift are those of all
/// its objects together, and the worst of them says why. `refresh`: a read may be asked for.
fn of(context: PageContext<'_>, row: &Arc<Row>, refresh: bool) -> ObjectPage {
    let PageContext { viewer, view } = context;
    let key = row.key.to_string();
    let rows = view.family(row);
    let document = view.document(&row.key);
    let json = format!("/api/v1{}", href(&key));
    let parent = view.row(&document_key(row)).filter(|it| it.key != row.key);
    let drift = document.map_or(row.drift_since, |it| it.drift_since);
    let worst = document.map_or(row, |it| it.worst());
    let causes = document.map_or(&row.causes, |it| &it.causes);
    ObjectPage {
        layout: Layout::new(context, "objects", key.clone(), json),
        refresh,
        name: row.key.name.to_string(),
        kind: row.key.kind,
        of: parent.map(|it| summary(it)),
        status: document.map_or(row.status, |it| it.status).as_str(),
        worst: summary(worst),
        is_worst: worst.key == row.key,
        advice: reasons::of(worst.reason.code).filter(|it| !it.todo.is_empty()),
        held: condition_messages(&rows, "Suspended"),
        since: TimeCell::new(worst.since, view),
        mode: row.mode.as_str(),
        image: image(row).to_owned(),
        digests: digests(row),
        drift: TimeCell::maybe(drift, view),
        causes: causes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        observed: TimeCell::maybe(row.observed, view),
        audited: TimeCell::maybe(row.audited, view),
        reads: rows.iter().map(|it| read_row(it, view)).collect(),
        next: ahead(row.next_check, view),
        labels: row.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        place: row.manifest.as_ref().map(|it| Link {
            href: format!("/source#file:{}", encoded(&it.file)),
            text: it.to_string(),
        }),
        console: console(viewer, view, row),
        parts: rows.iter().skip(1).map(|it| summary(it)).collect(),
        changes: rows.iter().flat_map(|it| fields(it)).collect(),
        steps: rows.iter().flat_map(|it| steps(it)).collect(),
        ignored: condition_messages(&rows, "Ignored"),
        release: rows.iter().find(|it| it.key.kind == Release::NAME).map(|it| release(it)),
        conditions: rows.iter().flat_map(|it| condition_rows(it, view)).collect(),
        history: history(viewer, view, row),
        events: EventRow::all(viewer.events_of(view, row), view),
        orphan: row.orphan,
        key,
    }
}

fn read_row(row: &Row, view: &View) -> ReadRow {
    ReadRow {
        kind: row.key.kind,
        verified: row.holds("Verified"),
        read: TimeCell::maybe(row.audited, view),
        limit: span(row.max_age),
        next: ahead(row.next_check, view),
    }
}

/// What a condition says of each object for which it holds.
fn condition_messages(rows: &[&Arc<Row>], kind: &str) -> Vec<String> {
    let holds = |it: &&Condition| it.kind == kind && it.status == Truth::True;
    let all = rows.iter().flat_map(|it| it.conditions.iter().filter(holds));
    let mut all: Vec<String> = all.map(|it| it.message.clone()).collect();
    all.dedup();
    all
}

/// Sums an object up in one line, with a link to its page.
fn summary(row: &Row) -> ObjectSummary {
    ObjectSummary {
        href: href(&row.key.to_string()),
        kind: row.key.kind,
        name: row.key.name.to_string(),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: row.reason.message.clone(),
    }
}

/// Makes a row of each field of an object that differs.
fn fields(row: &Row) -> Vec<FieldRow> {
    let field = |it: &Change| FieldRow {
        kind: row.key.kind,
        path: it.path.clone(),
        desired: it.desired.text.clone(),
        live: it.live.text.clone(),
        origin: it.origin.as_str(),
        cause: it.cause.as_str(),
    };
    row.changes.iter().map(field).collect()
}

fn steps(row: &Row) -> impl Iterator<Item = StepRow> {
    row.steps.iter().map(|text| StepRow { kind: row.key.kind, text: text.clone() })
}

fn release(row: &Row) -> ReleaseSummary {
    ReleaseSummary { percent: row.percent, details: row.details.clone() }
}

/// Makes a row of each condition of an object.
fn condition_rows(row: &Row, view: &View) -> Vec<ConditionRow> {
    let condition_row = |it: &Condition| ConditionRow {
        kind: row.key.kind,
        condition: it.kind,
        status: it.status.as_str(),
        reason: it.reason,
        message: it.message.clone(),
        since: TimeCell::new(it.since, view),
    };
    row.conditions.iter().map(condition_row).collect()
}

fn history(viewer: &Viewer, view: &View, row: &Arc<Row>) -> Vec<HistoryRow> {
    let history_row =
        |entry: Arc<HistoryEntry>| HistoryRow { at: TimeCell::new(entry.at, view), entry };
    viewer.history(view, row).into_iter().map(history_row).collect()
}

/// Links to AWS's own console: to the function or repository that the object is or belongs to.
/// Empty if the Region or the account that the address needs is not known. AWS does not document
/// these addresses as an interface.
fn console(viewer: &Viewer, view: &View, row: &Row) -> Vec<Link> {
    let Some(region) = viewer.region(&row.key.target) else { return Vec::new() };
    let domain = match region {
        it if it.starts_with("cn-") => "amazonaws.cn",
        it if it.starts_with("us-gov-") => "amazonaws-us-gov.com",
        _ => "aws.amazon.com",
    };
    let home = format!("https://{region}.console.{domain}");
    let (kind, name) = document_of(row.key.kind, &row.key.name);
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
