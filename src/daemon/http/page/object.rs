//! The page of one object, with everything that is a part of it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};

use super::{
    Desk, Frame, Missing, page,
    words::{Told, When, ahead, digests, encoded, href, image},
};
use crate::{
    daemon::{
        event_log::Entry,
        view::{
            View, Viewer,
            object::document_key,
            reasons::{self, Reason},
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
    frame: Frame,
    key: String,
    name: String,
    kind: &'static str,
    /// The document that this is a part of, if it is one.
    of: Option<Part>,
    status: &'static str,
    /// The object that says why: a part, if that is worse off.
    speaker: Part,
    speaks_for_itself: bool,
    advice: Option<Reason>,
    held: Vec<String>,
    since: When,
    mode: &'static str,
    image: String,
    digests: String,
    drift: Option<When>,
    causes: String,
    observed: Option<When>,
    audited: Option<When>,
    next: String,
    labels: Vec<(String, String)>,
    place: Option<Link>,
    console: Vec<Link>,
    parts: Vec<Part>,
    changes: Vec<Field>,
    steps: Vec<Step>,
    ignored: Vec<String>,
    release: Option<Progress>,
    conditions: Vec<Aspect>,
    history: Vec<Turn>,
    events: Vec<Told>,
    orphan: bool,
}

struct Link {
    href: String,
    text: String,
}

/// An object in a line.
struct Part {
    href: String,
    kind: &'static str,
    name: String,
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// A field that differs.
struct Field {
    kind: &'static str,
    path: String,
    desired: String,
    live: String,
    origin: &'static str,
    cause: &'static str,
}

struct Step {
    kind: &'static str,
    text: String,
}

/// How a release is doing.
struct Progress {
    /// What percent of the calls the version gets that is on its way.
    percent: Option<u32>,
    details: Vec<(&'static str, String)>,
}

struct Aspect {
    kind: &'static str,
    condition: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
    since: When,
}

/// A change in the history.
struct Turn {
    at: When,
    entry: Arc<Entry>,
}

pub(super) async fn object(
    State(desk): State<Desk>,
    key: Result<Path<String>, PathRejection>,
) -> Response {
    let made = desk.make(|viewer, view| {
        let seen = (viewer, view);
        let key = match key {
            Ok(Path(key)) => key,
            Err(bad) => return Missing::page(seen, StatusCode::BAD_REQUEST, bad.body_text()),
        };
        if let Some(row) = view.row(&key) {
            return page(StatusCode::OK, &of(seen, row));
        }
        let message = format!("There is no object {key}. It may have left, or not be read yet.");
        Missing::page(seen, StatusCode::NOT_FOUND, message)
    });
    made.await
}

fn of((viewer, view): (&Viewer, &View), row: &Arc<Row>) -> ObjectPage {
    let key = row.key.to_string();
    let rows = view.family(row);
    let document = view.document(&row.key);
    let json = format!("/api/v1{}", href(&key));
    let parent = view.row(&document_key(row)).filter(|it| it.key != row.key);
    let drift = document.map_or(row.drift_since, |it| it.drift_since);
    let speaker = document.map_or(row, |it| it.speaker());
    let causes = document.map_or(&row.causes, |it| &it.causes);
    ObjectPage {
        frame: Frame::new((viewer, view), "objects", (key.clone(), json)),
        name: row.key.name.to_string(),
        kind: row.key.kind,
        of: parent.map(|it| part(it)),
        status: document.map_or(row.status, |it| it.status).as_str(),
        speaker: part(speaker),
        speaks_for_itself: speaker.key == row.key,
        advice: reasons::of(speaker.reason.code).filter(|it| !it.todo.is_empty()),
        held: told(&rows, "Suspended"),
        since: When::new(speaker.since, view),
        mode: row.mode.as_str(),
        image: image(row).to_owned(),
        digests: digests(row),
        drift: When::maybe(drift, view),
        causes: causes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        observed: When::maybe(row.observed, view),
        audited: When::maybe(row.audited, view),
        next: ahead(row.next_check, view),
        labels: row.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        place: row.manifest.as_ref().map(|it| Link {
            href: format!("/source#file:{}", encoded(&it.file)),
            text: it.to_string(),
        }),
        console: console(viewer, view, row),
        parts: rows.iter().skip(1).map(|it| part(it)).collect(),
        changes: rows.iter().flat_map(|it| fields(it)).collect(),
        steps: rows.iter().flat_map(|it| steps(it)).collect(),
        ignored: told(&rows, "Ignored"),
        release: rows.iter().find(|it| it.key.kind == Release::NAME).map(|it| release(it)),
        conditions: rows.iter().flat_map(|it| aspects(it, view)).collect(),
        history: history(viewer, view, row),
        events: Told::all(viewer.events_of(view, row), view),
        orphan: row.orphan,
        key,
    }
}

/// What a condition says of each object for which it holds.
fn told(rows: &[&Arc<Row>], kind: &str) -> Vec<String> {
    let holds = |it: &&Condition| it.kind == kind && it.status == Truth::True;
    let all = rows.iter().flat_map(|it| it.conditions.iter().filter(holds));
    let mut all: Vec<String> = all.map(|it| it.message.clone()).collect();
    all.dedup();
    all
}

fn part(row: &Row) -> Part {
    Part {
        href: href(&row.key.to_string()),
        kind: row.key.kind,
        name: row.key.name.to_string(),
        status: row.status.as_str(),
        reason: row.reason.code,
        message: row.reason.message.clone(),
    }
}

fn fields(row: &Row) -> Vec<Field> {
    let field = |it: &Change| Field {
        kind: row.key.kind,
        path: it.path.clone(),
        desired: it.desired.text.clone(),
        live: it.live.text.clone(),
        origin: it.origin.as_str(),
        cause: it.cause.as_str(),
    };
    row.changes.iter().map(field).collect()
}

fn steps(row: &Row) -> impl Iterator<Item = Step> {
    row.steps.iter().map(|text| Step { kind: row.key.kind, text: text.clone() })
}

fn release(row: &Row) -> Progress {
    Progress { percent: row.percent, details: row.details.clone() }
}

fn aspects(row: &Row, view: &View) -> Vec<Aspect> {
    let aspect = |it: &Condition| Aspect {
        kind: row.key.kind,
        condition: it.kind,
        status: it.status.as_str(),
        reason: it.reason,
        message: it.message.clone(),
        since: When::new(it.since, view),
    };
    row.conditions.iter().map(aspect).collect()
}

fn history(viewer: &Viewer, view: &View, row: &Arc<Row>) -> Vec<Turn> {
    let turn = |entry: Arc<Entry>| Turn { at: When::new(entry.at, view), entry };
    viewer.history(view, row).into_iter().map(turn).collect()
}

/// Where AWS's own console shows it (its addresses are not documented as an interface).
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
