//! The first page: how everything is doing.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use jiff::Timestamp;

use super::{
    format::{EventRow, TimeCell, href},
    layout::{Layout, PageContext, page},
};
use crate::{
    daemon::{http::context::AppState, objects::BoardObject, view::View},
    engine::status::Status,
};

/// How many of the longest drifts are shown.
const DRIFTS: usize = 10;
/// How many events.
const EVENTS: usize = 15;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    layout: Layout,
    total: usize,
    tiles: Vec<Tile>,
    drifts: Vec<Drift>,
    events: Vec<EventRow>,
    source: String,
    revision: String,
    read: Option<TimeCell>,
    documents: usize,
    next: String,
    unmanaged: usize,
}

struct Tile {
    status: &'static str,
    count: usize,
    meaning: &'static str,
}

struct Drift {
    href: String,
    key: String,
    causes: String,
    since: TimeCell,
    message: String,
}

pub(super) async fn overview(State(app): State<AppState>) -> Response {
    app.render(|viewer, view| page(StatusCode::OK, &of(PageContext { viewer, view }))).await
}

/// Makes the overview: documents by status, the longest drifts, the newest events, the manifests,
/// and when the next list of any engine is due.
fn of(context: PageContext<'_>) -> Overview {
    let PageContext { viewer, view } = context;
    let counts = view.counts();
    let count = |it: Status| counts.get(it.as_str()).copied().unwrap_or_default();
    let tile = |it: Status| Tile { status: it.as_str(), count: count(it), meaning: meaning(it) };
    let source = &view.shown.source;
    let snapshot = source.snapshot.as_ref();
    let due = view.shown.facets.values().filter_map(|it| it.summary.next_list).min();
    let next = due.map(|at| format!("in {}s", at.since(view.at.mono).as_secs()));
    Overview {
        layout: Layout::new(context, "overview", "Overview", "/api/v1/objects?facets=false"),
        total: counts.values().sum(),
        tiles: Status::ALL.map(tile).into(),
        drifts: drifts(view),
        events: EventRow::all(viewer.newest(EVENTS), view),
        source: source.path.clone(),
        revision: snapshot.and_then(|it| it.revision.clone()).unwrap_or_default(),
        read: TimeCell::maybe(source.good_at, view),
        documents: snapshot.map_or(0, |it| it.documents.len()),
        next: next.unwrap_or_else(|| "under way".into()),
        unmanaged: view.shown.facets.values().map(|it| it.summary.unmanaged).sum(),
    }
}

/// The documents that have drifted for longest, at most [`DRIFTS`] of them.
fn drifts(view: &View) -> Vec<Drift> {
    let drifted = view.documents().filter_map(|it| Some((it.drift_since?, it)));
    let mut all: Vec<(Timestamp, &BoardObject)> = drifted.collect();
    all.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.key().cmp(b.key())));
    let drift = |(since, it): &(Timestamp, &BoardObject)| Drift {
        href: href(&it.key().to_string()),
        key: it.key().to_string(),
        causes: it.causes.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        since: TimeCell::new(*since, view),
        message: it.worst().reason.message.clone(),
    };
    all.iter().take(DRIFTS).map(drift).collect()
}

/// What a status means, in a few words.
fn meaning(status: Status) -> &'static str {
    match status {
        Status::Synced => "as the manifests ask",
        Status::Unverified => "not read yet",
        Status::Pending => "waiting, or to be changed",
        Status::Drifted => "another party changed AWS",
        Status::Progressing => "AWS is at work",
        Status::Refused => "a person must decide",
        Status::Failed => "AWS reports a failure",
        Status::Suspended => "held on request",
        Status::Unknown => "not known yet",
    }
}
