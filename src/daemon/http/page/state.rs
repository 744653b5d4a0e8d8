//! The pages of the source, of the targets, and of what happened.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    format::{EventRow, TimeCell, encoded, href},
    layout::{Layout, PageContext, page},
};
use crate::daemon::{
    event_log::EVENTS_MAX,
    http::context::AppState,
    view::state::{DiagnosticView, FileView, SourceDetailView, TargetDetailView},
};

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    layout: Layout,
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
    /// Makes the page of the source: its files, and what is wrong with them.
    fn new(context: PageContext<'_>) -> Self {
        let view = context.view;
        let SourceDetailView { source, files, frozen } = view.source();
        Self {
            layout: Layout::new(context, "source", "Source", "/api/v1/source"),
            path: source.path,
            revision: source.revision.unwrap_or_default(),
            snapshot: source.snapshot.unwrap_or_default(),
            error: source.error,
            polling: source.polling,
            read: TimeCell::maybe(source.read_at, view),
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

pub(super) async fn source(State(app): State<AppState>) -> Response {
    app.render(|viewer, view| page(StatusCode::OK, &SourcePage::new(PageContext { viewer, view })))
        .await
}

#[derive(Template)]
#[template(path = "targets.html")]
struct TargetsPage {
    layout: Layout,
    targets: Vec<TargetDetailView>,
}

pub(super) async fn targets(State(app): State<AppState>) -> Response {
    let made = app.render(|viewer, view| {
        let context = PageContext { viewer, view };
        let layout = Layout::new(context, "targets", "Targets", "/api/v1/targets");
        page(StatusCode::OK, &TargetsPage { layout, targets: view.targets(&viewer.about.targets) })
    });
    made.await
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    layout: Layout,
    events: Vec<EventRow>,
}

/// Answers with the page of all events that are remembered, the newest first.
pub(super) async fn events(State(app): State<AppState>) -> Response {
    let made = app.render(|viewer, view| {
        let context = PageContext { viewer, view };
        let layout = Layout::new(context, "events", "Events", "/api/v1/events");
        page(
            StatusCode::OK,
            &EventsPage { layout, events: EventRow::all(viewer.newest(EVENTS_MAX), view) },
        )
    });
    made.await
}
