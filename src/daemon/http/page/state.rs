//! The pages of the source, of the targets, and of what happened.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    Desk, Frame,
    format::{EventRow, TimeCell, encoded, href},
    page,
};
use crate::daemon::{
    event_log::EVENTS_MAX,
    view::{
        View, Viewer,
        state::{DiagnosticView, FileView, SourceDetailView, TargetDetailView},
    },
};

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    frame: Frame,
    path: String,
    revision: String,
    snapshot: String,
    error: Option<String>,
    polling: Option<String>,
    read: Option<TimeCell>,
    counts: [usize; 3],
    notes: Vec<DiagnosticView>,
    files: Vec<FileView>,
    /// The keys and pages of what stands at its last good version.
    frozen: Vec<(String, String)>,
    strays: Vec<String>,
}

impl SourcePage {
    fn new(seen: (&Viewer, &View)) -> Self {
        let SourceDetailView { source, files, frozen } = seen.1.source();
        Self {
            frame: Frame::new(seen, "source", ("Source", "/api/v1/source")),
            path: source.path,
            revision: source.revision.unwrap_or_default(),
            snapshot: source.snapshot.unwrap_or_default(),
            error: source.error,
            polling: source.polling,
            read: TimeCell::maybe(source.read_at, seen.1),
            counts: [source.valid, source.invalid, source.ignored],
            notes: source.notes,
            files,
            frozen: frozen.into_iter().map(|key| (href(&key), key)).collect(),
            strays: source.strays,
        }
    }

    /// How links name a file.
    fn anchor(file: &str) -> String {
        format!("file:{}", encoded(file))
    }
}

pub(super) async fn source(State(desk): State<Desk>) -> Response {
    desk.make(|viewer, view| page(StatusCode::OK, &SourcePage::new((viewer, view)))).await
}

#[derive(Template)]
#[template(path = "targets.html")]
struct TargetsPage {
    frame: Frame,
    targets: Vec<TargetDetailView>,
}

pub(super) async fn targets(State(desk): State<Desk>) -> Response {
    let made = desk.make(|viewer, view| {
        let frame = Frame::new((viewer, view), "targets", ("Targets", "/api/v1/targets"));
        page(StatusCode::OK, &TargetsPage { frame, targets: view.targets(&viewer.about.targets) })
    });
    made.await
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    events: Vec<EventRow>,
}

pub(super) async fn events(State(desk): State<Desk>) -> Response {
    let made = desk.make(|viewer, view| {
        let frame = Frame::new((viewer, view), "events", ("Events", "/api/v1/events"));
        page(
            StatusCode::OK,
            &EventsPage { frame, events: EventRow::all(viewer.newest(EVENTS_MAX), view) },
        )
    });
    made.await
}
