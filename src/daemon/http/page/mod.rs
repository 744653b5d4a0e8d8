//! Pages for people: what the API says, as HTML. They work without JavaScript; one small script keeps them fresh.
//!
//! Names and messages come from manifests and from AWS, so they are hostile: templates escape everything, and the
//! policy below lets nothing run that is not ours.

mod assets;
mod format;
mod object;
mod overview;
mod state;
mod table;

use askama::Template;
use axum::{
    Router,
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use self::format::TimeCell;
use super::Desk;
use crate::daemon::view::{View, Viewer};

/// What a page may do: use what this server has, and nothing else.
const POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The way to pages.
pub(super) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/", get(overview::overview))
        .route("/objects", get(table::table))
        .route("/objects/{*key}", get(object::object))
        .route("/events", get(state::events))
        .route("/source", get(state::source))
        .route("/targets", get(state::targets))
        .route("/assets/{print}/{name}", get(assets::asset))
        .fallback(nowhere)
        .with_state(desk)
}

async fn nowhere() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here; see / and /api/v1/openapi.json\n")
        .into_response()
}

/// What every page has.
struct Frame {
    title: String,
    /// Which of the pages in the menu this is.
    here: &'static str,
    /// The same as JSON.
    json: String,
    style: &'static str,
    script: &'static str,
    icon: &'static str,
    owner: String,
    mode: &'static str,
    version: &'static str,
    started: TimeCell,
    /// When this was true.
    at: String,
    banners: Vec<Banner>,
}

/// Something that concerns everything.
struct Banner {
    /// Where there is more.
    href: &'static str,
    text: String,
}

impl Frame {
    fn new(
        (viewer, view): (&Viewer, &View),
        here: &'static str,
        (title, json): (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self {
            title: title.into(),
            here,
            json: json.into(),
            style: assets::STYLE.path(),
            script: assets::SCRIPT.path(),
            icon: assets::ICON.path(),
            owner: viewer.about.owner.clone(),
            mode: viewer.about.mode,
            version: env!("CARGO_PKG_VERSION"),
            started: TimeCell::new(viewer.about.started, view),
            at: format::instant(view.at.wall),
            banners: banners(view),
        }
    }
}

/// What keeps Evenkeel from working as it should, for everybody to see.
fn banners(view: &View) -> Vec<Banner> {
    let shown = &view.shown;
    let mut all = Vec::new();
    let mut tell = |href, text| all.push(Banner { href, text });
    if let Some(error) = &shown.source.error {
        tell("/source", format!("The manifests cannot be read; the last good ones count: {error}"));
    } else if let Some(snapshot) = shown.source.snapshot.as_ref().filter(|it| it.invalid > 0) {
        let count = snapshot.invalid;
        tell(
            "/source",
            format!(
                "Manifest files that are not valid: {count}. What was good of them still counts."
            ),
        );
    }
    if let Some(reason) = &shown.held {
        tell("/targets", format!("Nothing is written: {}", reason.message));
    }
    for (name, reason) in shown.targets.iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
        tell("/targets", format!("Target {name} is on hold: {}", reason.message));
    }
    for ((target, kind), pulse) in &shown.engines {
        if let Some(broken) = &pulse.summary.broken {
            let (drifted, of) = (broken.drifted, broken.of);
            let text = format!(
                "Mass drift in target {target}: {drifted} of {of} ({kind}) have drifted at once, so nothing is written."
            );
            tell("/targets", text);
        }
        if pulse.summary.waves.as_ref().is_some_and(|it| it.halted) {
            tell(
                "/targets",
                format!("An update of many ({kind}) in target {target} has stopped at a failure."),
            );
        }
    }
    all
}

/// A page, or why there is none.
fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [POLICY], Html(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// What is not there, or not understood.
#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
    message: String,
}

impl Missing {
    fn page(seen: (&Viewer, &View), status: StatusCode, message: String) -> Response {
        let title = if status == StatusCode::NOT_FOUND { "Not found" } else { "Not understood" };
        let frame = Frame::new(seen, "", (title, "/api/v1/objects"));
        page(status, &Self { frame, message })
    }
}
