//! What every page has in common: its head, its banners, and what its answer allows a browser to do.

use askama::Template;
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

use super::{
    assets,
    format::{TimeCell, instant},
};
use crate::daemon::view::{View, Viewer};

/// What a page may do: use what this server has, and nothing else.
const POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What a page is made of.
#[derive(Clone, Copy)]
pub(super) struct PageContext<'a> {
    pub(super) viewer: &'a Viewer,
    pub(super) view: &'a View,
}

/// What every page has.
pub(super) struct Layout {
    pub(super) title: String,
    /// Which of the pages in the menu this is.
    pub(super) here: &'static str,
    /// The same as JSON.
    pub(super) json: String,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) icon: &'static str,
    pub(super) owner: String,
    pub(super) mode: &'static str,
    pub(super) version: &'static str,
    pub(super) started: TimeCell,
    /// When this was true.
    pub(super) at: String,
    pub(super) banners: Vec<Banner>,
}

/// Something that concerns everything.
pub(super) struct Banner {
    /// Where there is more.
    pub(super) href: &'static str,
    pub(super) text: String,
}

impl Layout {
    /// The layout of the page at `here` in the menu; `json` is the address of the same as JSON.
    pub(super) fn new(
        context: PageContext<'_>,
        here: &'static str,
        title: impl Into<String>,
        json: impl Into<String>,
    ) -> Self {
        let PageContext { viewer, view } = context;
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
            at: instant(view.at.wall),
            banners: banners(view),
        }
    }
}

/// Collects what keeps Evenkeel from working as it should; every page shows it.
fn banners(view: &View) -> Vec<Banner> {
    let shown = &view.shown;
    let mut all = Vec::new();
    let mut push = |href, text| all.push(Banner { href, text });
    if let Some(error) = &shown.source.error {
        push(
            "/source",
            format!("The manifests cannot be read; the last good ones count: {}", error.text()),
        );
    } else if let Some(snapshot) = shown.source.snapshot.as_ref().filter(|it| it.invalid > 0) {
        let count = snapshot.invalid;
        push(
            "/source",
            format!(
                "Manifest files that are not valid: {count}. What was good of them still counts."
            ),
        );
    }
    if let Some(reason) = &shown.held {
        push("/targets", format!("Nothing is written: {}", reason.message));
    }
    for (name, reason) in shown.targets.iter().filter_map(|(name, it)| Some((name, it.as_ref()?))) {
        push("/targets", format!("Target {name} is on hold: {}", reason.message));
    }
    for ((target, kind), engine) in &shown.facets {
        if let Some(broken) = &engine.summary.broken {
            let (drifted, of) = (broken.drifted, broken.of);
            let text = format!(
                "Mass drift in target {target}: {drifted} of {of} ({kind}) have drifted at once, so nothing is written."
            );
            push("/targets", text);
        }
        if engine.summary.waves.as_ref().is_some_and(|it| it.halted) {
            push(
                "/targets",
                format!("An update of many ({kind}) in target {target} has stopped at a failure."),
            );
        }
    }
    all
}

/// A page, or why there is none.
pub(super) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, [POLICY], Html(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// What is not there, or not understood.
#[derive(Template)]
#[template(path = "missing.html")]
pub(super) struct ErrorPage {
    layout: Layout,
    message: String,
}

impl ErrorPage {
    pub(super) fn respond(
        context: PageContext<'_>,
        status: StatusCode,
        message: String,
    ) -> Response {
        let title = if status == StatusCode::NOT_FOUND { "Not found" } else { "Not understood" };
        let layout = Layout::new(context, "", title, "/api/v1/objects");
        page(status, &Self { layout, message })
    }
}
